#include "sluice/upstream/latency_quantile.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "sluice/base/random.hpp"

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;

/// Latencies that are distributed exponentially around `mean`: quantile q lies at -ln(1-q) means.
Duration exponential(Random& random, Duration mean) {
  const double factor = -std::log(1 - random.uniform());
  return Duration(static_cast<Duration::rep>(factor * static_cast<double>(mean.count())));
}

double quantile_of_exponential(double quantile, Duration mean) {
  return -std::log(1 - quantile) * static_cast<double>(mean.count());
}

/// The estimate's mean over the last half of `count` observations, in nanoseconds.
double settled(LatencyQuantile& estimate, double quantile, Duration mean, int count, std::uint64_t seed) {
  Random random(seed);
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    estimate.record(exponential(random, mean), quantile);
    if (i >= count / 2) sum += static_cast<double>(estimate.value().count());
  }
  return sum / (count - count / 2);
}

TEST(LatencyQuantile, IsNotKnownBeforeEnoughWasSeen) {
  LatencyQuantile estimate;
  for (std::uint32_t i = 0; i < LatencyQuantile::kEnough; ++i) {
    EXPECT_FALSE(estimate.known()) << i;
    estimate.record(1ms, 0.95);
  }
  EXPECT_TRUE(estimate.known());
}

TEST(LatencyQuantile, FindsTheQuantileOfAnyMagnitude) {
  for (const Duration mean : {Duration(20us), Duration(5ms), Duration(3s)}) {
    for (const double quantile : {0.5, 0.9, 0.95, 0.99}) {
      LatencyQuantile estimate;
      const double wanted = quantile_of_exponential(quantile, mean);
      EXPECT_NEAR(settled(estimate, quantile, mean, 40000, 3) / wanted, 1, 0.1)
          << quantile << " of " << mean.count() << " ns";
    }
  }
}

TEST(LatencyQuantile, FollowsAChange) {
  LatencyQuantile estimate;
  settled(estimate, 0.9, 5ms, 5000, 1);
  const double slower = settled(estimate, 0.9, 50ms, 20000, 2);
  EXPECT_NEAR(slower / quantile_of_exponential(0.9, 50ms), 1, 0.1);
  const double faster = settled(estimate, 0.9, 500us, 40000, 3);
  EXPECT_NEAR(faster / quantile_of_exponential(0.9, 500us), 1, 0.1);
}

TEST(LatencyQuantile, OneOutlierMovesItLittle) {
  LatencyQuantile estimate;
  settled(estimate, 0.95, 10ms, 5000, 5);
  const Duration before = estimate.value();
  estimate.record(1h, 0.95);
  EXPECT_LE(estimate.value(), before * 102 / 100);
  EXPECT_GT(estimate.value(), before);
}

TEST(LatencyQuantile, OfConstantLatencyStaysAtIt) {
  LatencyQuantile estimate;
  for (int i = 0; i < 10000; ++i) estimate.record(10ms, 0.95);
  EXPECT_GE(estimate.value(), 9900us);
  EXPECT_LE(estimate.value(), 10300us);
}

TEST(LatencyQuantile, SurvivesLatenciesOfNothing) {
  LatencyQuantile estimate;
  for (int i = 0; i < 10000; ++i) estimate.record(0ns, 0.99);
  EXPECT_GE(estimate.value(), 1ns);
  EXPECT_LE(estimate.value(), 10ns);
  settled(estimate, 0.99, 1ms, 20000, 9);
  EXPECT_GT(estimate.value(), 1ms) << "it never grew again";
}

}  // namespace
}  // namespace sluice::upstream
