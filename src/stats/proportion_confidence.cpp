#include "sluice/stats/proportion_confidence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sluice/stats/beta.hpp"

namespace sluice::stats {
namespace {

constexpr double least_precision = 1e-3;

bool inside_unit(double p) noexcept {
  return p > 0 && p < 1;
}

double sane_precision(double precision) noexcept {
  return precision >= least_precision ? precision : least_precision;
}

/// ln of the probability that a Beta(a, b) value is above x; the tail's own digits, not what 1 lacks.
double log_beta_above(double a, double b, double x) noexcept {
  return std::log(beta_cdf(b, a, 1 - x));
}

/// Where `rejects` changes between an end that it rejects and one that it does not; the rejected side of it.
template <typename Rejects>
double edge(double rejected, double kept, Rejects rejects) noexcept {
  for (int i = 0; i < 60 && std::abs(kept - rejected) > 1e-12 * kept; ++i) {
    const double middle = (rejected + kept) / 2;
    (rejects(middle) ? rejected : kept) = middle;
  }
  return rejected;
}

double log_level(double alpha) noexcept {
  return std::log(1 / std::clamp(alpha, 1e-300, 1.0));
}

}  // namespace

double mixture_constant(double alpha) noexcept {
  const double twice = 2 * log_level(alpha);
  return twice + std::log1p(twice);
}

double proportion_precision(double n, double alpha) noexcept {
  return sane_precision(n / mixture_constant(alpha) - 1);
}

double log_e_not(double p0, std::uint64_t k, std::uint64_t n, double precision) noexcept {
  if (n == 0 || !inside_unit(p0)) return 0;
  const auto seen = static_cast<double>(std::min(k, n));
  const double others = static_cast<double>(n) - seen;
  const double a = sane_precision(precision) * p0;
  const double b = sane_precision(precision) * (1 - p0);
  return log_beta(a + seen, b + others) - log_beta(a, b) - seen * std::log(p0) - others * std::log1p(-p0);
}

double log_e_above(double limit, std::uint64_t k, std::uint64_t n, double precision) noexcept {
  if (n == 0 || !inside_unit(limit)) return 0;
  const auto seen = static_cast<double>(std::min(k, n));
  const double others = static_cast<double>(n) - seen;
  const double a = sane_precision(precision) * limit;
  const double b = sane_precision(precision) * (1 - limit);
  return log_e_not(limit, k, n, precision) + log_beta_above(a + seen, b + others, limit) - log_beta_above(a, b, limit);
}

double log_e_below(double limit, std::uint64_t k, std::uint64_t n, double precision) noexcept {
  return log_e_above(1 - limit, n - std::min(k, n), n, precision);
}

Interval proportion_confidence(std::uint64_t k, std::uint64_t n, double alpha, double tightest_at) noexcept {
  if (n == 0) return {0, 1};
  const double share = static_cast<double>(std::min(k, n)) / static_cast<double>(n);
  const double precision = proportion_precision(tightest_at, alpha);
  const double threshold = log_level(alpha);
  const auto rejects = [&](double p) { return log_e_not(p, k, n, precision) >= threshold; };
  return {share > 0 ? edge(0, share, rejects) : 0, share < 1 ? edge(1, share, rejects) : 1};
}

double proportion_lower(std::uint64_t k, std::uint64_t n, double alpha, double tightest_at) noexcept {
  if (n == 0 || k == 0) return 0;
  const double share = static_cast<double>(std::min(k, n)) / static_cast<double>(n);
  const double precision = proportion_precision(tightest_at, 2 * alpha);
  return edge(0, share, [&](double p) { return log_e_above(p, k, n, precision) >= log_level(alpha); });
}

double proportion_upper(std::uint64_t k, std::uint64_t n, double alpha, double tightest_at) noexcept {
  return 1 - proportion_lower(n - std::min(k, n), n, alpha, tightest_at);
}

}  // namespace sluice::stats
