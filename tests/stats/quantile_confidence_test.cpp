#include "sluice/stats/quantile_confidence.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "sluice/base/random.hpp"

namespace sluice::stats {
namespace {

TEST(DistributionBand, IsTheKnownOne) {
  EXPECT_NEAR(distribution_band(1000, 100, 0.05), 0.08204769, 1e-7);
  EXPECT_EQ(distribution_band(50, 100, 0.05), 1);
  EXPECT_LT(distribution_band(100'000, 100, 0.05), 0.01);
}

TEST(QuantileConfidence, KnowsNothingWithoutData) {
  const auto found = quantile_confidence({}, 0.5, 0.05, 1000);
  EXPECT_EQ(found.lower, 0);
  EXPECT_EQ(found.upper, std::numeric_limits<double>::infinity());
}

TEST(QuantileConfidence, HasNoUpperEndBelowTheSampleThatOneNeeds) {
  Histogram histogram;
  histogram.record(std::chrono::milliseconds(20), 300);
  EXPECT_EQ(quantile_confidence(histogram, 0.999, 0.05, 1000).upper, std::numeric_limits<double>::infinity());
  const auto median = quantile_confidence(histogram, 0.5, 0.05, 1000);
  EXPECT_LE(median.lower, 0.020);
  EXPECT_GE(median.upper, 0.020);
  EXPECT_LT(median.upper / median.lower, 1.1);
}

TEST(QuantileConfidence, KeepsItsPromiseOverHundredsOfLooks) {
  Random random(8);
  std::exponential_distribution<double> law(1 / 20e6);
  const double median = 0.020 * std::log(2.0);
  const double p95 = 0.020 * std::log(20.0);
  constexpr int runs = 200;
  int lost_median = 0;
  int lost_p95 = 0;
  for (int run = 0; run < runs; ++run) {
    Histogram histogram;
    bool out_median = false;
    bool out_p95 = false;
    for (int look = 0; look < 100; ++look) {
      for (int i = 0; i < 20; ++i) histogram.record(Duration(static_cast<std::int64_t>(law(random))));
      const auto middle = quantile_confidence(histogram, 0.5, 0.05, 1000);
      const auto high = quantile_confidence(histogram, 0.95, 0.05, 1000);
      out_median = out_median || median < middle.lower || median > middle.upper;
      out_p95 = out_p95 || p95 < high.lower || p95 > high.upper;
    }
    lost_median += out_median ? 1 : 0;
    lost_p95 += out_p95 ? 1 : 0;
    const auto last = quantile_confidence(histogram, 0.95, 0.05, 1000);
    EXPECT_LT(last.upper / last.lower, 1.6);
  }
  EXPECT_LE(lost_median, runs * 5 / 100);
  EXPECT_LE(lost_p95, runs * 5 / 100);
}

}  // namespace
}  // namespace sluice::stats
