#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sluice/stats/histogram.hpp"
#include "sluice/stats/relative_risk.hpp"

namespace sluice::stats {

/// Where an answer counts as slow: five limits read off a reference before the stage begins and frozen then. Every
/// limit is a bucket's own bound, so counts above it are exact.
struct SlowLimits {
  static constexpr std::size_t kCount = 5;
  static constexpr std::array<double, kCount> kQuantiles = {0.5, 0.9, 0.95, 0.99, 0.999};

  std::array<std::uint16_t, kCount> stable{};     ///< buckets; above means in a later one
  std::array<std::uint16_t, kCount> candidate{};  ///< the same, further up by what is tolerated
  double tolerated = 0;                           ///< the largest tolerance that the bounds really give, 0.1 for 10 %

  friend bool operator==(const SlowLimits&, const SlowLimits&) = default;
};

/// The limits for a candidate that may be slower by the share `tolerance` (0.1 for 10 %, negative counts as 0): for
/// each quantile the bound whose share above is nearest in ratio (and less than all), for the candidate the next bound
/// not below that many times as much. So slightly more is tolerated than asked for, by a bucket at most. Nothing
/// without observations. 1 µs.
std::optional<SlowLimits> freeze_slow_limits(const Histogram& reference, double tolerance) noexcept;

/// Is the candidate slower than stable? The relative-risk e-process on the answers above each of five limits, and the
/// mean of the five e-values, which is an e-value however the five depend on each other. A shift of all latencies shows
/// at the low limits within dozens of answers, a longer tail at the high ones. Plain data of about 7 KiB.
class Exceedance {
 public:
  explicit Exceedance(const SlowLimits& limits) noexcept;

  /// What both recorded since the last look, while the candidate's share of the draws was `share`. 3 µs.
  void add(double share, const Histogram& stable, const Histogram& candidate) noexcept;

  /// Adds another process with the same limits.
  void merge(const Exceedance& other) noexcept;

  /// Evidence that the candidate is slower, ln. 1 µs.
  double log_e() const noexcept;

  /// Evidence that at no limit it is above `limit` times as often as stable: the least of the five. 0.1 µs.
  double log_e_accept(double limit) const noexcept;

  const SlowLimits& limits() const noexcept { return limits_; }
  /// Of the limit that was read at kQuantiles[index].
  const RelativeRisk& at(std::size_t index) const noexcept { return processes_[index]; }
  /// The limit with the most evidence: what a report names.
  std::size_t strongest() const noexcept;

  /// As a list of numbers for a store, and back.
  std::vector<double> pack() const;
  static std::optional<Exceedance> unpack(std::span<const double> packed);

 private:
  SlowLimits limits_;
  std::array<RelativeRisk, SlowLimits::kCount> processes_;
};

}  // namespace sluice::stats
