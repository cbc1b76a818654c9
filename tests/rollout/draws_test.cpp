#include "sluice/rollout/draws.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace sluice::rollout {
namespace {

using namespace std::chrono_literals;

struct Moments {
  double mean = 0;
  double variance = 0;
};

template <typename Draw>
Moments moments_of(const Draw& draw) {
  constexpr int times = 20'000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < times; ++i) {
    const auto value = static_cast<double>(draw());
    sum += value;
    squares += value * value;
  }
  const double mean = sum / times;
  return {mean, squares / times - mean * mean};
}

TEST(Draws, APoissonNumberHasItsMeanAsItsVariance) {
  Random random(1);
  for (const double mean : {0.2, 3.0, 29.0, 31.0, 400.0}) {
    const auto found = moments_of([&] { return draw_poisson(random, mean); });
    EXPECT_NEAR(found.mean, mean, 5 * std::sqrt(mean / 20'000)) << mean;
    EXPECT_NEAR(found.variance / mean, 1, 0.06) << mean;
  }
  EXPECT_EQ(draw_poisson(random, 0), 0U);
}

TEST(Draws, ABinomialNumberHasItsMeanAndVariance) {
  Random random(2);
  for (const auto& [n, p] : {std::pair(10UL, 0.3), std::pair(1000UL, 0.01), std::pair(1000UL, 0.5),
                             std::pair(100'000UL, 0.999), std::pair(50'000UL, 0.002)}) {
    const double mean = static_cast<double>(n) * p;
    const auto found = moments_of([&, n = n, p = p] { return draw_binomial(random, n, p); });
    EXPECT_NEAR(found.mean, mean, 5 * std::sqrt(mean * (1 - p) / 20'000)) << n << " " << p;
    EXPECT_NEAR(found.variance / (mean * (1 - p)), 1, 0.06) << n << " " << p;
  }
  EXPECT_EQ(draw_binomial(random, 10, 0), 0U);
  EXPECT_EQ(draw_binomial(random, 10, 1), 10U);
  EXPECT_EQ(draw_binomial(random, 0, 0.5), 0U);
}

TEST(Draws, LatenciesHaveTheirMedianAndTheirTailHoweverManyAreDrawnAtOnce) {
  const LatencyShape shape(20ms);
  for (const std::uint64_t at_once : {1UL, 100UL, 10'000UL}) {
    Random random(3);
    stats::Histogram latency;
    stats::Histogram first_byte;
    for (std::uint64_t done = 0; done < 50'000; done += at_once) shape.record(random, at_once, latency, first_byte);
    EXPECT_EQ(latency.count(), 50'000U);
    EXPECT_EQ(first_byte.count(), 50'000U);
    EXPECT_NEAR(std::chrono::duration<double>(latency.quantile(0.5)).count(), 0.020, 0.0015) << at_once;
    EXPECT_NEAR(std::chrono::duration<double>(latency.quantile(0.99)).count(), 0.020 * std::exp(0.5 * 2.326), 0.006);
    EXPECT_LT(first_byte.quantile(0.5), latency.quantile(0.5) + 1ns);
  }
}

TEST(Draws, AnotherP99BendsTheTailAndLeavesTheRest) {
  const LatencyShape usual(20ms);
  const LatencyShape tailed(20ms, 100ms);
  const LatencyShape narrow(20ms, 25ms);
  const auto quantile_of = [](const LatencyShape& shape, double q) {
    Random random(4);
    stats::Histogram latency;
    stats::Histogram first_byte;
    shape.record(random, 200'000, latency, first_byte);
    return std::chrono::duration<double>(latency.quantile(q)).count();
  };
  EXPECT_NEAR(quantile_of(tailed, 0.99), 0.100, 0.006);
  EXPECT_NEAR(quantile_of(tailed, 0.5), quantile_of(usual, 0.5), 0.001);
  EXPECT_NEAR(quantile_of(tailed, 0.85), quantile_of(usual, 0.85), 0.002);
  EXPECT_NEAR(quantile_of(narrow, 0.99), 0.025, 0.0015);
  EXPECT_NEAR(quantile_of(narrow, 0.5), 0.020, 0.001);
}

TEST(Draws, BetaValuesHaveTheirMeanAndVarianceForLargeAndTinyParameters) {
  Random random(5);
  for (const auto& [a, b] : {std::pair(2.0, 3.0), std::pair(0.05, 0.95), std::pair(0.01, 0.99), std::pair(50.0, 4.0)}) {
    const auto found = moments_of([&, a = a, b = b] { return draw_beta(random, a, b); });
    const double mean = a / (a + b);
    const double variance = mean * (1 - mean) / (a + b + 1);
    EXPECT_NEAR(found.mean, mean, 5 * std::sqrt(variance / 20'000)) << a;
    EXPECT_NEAR(found.variance / variance, 1, 0.15) << a;
  }
}

TEST(Draws, WhatIsExpectedIsNeitherMoreNorLess) {
  const LatencyShape shape(20ms);
  stats::Histogram latency;
  stats::Histogram first_byte;
  std::vector<double> owed;
  for (int i = 0; i < 1000; ++i) shape.record_expected(owed, 7, latency, first_byte);
  EXPECT_EQ(latency.count(), 7000U);
  EXPECT_NEAR(std::chrono::duration<double>(latency.quantile(0.5)).count(), 0.020, 0.0015);
  EXPECT_NEAR(std::chrono::duration<double>(latency.quantile(0.95)).count(), 0.020 * std::exp(0.5 * 1.645), 0.004);
}

}  // namespace
}  // namespace sluice::rollout
