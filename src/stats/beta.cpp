#include "sluice/stats/beta.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace sluice::stats {
namespace {

constexpr double tiny = 1e-300;

double normal_pdf(double z) noexcept {
  return std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
}

/// ln Γ(x) less its leading terms (x − ½) ln x − x + ½ ln 2π, for large x. Where a and b are large, the differences of
/// lgamma would lose what the density needs.
double stirling_rest(double x) noexcept {
  const double y = 1 / (x * x);
  return (1.0 / 12 - y * (1.0 / 360 - y * (1.0 / 1260 - y * (1.0 / 1680 - y / 1188)))) / x;
}

/// ln of x^a (1−x)^b / B(a, b), without cancellation for large a and b.
double log_front(double a, double b, double x) noexcept {
  if (std::min(a, b) < 20) return a * std::log(x) + b * std::log1p(-x) - log_beta(a, b);
  const double sum = a + b;
  const double mean = a / sum;
  const double near_a = a * std::log1p((x - mean) / mean);
  const double near_b = b * std::log1p((mean - x) / (1 - mean));
  const double rest = stirling_rest(sum) - stirling_rest(a) - stirling_rest(b);
  return near_a + near_b + rest + 0.5 * std::log(a * (b / sum) / (2 * std::numbers::pi));
}

/// The continued fraction of the incomplete beta function by Lentz' method; converges fast for x below the mean.
double continued_fraction(double a, double b, double x) noexcept {
  const auto bounded = [](double value) { return std::abs(value) < tiny ? tiny : value; };
  double c = 1;
  double d = 1 / bounded(1 - (a + b) * x / (a + 1));
  double product = d;
  for (int m = 1; m <= 100'000; ++m) {
    const double twice = 2.0 * m;
    const double even = m * (b - m) * x / ((a + twice - 1) * (a + twice));
    d = 1 / bounded(1 + even * d);
    c = bounded(1 + even / c);
    product *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + twice) * (a + twice + 1));
    d = 1 / bounded(1 + odd * d);
    c = bounded(1 + odd / c);
    product *= d * c;
    if (std::abs(d * c - 1) < 1e-15) break;
  }
  return product;
}

}  // namespace

double normal_cdf(double z) noexcept {
  return std::erfc(-z / std::numbers::sqrt2) / 2;
}

double normal_quantile(double p) noexcept {
  if (!(p > 0)) return -std::numeric_limits<double>::infinity();
  if (!(p < 1)) return std::numeric_limits<double>::infinity();
  if (p > 0.5) return -normal_quantile(1 - p);
  // A bound of the tail gives a start that is never far off; Halley's steps treble the digits.
  double z = p > 0.2 ? (p - 0.5) * std::sqrt(2 * std::numbers::pi) : -std::sqrt(-2 * std::log(p));
  for (int i = 0; i < 50; ++i) {
    const double error = (normal_cdf(z) - p) / normal_pdf(z);
    const double step = error / (1 + z * error / 2);
    // The tail is convex: a step that overshoots is halved until it converges.
    z -= std::clamp(step, -1.0, 1.0);
    if (std::abs(step) < 1e-15 * std::max(1.0, std::abs(z))) break;
  }
  return z;
}

double log_beta(double a, double b) noexcept {
  int sign = 0;  // lgamma_r, because lgamma writes to a global
  return ::lgamma_r(a, &sign) + ::lgamma_r(b, &sign) - ::lgamma_r(a + b, &sign);
}

double beta_cdf(double a, double b, double x) noexcept {
  if (!(x > 0)) return 0;
  if (!(x < 1)) return 1;
  const double front = std::exp(log_front(a, b, x));
  if (x < (a + 1) / (a + b + 2)) return std::min(1.0, front * continued_fraction(a, b, x) / a);
  return std::max(0.0, 1 - front * continued_fraction(b, a, 1 - x) / b);
}

double beta_quantile(double a, double b, double p) noexcept {
  if (!(p > 0)) return 0;
  if (!(p < 1)) return 1;
  double low = 0;
  double high = 1;
  const double mean = a / (a + b);
  const double deviation = std::sqrt(mean * (1 - mean) / (a + b + 1));
  double x = std::clamp(mean + normal_quantile(p) * deviation, mean / 1000, 1 - (1 - mean) / 1000);
  for (int i = 0; i < 200; ++i) {
    const double error = beta_cdf(a, b, x) - p;
    (error > 0 ? high : low) = x;
    const double slope = std::exp(log_front(a, b, x)) / (x * (1 - x));
    double next = x - error / slope;
    if (std::abs(next - x) <= 1e-14 * x) return x;
    // Newton where it stays inside the bracket; otherwise the middle, in the logarithm while that is far away.
    if (!(next > low && next < high)) next = low > 0 && high > 4 * low ? std::sqrt(low * high) : (low + high) / 2;
    x = next;
  }
  return x;
}

}  // namespace sluice::stats
