#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sluice/stats/interval.hpp"
#include "sluice/stats/quantile_confidence.hpp"

/// Whether two versions, or a version and its own past, predict alike: distributions of scores and of classes. What
/// decides is valid however often it is looked at; PSI and Jensen–Shannon are shown as effect sizes and test nothing.
/// Pure arithmetic, thread-safe.
namespace sluice::stats {

/// Ten bins by the deciles of a reference, frozen with it. Equal deciles fall together, so there may be fewer; a value
/// that is several deciles has a bin of its own.
struct ScoreBins {
  std::vector<double> bounds;  ///< ascending, upper ends (inclusive) but the last bin's; empty: not frozen yet

  static constexpr std::size_t kBins = 10;
  /// Values that are not finite are left out; fewer than kBins others make no bins. Sorts what it is given.
  static ScoreBins of(std::vector<double> values);
  std::size_t size() const noexcept { return bounds.empty() ? 0 : bounds.size() + 1; }
  /// 0 … size() − 1; NaN belongs to the last bin. 0 where nothing is frozen.
  std::size_t bin_of(double value) const noexcept;
  friend bool operator==(const ScoreBins&, const ScoreBins&) = default;
};

/// Counts by bin, or by class. Of two lists that are not equally long the shorter one is taken to end in zeros.
using BinCounts = std::vector<std::uint64_t>;

/// Population stability index Σ (p − q) ln(p / q), its bias (B − 1)(1/n + 1/m) removed, never below 0; half a count is
/// added to every bin. 0 where either is empty.
double stability_index(std::span<const std::uint64_t> own, std::span<const std::uint64_t> reference) noexcept;
/// Jensen–Shannon divergence to base 2, 0…1.
double jensen_shannon(std::span<const std::uint64_t> own, std::span<const std::uint64_t> reference) noexcept;
/// Largest difference of the distribution functions at the bins' bounds (Kolmogorov–Smirnov), 0…1.
double kolmogorov_smirnov(std::span<const std::uint64_t> own, std::span<const std::uint64_t> reference) noexcept;
/// Largest difference of a share (L-infinity), 0…1: for classes, whose order means nothing.
double largest_difference(std::span<const std::uint64_t> own, std::span<const std::uint64_t> reference) noexcept;

/// Where the true Kolmogorov–Smirnov distance at the bins' bounds (`by_class`: the largest difference of a share) of
/// two independent samples lies, at all times at once: every share has its own interval (proportion_confidence),
/// `alpha` divided among them. For ten bins that is narrower than a band around the whole distribution function
/// (distribution_band), which has to hold everywhere. [0, 1] where either is empty. Some 40 µs per bin.
Interval distance_confidence(std::span<const std::uint64_t> own, std::span<const std::uint64_t> reference, double alpha,
                             bool by_class) noexcept;

/// ln of the evidence that two versions do not predict alike, from answers of which `share` are the candidate's: for
/// every bin and every threshold between bins the two-sided relative-risk mixture (RelativeRisk), and the mean of these
/// e-values. Valid however often it is looked at where each answer fell on the candidate with that probability. The
/// share that was counted is right as well where not every answer tells a value; then it is valid at one look: given
/// how many answers each has, the counts of a bin vary less than a draw of each would. 15 µs for ten bins.
double log_e_unlike(std::span<const std::uint64_t> candidate, std::span<const std::uint64_t> stable,
                    double share) noexcept;

/// The same from pairs: `moves[i * bins + j]` pairs whose live answer lies in bin i and whose other one lies in bin j.
/// For every bin and threshold the pairs that differ there against one half (McNemar 1947). 0 unless there are bins²
/// counts.
double log_e_unlike_pairs(std::span<const std::uint64_t> moves, std::size_t bins) noexcept;

/// The same against a frozen reference of finitely many values: for every bin the binomial mixture against the share of
/// the reference that is most favourable within what the reference leaves possible at `alpha` / 2, so an alarm at
/// ln(2 / alpha) is false with probability alpha at most.
double log_e_moved(std::span<const std::uint64_t> own, std::span<const std::uint64_t> reference, double alpha) noexcept;

}  // namespace sluice::stats
