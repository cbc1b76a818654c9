#pragma once

#include <cstdint>

/// Answers of two versions to the same request, as a shadow gives them. E-values from the counts alone, as natural
/// logarithms: valid however often one looks, and counts of several sources simply add up. Never NaN. Pure arithmetic,
/// thread-safe, 0.1 µs each unless said otherwise.
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

}  // namespace sluice::stats
