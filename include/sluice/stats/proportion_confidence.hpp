#pragma once

#include <cstdint>

#include "sluice/stats/interval.hpp"

/// Evidence about a single proportion that stays valid however often it is looked at: error rates and service levels,
/// "p99 ≤ 250 ms" as "share above 250 ms ≤ 1 %", disagreements of a shadow. A beta prior around the value under test,
/// that is the beta-binomial mixture of Howard, Ramdas, McAuliffe and Sekhon 2021 (Ann. Statist. 49:1055, proposition
/// 7). All functions are of the counts alone, so the order of looks and their number do not matter; logarithms of
/// e-values are never NaN. Pure arithmetic, thread-safe.
namespace sluice::stats {

/// How many observations the prior weighs when the interval shall be tightest after `n` of them: n / c − 1 with
/// c = 2 ln(1/α) + ln(1 + 2 ln(1/α)); never below 0.001.
double proportion_precision(double n, double alpha) noexcept;

/// The constant c above, by which a normal mixture with variance v is tuned too: ρ = v / c.
double mixture_constant(double alpha) noexcept;

/// Evidence that the proportion is not `p0` (strictly between 0 and 1), from `k` of `n`: the Dirichlet-multinomial
/// Bayes factor of two categories, prior Beta(κ p0, κ (1 − p0)) with κ = `precision`. 0.2 µs.
double log_e_not(double p0, std::uint64_t k, std::uint64_t n, double precision) noexcept;

/// Evidence that the proportion is above (below) `limit`: the same prior cut off at the limit. May be −infinity. 1 µs
/// or two.
double log_e_above(double limit, std::uint64_t k, std::uint64_t n, double precision) noexcept;
double log_e_below(double limit, std::uint64_t k, std::uint64_t n, double precision) noexcept;

/// All proportions that log_e_not() does not reject at `alpha`: a two-sided confidence sequence, tightest at about
/// `tightest_at` observations. [0, 1] for n = 0. About 20 µs.
Interval proportion_confidence(std::uint64_t k, std::uint64_t n, double alpha, double tightest_at) noexcept;

/// The largest lower (smallest upper) limit of a one-sided confidence sequence at `alpha`. About 60 µs.
double proportion_lower(std::uint64_t k, std::uint64_t n, double alpha, double tightest_at) noexcept;
double proportion_upper(std::uint64_t k, std::uint64_t n, double alpha, double tightest_at) noexcept;

}  // namespace sluice::stats
