#include "sluice/stats/off_policy.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "sluice/base/random.hpp"
#include "sluice/stats/arm_posterior.hpp"

namespace sluice::stats {
namespace {

struct LogWorld {
  std::vector<double> rates{0.05, 0.2, 0.5};
  std::vector<double> shares{0.6, 0.3, 0.1};
};

std::size_t pick(const std::vector<double>& shares, Random& random) {
  double at = random.uniform();
  std::size_t k = 0;
  while (k + 1 < shares.size() && at >= shares[k]) at -= shares[k++];
  return k;
}

OffPolicyAnswer replayed(const LogWorld& world, const std::vector<double>& target, int n, Random& random,
                         OffPolicyRules rules = {}) {
  OffPolicyEstimator estimator(world.rates.size(), rules);
  for (int i = 0; i < n; ++i) {
    const std::size_t version = pick(world.shares, random);
    estimator.add(version, world.shares[version], target, random.uniform() < world.rates[version] ? 1 : 0);
  }
  return estimator.answer();
}

TEST(OffPolicy, IsUnbiasedAndItsIntervalsHold) {
  Random random(1);
  const std::vector<double> target{0.1, 0.2, 0.7};
  const double truth = 0.1 * 0.05 + 0.2 * 0.2 + 0.7 * 0.5;
  RewardMoments ips;
  RewardMoments snips;
  RewardMoments robust;
  int missed = 0;
  for (int run = 0; run < 200; ++run) {
    const auto answer = replayed({}, target, 2000, random);
    ASSERT_EQ(answer.refusal, OffPolicyRefusal::None);
    ips.add(answer.ips.value);
    snips.add(answer.snips.value);
    robust.add(answer.doubly_robust.value);
    for (const auto& one : {answer.ips, answer.snips, answer.doubly_robust}) {
      missed += truth < one.interval.lower || truth > one.interval.upper;
    }
  }
  for (const auto& found : {ips, snips, robust}) {
    EXPECT_NEAR(found.mean(), truth, 3.5 * std::sqrt(found.variance() / 200) + 0.001);
  }
  EXPECT_LE(missed, 30) << "of 600, at 5 %";
  EXPECT_LT(snips.variance(), ips.variance());
  EXPECT_LT(robust.variance(), ips.variance());
}

TEST(OffPolicy, OfThePolicyThatWroteTheLogIsWhatWasEarned) {
  Random random(2);
  const LogWorld world;
  const auto answer = replayed(world, world.shares, 1000, random);
  EXPECT_NEAR(answer.ips.value, answer.logged.value, 1e-12);
  EXPECT_NEAR(answer.snips.value, answer.logged.value, 1e-12);
  EXPECT_NEAR(answer.effective, 1000, 1e-6);
  EXPECT_NEAR(answer.mean_weight, 1, 1e-12);
  EXPECT_EQ(answer.refusal, OffPolicyRefusal::None);
}

TEST(OffPolicy, IsTheHandComputedOneForAFewDecisions) {
  OffPolicyEstimator estimator(2);
  const std::vector<double> target{0.25, 0.75};
  estimator.add(0, 0.5, target, 1);
  estimator.add(1, 0.5, target, 0);
  estimator.add(1, 0.5, target, 1);
  const auto answer = estimator.answer();
  EXPECT_DOUBLE_EQ(answer.ips.value, (0.5 * 1 + 1.5 * 0 + 1.5 * 1) / 3);
  EXPECT_DOUBLE_EQ(answer.snips.value, 2.0 / 3.5);
  EXPECT_NEAR(answer.effective, 3.5 * 3.5 / (0.25 + 2.25 + 2.25), 1e-12);
  // m is 0 at first, then 1 for version 0 and, unseen, the mean of all for version 1; then 1 and 0.
  const double second = 0.25 * 1 + 0.75 * 1 + 1.5 * (0 - 1);
  const double third = 0.25 * 1 + 0.75 * 0 + 1.5 * (1 - 0);
  EXPECT_NEAR(answer.doubly_robust.value, (0.5 + second + third) / 3, 1e-12);
}

TEST(OffPolicy, WithAGoodPredictionIsNearlyCertain) {
  Random random(3);
  const LogWorld world;
  const std::vector<double> target{0, 0, 1};
  OffPolicyEstimator plain(3);
  OffPolicyEstimator told(3);
  for (int i = 0; i < 5000; ++i) {
    const std::size_t version = pick(world.shares, random);
    const double side = random.uniform();
    const std::vector<double> predicted{side, side + 1, side + 2};
    const double reward = predicted[version] + 0.01 * random.uniform();
    plain.add(version, world.shares[version], target, reward);
    told.add(version, world.shares[version], target, reward, predicted);
  }
  const auto width = [](const OffPolicyEstimate& one) { return one.interval.upper - one.interval.lower; };
  EXPECT_NEAR(told.answer().doubly_robust.value, 2.505, 0.02);
  EXPECT_LT(width(told.answer().doubly_robust), 0.5 * width(plain.answer().doubly_robust));
}

TEST(OffPolicy, RefusesATargetThatTheLogNeverTried) {
  Random random(4);
  LogWorld world;
  world.shares = {0.5, 0.5, 0};
  const auto answer = replayed(world, {0.4, 0.4, 0.2}, 5000, random);
  EXPECT_EQ(answer.refusal, OffPolicyRefusal::NoSupport);
  EXPECT_NEAR(answer.unsupported, 0.2, 1e-9);
}

TEST(OffPolicy, RefusesALogWhoseChoicesDoNotCoverTheTargetInEveryContext) {
  // Half of the requests could only go to version 0, with a propensity of 1.
  Random random(5);
  OffPolicyEstimator estimator(2);
  for (int i = 0; i < 4000; ++i) {
    const bool fixed = random.below(2) == 0;
    const std::size_t version = fixed ? 0 : random.below(2);
    estimator.add(version, fixed ? 1 : 0.5, std::vector<double>{0.1, 0.9}, 1);
  }
  EXPECT_EQ(estimator.answer().unsupported, 0);
  EXPECT_LT(estimator.answer().mean_weight, 0.7);
  EXPECT_EQ(estimator.answer().refusal, OffPolicyRefusal::NoSupport);
}

TEST(OffPolicy, RefusesWhatTooFewDecisionsSpeakFor) {
  Random random(6);
  LogWorld world;
  world.shares = {0.98, 0.01, 0.01};
  const auto answer = replayed(world, {0, 0.5, 0.5}, 2000, random);
  EXPECT_LT(answer.effective, 100);
  EXPECT_EQ(answer.refusal, OffPolicyRefusal::TooFewMatching);
  EXPECT_EQ(replayed(world, world.shares, 0, random).refusal, OffPolicyRefusal::NoDecisions);
}

TEST(OffPolicy, SaysHowMuchItCut) {
  Random random(7);
  LogWorld world;
  world.shares = {0.9, 0.09, 0.01};
  OffPolicyRules rules;
  rules.largest_weight = 20;
  const auto mild = replayed(world, {0.6, 0.1, 0.3}, 50'000, random, rules);
  EXPECT_NEAR(mild.heaviest, 30, 1e-9);
  EXPECT_NEAR(mild.clipped_decisions, 0.01, 0.003);
  EXPECT_NEAR(mild.clipped_weight, 0.01 * 10, 0.02);
  const auto harsh = replayed(world, {0, 0, 1}, 50'000, random, rules);
  EXPECT_EQ(harsh.refusal, OffPolicyRefusal::TooMuchClipped);
}

TEST(OffPolicy, CountsWhatItCannotUse) {
  OffPolicyEstimator estimator(2);
  const std::vector<double> target{0.5, 0.5};
  estimator.add(2, 0.5, target, 1);
  estimator.add(0, 0, target, 1);
  estimator.add(0, 1.5, target, 1);
  estimator.add(0, 0.5, target, std::nan(""));
  estimator.add(0, 0.5, std::vector{0.5, 0.6}, 1);
  estimator.add(0, 0.5, std::vector{1.0}, 1);
  estimator.add(0, std::nan(""), target, 1);
  EXPECT_EQ(estimator.answer().unusable, 7u);
  EXPECT_EQ(estimator.answer().decisions, 0u);
}

}  // namespace
}  // namespace sluice::stats
