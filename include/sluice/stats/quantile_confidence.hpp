#pragma once

#include "sluice/stats/histogram.hpp"
#include "sluice/stats/interval.hpp"

/// Where quantiles lie, however often one looks (Howard and Ramdas 2022, "Sequential estimation of quantiles with
/// applications to A/B testing and best-arm identification", Bernoulli 28:1704). Pure arithmetic, thread-safe.
namespace sluice::stats {

/// The quantile `q` (strictly inside 0…1) in seconds, two-sided at `alpha` over all looks, tightest at about
/// `tightest_at` observations: all x for which "a share q lies at or below x" is not rejected by the beta-binomial
/// mixture. The ends are bounds of buckets, outward. [0, infinity] where there is too little for an end. 15 µs.
Interval quantile_confidence(const Histogram& histogram, double q, double alpha, double tightest_at) noexcept;

/// How far a whole empirical distribution of n values may be from the true one, at all values and all n ≥ `first_look`
/// together, with probability 1 − `alpha` (their theorem 2 with A = 0.85): a band for a picture, too wide for tails. At
/// most 1. Some 100 µs.
double distribution_band(double n, double first_look, double alpha) noexcept;

}  // namespace sluice::stats
