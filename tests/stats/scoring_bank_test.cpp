#include "sluice/stats/scoring_bank.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "sluice/stats/beta.hpp"

namespace sluice::stats {
namespace {

/// An arm whose weights are known up to the deviation `doubt` each.
LinearPosterior known_arm(std::vector<double> mean, double doubt) {
  LinearPosterior arm;
  arm.factor.assign(mean.size() * (mean.size() + 1) / 2, 0);
  for (std::size_t i = 0; i < mean.size(); ++i) arm.factor[i * (i + 1) / 2 + i] = 1;
  arm.mean = std::move(mean);
  arm.deviation = doubt;
  return arm;
}

double total(const ContextShares& shares) {
  return std::accumulate(shares.share.begin(), shares.share.end(), 0.0);
}

TEST(ScoringBank, FollowsTheContext) {
  Random random(1);
  const std::vector arms{known_arm({0, 1}, 0.01), known_arm({0, -1}, 0.01)};
  const ScoringBank bank(arms, 0.01, {}, random);
  EXPECT_DOUBLE_EQ(bank.shares(std::vector{1.0F}).share[0], 0.99);
  EXPECT_DOUBLE_EQ(bank.shares(std::vector{-1.0F}).share[0], 0.01);
}

TEST(ScoringBank, SharesAreTheProbabilityOfBeingTheBestWithinWhatItsDrawsCanTell) {
  Random random(2);
  const std::vector arms{known_arm({0.5, 0}, 1), known_arm({0, 0}, 1)};
  double share = 0;
  constexpr int banks = 400;
  for (int i = 0; i < banks; ++i) {
    share += ScoringBank(arms, 0, {}, random).shares(std::vector{1.0F}).share[0] / banks;
  }
  EXPECT_NEAR(share, normal_cdf(0.5 / 2), 0.01);  // two weights of deviation 1 on each side
}

TEST(ScoringBank, SumsToOneAndKeepsTheFloorForAnyContext) {
  Random random(3);
  std::vector<LinearPosterior> arms;
  for (int k = 0; k < 8; ++k) {
    std::vector<double> mean(17);
    for (double& weight : mean) weight = random.uniform();
    arms.push_back(known_arm(mean, 0.5));
  }
  const ScoringBank bank(arms, 0.01, {}, random);
  EXPECT_EQ(bank.features(), 16u);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const auto& context :
       {std::vector<float>{}, std::vector<float>(16, 1), std::vector<float>(40, 2),
        std::vector<float>{nan, 1, -std::numeric_limits<float>::infinity()}, std::vector<float>(16, 1e38F)}) {
    const auto shares = bank.shares(context);
    EXPECT_NEAR(total(shares), 1, 1e-12);
    for (std::size_t k = 0; k < 8; ++k) EXPECT_GE(shares.share[k], 0.01 - 1e-15);
  }
}

/// The same, reckoned one draw after the other.
std::vector<double> plain_shares(const std::vector<std::vector<WeightPair>>& draws, const std::vector<float>& context) {
  std::vector<double> share(draws.size());
  for (std::size_t d = 0; d < bank_draws; ++d) {
    std::size_t winner = 0;
    float best = -std::numeric_limits<float>::infinity();
    for (std::size_t k = 0; k < draws.size(); ++k) {
      const auto& weights = d % 2 == 0 ? draws[k][d / 2].first : draws[k][d / 2].second;
      auto score = static_cast<float>(weights[0]);
      for (std::size_t f = 0; f < context.size(); ++f) score += static_cast<float>(weights[f + 1]) * context[f];
      if (score > best) winner = k;
      best = std::max(best, score);
    }
    share[winner] += 1.0 / bank_draws;
  }
  return share;
}

TEST(ScoringBank, CountsEveryDrawOfEveryFeature) {
  Random random(5);
  for (const std::size_t features : {1, 3, 16}) {
    std::vector<LinearPosterior> arms;
    for (int k = 0; k < 3; ++k) {
      std::vector<double> mean(features + 1);
      for (double& weight : mean) weight = random.uniform();
      arms.push_back(known_arm(mean, 1));
    }
    Random of_bank(features);
    Random again(features);
    const ScoringBank bank(arms, 0, {}, of_bank);
    std::vector<std::vector<WeightPair>> draws(arms.size());
    for (std::size_t k = 0; k < arms.size(); ++k) {
      for (std::size_t d = 0; d < bank_draws; d += 2) draws[k].push_back(draw_weights(arms[k], again));
    }
    for (int i = 0; i < 200; ++i) {
      std::vector<float> context(features);
      for (float& value : context) value = random.below(2) == 0 ? 0 : static_cast<float>(random.uniform() * 4 - 2);
      const auto shares = bank.shares(context);
      const auto plain = plain_shares(draws, context);
      for (std::size_t k = 0; k < arms.size(); ++k) EXPECT_DOUBLE_EQ(shares.share[k], plain[k]) << features;
    }
  }
}

TEST(ScoringBank, LeavesAnArmAtTheFloorUnlessAllAre) {
  Random random(4);
  const std::vector arms{known_arm({9, 0}, 0.1), known_arm({1, 0}, 0.1), known_arm({0, 0}, 0.1)};
  const ScoringBank bank(arms, 0.02, std::vector<std::uint8_t>{1, 0, 0}, random);
  EXPECT_DOUBLE_EQ(bank.shares({}).share[0], 0.02);
  EXPECT_DOUBLE_EQ(bank.shares({}).share[1], 0.96);
  const ScoringBank all(arms, 0.02, std::vector<std::uint8_t>{1, 1, 1}, random);
  EXPECT_DOUBLE_EQ(all.shares({}).share[0], 0.96);
  EXPECT_EQ(ScoringBank().shares({}).arms, 0u);
}

TEST(ContextShares, ArePickedAsOftenAsTheySay) {
  ContextShares shares;
  shares.arms = 3;
  shares.share = {0.25, 0.75, 0};
  EXPECT_EQ(shares.pick(0), 0u);
  EXPECT_EQ(shares.pick(0.2499), 0u);
  EXPECT_EQ(shares.pick(0.25), 1u);
  EXPECT_EQ(shares.pick(1), 1u) << "not the arm without a share";
  Random random(5);
  int first = 0;
  for (int i = 0; i < 100'000; ++i) first += shares.pick(random.uniform()) == 0;
  EXPECT_NEAR(first / 100'000.0, 0.25, 0.006);
}

TEST(ScoringBank, LearnsWhichVersionSuitsWhom) {
  // Version 0 is right for one half of the users, version 1 for the other; without the context both earn 0.5.
  Random random(6);
  std::vector<LinearMoments> moments(2, LinearMoments(1));
  ScoringBank bank;
  double earned = 0;
  constexpr int requests = 4000;
  for (int i = 0; i < requests; ++i) {
    if (i % 100 == 0) {
      const auto prior = pooled_linear_prior(moments);
      const std::vector arms{linear_posterior(moments[0], prior), linear_posterior(moments[1], prior)};
      bank = ScoringBank(arms, 0.01, {}, random);
    }
    const float side = random.below(2) == 0 ? 1.0F : -1.0F;
    const std::size_t arm = bank.shares(std::vector{side}).pick(random.uniform());
    const double rate = (arm == 0) == (side > 0) ? 0.7 : 0.3;
    earned += rate;
    moments[arm].add(std::vector{side}, random.uniform() < rate ? 1 : 0);
  }
  EXPECT_GT(earned / requests, 0.68);
}

}  // namespace
}  // namespace sluice::stats
