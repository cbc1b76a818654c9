#pragma once

#include <cstdint>

#include "sluice/stats/histogram.hpp"

/// Where the truth lies, given what was counted. All intervals are two-sided; how sure they are is said by `z`, the
/// number of standard deviations a normal value would be allowed. Pure arithmetic.
namespace sluice::stats {

struct Interval {
  double lower = 0;
  double upper = 0;
};

/// An estimate and where the truth may lie.
struct Estimate {
  double value = 0;
  Interval interval;      ///< of chance and of what follows
  double resolution = 0;  ///< how far the value may be off although nothing is left to chance: half a bucket
};

/// The z that keeps `confidence` (0…1) however often the data are looked at while n grows: the boundary of a normal
/// mixture, tightest at about a thousand observations. Asymptotic: from some ten events on. For one look the z would be
/// 1.96 at 95 %; this one is 3.76 at n = 100, 3.03 at 1 000 and 3.57 at 100 000.
double repeated_looks_z(std::uint64_t n, double confidence) noexcept;

/// Of the share of `events` among `n`: exact (Clopper and Pearson), Wilson's score interval beyond a thousand events.
/// [0, 1] for n = 0.
Interval proportion_interval(std::uint64_t events, std::uint64_t n, double z) noexcept;

/// Of the quantile `q` in seconds, by the order statistics on both sides of it and the outer ends of their buckets. The
/// upper end is infinite where there are too few observations for one.
Interval quantile_interval(const Histogram& histogram, double q, double z) noexcept;

/// Of the mean in seconds, from the spread of the buckets' middles.
Interval mean_interval(const Histogram& histogram, double z) noexcept;

/// How far `candidate` lies above `factor` × `reference` + `offset`, for two independent estimates: each one's own
/// distance to its end is squared and added, so skewed intervals stay skewed; resolutions add up as they are. `factor`
/// is not negative.
Estimate excess(const Estimate& candidate, const Estimate& reference, double factor, double offset) noexcept;

}  // namespace sluice::stats
