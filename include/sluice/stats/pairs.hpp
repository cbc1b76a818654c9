#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "sluice/stats/interval.hpp"
#include "sluice/stats/mean_confidence.hpp"

/// Answers of two versions to the same request, as a shadow gives them. E-values from the counts alone, as natural
/// logarithms: valid however often one looks, and counts of several sources simply add up. Never NaN. Pure arithmetic,
/// thread-safe, 0.1 µs per entry unless said otherwise.
namespace sluice::stats {

/// What was compared. Pairs without an answer of both are not among them.
struct PairCounts {
  std::uint64_t pairs = 0;
  std::uint64_t disagreements = 0;

  friend bool operator==(const PairCounts&, const PairCounts&) = default;
};

/// Evidence that the rate of disagreement is below `limit` (strictly inside 0…1): certified at 1/β. A mixture of
/// binomial likelihood ratios against the limit (a test martingale, Wald 1945) over rates of 0.02, 0.1, 0.25 and 0.5
/// times the limit. Identical answers pass 1 % at 95 % after some 360 pairs.
double log_e_agreement(const PairCounts& seen, double limit) noexcept;

/// Evidence that it is above the limit: alarms at 1/α. The same over odds of 1.25…20 times the limit's.
double log_e_disagreement(const PairCounts& seen, double limit) noexcept;

/// How many pairs without a disagreement certify the limit at `beta`. Some microseconds.
std::uint64_t pairs_to_certify(double limit, double beta) noexcept;

/// Evidence that one version is right more often, from the pairs in which exactly one of the two was (concordant pairs
/// say nothing of it: McNemar 1947): the two-sided beta-binomial mixture on ½, tightest at about 100 such pairs.
double log_e_discordant(std::uint64_t only_candidate_right, std::uint64_t only_stable_right) noexcept;

/// Pairs where some segments are copied more often than others: those of one weight. Entries whose weight is not in
/// (0, 1] are left out, more disagreements than pairs count as all.
struct WeightedPairs {
  double weight = 1;  ///< of one pair, inverse to the probability with which it was copied; 1 where copies are rarest
  std::uint64_t pairs = 0;
  std::uint64_t disagreements = 0;

  friend bool operator==(const WeightedPairs&, const WeightedPairs&) = default;
};

/// The same two for the rate among all requests: the bets 1 + λ w (d − limit) of each pair with d = 1 where it
/// disagrees are fair under the limit whatever the weights (Waudby-Smith and Ramdas 2024, importance weighted); with
/// weights of 1 they are the binomial mixtures above. Which segment a pair is of must be chance as well: mixtures of
/// segments that change within the window are averaged over it.
double log_e_agreement(std::span<const WeightedPairs> seen, double limit) noexcept;
double log_e_disagreement(std::span<const WeightedPairs> seen, double limit) noexcept;

/// The rates that are not rejected at `alpha` / 2 from either side, by bisection; [0, 1] without pairs. Half of each
/// side's evidence is that of the functions above, half is spread over odds of 1.02…55 times the rate, so the interval
/// goes on shrinking. Some 100 µs.
Interval disagreement_confidence(std::span<const WeightedPairs> seen, double alpha) noexcept;

/// Pairs in which exactly one of the two had an event: failed, was too slow. Entries whose weight is not in (0, 1] are
/// left out.
struct DiscordantPairs {
  double weight = 1;
  std::uint64_t pairs = 0;
  std::uint64_t only_candidate = 0;  ///< of these
  std::uint64_t only_stable = 0;

  friend bool operator==(const DiscordantPairs&, const DiscordantPairs&) = default;
};

/// Evidence that the candidate's rate of events lies more than `margin` (strictly inside −1…1) above stable's: bets
/// 1 + λ w (x − margin), x = 1, 0, −1 by pair. What happened to both cancels, so it takes a fraction of the requests of
/// a split. The second: that it lies less than `margin` above. 0 without pairs, or for any other margin.
double log_e_paired_above(std::span<const DiscordantPairs> seen, double margin) noexcept;
double log_e_paired_below(std::span<const DiscordantPairs> seen, double margin) noexcept;

/// The weighted difference of the rates; 0 without pairs.
double paired_estimate(std::span<const DiscordantPairs> seen) noexcept;
/// The differences that are not rejected at `alpha` / 2 from either side, likewise; [−1, 1] without pairs. Some 100 µs.
Interval paired_difference(std::span<const DiscordantPairs> seen, double alpha) noexcept;

/// A mean of differences within pairs, of strata with their weights.
struct PairedMean {
  double mean = 0;           ///< Σ w n x̄ / Σ w n
  double variance = 0;       ///< of the mean's estimate, times the number of pairs (linearised: a ratio of two sums)
  std::uint64_t pairs = 0;   ///< that have a difference
  std::uint64_t events = 0;  ///< of these: it is not 0
};
/// Of equal length; strata whose weight is not above 0 are left out.
PairedMean paired_mean(std::span<const Moments> values, std::span<const double> weights) noexcept;
/// Where the true mean lies, at any time (asymptotic, as mean_confidence, which see for `tightest_at`); nothing below
/// 100 pairs or 40 that differ.
std::optional<Interval> paired_mean_confidence(const PairedMean& seen, double alpha, double tightest_at) noexcept;
/// ln of the evidence that it is above `margin`, asymptotic likewise; 0 below 100 pairs. For below, change the signs of
/// mean and margin.
double log_e_paired_mean_above(const PairedMean& seen, double margin, double tightest_at) noexcept;

}  // namespace sluice::stats
