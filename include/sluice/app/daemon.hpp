#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "sluice/admin/metrics_server.hpp"
#include "sluice/admin/readiness.hpp"
#include "sluice/app/policy_watcher.hpp"
#include "sluice/app/serve.hpp"
#include "sluice/base/clock.hpp"
#include "sluice/gateway/gateway.hpp"
#include "sluice/metrics/exporter.hpp"
#include "sluice/metrics/registry.hpp"
#include "sluice/policy/reader.hpp"

namespace sluice::app {

/// The parts of a running gateway, built in order and stopped in reverse. Main thread; reloads come from the watcher's.
class Daemon {
 public:
  explicit Daemon(ServeOptions options) : options_(std::move(options)) {}
  ~Daemon();

  /// Builds everything. Returns the exit code when it cannot, 0 when traffic flows.
  int start();
  /// Reads the policy again, as if its file had changed.
  void reload() { watcher_->trigger(); }
  /// What is left to wait for before connections are told to go, and for their end.
  gateway::DrainTimes drain_times() const;

  /// The stages of an orderly end, in this order.
  void announce_drain();
  void begin_drain();
  bool drained() const { return gateway_->open_connections() == 0; }
  void stop();

 private:
  bool accept_policy(const policy::Reading& reading) const;
  void start_log(const policy::Log& log) const;
  Result<void> start_gateway(const policy::PolicySet& set);
  Result<void> start_metrics(const policy::PolicySet& set);
  void print_addresses() const;
  void on_change(const PolicyWatcher::Change& change);
  Result<void> apply(const policy::PolicySet& set);

  const ServeOptions options_;
  SystemClock clock_;
  std::unique_ptr<metrics::Registry> registry_;
  std::unique_ptr<metrics::Exporter> exporter_;
  admin::Readiness readiness_;
  std::unique_ptr<admin::MetricsServer> metrics_server_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<PolicyWatcher> watcher_;
  mutable std::mutex mutex_;
  policy::Gateway in_force_;  // guarded: the watcher's thread replaces it
};

}  // namespace sluice::app
