#include "sluice/rollout/draws.hpp"

#include <algorithm>
#include <cmath>

#include "sluice/stats/beta.hpp"

namespace sluice::rollout {
namespace {

constexpr double few = 30;
constexpr std::uint64_t one_by_one = 150;
constexpr double never = 1e-7;

/// ln of a Gamma(shape, 1) value; a shape below 1 is lifted above it and taken back by a power of a uniform value.
double draw_log_gamma(Random& random, double shape) {
  double log_lift = 0;
  if (shape < 1) {
    log_lift = std::log(std::max(random.uniform(), 0x1p-53)) / shape;
    shape += 1;
  }
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = draw_normal(random);
    const double cube = 1 + c * x;
    if (cube <= 0) continue;
    const double v = cube * cube * cube;
    const double u = std::max(random.uniform(), 0x1p-53);
    if (std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d * v) + log_lift;
  }
}

/// How ln(latency / median) becomes a standard normal value: a straight line that may bend at p90.
class Tail {
 public:
  Tail(double median, std::optional<Duration> p99) {
    if (!p99) return;
    const double wanted = std::log(std::max(median * 1.001, static_cast<double>(p99->count())) / median);
    if (wanted < body_ * z90) {
      body_ = tail_ = wanted / z99;
    } else {
      tail_ = (wanted - body_ * z90) / (z99 - z90);
    }
  }
  double normal_of(double log_ratio) const noexcept {
    return log_ratio <= body_ * z90 ? log_ratio / body_ : z90 + (log_ratio - body_ * z90) / tail_;
  }

 private:
  static constexpr double z90 = 1.2815515655446004;
  static constexpr double z99 = 2.3263478740408408;
  double body_ = 0.5;  // deviation of the logarithm up to p90, and beyond
  double tail_ = 0.5;
};

/// A normal value bent by the skewness of what it stands for.
double approximately(Random& random, double mean, double deviation, double skewness) {
  const double z = draw_normal(random);
  return std::round(mean + deviation * (z + skewness * (z * z - 1) / 6));
}

}  // namespace

std::uint64_t draw_poisson(Random& random, double mean) {
  if (!(mean > 0)) return 0;
  if (mean >= few) {
    const double deviation = std::sqrt(mean);
    return static_cast<std::uint64_t>(std::max(0.0, approximately(random, mean, deviation, 1 / deviation)));
  }
  const double limit = std::exp(-mean);
  std::uint64_t count = 0;
  for (double product = random.uniform(); product > limit; product *= random.uniform()) ++count;
  return count;
}

std::uint64_t draw_binomial(Random& random, std::uint64_t n, double p) {
  if (n == 0 || !(p > 0)) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - draw_binomial(random, n, 1 - p);
  const auto trials = static_cast<double>(n);
  const double mean = trials * p;
  if (mean >= few) {
    const double deviation = std::sqrt(mean * (1 - p));
    const double drawn = approximately(random, mean, deviation, (1 - 2 * p) / deviation);
    return static_cast<std::uint64_t>(std::clamp(drawn, 0.0, trials));
  }
  // The probabilities of 0, 1, 2… are passed one after the other until the drawn place is reached.
  const double odds = p / (1 - p);
  double probability = std::exp(trials * std::log1p(-p));
  double place = random.uniform();
  std::uint64_t count = 0;
  while (place > probability && count < n) {
    place -= probability;
    ++count;
    probability *= odds * (trials - static_cast<double>(count) + 1) / static_cast<double>(count);
    if (probability <= 0) break;
  }
  return count;
}

double draw_normal(Random& random) {
  return stats::normal_quantile((static_cast<double>(random.next() >> 11) + 0.5) * 0x1p-53);
}

double draw_beta(Random& random, double a, double b) {
  const double log_first = draw_log_gamma(random, a);
  const double log_second = draw_log_gamma(random, b);
  // Tiny parameters make gamma values that no double can hold, so only their difference is looked at.
  return 1 / (1 + std::exp(log_second - log_first));
}

