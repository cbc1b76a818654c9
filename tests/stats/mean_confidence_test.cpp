#include "sluice/stats/mean_confidence.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "sluice/base/random.hpp"

namespace sluice::stats {
namespace {

Moments moments_of(Random& random, int count, double mean) {
  std::exponential_distribution<double> law(1 / mean);
  Moments moments;
  for (int i = 0; i < count; ++i) moments.add(law(random));
  return moments;
}

TEST(AnytimeMultiplier, IsTheKnownOne) {
  EXPECT_NEAR(anytime_multiplier(100, 5000, 0.05), 6.60689, 1e-5);
  EXPECT_NEAR(anytime_multiplier(1000, 5000, 0.05), 3.15242, 1e-5);
  EXPECT_NEAR(anytime_multiplier(10'000, 5000, 0.05), 2.80133, 1e-5);
  EXPECT_NEAR(anytime_multiplier(1'000'000, 5000, 0.05), 3.42991, 1e-5);
  EXPECT_TRUE(std::isinf(anytime_multiplier(0, 5000, 0.05)));
}

TEST(NormalMixture, HasTheKnownBounds) {
  EXPECT_NEAR(normal_mixture_bound(100, 100, 0.05), 30.35209, 1e-5);
  EXPECT_NEAR(normal_mixture_bound_one_sided(100, 100, 0.05), 27.66071, 1e-5);
}

TEST(Moments, AddUpInAnyOrder) {
  Random random(3);
  Moments all;
  Moments left;
  Moments right;
  for (int i = 0; i < 1000; ++i) {
    const double value = 1e6 + random.uniform();
    all.add(value);
    (i % 3 == 0 ? left : right).add(value);
  }
  right.merge(left);
  EXPECT_EQ(all.count, right.count);
  EXPECT_NEAR(all.mean, right.mean, 1e-6);
  EXPECT_NEAR(all.variance(), 1.0 / 12, 0.01);
  EXPECT_NEAR(all.variance(), right.variance(), 1e-6);
}

TEST(Moments, LeaveOutWhatIsNoNumber) {
  Moments moments;
  moments.add(std::nan(""));
  moments.add(std::numeric_limits<double>::infinity());
  moments.merge({});
  EXPECT_EQ(moments, Moments{});
  EXPECT_EQ(moments.variance(), 0);
}

TEST(MeanConfidence, SaysNothingOfTooLittle) {
  Moments few;
  for (int i = 0; i < 99; ++i) few.add(i);
  EXPECT_FALSE(mean_confidence(few, 0.05, 5000));
  Moments rare;
  for (int i = 0; i < 500; ++i) rare.add(i < 39 ? 1 : 0);
  EXPECT_FALSE(mean_confidence(rare, 0.05, 5000));
  rare.add(1);
  EXPECT_TRUE(mean_confidence(rare, 0.05, 5000));
  EXPECT_FALSE(mean_difference(rare, few, 0.05, 5000));
  EXPECT_EQ(log_e_mean_above(rare, few, 0, 5000), 0);
}

TEST(MeanConfidence, SeesADifferenceAndWhereItLies) {
  Random random(4);
  const auto stable = moments_of(random, 40'000, 10);
  const auto candidate = moments_of(random, 4000, 12);
  const auto found = mean_difference(candidate, stable, 0.05, 40'000);
  ASSERT_TRUE(found);
  EXPECT_GT(found->lower, 0);
  EXPECT_LT(found->lower, 2);
  EXPECT_GT(found->upper, 2);
  EXPECT_GT(log_e_mean_above(candidate, stable, 0, 40'000), std::log(1000));
  EXPECT_LT(log_e_mean_above(candidate, stable, 4, 40'000), 0);
  EXPECT_LT(log_e_mean_above(stable, candidate, 0, 40'000), 0);
}

TEST(MeanConfidence, KeepsItsPromiseOverHundredsOfLooks) {
  Random random(5);
  std::exponential_distribution<double> law(0.1);
  constexpr int runs = 400;
  int lost = 0;
  int alarms = 0;
  int alarms_of_z = 0;
  for (int run = 0; run < runs; ++run) {
    Moments candidate;
    Moments stable;
    bool out = false;
    bool alarm = false;
    bool alarm_of_z = false;
    for (int look = 0; look < 300; ++look) {
      for (int i = 0; i < 5; ++i) candidate.add(law(random));
      for (int i = 0; i < 20; ++i) stable.add(law(random));
      const auto found = mean_difference(candidate, stable, 0.05, 5000);
      out = out || (found && (found->lower > 0 || found->upper < 0));
      alarm = alarm || log_e_mean_above(candidate, stable, 0, 5000) >= std::log(20);
      const double error = std::sqrt(candidate.variance() / static_cast<double>(candidate.count) +
                                     stable.variance() / static_cast<double>(stable.count));
      alarm_of_z = alarm_of_z || (look > 20 && candidate.mean - stable.mean > 1.645 * error);
    }
    lost += out ? 1 : 0;
    alarms += alarm ? 1 : 0;
    alarms_of_z += alarm_of_z ? 1 : 0;
  }
  EXPECT_LE(lost, runs * 5 / 100);
  EXPECT_LE(alarms, runs * 6 / 100);
  EXPECT_GT(alarms_of_z, runs * 15 / 100);
}

TEST(MeanConfidence, NeverAnswersWithoutANumber) {
  Moments same;
  for (int i = 0; i < 200; ++i) same.add(7);
  const auto found = mean_difference(same, same, 0.05, 5000);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->lower, 0);
  EXPECT_EQ(log_e_mean_above(same, same, 0, 5000), 0);
  Random random(6);
  const auto low = moments_of(random, 200, 1);
  const auto high = moments_of(random, 200, 1e9);
  for (const double expected : {0.0, 1e3, 1e12}) {
    EXPECT_TRUE(std::isfinite(log_e_mean_above(low, high, 0, expected)));
    EXPECT_TRUE(std::isfinite(log_e_mean_above(high, low, 0, expected)));
  }
}

}  // namespace
}  // namespace sluice::stats
