#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "sluice/admin/api.hpp"
#include "sluice/admin/http_server.hpp"
#include "sluice/admin/metrics_server.hpp"
#include "sluice/admin/readiness.hpp"
#include "sluice/app/policy_watcher.hpp"
#include "sluice/app/process_drain.hpp"
#include "sluice/app/reload_outcomes.hpp"
#include "sluice/app/rollout_service.hpp"
#include "sluice/app/route_watch.hpp"
#include "sluice/app/serve.hpp"
#include "sluice/base/clock.hpp"
#include "sluice/gateway/gateway.hpp"
#include "sluice/metrics/exporter.hpp"
#include "sluice/metrics/registry.hpp"
#include "sluice/policy/reader.hpp"

namespace sluice::app {

/// The parts of a running gateway, built in order and stopped in reverse. Main thread; reloads come from the watcher's
/// thread, orders from the admin server's, and none of them waits for a worker's requests.
class Daemon {
 public:
  /// `wake` is called from any thread when `proceed` has something to do.
  Daemon(ServeOptions options, std::function<void()> wake);
  ~Daemon();

  /// Builds everything. Returns the exit code when it cannot, 0 when traffic flows.
  int start();
  /// Reads the policy again, as if its file had changed.
  void reload() { watcher_->trigger(); }

  /// SIGTERM or SIGINT came: drains, and ends at once when it is the second.
  void signal() { drain_.signal(); }
  /// True while `proceed` is to be called every few milliseconds.
  bool drains() const { return drain_.in_progress(); }
  /// How long a drain that begins now may take, by the policy in force.
  Duration longest_drain() const;
  enum class Progress : std::uint8_t { Going, Ended, EndAtOnce };
  /// Does what the drain asks for now.
  Progress proceed();

 private:
  // start
  bool accept_policy(const policy::Reading& reading) const;
  void start_log(const policy::Log& log) const;
  Result<void> start_gateway(const policy::PolicySet& set);
  Result<void> start_metrics(const policy::PolicySet& set);
  Result<void> start_control(const policy::Admin& admin, const std::vector<policy::Source>& sources);
  Result<void> start_admin(const policy::Admin& admin);
  void print_addresses() const;

  // reload, on the watcher's thread
  void on_change(const PolicyWatcher::Change& change);
  void on_unreadable(const Error& error, std::uint64_t demand);
  void learn_names(const policy::PolicySet& set);
  void refuse_change(const std::string& reason, std::uint64_t demand);
  Result<void> apply(const policy::PolicySet& set);

  // orders, on the admin server's thread
  admin::ApiPorts ports();
  std::vector<admin::RouteView> routes() const;
  admin::ConfigView config_view() const;
  admin::ConfigView config_of(const metrics::Snapshot& snapshot) const;
  admin::DrainView drain_view() const;
  admin::DrainView drain_of(const metrics::Snapshot& snapshot) const;
  Result<admin::DrainView, admin::Refusal> drain_process(bool undo);
  Result<std::size_t, admin::Refusal> drain_endpoints(const admin::DrainOrder& order);
  admin::ApiPorts::ReloadOutcome reload_for_operator();
  admin::ApiPorts::PolicyText policy_text() const;
  Result<std::vector<admin::HistoryPoint>, admin::Refusal> history(const std::string& route, std::int64_t after) const;
  nlohmann::ordered_json look() const;
  void watch_routes();

  // the end
  DrainFacts drain_facts() const;
  void announce();
  void resume();
  void close();
  void cut_off();
  void stop();
  void stop_quietly();

  const ServeOptions options_;
  SystemClock clock_;
  const WallTime started_ = clock_.wall_now();
  /// From the one clock to the other: points in time that are shown must not waver.
  const Duration wall_offset_ = started_.time_since_epoch() - clock_.now().time_since_epoch();
  std::unique_ptr<metrics::Registry> registry_;
  std::unique_ptr<metrics::Exporter> exporter_;
  admin::Readiness readiness_;
  std::unique_ptr<admin::MetricsServer> metrics_server_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<RolloutService> rollouts_;
  std::unique_ptr<PolicyWatcher> watcher_;
  admin::Api api_{ports()};
  std::unique_ptr<admin::HttpServer> admin_server_;
  RouteWatch watch_;                                  // of the admin server's thread
  std::atomic<admin::HttpServer*> readers_{nullptr};  ///< of events: the same server, once it runs
  ReloadOutcomes reloads_;
  ProcessDrain drain_;

  /// Held by whoever publishes, drains or stops the gateway: these belong to one thread at a time. Before mutex_.
  std::mutex gateway_mutex_;
  bool reload_missed_ = false;  // with gateway_mutex_: refused because of a drain

  mutable std::mutex mutex_;  // guards what follows, for a moment at a time
  policy::Gateway in_force_;
  std::string hash_;
  std::shared_ptr<const policy::PolicySet> policy_;  ///< in force
};

}  // namespace sluice::app
