#pragma once

/// The normal and the beta distribution. Pure arithmetic, thread-safe, deterministic.
namespace sluice::stats {

/// Probability that a standard normal value is at most `z`.
double normal_cdf(double z) noexcept;

/// The z that normal_cdf() maps to `p`, to about 1e-15; ∓infinity at 0 and 1.
double normal_quantile(double p) noexcept;

/// ln of the beta function, for a, b > 0.
double log_beta(double a, double b) noexcept;

/// Probability that a Beta(a, b) value is at most `x`: the regularised incomplete beta function, for a, b > 0, to about
/// 1e-13. A microsecond or less; grows with the square root of a + b.
double beta_cdf(double a, double b, double x) noexcept;

/// The x that beta_cdf() maps to `p`, 0…1. Some ten times the cost.
double beta_quantile(double a, double b, double p) noexcept;

}  // namespace sluice::stats
