#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sluice/metrics/comparisons.hpp"
#include "sluice/metrics/counters.hpp"
#include "sluice/metrics/outcomes.hpp"
#include "sluice/metrics/rollouts.hpp"
#include "sluice/stats/histogram.hpp"

/// The counters of all workers added up, as plain data: what the exporter prints and a rollout's analysis reads.
namespace sluice::metrics {

using StatusTotals = std::array<std::uint64_t, kStatusSlots>;
using FailureTotals = std::array<std::uint64_t, kFailureReasons>;

/// See VersionCounters for what each field means.
struct VersionTotals {
  std::int64_t in_flight = 0;
  std::int64_t streams_open = 0;
  std::array<std::uint64_t, kDecisionReasons> decisions{};
  FailureTotals failures{};
  std::uint64_t retries = 0;
  FailureTotals fallbacks{};
  std::uint64_t retried = 0;
  std::uint64_t retries_denied = 0;
  std::uint64_t hedges = 0;
  std::uint64_t hedges_won = 0;
  std::int64_t waiting = 0;
  std::int64_t concurrency_limit = 0;
  StatusTotals responses{};
  stats::Histogram request_duration;
  stats::Histogram upstream_duration;
  stats::Histogram time_to_first_byte;
  stats::Histogram pool_wait;
  std::int64_t connections_active = 0;
  std::int64_t connections_idle = 0;
  std::uint64_t connects = 0;
  std::uint64_t connect_failures = 0;
  std::int64_t shadow_in_flight = 0;
  StatusTotals shadow_responses{};
  std::array<std::uint64_t, kShadowDropReasons> shadow_dropped{};
  stats::Histogram shadow_duration;
  std::array<std::uint64_t, kTwinResults> shadow_twins{};

  void add(const VersionCounters& worker) noexcept;
};

struct RouteTotals {
  stats::Histogram overhead;
  stats::Histogram queue_wait;
  std::int64_t waiting = 0;
  StatusTotals refused{};
  FailureTotals failures{};

  void add(const RouteCounters& worker) noexcept;
};

struct GatewayTotals {
  std::int64_t connections_open = 0;
  std::int64_t waiting = 0;
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;
  std::uint64_t connections_failed = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  StatusTotals refused{};
  FailureTotals failures{};

  void add(const GatewayCounters& worker) noexcept;
};

struct SupervisionTotals {
  std::array<std::uint64_t, kEjectionReasons> ejections{};
  std::uint64_t checks_passed = 0;
  std::uint64_t checks_failed = 0;
  stats::Histogram check_duration;
  std::uint64_t warm_ups_answered = 0;
  std::uint64_t warm_ups_failed = 0;

  void add(const SupervisionCounters& counters) noexcept;
};

struct NameTotals {
  std::array<std::uint64_t, kLookupResults> lookups{};
  std::array<std::int64_t, kNameStates> names{};

  void add(const NameCounters& counters) noexcept;
};

/// How many endpoints are in each state.
using EndpointCounts = std::array<std::uint32_t, kEndpointStates>;

/// One version that the policy in force names.
struct VersionSnapshot {
  std::string name;
  std::string role;
  std::string strategy;
  double target_weight = 0;  ///< wished share of the route's decisions, 0…1
  double observed_weight =
      0;  ///< share of decisions by weight or bandit since the route's weights last changed; 0 if none
  std::uint64_t observed_decisions = 0;  ///< of how many decisions on this version
  EndpointCounts endpoints{};
  bool panic = false;  ///< too few endpoints are usable, so all get traffic
  VersionTotals totals;
  SupervisionTotals supervision;
};

struct RouteSnapshot {
  std::string name;
  RouteTotals totals;
  std::vector<VersionSnapshot> versions;
};

struct BuildInfo {
  std::string version;
  std::string revision;
  std::string compiler;
};

/// Everything at one moment. Values of one worker may be a few requests apart; histograms never contradict themselves.
struct Snapshot {
  std::vector<RouteSnapshot> routes;
  GatewayTotals gateway;
  NameTotals names;
  std::size_t workers = 0;
  std::size_t routes_capped = 0;    ///< configured routes that share the name `_other`
  std::size_t versions_capped = 0;  ///< configured versions that share the name `_other`
  bool last_reload_successful = true;
  std::uint64_t generation = 0;            ///< how many policies were put in force since the start
  std::uint64_t reload_failures = 0;       ///< how many were refused
  double last_reload_success_seconds = 0;  ///< Unix time; 0 before the first
  BuildInfo build;
  std::vector<RolloutSnapshot> rollouts;
  std::optional<StateHealth> state;
  std::optional<OutcomesSnapshot> outcomes;
  std::optional<ComparisonsSnapshot> comparisons;
};

}  // namespace sluice::metrics
