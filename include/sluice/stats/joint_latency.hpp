#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/stats/buckets.hpp"

namespace sluice::stats {

/// The bound of the first bucket up to which a share `quantile` (0…1, clamped) of what lies in the buckets is found;
/// zero where nothing does.
Duration bucket_quantile(const std::array<double, kBuckets>& weights, double quantile) noexcept;

/// How long two answers to the same request took, pair by pair, in the buckets of stats/buckets.hpp: enough to say for
/// any two limits how many pairs lie beyond the one, the other or both. At most kCells different cells are kept (16
/// bytes each); pairs beyond these are counted as lost. Pairs of one weight: each stratum of a PairTally has its own.
/// Plain data, adds up; not thread-safe.
class JointLatency {
 public:
  static constexpr std::size_t kCells = 16384;

  /// Negative durations count as zero. 30 ns; some microseconds for the first pair of a cell.
  void add(Duration stable, Duration candidate);
  /// Exact and in any order, unless cells are lost.
  void merge(const JointLatency& other);

  /// Those kept, without the lost ones.
  std::uint64_t pairs() const noexcept { return pairs_; }
  std::uint64_t lost() const noexcept { return lost_; }

  /// Pairs in which exactly one of the two is beyond its limit.
  struct Discordant {
    std::uint64_t only_candidate = 0;
    std::uint64_t only_stable = 0;
    friend bool operator==(const Discordant&, const Discordant&) = default;
  };
  /// A limit inside a bucket is taken for the bucket's bound. The counts of two copies of the same object subtract:
  /// what came after limits were frozen is beyond() now less beyond() then. At most 20 µs.
  Discordant beyond(Duration stable_limit, Duration candidate_limit) const noexcept;

  /// Of stable's answers alone, of the candidate's alone, by bucket.
  std::array<std::uint64_t, kBuckets> stable_counts() const noexcept;
  std::array<std::uint64_t, kBuckets> candidate_counts() const noexcept;
  /// The bound of a bucket that this share (0…1, clamped) of stable's answers stays within; zero without pairs.
  Duration stable_quantile(double quantile) const noexcept;

  friend bool operator==(const JointLatency&, const JointLatency&) = default;

 private:
  struct Cell {
    std::uint32_t key = 0;  // bucket of stable << 16 | bucket of the candidate
    std::uint64_t pairs = 0;
    friend bool operator==(const Cell&, const Cell&) = default;
  };
  void count(std::uint32_t key, std::uint64_t pairs);

  std::vector<Cell> cells_;  // by key; copied with every look, which a table of nodes would make slow
  std::uint64_t pairs_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace sluice::stats
