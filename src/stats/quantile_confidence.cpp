#include "sluice/stats/quantile_confidence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sluice/stats/proportion_confidence.hpp"

namespace sluice::stats {
namespace {

constexpr double band_width = 0.85;
constexpr double seconds_per_nanosecond = 1e-9;

double bound_in_seconds(std::size_t bucket) noexcept {
  if (bucket + 1 >= kBuckets) return std::numeric_limits<double>::infinity();
  return static_cast<double>(bucket_bound(bucket)) * seconds_per_nanosecond;
}

/// The last of a run of true answers that begins at `from`; steps lead towards `to`.
template <typename Holds>
std::uint64_t last_that(std::uint64_t from, std::uint64_t to, Holds holds) noexcept {
  while (from != to) {
    // Rounded towards `to`, so that the bracket always shrinks.
    const std::uint64_t middle = from < to ? from + (to - from + 1) / 2 : from - (from - to + 1) / 2;
    if (holds(middle)) {
      from = middle;
    } else {
      to = from < to ? middle - 1 : middle + 1;
    }
  }
  return from;
}

/// The chance that the band is ever left, for the constant C and the spacing η of the epochs.
double chance_to_leave(double c, double spacing) noexcept {
  const double root = band_width - std::sqrt(2 * (spacing - 1) / c);
  if (root <= 0) return 1;
  const double exponent = 2 / spacing * root * root;
  if (exponent <= 1) return 1;
  return std::min(1.0, 4 * std::exp(-exponent * c) * (1 + 1 / ((exponent - 1) * std::log(spacing))));
}

/// The least chance over all spacings: golden section in the logarithm of spacing − 1.
double best_chance(double c) noexcept {
  constexpr double golden = 0.6180339887498949;
  double low = std::log(1e-4);
  double high = std::log(band_width * band_width * c / 2);
  const auto at = [c](double x) { return chance_to_leave(c, 1 + std::exp(x)); };
  double best = low;
  // The chance is 1 on both flanks, where a section search would not know the way: begin at the best of a few.
  for (int i = 0; i <= 64; ++i) {
    const double x = low + (high - low) * i / 64;
    if (at(x) < at(best)) best = x;
  }
  const double step = (high - low) / 64;
  low = best - step;
  high = best + step;
  while (high - low > 1e-7) {
    const double left = high - golden * (high - low);
    const double right = low + golden * (high - low);
    if (at(left) < at(right)) {
      high = right;
    } else {
      low = left;
    }
  }
  return at((low + high) / 2);
}

}  // namespace

Interval quantile_confidence(const Histogram& histogram, double q, double alpha, double tightest_at) noexcept {
  Interval found{0, std::numeric_limits<double>::infinity()};
  const std::uint64_t n = histogram.count();
  if (n == 0 || !(q > 0 && q < 1)) return found;
  const double precision = proportion_precision(tightest_at, alpha);
  const double threshold = std::log(1 / std::clamp(alpha, 1e-300, 1.0));
  const auto rejects = [&](std::uint64_t rank) { return log_e_not(q, rank, n, precision) >= threshold; };
  const auto middle = static_cast<std::uint64_t>(q * static_cast<double>(n));
  // At most `few` at or below x: the quantile is above x. At least `many`: it is not.
  const bool has_lower = rejects(0);
  const bool has_upper = rejects(n);
  const std::uint64_t few = has_lower ? last_that(0, middle, rejects) : 0;
  const std::uint64_t many = has_upper ? last_that(n, std::min(middle + 1, n), rejects) : n + 1;
  std::uint64_t below = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    below += histogram.bucket_count(bucket);
    if (has_lower && below <= few) found.lower = bound_in_seconds(bucket);
    if (below >= many) {
      found.upper = bound_in_seconds(bucket);
      break;
    }
  }
  return found;
}

double distribution_band(double n, double first_look, double alpha) noexcept {
  if (!(n > 0) || !(first_look > 0) || n < first_look) return 1;
  double low = 1;
  double high = 1000;
  while (high - low > 1e-9 * high) {
    const double middle = (low + high) / 2;
    (best_chance(middle) > alpha ? low : high) = middle;
  }
  return std::min(1.0, band_width * std::sqrt((std::log1p(std::log(n / first_look)) + high) / n));
}

}  // namespace sluice::stats
