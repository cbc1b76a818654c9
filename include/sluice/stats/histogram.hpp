#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sluice/base/clock.hpp"
#include "sluice/stats/buckets.hpp"

namespace sluice::stats {

/// A distribution of durations in fixed memory (about 2.4 KiB). Plain data: copy, merge and subtract it freely.
///
/// Counts at the exported bounds are exact. Quantiles and counts elsewhere are off by at most half a bucket, which is
/// 4.34 % of the value between 0.5 µs and 73 min; shorter values count as 0.25 µs, longer ones as 73 min.
/// Not thread-safe; `metrics::AtomicHistogram` is what a worker writes.
class Histogram {
 public:
  static constexpr double kMaxRelativeError = 0.0434;

  /// Adds `times` observations; a few nanoseconds. Negative durations count as zero.
  void record(Duration value, std::uint64_t times = 1) noexcept;

  /// Adds what a bucket array and a sum hold, as read from counters.
  void add_bucket(std::size_t bucket, std::uint64_t times) noexcept { counts_[bucket] += times, count_ += times; }
  void add_sum(Duration sum) noexcept { sum_ += sum; }

  /// Adds all observations of the other one. Merging is exact, commutative and associative.
  void merge(const Histogram& other) noexcept;

  /// What was recorded after `earlier`, an older copy of this same histogram. Counts never go below zero.
  Histogram since(const Histogram& earlier) const noexcept;

  std::uint64_t count() const noexcept { return count_; }
  Duration sum() const noexcept { return sum_; }
  /// Zero when nothing was recorded; otherwise exact.
  Duration mean() const noexcept;

  /// The value that a share `q` (0…1, clamped) of the observations does not exceed; zero when nothing was recorded.
  Duration quantile(double q) const noexcept;

  /// How many observations were at most `bound`: exact at an exported bound, otherwise interpolated within one bucket
  /// (never more than that bucket's own count away from the truth).
  std::uint64_t count_at_most(Duration bound) const noexcept;

  std::uint64_t bucket_count(std::size_t bucket) const noexcept { return counts_[bucket]; }

  friend bool operator==(const Histogram&, const Histogram&) = default;

 private:
  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t count_ = 0;
  Duration sum_{0};
};

}  // namespace sluice::stats
