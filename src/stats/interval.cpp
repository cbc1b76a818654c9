#include "sluice/stats/interval.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sluice/stats/beta.hpp"

namespace sluice::stats {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nanosecond = 1e-9;
constexpr std::uint64_t many_events = 1000;

Interval wilson(double share, double n, double z) noexcept {
  const double extra = z * z / n;
  const double middle = share + extra / 2;
  const double reach = z * std::sqrt(share * (1 - share) / n + extra / (4 * n));
  return {std::max(0.0, (middle - reach) / (1 + extra)), std::min(1.0, (middle + reach) / (1 + extra))};
}

/// Probability that at least `rank` of n observations lie below the quantile q.
double at_least(std::uint64_t rank, std::uint64_t n, double q) noexcept {
  if (rank == 0) return 1;
  if (rank > n) return 0;
  const double variance = static_cast<double>(n) * q * (1 - q);
  if (variance > static_cast<double>(many_events)) {
    return normal_cdf((static_cast<double>(n) * q - static_cast<double>(rank) + 0.5) / std::sqrt(variance));
  }
  return beta_cdf(static_cast<double>(rank), static_cast<double>(n - rank) + 1, q);
}

/// The first rank for which at_least() is `limit` or less; n + 1 when there is none.
std::uint64_t first_rank_below(double limit, std::uint64_t n, double q) noexcept {
  std::uint64_t low = 0;
  std::uint64_t high = n + 1;
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (at_least(middle, n, q) <= limit ? high : low) = middle;
  }
  return high;
}

std::size_t bucket_of_rank(const Histogram& histogram, std::uint64_t rank) noexcept {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    below += histogram.bucket_count(i);
    if (below >= rank) return i;
  }
  return kBuckets - 1;
}

double lower_end(std::size_t bucket) noexcept {
  return bucket == 0 ? 0 : static_cast<double>(bucket_bound(bucket - 1)) * nanosecond;
}

double upper_end(std::size_t bucket) noexcept {
  return bucket == kBuckets - 1 ? infinity : static_cast<double>(bucket_bound(bucket)) * nanosecond;
}

double hypotenuse(double a, double b) noexcept {
  return std::sqrt(a * a + b * b);
}

}  // namespace

double repeated_looks_z(std::uint64_t n, double confidence) noexcept {
  const double alpha = std::clamp(1 - confidence, 1e-12, 0.999);
  const double twice_log = -2 * std::log(alpha);
  constexpr double tightest_at = 1000;
  const double mixing = (twice_log + std::log(std::max(twice_log, 1.0)) + 1) / tightest_at;
  const double information = static_cast<double>(std::max<std::uint64_t>(n, 1)) * mixing;
  return std::sqrt((1 + information) / information * std::log((1 + information) / (alpha * alpha)));
}

Interval proportion_interval(std::uint64_t events, std::uint64_t n, double z) noexcept {
  if (n == 0) return {0, 1};
  const std::uint64_t seen = std::min(events, n);
  const auto k = static_cast<double>(seen);
  const auto others = static_cast<double>(n - seen);
  if (std::min(seen, n - seen) > many_events) return wilson(k / static_cast<double>(n), static_cast<double>(n), z);
  const double tail = normal_cdf(-z);
  // The upper end is the lower one of what did not happen, so that a small tail is not lost beside 1.
  return {seen == 0 ? 0 : beta_quantile(k, others + 1, tail), seen == n ? 1 : 1 - beta_quantile(others, k + 1, tail)};
}

Interval quantile_interval(const Histogram& histogram, double q, double z) noexcept {
  const std::uint64_t n = histogram.count();
  if (n == 0) return {0, infinity};
  const double tail = normal_cdf(-z);
  const std::uint64_t above = first_rank_below(tail, n, q);
  // Fewer than `rank` below the quantile must be as unlikely: at_least(rank) of 1 − tail or more.
  const std::uint64_t below = first_rank_below(std::nextafter(1 - tail, 0.0), n, q) - 1;
  return {below == 0 ? 0 : lower_end(bucket_of_rank(histogram, below)),
          above > n ? infinity : upper_end(bucket_of_rank(histogram, above))};
}

Interval mean_interval(const Histogram& histogram, double z) noexcept {
  const std::uint64_t n = histogram.count();
  if (n < 2) return {0, infinity};
  const double mean = std::chrono::duration<double>(histogram.sum()).count() / static_cast<double>(n);
  double squares = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    const auto times = static_cast<double>(histogram.bucket_count(i));
    if (times == 0) continue;
    const double away = (i == kBuckets - 1 ? lower_end(i) : (lower_end(i) + upper_end(i)) / 2) - mean;
    squares += times * away * away;
  }
  const double reach = z * std::sqrt(squares / static_cast<double>(n - 1) / static_cast<double>(n));
  return {std::max(0.0, mean - reach), mean + reach};
}

Estimate excess(const Estimate& candidate, const Estimate& reference, double factor, double offset) noexcept {
  const double value = candidate.value - (factor * reference.value + offset);
  const auto by_chance = [](const Estimate& estimate, double end) {
    return std::max(0.0, std::abs(estimate.value - end) - estimate.resolution);
  };
  const auto scaled = [factor](double distance) { return factor == 0 ? 0 : factor * distance; };
  const double resolution = candidate.resolution + scaled(reference.resolution);
  const double down = hypotenuse(by_chance(candidate, candidate.interval.lower),
                                 scaled(by_chance(reference, reference.interval.upper)));
  const double up = hypotenuse(by_chance(candidate, candidate.interval.upper),
                               scaled(by_chance(reference, reference.interval.lower)));
  return {value, {value - down - resolution, value + up + resolution}, resolution};
}

}  // namespace sluice::stats