LatencyShape::LatencyShape(Duration median, std::optional<Duration> p99) {
  const double middle = std::max(1.0, static_cast<double>(median.count()));
  const Tail tail(middle, p99);
  double before = 0;
  for (std::size_t i = 0; i < stats::kBuckets; ++i) {
    const auto bound = static_cast<double>(stats::bucket_bound(i));
    const double up_to = i + 1 == stats::kBuckets ? 1 : stats::normal_cdf(tail.normal_of(std::log(bound / middle)));
    const double probability = up_to - before;
    if (probability > never) {
      const double low = i == 0 ? bound / 2 : static_cast<double>(stats::bucket_bound(i - 1));
      const double value = i + 1 == stats::kBuckets ? low : std::sqrt(low * bound);
      Bucket bucket;
      bucket.value = Duration(static_cast<Duration::rep>(value));
      bucket.latency = i;
      bucket.first_byte = stats::bucket_of(bucket.value * 9 / 10);
      bucket.probability = probability;
      bucket.up_to = up_to;
      bucket.left = std::min(1.0, probability / (1 - before));
      buckets_.push_back(bucket);
    }
    before = up_to;
  }
  if (!buckets_.empty()) {
    buckets_.back().up_to = 1;
    buckets_.back().left = 1;
  }
}

void LatencyShape::add(const Bucket& bucket, std::uint64_t times, stats::Histogram& latency,
                       stats::Histogram& first_byte) {
  latency.add_bucket(bucket.latency, times);
  latency.add_sum(bucket.value * static_cast<Duration::rep>(times));
  first_byte.add_bucket(bucket.first_byte, times);
  first_byte.add_sum(bucket.value * 9 / 10 * static_cast<Duration::rep>(times));
}

void LatencyShape::record(Random& random, std::uint64_t n, stats::Histogram& latency,
                          stats::Histogram& first_byte) const {
  if (n < one_by_one) {
    for (std::uint64_t i = 0; i < n; ++i) {
      const auto found = std::upper_bound(buckets_.begin(), buckets_.end() - 1, random.uniform(),
                                          [](double place, const Bucket& bucket) { return place < bucket.up_to; });
      add(*found, 1, latency, first_byte);
    }
    return;
  }
  std::uint64_t rest = n;
  for (const Bucket& bucket : buckets_) {
    if (rest == 0) return;
    const std::uint64_t times = draw_binomial(random, rest, bucket.left);
    if (times > 0) add(bucket, times, latency, first_byte);
    rest -= times;
  }
}

void LatencyShape::record_expected(std::vector<double>& owed, std::uint64_t n, stats::Histogram& latency,
                                   stats::Histogram& first_byte) const {
  // What is owed moves on to the next longer bucket, so that exactly n are recorded.
  owed.resize(1);
  double carried = owed.front();
  double wanted = 0;
  std::uint64_t given = 0;
  for (const Bucket& bucket : buckets_) {
    wanted += bucket.probability * static_cast<double>(n);
    const bool last = &bucket == &buckets_.back();
    const double up_to = last ? static_cast<double>(n) : std::min(static_cast<double>(n), wanted + carried);
    const auto all = static_cast<std::uint64_t>(up_to);
    if (all > given) add(bucket, all - given, latency, first_byte);
    given = std::max(given, all);
  }
  // Another place within a request each time, so that small numbers are not always the same quantiles.
  carried += 0.6180339887498949;
  owed.front() = carried - std::floor(carried);
}

Duration LatencyShape::at(double share) const noexcept {
  if (buckets_.empty()) return Duration::zero();
  const auto found = std::lower_bound(buckets_.begin(), buckets_.end(), share,
                                      [](const Bucket& bucket, double wanted) { return bucket.up_to < wanted; });
  return found == buckets_.end() ? buckets_.back().value : found->value;
}

}  // namespace sluice::rollout
