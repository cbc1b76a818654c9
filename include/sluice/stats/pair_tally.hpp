#pragma once

#include <cstdint>
#include <vector>

#include "sluice/stats/joint_latency.hpp"
#include "sluice/stats/mean_confidence.hpp"
#include "sluice/stats/pairs.hpp"

namespace sluice::stats {

/// Pairs of answers that stand for equally many requests: those of the segments that are copied with one and the same
/// probability. Plain data, adds up.
struct PairStratum {
  double weight = 1;              ///< of one pair, (0, 1]; 1 where copies are rarest
  std::uint64_t pairs = 0;        ///< in which both ends say something about their versions
  std::uint64_t both_failed = 0;  ///< of these
  std::uint64_t only_candidate_failed = 0;
  std::uint64_t only_live_failed = 0;
  std::uint64_t compared = 0;       ///< whose contents were compared
  std::uint64_t disagreements = 0;  ///< of these: they differ, and not by noise
  Moments latency;                  ///< candidate − live, seconds, of pairs that both answered
  Moments live_latency;             ///< seconds, of the same
  Moments score;                    ///< candidate − live, of pairs with a score of both
  JointLatency joint;               ///< live's (stable) and the candidate's latency, of pairs that both answered

  void merge(const PairStratum& other);

  friend bool operator==(const PairStratum&, const PairStratum&) = default;
};

/// All pairs of one candidate within a window. Sums; plain data. What the functions of stats/pairs.hpp take is made of
/// it here: a vector of one entry per stratum.
struct PairTally {
  std::vector<PairStratum> strata;  ///< by weight, descending; one where nothing is copied more often

  std::uint64_t pairs() const noexcept;
  std::uint64_t compared() const noexcept;
  std::uint64_t disagreements() const noexcept;
  std::uint64_t both_failed() const noexcept;
  std::uint64_t only_candidate_failed() const noexcept;
  std::uint64_t only_live_failed() const noexcept;
  /// Pairs whose latencies are known, and those that found no cell.
  std::uint64_t timed() const noexcept;
  std::uint64_t timed_lost() const noexcept;

  /// Weighted share of the compared pairs that disagree; 0 without any.
  double disagreement() const noexcept;
  /// Weighted share of the pairs in which the candidate (live) failed; 0 without any.
  double candidate_failures() const noexcept;
  double live_failures() const noexcept;

  std::vector<WeightedPairs> comparisons() const;
  std::vector<DiscordantPairs> failures() const;
  /// Pairs of which exactly one answer took longer than its limit. See JointLatency::beyond.
  std::vector<DiscordantPairs> slower(Duration live_limit, Duration candidate_limit) const;
  /// The bound of a bucket that this weighted share of live's answers stays within; zero without pairs.
  Duration live_quantile(double quantile) const noexcept;
  Duration candidate_quantile(double quantile) const noexcept;
  /// Candidate − live: seconds, and scores.
  PairedMean latency_difference() const noexcept;
  PairedMean score_difference() const noexcept;
  /// Of live, seconds, over the same pairs.
  double live_latency() const noexcept;

  /// The stratum of this weight, made where it is new. The reference is good until the next call.
  PairStratum& stratum(double weight);
  void merge(const PairTally& other);

  friend bool operator==(const PairTally&, const PairTally&) = default;
};

}  // namespace sluice::stats
