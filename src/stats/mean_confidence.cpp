#include "sluice/stats/mean_confidence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sluice/stats/beta.hpp"
#include "sluice/stats/proportion_confidence.hpp"

namespace sluice::stats {
namespace {

/// The evidence must not depend on the level it is compared with, so its mixture is tuned for this one.
constexpr double tuning_level = 0.05;

/// ln of a standard normal's probability below z, also where that is 0 as a number.
double log_normal_cdf(double z) noexcept {
  constexpr double far_tail = -30;
  if (z > far_tail) return std::log(normal_cdf(z));
  constexpr double half_log_two_pi = 0.9189385332046727;
  return -z * z / 2 - half_log_two_pi - std::log(-z) + std::log1p(-1 / (z * z));
}

/// The mixture of e^(λ s − λ² v / 2) over half-normal λ with variance 1 / rho.
double log_half_normal_mixture(double s, double v, double rho) noexcept {
  return std::log(2.0) + 0.5 * std::log(rho / (v + rho)) + s * s / (2 * (v + rho)) +
         log_normal_cdf(s / std::sqrt(v + rho));
}

struct Gap {
  double value = 0;
  double error = 0;  // standard
  double units = 0;
};

std::optional<Gap> gap_of(const Moments& candidate, const Moments& stable) noexcept {
  if (!candidate.ready() || !stable.ready()) return std::nullopt;
  const auto a = static_cast<double>(candidate.count);
  const auto b = static_cast<double>(stable.count);
  return Gap{candidate.mean - stable.mean, std::sqrt(candidate.variance() / a + stable.variance() / b), a + b};
}

double log_e_gap_above(const Gap& gap, double margin, double tightest_at) noexcept {
  if (!std::isfinite(margin) || !(gap.error > 0)) return 0;
  const double rho = std::max(tightest_at, 1.0) / mixture_constant(2 * tuning_level);
  // In units of which each brings variance 1: their sum has a mean of z √n.
  const double z = (gap.value - margin) / gap.error;
  return log_half_normal_mixture(z * std::sqrt(gap.units), gap.units, rho);
}

}  // namespace

void Moments::add(double value) noexcept {
  if (!std::isfinite(value)) return;
  ++count;
  events += value != 0 ? 1 : 0;
  const double away = value - mean;
  mean += away / static_cast<double>(count);
  squares += away * (value - mean);
}

void Moments::merge(const Moments& other) noexcept {
  if (other.count == 0) return;
  const auto here = static_cast<double>(count);
  const auto there = static_cast<double>(other.count);
  const double apart = other.mean - mean;
  mean += apart * (there / (here + there));
  squares += other.squares + apart * apart * (here * there / (here + there));
  count += other.count;
  events += other.events;
}

double Moments::variance() const noexcept {
  return count < 2 ? 0 : std::max(0.0, squares) / static_cast<double>(count - 1);
}

double anytime_multiplier(double n, double tightest_at, double alpha) noexcept {
  if (!(n > 0)) return std::numeric_limits<double>::infinity();
  const double level = std::clamp(alpha, 1e-300, 0.5);
  const double information = n * mixture_constant(2 * level) / std::max(tightest_at, 1.0);
  return std::sqrt(2 * (information + 1) / information * std::log1p(std::sqrt(information + 1) / (2 * level)));
}

std::optional<Interval> mean_confidence(const Moments& values, double alpha, double tightest_at) noexcept {
  if (!values.ready()) return std::nullopt;
  const auto n = static_cast<double>(values.count);
  const double reach = anytime_multiplier(n, tightest_at, alpha / 2) * std::sqrt(values.variance() / n);
  return Interval{values.mean - reach, values.mean + reach};
}

std::optional<Interval> mean_difference(const Moments& candidate, const Moments& stable, double alpha,
                                        double tightest_at) noexcept {
  const auto gap = gap_of(candidate, stable);
  if (!gap) return std::nullopt;
  const double reach = anytime_multiplier(gap->units, tightest_at, alpha / 2) * gap->error;
  return Interval{gap->value - reach, gap->value + reach};
}

double log_e_mean_above(const Moments& candidate, const Moments& stable, double margin, double tightest_at) noexcept {
  const auto gap = gap_of(candidate, stable);
  return gap ? log_e_gap_above(*gap, margin, tightest_at) : 0;
}

double log_e_mean_above(const Moments& values, double margin, double tightest_at) noexcept {
  if (!values.ready()) return 0;
  const auto n = static_cast<double>(values.count);
  return log_e_gap_above({values.mean, std::sqrt(values.variance() / n), n}, margin, tightest_at);
}

double normal_mixture_bound(double v, double tightest_at, double alpha) noexcept {
  const double rho = tightest_at / mixture_constant(alpha);
  return std::sqrt((v + rho) * std::log((v + rho) / (rho * alpha * alpha)));
}

double normal_mixture_bound_one_sided(double v, double tightest_at, double alpha) noexcept {
  const double rho = tightest_at / mixture_constant(2 * alpha);
  double low = 0;
  double high = std::sqrt(v + rho);
  while (log_half_normal_mixture(high, v, rho) < std::log(1 / alpha)) high *= 2;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (log_half_normal_mixture(middle, v, rho) < std::log(1 / alpha) ? low : high) = middle;
  }
  return high;
}

}  // namespace sluice::stats
