#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sluice/base/result.hpp"
#include "sluice/gateway/config.hpp"
#include "sluice/gateway/copied_requests.hpp"
#include "sluice/gateway/overload.hpp"
#include "sluice/http/tls_context.hpp"
#include "sluice/metrics/evidence_window.hpp"
#include "sluice/metrics/registry.hpp"
#include "sluice/upstream/balancer.hpp"
#include "sluice/upstream/endpoint_pool.hpp"
#include "sluice/upstream/latency_quantile.hpp"
#include "sluice/upstream/request_recorder.hpp"
#include "sluice/upstream/retry.hpp"

namespace sluice::gateway {

/// A configuration with everything loaded that can fail: what the control thread hands to the workers, immutable.
struct Published {
  Config config;
  std::vector<metrics::RouteSlots> slots;                                ///< by route
  std::vector<http::TlsContext> listener_tls;                            ///< by listener; null: plain
  std::vector<std::vector<std::vector<http::TlsContext>>> endpoint_tls;  ///< by route, version, endpoint; null: plain
  /// By route, version; empty: every endpoint gets its traffic, whatever becomes of it.
  std::vector<std::vector<std::shared_ptr<upstream::VersionBoard>>> boards;
  std::vector<std::shared_ptr<upstream::RequestRecorder>> recorders;  ///< by route; empty or null: nothing is kept
  std::vector<std::shared_ptr<metrics::EvidenceWindow>> windows;      ///< by route; empty: no evidence is counted
  std::vector<std::shared_ptr<CopiedRequests>> copied;  ///< by route; empty or null: requests are copied again

  /// Loads certificates and keys. Fails with the first sentence; nothing is half done. Control thread.
  static Result<std::shared_ptr<Published>> load(Config config);

  /// Another configuration with the same listeners, routes and versions. Certificates are those of the same endpoint
  /// here; endpoints that this one does not know are plain. Nothing is read.
  std::shared_ptr<Published> with(Config config) const;
  /// The same endpoints everywhere, given the same routes and versions.
  bool has_endpoints_of(const Config& config) const;
};

/// A version as one worker uses it.
struct LiveVersion {
  const Version* config = nullptr;
  metrics::VersionCounters* counters = nullptr;
  upstream::Balancer balancer;
  std::shared_ptr<VersionGate> gate;                  ///< outlives a reload
  metrics::VersionEvidenceCells* evidence = nullptr;  ///< of the configuration's window; null: not counted
  std::uint64_t name_hash = 0;                        ///< as tokens call it
};

/// What of a route outlives a reload on one worker: requests that began before still count.
struct RouteState {
  RouteState(http::DeadlineWheel& wheel, metrics::RouteCounters& counters) noexcept : gate(wheel, counters.waiting) {}
  Gate gate;
  upstream::RetryBudget retries;
  upstream::LatencyQuantile hedge_patience;
  TimePoint next_recording{};  ///< of a request for warm-ups
};

/// How many copies a route may have under way, and when; one worker's share of MirrorLimits.
struct MirrorBudget {
  std::uint32_t in_flight = 0;  ///< twins too
  std::uint32_t twins = 0;      ///< of these
  std::uint32_t max_in_flight = 0;
  std::uint32_t idle_in_flight =
      0;                  ///< of live's requests, the one to be copied too; where copies are for idle moments
  double per_second = 0;  ///< 0: no limit
  double tokens = 0;
  TimePoint refilled{};
  double usual_in_flight = 0;  ///< of live's requests, as copied requests met them; where there are twins
  std::uint64_t twin_window = ~std::uint64_t{0};  ///< of evidence, in which
  std::uint32_t first_twins = 0;                  ///< so many were sent; no further than there is use for it

  /// Takes one from the rate's bucket, which holds a second's worth, at least one.
  bool admit_rate(TimePoint now) noexcept;
  /// The share of copied requests that live answers twice, given the one for the long run: at the beginning of a window
  /// more, so that it is soon known what differs by itself.
  double twin_share(double in_the_long_run, std::uint64_t window) noexcept;
  /// The mean over some hundred copied requests: what is usual.
  void note_in_flight(std::uint32_t live) noexcept { usual_in_flight += (live - usual_in_flight) / 256; }
  /// What was taken was not used.
  void give_rate_back() noexcept { tokens += 1; }
};

struct LiveRoute {
  const Route* config = nullptr;
  metrics::RouteCounters* counters = nullptr;
  std::vector<LiveVersion> versions;
  std::shared_ptr<MirrorBudget> mirrors;  ///< outlives a reload: copies under way still count
  std::shared_ptr<RouteState> state;
  upstream::RequestRecorder* recorder = nullptr;  ///< null: nothing is kept
  metrics::EvidenceWindow* window = nullptr;      ///< null: no evidence is counted
  CopiedRequests* copied = nullptr;               ///< null: requests are copied again
  std::uint64_t name_hash = 0;                    ///< as tokens call it

  /// Whose answers candidates' are compared with.
  traffic::VersionIndex live_index() const noexcept { return config->plan.spec().stable; }
  LiveVersion& live() noexcept { return versions[live_index()]; }
};

/// What one worker serves by: the published configuration joined with its own pools and counters. An exchange keeps the
/// one that its version was chosen by to its end. One thread; the reference count is not atomic.
struct LiveConfig : boost::intrusive_ref_counter<LiveConfig, boost::thread_unsafe_counter> {
  std::shared_ptr<const Published> published;
  std::vector<LiveRoute> routes;
  std::vector<boost::intrusive_ptr<upstream::EndpointPool>> pools;  ///< keeps what the versions point to
  GateLimits limits;                                                ///< this worker's share of the gateway's
  std::chrono::milliseconds longest_request{0};  ///< of all routes: bounds what happens before one is chosen
  bool takes_outcomes = false;                   ///< for one of the routes
};

/// All pools of one worker. A pool survives a new configuration that names its endpoint again under the same version.
class PoolSet {
 public:
  explicit PoolSet(upstream::WorkerContext& context) : context_(&context) {}

  /// Joins a configuration with pools, old and new; what it no longer names is shut down.
  void build(const Published& published, metrics::Registry& registry, std::size_t worker, LiveConfig& out);
  /// Destroys pools that left, have no connection any more and that no live configuration points to.
  void sweep();
  /// Closes what is idle, and the rest as it becomes idle: the gateway drains.
  void shut_down();
  /// Closes every connection at once.
  void close_all();
  bool is_empty() const noexcept { return pools_.empty() && leaving_.empty(); }

 private:
  using Pool = boost::intrusive_ptr<upstream::EndpointPool>;
  Pool join(const std::string& key, upstream::EndpointPool::Settings settings, metrics::VersionCounters& counters,
            std::map<std::string, Pool>& kept);

  std::shared_ptr<MirrorBudget> budget_of(const Route& route) const;
  std::shared_ptr<RouteState> state_of(const Route& route, metrics::RouteCounters& counters) const;
  std::shared_ptr<VersionGate> gate_of(const std::string& key, metrics::VersionCounters& counters) const;

  upstream::WorkerContext* context_;
  std::map<std::string, Pool> pools_;
  std::map<std::string, std::shared_ptr<MirrorBudget>> mirrors_;  ///< by route
  std::map<std::string, std::shared_ptr<RouteState>> states_;     ///< by route
  std::map<std::string, std::shared_ptr<VersionGate>> gates_;     ///< by route and version
  std::vector<Pool> leaving_;
};

}  // namespace sluice::gateway
