#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/result.hpp"
#include "sluice/metrics/registry.hpp"
#include "sluice/upstream/endpoint.hpp"
#include "sluice/upstream/endpoint_status.hpp"
#include "sluice/upstream/request_recorder.hpp"
#include "sluice/upstream/service_loop.hpp"
#include "sluice/upstream/supervision.hpp"

namespace sluice::upstream {

/// A version whose endpoints are to be watched.
struct WatchedVersion {
  std::string route;
  std::string version;
  metrics::VersionId id{};
  std::vector<EndpointSpec> endpoints;                          ///< addresses; `dns://` is looked up already
  std::vector<std::shared_ptr<boost::asio::ssl::context>> tls;  ///< by endpoint; null: plain
  std::chrono::milliseconds connect_timeout{2000};
  Supervision supervision;
  bool has_fallback = false;                  ///< another version answers what this one cannot: no need for panic
  std::vector<std::string> withheld;          ///< authorities that get no traffic, by the rollout's word
  std::shared_ptr<RequestRecorder> recorder;  ///< null: no real requests are kept for warm-up
};

/// What is known of one endpoint, for status pages.
struct EndpointReport {
  std::string route;
  std::string version;
  std::string authority;
  metrics::EndpointState state = metrics::EndpointState::Admitted;
  double share = 1;    ///< of its usual traffic, 0…1
  std::string reason;  ///< why the state is what it is, in one sentence with its numbers
  double seconds_in_state = 0;
  TimePoint since{};       ///< when it began
  std::string last_check;  ///< "passed: 200 in 3ms", "failed: connection refused"; empty: none yet
  std::int64_t in_flight = 0;
  std::uint32_t ejections = 0;
  bool withheld = false;     ///< by the rollout
  bool ready = false;        ///< it gets traffic, or would if the rollout did not withhold it; panic aside
  bool unchecked = false;    ///< not ready yet, although it gets traffic: checks are on and the first has not ended
  double seconds_ready = 0;  ///< since it is; from 0 again when it is let in
};

/// Which endpoints an order is about; an empty field means all of them.
struct EndpointSelector {
  std::string route;
  std::string version;
  std::string authority;
};

/// Looks after all endpoints: checks them, ejects them, warms them up, lets them in slowly, takes them out. The rules
/// are the pure state machines of this module; this class feeds them with results and the time, and publishes what
/// comes out: the shares that balancers obey, and counts for the metrics.
///
/// `configure`, `take_out_withheld`, `drain` and `report` may be called from any thread; everything else happens on the
/// service loop.
class EndpointMonitor {
 public:
  EndpointMonitor(ServiceLoop& loop, metrics::Registry& registry);
  ~EndpointMonitor();

  /// Replaces what is watched; what was watched before keeps its state, what is no longer named is forgotten. Returns
  /// the boards in the order of `versions`. Logs a warning when a version is left with no endpoint that may get traffic
  /// and no other version answers for it. Endpoints named by the first call ever are believed to be well until a
  /// check says otherwise; later ones must become ready first.
  ///
  /// Endpoints that are withheld no longer are let in by this: they must become ready, warm up and start slowly like
  /// new ones. New endpoints that are withheld get nothing from the start; those that have traffic keep it until
  /// `take_out_withheld`, so that workers may first turn to others.
  std::vector<std::shared_ptr<VersionBoard>> configure(std::vector<WatchedVersion> versions);

  /// Takes endpoints out for good, or lets them in again (`out` false). Fails with a sentence when nothing is selected,
  /// or when a version without fallback would be left with nothing. Returns how many changed. Idempotent. One that is
  /// out stays out for as long as its version exists, also when it is named no longer and then again.
  Result<std::size_t> drain(const EndpointSelector& selector, bool out);

  /// Takes out what the last configuration withholds. Idempotent. Withheld endpoints are checked all the same, show as
  /// draining, and are no reason for panic or for a warning.
  void take_out_withheld();

  /// Everything watched, in the order of the configuration; of one route only, when it is named.
  std::vector<EndpointReport> report(std::string_view route = {}) const;

  /// While `held` no warm-up begins: something has less than it needs. One whose time is up is left out. Any thread.
  void hold_warm_ups(bool held) noexcept;

  /// No further check or warm-up begins; those under way are ended.
  void stop();
  /// Nothing is pending any more. On the loop's thread.
  bool is_quiet() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::upstream
