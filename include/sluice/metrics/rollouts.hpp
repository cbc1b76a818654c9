#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"

/// What the metrics page says about rollouts: plain data from the control side, totals included.
namespace sluice::metrics {

/// How long rollouts took: minutes to weeks, beyond what the histograms of requests hold. Plain data.
struct RolloutDurations {
  static constexpr std::array<double, 12> kBounds = {60,    300,   900,   1800,   3600,   10800,
                                                     21600, 43200, 86400, 172800, 604800, 1209600};  ///< seconds
  std::array<std::uint64_t, kBounds.size() + 1> counts{};  ///< not cumulative; the last one has no bound
  double sum = 0;                                          ///< seconds

  void record(Duration duration) noexcept;
  friend bool operator==(const RolloutDurations&, const RolloutDurations&) = default;
};

/// The last look at a check, and all looks.
struct CheckSnapshot {
  std::string version;
  std::string check;
  std::optional<double> value;  ///< seconds, ratio or number; nothing: no look had one
  std::optional<double> threshold;
  std::uint64_t samples = 0;
  double evidence = 0;  ///< 0…1: how far it is from being certain, either way
  friend bool operator==(const CheckSnapshot&, const CheckSnapshot&) = default;
};

struct ArmSnapshot {
  std::string version;
  double share = 0;             ///< 0…1
  double probability_best = 0;  ///< 0…1
  std::optional<double> lift;   ///< over the control; nothing: not compared
  std::optional<double> lift_lower;
  std::optional<double> lift_upper;
  friend bool operator==(const ArmSnapshot&, const ArmSnapshot&) = default;
};

/// How a version does in one segment of the route.
struct SegmentSnapshot {
  std::string segment;
  std::string version;
  double evidence = 0;    ///< 0…1: how far it is from being certain that the version is worse there
  bool excluded = false;  ///< the segment is stable's alone
  friend bool operator==(const SegmentSnapshot&, const SegmentSnapshot&) = default;
};

/// One route's. Counters only grow, over all rollouts of the route in this process.
struct RolloutSnapshot {
  std::string route;
  std::string phase;
  std::vector<std::string> phases;  ///< every phase there is, for series at 0
  std::int64_t step = 0;
  std::map<std::string, std::uint64_t> results;  ///< rollouts that ended, by how; name all there are, for series at 0
  RolloutDurations durations;                    ///< of those
  std::map<std::string, std::uint64_t> aborts;   ///< rollouts that went back to stable, by reason
  std::vector<CheckSnapshot> checks;
  std::map<std::string, std::map<std::string, std::uint64_t>> check_runs;  ///< by check, then verdict
  std::string metric;                                                      ///< that arms are compared by
  std::vector<ArmSnapshot> arms;
  std::vector<SegmentSnapshot> segments;
  bool arms_earn = false;  ///< they are a bandit's, which moves their shares by what they earn
  std::optional<double>
      split_mismatch;  ///< evidence that the split is not what is drawn by; nothing: it is not watched
  friend bool operator==(const RolloutSnapshot&, const RolloutSnapshot&) = default;
};

/// The store that keeps them.
struct StateHealth {
  bool up = true;         ///< the last commit went well
  bool degraded = false;  ///< it works, but not as it was configured
  friend bool operator==(const StateHealth&, const StateHealth&) = default;
};

}  // namespace sluice::metrics
