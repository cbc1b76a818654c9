#include "sluice/stats/interval.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "sluice/stats/beta.hpp"

namespace sluice::stats {
namespace {

using std::chrono::milliseconds;

const double once = normal_quantile(0.975);

TEST(ProportionInterval, IsTheExactOne) {
  const auto one = proportion_interval(1, 100, once);
  EXPECT_NEAR(one.lower, 1 - std::pow(0.975, 0.01), 1e-12);
  EXPECT_NEAR(one.upper, 0.054459385, 1e-8);
  const auto ten = proportion_interval(10, 100, once);
  EXPECT_NEAR(ten.lower, 0.049004689, 1e-8);
  EXPECT_NEAR(ten.upper, 0.176222598, 1e-8);
  const auto none = proportion_interval(0, 10, once);
  EXPECT_EQ(none.lower, 0);
  EXPECT_NEAR(none.upper, 1 - std::pow(0.025, 0.1), 1e-12);
  const auto all = proportion_interval(10, 10, once);
  EXPECT_NEAR(all.lower, std::pow(0.025, 0.1), 1e-12);
  EXPECT_EQ(all.upper, 1);
}

TEST(ProportionInterval, KnowsNothingWithoutData) {
  EXPECT_EQ(proportion_interval(0, 0, once).lower, 0);
  EXPECT_EQ(proportion_interval(0, 0, once).upper, 1);
}

TEST(ProportionInterval, HasNoSeamWhereItTurnsToWilson) {
  const auto exact = proportion_interval(1000, 50'000, once);
  const auto score = proportion_interval(1001, 50'050, once);
  EXPECT_NEAR(exact.lower / score.lower, 1, 0.002);
  EXPECT_NEAR(exact.upper / score.upper, 1, 0.002);
}

TEST(RepeatedLooks, AskForMoreThanOneLook) {
  EXPECT_NEAR(repeated_looks_z(100, 0.95), 3.76326, 1e-5);
  EXPECT_NEAR(repeated_looks_z(1000, 0.95), 3.03545, 1e-5);
  EXPECT_NEAR(repeated_looks_z(100'000, 0.95), 3.57561, 1e-5);
  EXPECT_GT(repeated_looks_z(1000, 0.99), repeated_looks_z(1000, 0.95));
  EXPECT_TRUE(std::isfinite(repeated_looks_z(0, 1.0)));
}

TEST(RepeatedLooks, HoldTheirPromiseOverHundredsOfLooks) {
  // A coin of 10 %, looked at 300 times; a plain 95 % interval loses the truth at some look in a third of such runs.
  std::mt19937_64 random(7);
  int lost = 0;
  int lost_by_plain = 0;
  constexpr int runs = 200;
  for (int run = 0; run < runs; ++run) {
    std::binomial_distribution<int> errors(50, 0.1);
    std::uint64_t k = 0;
    bool out = false;
    bool plain_out = false;
    for (std::uint64_t look = 1; look <= 300; ++look) {
      k += static_cast<std::uint64_t>(errors(random));
      const std::uint64_t n = 50 * look;
      const auto range = proportion_interval(k, n, repeated_looks_z(n, 0.95));
      const auto plain = proportion_interval(k, n, once);
      out = out || range.lower > 0.1 || range.upper < 0.1;
      plain_out = plain_out || plain.lower > 0.1 || plain.upper < 0.1;
    }
    lost += out;
    lost_by_plain += plain_out;
  }
  EXPECT_LE(lost, runs * 5 / 100);
  EXPECT_GT(lost_by_plain, runs * 20 / 100);
}

TEST(QuantileInterval, CoversTheTruthAsOftenAsItSays) {
  std::mt19937_64 random(11);
  std::lognormal_distribution<double> law(std::log(20e6), 0.8);
  const double median = 0.020;
  const double p95 = 0.020 * std::exp(0.8 * normal_quantile(0.95));
  int median_out = 0;
  int p95_out = 0;
  constexpr int runs = 500;
  for (int run = 0; run < runs; ++run) {
    Histogram histogram;
    for (int i = 0; i < 400; ++i) histogram.record(Duration(static_cast<std::int64_t>(law(random))));
    const auto middle = quantile_interval(histogram, 0.5, once);
    const auto high = quantile_interval(histogram, 0.95, once);
    median_out += median < middle.lower || median > middle.upper;
    p95_out += p95 < high.lower || p95 > high.upper;
    EXPECT_LT(middle.upper / middle.lower, 1.6);
  }
  EXPECT_LE(median_out, runs * 5 / 100);
  EXPECT_LE(p95_out, runs * 5 / 100);
}

TEST(QuantileInterval, HasNoUpperEndBelowTheSampleThatOneNeeds) {
  Histogram histogram;
  histogram.record(milliseconds(20), 300);
  EXPECT_EQ(quantile_interval(histogram, 0.99, once).upper, std::numeric_limits<double>::infinity());
  histogram.record(milliseconds(20), 100);
  const auto enough = quantile_interval(histogram, 0.99, once);
  EXPECT_LE(enough.lower, 0.020);
  EXPECT_GE(enough.upper, 0.020);
  EXPECT_LT(enough.upper, 0.023);
}

TEST(QuantileInterval, KnowsNothingWithoutData) {
  EXPECT_EQ(quantile_interval({}, 0.5, once).lower, 0);
  EXPECT_EQ(quantile_interval({}, 0.5, once).upper, std::numeric_limits<double>::infinity());
}

TEST(QuantileInterval, HasNoSeamWhereItTurnsNormal) {
  // 1 000 is where n q (1 − q) turns.
  Histogram below;
  Histogram above;
  std::mt19937_64 random(3);
  std::lognormal_distribution<double> law(std::log(20e6), 1);
  for (int i = 0; i < 4100; ++i) {
    const Duration value(static_cast<std::int64_t>(law(random)));
    if (i < 3990) below.record(value);
    above.record(value);
  }
  const auto exact = quantile_interval(below, 0.5, 3);
  const auto normal = quantile_interval(above, 0.5, 3);
  EXPECT_NEAR(exact.lower / normal.lower, 1, 0.1);
  EXPECT_NEAR(exact.upper / normal.upper, 1, 0.1);
}

TEST(MeanInterval, IsAsWideAsTheSpreadOverTheRootOfN) {
  Histogram histogram;
  histogram.record(milliseconds(10), 5000);
  histogram.record(milliseconds(30), 5000);
  const auto range = mean_interval(histogram, 2);
  EXPECT_NEAR(range.lower, 0.020 - 2 * 0.010 / 100, 0.00003);
  EXPECT_NEAR(range.upper, 0.020 + 2 * 0.010 / 100, 0.00003);
  Histogram one;
  one.record(milliseconds(10));
  EXPECT_EQ(mean_interval(one, 2).upper, std::numeric_limits<double>::infinity());
}

TEST(Excess, IsTheDifferenceWithBothDoubts) {
  const auto found = excess({0.05, {0.02, 0.09}, 0}, {0.03, {0.01, 0.07}, 0}, 1, 0);
  EXPECT_NEAR(found.value, 0.02, 1e-15);
  EXPECT_NEAR(found.interval.lower, 0.02 - std::hypot(0.03, 0.04), 1e-15);
  EXPECT_NEAR(found.interval.upper, 0.02 + std::hypot(0.04, 0.02), 1e-15);
}

TEST(Excess, TakesAFactorAndAnOffset) {
  const auto found = excess({55, {54, 56}, 0}, {40, {39, 41}, 0}, 1.2, 2);
  EXPECT_NEAR(found.value, 5, 1e-12);
  EXPECT_NEAR(found.interval.lower, 5 - std::hypot(1, 1.2), 1e-12);
  const double endless = std::numeric_limits<double>::infinity();
  EXPECT_EQ(excess({55, {54, 56}, 0}, {40, {39, endless}, 0}, 1, 0).interval.lower, -endless);
  EXPECT_NEAR(excess({55, {54, 56}, 0}, {40, {39, endless}, 0}, 0, 0).interval.lower, 54, 1e-12);
}

TEST(Excess, AddsResolutionsUpAsTheyAre) {
  const auto found = excess({52, {50, 54}, 2}, {48, {46, 50}, 2}, 1, 0);
  EXPECT_NEAR(found.interval.lower, 0, 1e-12);
  EXPECT_NEAR(found.interval.upper, 8, 1e-12);
  const auto doubtful = excess({52, {47, 54}, 2}, {48, {46, 54}, 2}, 1, 0);
  EXPECT_NEAR(doubtful.interval.lower, 4 - std::hypot(3, 4) - 4, 1e-12);
}

}  // namespace
}  // namespace sluice::stats
