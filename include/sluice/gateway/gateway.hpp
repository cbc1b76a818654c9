#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/result.hpp"
#include "sluice/gateway/config.hpp"
#include "sluice/gateway/endpoint_service.hpp"
#include "sluice/gateway/listener.hpp"
#include "sluice/gateway/worker.hpp"
#include "sluice/metrics/evidence_window.hpp"
#include "sluice/metrics/registry.hpp"

namespace sluice::gateway {

/// What is known of a version within the current window of evidence, and now.
struct VersionEvidence {
  std::string version;
  metrics::VersionEvidenceTotals totals;
  double share = 0;  ///< probability with which the split chooses it, 0…1
  /// Units by their failures; nothing where the route names no unit, or more failed than could be told apart.
  std::optional<metrics::UnitFailureCounts> failing_units;
  /// By segment; empty: the route has none, or names no unit. Nothing as above.
  std::vector<std::optional<metrics::UnitFailureCounts>> failing_units_by_segment;
  std::int64_t in_flight = 0;
  std::uint32_t endpoints = 0;
  std::uint32_t usable = 0;     ///< of these, that may get traffic now; panic aside
  std::uint32_t unchecked = 0;  ///< of the others, that get traffic because nobody has doubted them yet
};

struct RouteEvidence {
  std::uint64_t window = 0;
  std::vector<VersionEvidence> versions;  ///< in the order of the configuration
};

/// The data plane: listeners, workers, the service that looks after endpoints, and the configuration they go by. All
/// functions belong to the control thread unless they say otherwise; `endpoints` and `dns` may then be used from any.
class Gateway {
 public:
  /// As many workers as the registry has room for. The registry and the clock outlive the gateway.
  Gateway(metrics::Registry& registry, const Clock& clock);
  /// Stops at once when `stop` was not called.
  ~Gateway();

  /// Where clients hand in outcomes; outlives the gateway's run. Before `start`; without one nobody takes them.
  void set_door(outcomes::Door* door) noexcept { door_ = door; }
  /// Where decisions of splits are written down, with a ring for every worker; outlives the gateway's run. Before
  /// `start`; without one they are not.
  void set_decision_log(outcomes::DecisionLogger* log) noexcept { decision_log_ = log; }
  /// Where the requests of observed routes are told, with a lane for every worker; outlives the gateway's run. Before
  /// `start`; without one they are not.
  void set_observations(outcomes::ObservationRing* observations) noexcept { observations_ = observations; }
  /// Where pairs of answers go, with a lane for every worker; outlives the gateway's run. Before `start`; without one
  /// none are made.
  void set_pair_sink(compare::PairSink* pairs) noexcept { pairs_ = pairs; }

  /// Loads certificates, binds every listener, starts the workers. Fails without having started anything.
  Result<void> start(Config config);

  /// Asks for the names of a configuration that is about to be published, and waits a bounded while for the first
  /// answers, so that no version begins with nothing. Nothing else waits for it: requests, orders and the configuration
  /// in force go on. Any thread; behind it comes `publish`, or `forget_names`.
  void learn_names(const Config& next);
  /// What was learned is not published after all. Any thread.
  void forget_names();

  /// Puts another configuration in force: loads what can fail first, then every worker swaps between two requests.
  /// Requests under way keep the old one. Listener addresses must be the same; their certificates may change. On
  /// failure the old configuration stays. Returns once all workers serve by the new one. Waits for no name: a `dns://`
  /// endpoint that nobody has learned has no address until the answer comes.
  Result<void> publish(Config config);

  /// Puts orders for some routes in force, all together; the rest stays as it is. Reads no file, waits for no name: a
  /// few milliseconds. Returns once all workers serve by them, with endpoints let in before and taken out after that.
  /// Fails, having changed nothing, for a route that is not there, orders that do not fit its versions, and a gateway
  /// that does not run. Any thread.
  Result<void> steer(std::vector<RouteOrders> orders);

  /// Signs decision tokens with other keys from now on, as `steer` puts orders in force: no request waits or is lost,
  /// and the next configuration without keys keeps these. Fails when the gateway does not run. Any thread.
  Result<void> use_keys(std::shared_ptr<const outcomes::TokenKeys> keys);

  /// What the requests of a route's current window came to; nothing for a route that is not there. Any thread; about
  /// 10 µs per worker and version that has requests.
  std::optional<RouteEvidence> evidence(std::string_view route) const;

  /// The endpoints as they are watched; drains them on request.
  upstream::EndpointMonitor& endpoints() noexcept { return service_.monitor(); }
  /// The names behind `dns://` endpoints.
  const upstream::DnsWatch& dns() const noexcept { return service_.dns(); }
  upstream::NameService& names() noexcept { return service_.names(); }

  /// Where each listener is bound, in the order of the configuration.
  std::vector<http::Tcp::endpoint> listening() const;

  /// Closes the listeners; connections end as they become idle, and every answer says `Connection: close`.
  void drain();
  /// Client connections that are still open.
  std::uint32_t open_connections() const noexcept;
  /// Cuts off what is left and waits for the workers' end.
  void stop();

 private:
  Result<std::shared_ptr<Published>> load(const Config& wish);
  void take_slots(Published& published);
  void take_windows(Published& published) const;
  void follow_wish(bool watched);
  void put_in_force(const std::shared_ptr<Published>& published);
  void hand_to_workers(const std::shared_ptr<const Published>& published);
  void follow_names();
  void watch_memory();

  metrics::Registry& registry_;
  const Clock& clock_;
  outcomes::Door* door_ = nullptr;
  outcomes::DecisionLogger* decision_log_ = nullptr;
  outcomes::ObservationRing* observations_ = nullptr;
  compare::PairSink* pairs_ = nullptr;
  EndpointService service_;
  mutable std::mutex mutex_;    ///< over what follows: a name's new addresses are published from the service's thread
  std::optional<Config> wish_;  ///< as it was asked for, with names in place of addresses
  std::shared_ptr<const Published> published_;
  MemoryWatch memory_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::unique_ptr<ClientListener>> listeners_;
  std::uint64_t generation_ = 0;
  bool started_ = false;
  bool stopped_ = false;
};

}  // namespace sluice::gateway
