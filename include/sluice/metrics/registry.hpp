#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/metrics/counters.hpp"
#include "sluice/metrics/snapshot.hpp"

namespace sluice::metrics {

/// Where a route's or a version's counters are. Stable for the life of the process.
enum class RouteId : std::uint16_t {};
enum class VersionId : std::uint16_t {};

/// What the policy in force says about one version; exported from then on, at zero first.
struct VersionLayout {
  std::string name;
  std::string role;          ///< stable, candidate, shadow, arm …
  double target_weight = 0;  ///< 0…1
  std::uint32_t endpoints = 0;
};

struct RouteLayout {
  std::string name;
  std::string strategy;  ///< the policy's strategy key; "none" without one
  std::vector<VersionLayout> versions;
};

/// The answer to a RouteLayout: its slots, in the order of its versions.
struct RouteSlots {
  RouteId route{};
  std::vector<VersionId> versions;
};

/// All counters of the process.
///
/// The control thread says what exists (`configure`), each worker writes its own blocks, anyone may take a `snapshot`.
/// A name keeps its slot for ever: a version that leaves the policy stops being exported, and goes on from its old
/// totals when it returns. At most 64 routes with 16 versions each are exported by name; what is beyond shares the name
/// `_other`. So does a route with names that are new after 1 000 routes or 8 000 versions in one process's life.
class Registry {
 public:
  static constexpr std::size_t kMaxRoutes = 64;
  static constexpr std::size_t kMaxVersionsPerRoute = 16;
  static constexpr std::size_t kMaxRouteSlots = 1000;
  static constexpr std::size_t kMaxVersionSlots = 8000;

  explicit Registry(std::size_t workers);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  std::size_t workers() const noexcept { return workers_; }

  /// Replaces what is exported; returns one entry per route, in order. Allocates for names never seen before.
  /// Starts a new observation of a route's shares when its weights or versions changed. Control thread.
  std::vector<RouteSlots> configure(const std::vector<RouteLayout>& routes);

  /// The wished shares of a configured route, in the order of its versions; starts a new observation when one changed.
  /// Unknown routes are ignored. Control thread.
  void set_target_weights(std::string_view route, std::span<const double> weights);

  /// How many endpoints of a version are in each state, and whether all get traffic because too few are usable; ignored
  /// when the version is not configured. Any thread; locks.
  void set_endpoints(VersionId version, const EndpointCounts& counts, bool panic = false);

  /// What is shown of rollouts from now on, of routes that are exported by their own name. Any thread; locks.
  void set_rollouts(std::vector<RolloutSnapshot> rollouts);
  /// What is shown of outcomes, of routes that are exported by their own name. Any thread; locks.
  void set_outcomes(OutcomesSnapshot outcomes);
  /// What is shown of compared answers and of drift, of routes that are exported by their own name. Any thread; locks.
  void set_comparisons(ComparisonsSnapshot comparisons);
  /// How the store is; before the first call nothing is shown of it. Any thread; locks.
  void set_state(StateHealth health);

  /// A policy was put in force (true; the generation grows) or refused (false). Control thread.
  void record_reload(bool successful, WallTime now);

  void set_build_info(BuildInfo build);

  /// One worker's counters; the address stays valid as long as the registry. `worker` < workers(), the id from
  /// configure(). Any thread, no lock.
  VersionCounters& version(std::size_t worker, VersionId id) noexcept;
  RouteCounters& route(std::size_t worker, RouteId id) noexcept;
  GatewayCounters& gateway(std::size_t worker) noexcept;
  /// What the thread that looks after endpoints writes; the same rules.
  SupervisionCounters& supervision(VersionId id) noexcept;
  /// What the thread that looks up names writes.
  NameCounters& names() noexcept { return names_; }

  /// Adds up all workers. Any thread; about 10 µs per version and worker, and never in a worker's way.
  Snapshot snapshot() const;

 private:
  struct VersionSlot;
  struct RouteSlot;
  struct LiveVersion;
  struct LiveRoute;

  RouteSlot& add_route_slot(std::string_view name);
  VersionSlot& add_version_slot(RouteSlot& route, std::string_view name);
  RouteSlot* find_route_slot(std::string_view name) const;
  static VersionSlot* find_version(const RouteSlot& route, std::string_view name);
  template <typename List>  // constant or not; the entry of that id or name, or nothing
  static auto find_live(List& versions, VersionId id) -> decltype(versions.data());
  template <typename List>
  static auto find_live(List& routes, std::string_view name) -> decltype(routes.data());
  bool has_room_for(const RouteLayout& layout) const;
  LiveRoute make_live(const RouteLayout& layout, std::vector<VersionId>& ids);
  void carry_over(LiveRoute& route, const LiveRoute& previous) const;
  void begin_observation(LiveRoute& route) const;
  std::uint64_t weighed_decisions(const VersionSlot& slot) const noexcept;
  RouteSnapshot snapshot_of(const LiveRoute& route) const;

  const std::size_t workers_;
  std::unique_ptr<GatewayCounters[]> gateway_;
  NameCounters names_;

  // Written by the control thread under the mutex, read by workers without it: entries never change once set.
  std::unique_ptr<std::atomic<RouteSlot*>[]> route_table_;
  std::unique_ptr<std::atomic<VersionSlot*>[]> version_table_;

  mutable std::mutex mutex_;  // guards everything below; no worker ever takes it
  std::vector<std::unique_ptr<RouteSlot>> route_slots_;
  std::vector<std::unique_ptr<VersionSlot>> version_slots_;
  std::vector<LiveRoute> live_;
  Snapshot control_;  // only its control-side values
};

}  // namespace sluice::metrics
