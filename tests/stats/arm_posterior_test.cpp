#include "sluice/stats/arm_posterior.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "sluice/stats/beta.hpp"

namespace sluice::stats {
namespace {

RewardMoments moments_of(const std::vector<double>& rewards) {
  RewardMoments made;
  for (const double reward : rewards) made.add(reward);
  return made;
}

TEST(RewardMoments, AddUp) {
  RewardMoments first = moments_of({1, 2, 3});
  first.merge(moments_of({4, 5}));
  EXPECT_EQ(first, moments_of({1, 2, 3, 4, 5}));
  EXPECT_DOUBLE_EQ(first.mean(), 3);
  EXPECT_DOUBLE_EQ(first.variance(), 2);
}

TEST(RewardMoments, HaveNoVarianceBelowZero) {
  RewardMoments same;
  for (int i = 0; i < 1000; ++i) same.add(1e8 + 0.1);
  EXPECT_GE(same.variance(), 0);
  EXPECT_EQ(RewardMoments{}.mean(), 0);
  EXPECT_EQ(RewardMoments{}.variance(), 0);
}

TEST(RewardMoments, KeepTheirMeanWhenTheyFade) {
  RewardMoments faded = moments_of({1, 2, 6});
  faded.fade(retention(20'000, 20'000));
  EXPECT_DOUBLE_EQ(faded.n, 1.5);
  EXPECT_DOUBLE_EQ(faded.mean(), 3);
}

TEST(Retention, HalvesWithEachHalfLife) {
  EXPECT_DOUBLE_EQ(retention(0, 100), 1);
  EXPECT_DOUBLE_EQ(retention(300, 100), 0.125);
  EXPECT_DOUBLE_EQ(retention(50, 100) * retention(50, 100), 0.5);
  EXPECT_EQ(retention(1e9, 0), 1) << "no half life, no forgetting";
  EXPECT_EQ(retention(-5, 100), 1);
}

TEST(BetaPosterior, StartsUniformAndCountsBothOutcomes) {
  EXPECT_EQ(beta_posterior({}), (BetaPosterior{1, 1}));
  EXPECT_EQ(beta_posterior(binary_rewards(3.5, 2)), (BetaPosterior{4.5, 3}));
  EXPECT_NEAR(beta_posterior({}).deviation(), std::sqrt(1.0 / 12), 1e-15);
  EXPECT_EQ(beta_posterior({10, 12, 12}), (BetaPosterior{11, 1})) << "more successes than requests";
}

TEST(NormalInverseGamma, IsTheSameInOneStepOrInMany) {
  const NormalInverseGamma prior{2, 3, 1.5, 4};
  auto stepwise = prior;
  for (const double reward : {1.0, -2.0, 7.5}) stepwise = updated(stepwise, moments_of({reward}));
  const auto whole = updated(prior, moments_of({1, -2, 7.5}));
  EXPECT_NEAR(whole.mean, stepwise.mean, 1e-12);
  EXPECT_NEAR(whole.weight, 6, 1e-12);
  EXPECT_NEAR(whole.shape, 3, 1e-12);
  EXPECT_NEAR(whole.scale, stepwise.scale, 1e-12);
}

TEST(NormalInverseGamma, IsTheOneOfTheTextbookByHand) {
  // Rewards 1, 3 on top of mean 0 worth one, shape 1, scale 1: mean 4/3, Σ(x − 2)² = 2, and 1·2/3·2² = 8/3.
  const auto posterior = updated({0, 1, 1, 1}, moments_of({1, 3}));
  EXPECT_NEAR(posterior.mean, 4.0 / 3, 1e-15);
  EXPECT_NEAR(posterior.scale, 1 + 1 + 4.0 / 3, 1e-14);
  EXPECT_NEAR(posterior.below(posterior.mean), 0.5, 1e-12);
}

TEST(PooledPrior, IsWorthOneRewardOfAllArms) {
  const std::vector<RewardMoments> arms = {moments_of({1, 3}), moments_of({5, 7})};
  const auto prior = pooled_prior(arms);
  EXPECT_DOUBLE_EQ(prior.mean, 4);
  EXPECT_DOUBLE_EQ(prior.weight, 1);
  EXPECT_DOUBLE_EQ(prior.scale / prior.shape, 5);
}

TEST(StudentCdf, HasItsClosedForms) {
  for (const double t : {-30.0, -2.0, -0.3, 0.0, 0.7, 1.0, 5.0}) {
    EXPECT_NEAR(student_cdf(t, 1), 0.5 + std::atan(t) / M_PI, 1e-12) << t;
    EXPECT_NEAR(student_cdf(t, 2), 0.5 + t / (2 * std::sqrt(2 + t * t)), 1e-12) << t;
    EXPECT_NEAR(student_cdf(t, 1e9), normal_cdf(t), 1e-7) << t;
  }
  EXPECT_EQ(student_cdf(1e200, 5), 1);
  EXPECT_EQ(student_cdf(-1e200, 5), 0);
}

}  // namespace
}  // namespace sluice::stats
