#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/admin/access.hpp"
#include "sluice/admin/page.hpp"
#include "sluice/admin/route_history.hpp"
#include "sluice/admin/views.hpp"
#include "sluice/base/result.hpp"
#include "sluice/rollout/controller.hpp"

namespace sluice::admin {

/// Why a change was not made: 404 for a name that nobody has, 409 for what does not fit the moment, 422 for a policy
/// that was refused, and one sentence.
struct Refusal {
  unsigned status = 409;
  std::string reason;
};

/// What the pages show and do. All are called on the admin server's thread and must not throw; none is empty.
struct ApiPorts {
  std::function<std::vector<RouteView>()> routes;
  std::function<ConfigView()> config;
  std::function<DrainView()> drain_state;
  /// About the process: `undo` false drains, true calls it off. What came of it.
  std::function<Result<DrainView, Refusal>(bool undo)> drain_process;
  /// About endpoints; `route` is set. How many changed.
  std::function<Result<std::size_t, Refusal>(const DrainOrder& order)> drain_endpoints;
  /// Nothing until the reload has ended, one way or the other, or took too long; asked again and again.
  using ReloadOutcome = std::function<std::optional<Result<ConfigView, Refusal>>()>;
  /// Has the policy read again. Does not wait.
  std::function<ReloadOutcome()> reload;
  /// What the rollouts of all routes do.
  std::function<std::vector<rollout::RolloutView>()> rollouts = [] { return std::vector<rollout::RolloutView>(); };
  /// A person's word about a route's rollout; what it looks like afterwards. 404, 409.
  std::function<Result<rollout::RolloutView, Refusal>(const std::string& route, const strategy::Command& command)>
      verb = [](const std::string&, const strategy::Command&) -> Result<rollout::RolloutView, Refusal> {
    return fail(Refusal{409, "no rollouts are run here"});
  };
  /// Lines of the journal, newest first.
  std::function<Result<std::vector<state::JournalEntry>>(const state::JournalQuery& query)> journal =
      [](const state::JournalQuery&) { return std::vector<state::JournalEntry>(); };
  /// Pairs of answers of a route that differ, the worst first. 404, 403.
  std::function<Result<std::vector<DisagreementView>, Refusal>(const std::string& route)> disagreements =
      [](const std::string&) { return std::vector<DisagreementView>(); };
  /// What a route looked like lately, from after that second of 1970 on. 404.
  std::function<Result<std::vector<HistoryPoint>, Refusal>(const std::string& route, std::int64_t after)> history =
      [](const std::string&, std::int64_t) { return std::vector<HistoryPoint>(); };
  /// The policy in force as YAML; asked again and again, since writing many routes takes a while.
  using PolicyText = std::function<std::optional<std::string>()>;
  std::function<PolicyText()> policy = [] { return [] { return std::optional<std::string>(std::string()); }; };
};

/// The admin port's pages: the dashboard's files, JSON below `/api/v1/`. Reading with GET and HEAD, changes with POST;
/// who may do what is in access.hpp. Every change that was asked for, done or refused, leaves one line `audit` in the
/// log.
class Api {
 public:
  explicit Api(ApiPorts ports) : ports_(std::move(ports)) {}

  /// Who is let in from now on. Streams of those who are not end with the next thing that they would send. Any thread.
  void set_lock(Lock lock);

  /// The page of a stream asks back here; so this outlives the server.
  Page answer(const Request& request) const;

 private:
  Lock lock() const;
  std::function<bool()> still_lets_in(const Request& request) const;
  Page read(const Request& request, const std::string& path, const std::string& actor) const;
  Page change(const Request& request, const std::string& path, const std::string& actor) const;
  Page read_all_routes() const;
  Page read_route(const std::string& name) const;
  Page read_journal(const std::string& route, std::string_view query) const;
  Page read_disagreements(const std::string& route, std::string_view query, const std::string& actor) const;
  Page read_history(const std::string& route, std::string_view query) const;
  Page read_policy() const;
  Page read_events(std::string_view last_event_id) const;
  Page drain(const std::string& body, const std::string& actor) const;
  Page drain_process(const DrainOrder& order, const std::string& actor) const;
  Page drain_endpoints(const DrainOrder& order, const std::string& actor) const;
  Page reload(const std::string& actor) const;
  Page verb(const std::string& route, const std::string& word, const std::string& body, const std::string& actor) const;

  const ApiPorts ports_;
  mutable std::mutex mutex_;
  Lock lock_;
};

}  // namespace sluice::admin
