#include "sluice/stats/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace sluice::stats {
namespace {

using std::chrono::milliseconds;

std::vector<Duration> random_latencies(std::uint64_t seed, std::size_t count) {
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> law(std::log(20e6), 1.5);
  std::vector<Duration> values;
  for (std::size_t i = 0; i < count; ++i) values.emplace_back(static_cast<std::int64_t>(law(random)));
  return values;
}

Histogram histogram_of(const std::vector<Duration>& values) {
  Histogram histogram;
  for (const Duration value : values) histogram.record(value);
  return histogram;
}

TEST(Histogram, EmptyAnswersZeroToEverything) {
  const Histogram empty;
  EXPECT_EQ(empty.count(), 0U);
  EXPECT_EQ(empty.quantile(0.5), Duration::zero());
  EXPECT_EQ(empty.mean(), Duration::zero());
  EXPECT_EQ(empty.count_at_most(Duration::max()), 0U);
}

TEST(Histogram, QuantilesAreWithinTheDocumentedErrorOfTheTrueOnes) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::vector<Duration> values = random_latencies(seed, 3000);
    const Histogram histogram = histogram_of(values);
    std::sort(values.begin(), values.end());
    for (const double q : {0.0, 0.01, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0}) {
      const auto rank = std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(q * 3000)));
      const auto truth = static_cast<double>(values[rank - 1].count());
      const auto estimate = static_cast<double>(histogram.quantile(q).count());
      EXPECT_LE(std::abs(estimate - truth) / truth, Histogram::kMaxRelativeError) << "seed " << seed << " q " << q;
    }
  }
}

TEST(Histogram, QuantilesNeverDecrease) {
  const Histogram histogram = histogram_of(random_latencies(3, 500));
  Duration before{0};
  for (int i = 0; i <= 1000; ++i) {
    const Duration now = histogram.quantile(i / 1000.0);
    EXPECT_GE(now, before);
    before = now;
  }
}

TEST(Histogram, ClampsAQuantileThatIsNone) {
  Histogram histogram;
  histogram.record(milliseconds(1));
  histogram.record(milliseconds(100));
  EXPECT_EQ(histogram.quantile(-1), histogram.quantile(0));
  EXPECT_EQ(histogram.quantile(7), histogram.quantile(1));
  EXPECT_EQ(histogram.quantile(std::numeric_limits<double>::quiet_NaN()), histogram.quantile(1));
}

TEST(Histogram, CountsAtExportedBoundsAreExact) {
  const std::vector<Duration> values = random_latencies(11, 5000);
  const Histogram histogram = histogram_of(values);
  for (const std::uint64_t bound : kExportedBounds) {
    const Duration limit(static_cast<std::int64_t>(bound));
    const auto truth = std::count_if(values.begin(), values.end(), [&](Duration value) { return value <= limit; });
    EXPECT_EQ(histogram.count_at_most(limit), static_cast<std::uint64_t>(truth)) << bound;
  }
}

TEST(Histogram, CountsElsewhereAreWithinTheirBucketOfTheTruth) {
  const std::vector<Duration> values = random_latencies(12, 5000);
  const Histogram histogram = histogram_of(values);
  std::mt19937_64 random(1);
  for (int i = 0; i < 500; ++i) {
    const Duration limit(static_cast<std::int64_t>(random() % 1'000'000'000));
    const auto truth = std::count_if(values.begin(), values.end(), [&](Duration value) { return value <= limit; });
    const auto estimate = static_cast<std::int64_t>(histogram.count_at_most(limit));
    EXPECT_LE(std::abs(estimate - truth), static_cast<std::int64_t>(histogram.bucket_count(bucket_of(limit))));
  }
}

TEST(Histogram, MergeIsTheSameAsRecordingEverythingInOne) {
  const std::vector<Duration> left = random_latencies(1, 400);
  const std::vector<Duration> right = random_latencies(2, 700);
  std::vector<Duration> both = left;
  both.insert(both.end(), right.begin(), right.end());

  Histogram one = histogram_of(left);
  one.merge(histogram_of(right));
  Histogram other = histogram_of(right);
  other.merge(histogram_of(left));
  EXPECT_EQ(one, histogram_of(both));
  EXPECT_EQ(one, other);
}

TEST(Histogram, SinceIsWhatCameAfterwards) {
  Histogram histogram = histogram_of(random_latencies(1, 400));
  const Histogram earlier = histogram;
  const std::vector<Duration> later = random_latencies(2, 300);
  for (const Duration value : later) histogram.record(value);
  EXPECT_EQ(histogram.since(earlier), histogram_of(later));
  EXPECT_EQ(earlier.since(histogram), Histogram());
}

TEST(Histogram, SumAndMeanAreExact) {
  Histogram histogram;
  histogram.record(milliseconds(10), 3);
  histogram.record(milliseconds(50));
  histogram.record(milliseconds(-5));
  EXPECT_EQ(histogram.count(), 5U);
  EXPECT_EQ(histogram.sum(), milliseconds(80));
  EXPECT_EQ(histogram.mean(), milliseconds(16));
}

TEST(Histogram, TakesValuesOutsideItsRange) {
  Histogram histogram;
  histogram.record(Duration(1));
  histogram.record(std::chrono::hours(100));
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_LT(histogram.quantile(0), std::chrono::microseconds(1));
  EXPECT_GT(histogram.quantile(1), std::chrono::hours(1));
  EXPECT_EQ(histogram.count_at_most(std::chrono::minutes(5)), 1U);
}

}  // namespace
}  // namespace sluice::stats
