#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sluice/upstream/admission.hpp"
#include "sluice/upstream/endpoint_monitor.hpp"
#include "sluice/upstream/endpoint_status.hpp"

namespace sluice::upstream {

class VersionWatch;

/// One endpoint with everything known of it. What is under way for it keeps it alive beyond its configuration.
struct WatchedEndpoint {
  EndpointSpec spec;
  std::shared_ptr<boost::asio::ssl::context> tls;
  std::shared_ptr<EndpointStatus> status;
  EndpointLife life;
  EndpointVerdict verdict;
  TimePoint since{};                  ///< in this state
  Standing standing = Standing::Out;  ///< withheld or not
  TimePoint ready_since{};            ///< while it is
  bool check_due = false;             ///< at once, not when its turn comes
  std::string last_check;             ///< see EndpointReport
  std::uint32_t ejections = 0;        ///< ever
  std::uint32_t warm_up_round = 0;    ///< grows with every warm-up that begins
  VersionWatch* watch = nullptr;      ///< null: no configuration names it any more
};

/// An endpoint's state changed.
struct StateChange {
  const WatchedEndpoint* endpoint = nullptr;
  metrics::EndpointState from = metrics::EndpointState::Admitted;
};

/// What a look at a version brought about.
struct WatchStep {
  std::vector<StateChange> changes;
  std::vector<metrics::EjectionReason> ejections;
  bool warm_up_began = false;
  bool panic_changed = false;
};

/// The endpoints of one version: keeps their states, feeds the pure machines, writes the shares that workers obey. No
/// I/O, no lock, no clock: whoever owns it sees to that.
class VersionWatch {
 public:
  using MakeStatus = std::function<std::shared_ptr<EndpointStatus>()>;

  /// Takes over the endpoints of `before` (null: a new version) that `config` still names, with their states; forgets
  /// the others, except that an operator took them out: that holds should they return. New ones are believed to be
  /// well, or must become ready first. Lets in what `config` withholds no longer; see `take_out_withheld`.
  VersionWatch(WatchedVersion config, VersionWatch* before, bool believed, const MakeStatus& make_status,
               TimePoint now);

  /// A check of an endpoint has ended; how long until the next one. A look should follow.
  Duration checked(WatchedEndpoint& endpoint, bool passed, std::string text, double draw);
  /// A warm-up request has ended; true when the next one shall be sent. A look should follow.
  bool warmed(WatchedEndpoint& endpoint, std::uint32_t round, bool answered, TimePoint now);
  /// Takes endpoints with this authority out, or lets them in again; empty: all of them. `out` false also forgets the
  /// orders about those that are no longer named. How many changed. A look should follow.
  std::size_t drain(const std::string& authority, bool out);
  /// An operator's order is remembered for this authority, named or not.
  bool is_drained(const std::string& authority) const { return drained_.contains(authority); }
  /// Takes out the endpoints that the configuration withholds; true when there were any that were in. A look should
  /// follow.
  bool take_out_withheld();
  /// No endpoint gets anything, the rollout withholds none, and no other version answers for this one.
  bool is_stranded() const noexcept;

  /// Lets time pass and publishes what follows; with `at_requests` judges what workers reported, too.
  WatchStep look(TimePoint now, bool at_requests);

  /// How many requests the warm-up of an endpoint takes.
  std::uint32_t planned_warm_ups() const;
  /// Head and body of each, for this endpoint.
  std::vector<std::string> warm_up_requests(const WatchedEndpoint& endpoint) const;

  const WatchedVersion& config() const noexcept { return config_; }
  const std::vector<std::shared_ptr<WatchedEndpoint>>& endpoints() const noexcept { return endpoints_; }
  const std::shared_ptr<VersionBoard>& board() const noexcept { return board_; }
  const Usability& usability() const noexcept { return usability_; }
  metrics::EndpointCounts counts() const noexcept;
  std::string reason(const WatchedEndpoint& endpoint, TimePoint now) const;

 private:
  bool withholds(const WatchedEndpoint& endpoint) const;
  std::shared_ptr<WatchedEndpoint> adopt(const EndpointSpec& spec, VersionWatch* before) const;
  void settle_all(TimePoint now, WatchStep& step);
  void judge_requests(TimePoint now, WatchStep& step);
  void publish(TimePoint now, WatchStep& step);

  WatchedVersion config_;
  std::vector<std::shared_ptr<WatchedEndpoint>> endpoints_;
  std::shared_ptr<VersionBoard> board_;
  TimePoint interval_end_{};  // of the ejection's comparisons
  Usability usability_;
  std::set<std::string> drained_;          // authorities
  std::vector<EndpointVerdict> verdicts_;  // scratch
};

}  // namespace sluice::upstream
