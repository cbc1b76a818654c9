#include "sluice/stats/best_arm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "sluice/stats/beta.hpp"

namespace sluice::stats {
namespace {

double chance_of_each(const BestArm& best) {
  return std::accumulate(best.probability.begin(), best.probability.end(), 0.0);
}

/// P(second > first) for two posteriors with whole parameters: a finite sum.
double second_beats_first(const ArmCounts& first, const ArmCounts& second) {
  const double a1 = 1 + static_cast<double>(first.successes);
  const double b1 = 1 + static_cast<double>(first.failures);
  const double a2 = 1 + static_cast<double>(second.successes);
  const double b2 = 1 + static_cast<double>(second.failures);
  double sum = 0;
  for (double i = 0; i < a2; ++i) {
    sum += std::exp(log_beta(a1 + i, b1 + b2) - std::log(b2 + i) - log_beta(1 + i, b2) - log_beta(a1, b1));
  }
  return sum;
}

TEST(BestArm, IsTheFiniteSumForTwoArms) {
  const std::vector<std::pair<ArmCounts, ArmCounts>> pairs = {
      {{0, 0}, {0, 0}},     {{9, 1}, {8, 2}},         {{0, 0}, {3, 50}},          {{990, 10}, {985, 15}},
      {{100, 0}, {101, 0}}, {{5000, 50}, {20, 0}},    {{0, 1000}, {3, 900}},      {{1, 0}, {4000, 4000}},
      {{700, 300}, {0, 0}}, {{3000, 30}, {2900, 60}}, {{10'000, 1}, {10'000, 2}},
  };
  for (const auto& [first, second] : pairs) {
    const auto best = best_arm(std::vector{first, second});
    const double truth = second_beats_first(first, second);
    EXPECT_NEAR(best.probability[1], truth, 1e-6) << first.successes << " " << second.successes;
    EXPECT_NEAR(best.probability[0], 1 - truth, 1e-6);
  }
}

TEST(BestArm, GivesEqualArmsEqualChances) {
  for (const std::size_t k : {1U, 2U, 5U, 16U}) {
    const auto best = best_arm(std::vector<ArmCounts>(k, {123, 4}));
    for (const double probability : best.probability) EXPECT_NEAR(probability, 1.0 / static_cast<double>(k), 1e-7);
    EXPECT_EQ(best.leader, 0u);
  }
}

TEST(BestArm, AgreesWithDrawsForManyArms) {
  const std::vector<ArmCounts> arms = {{90, 10}, {180, 25}, {45, 3}, {0, 0}, {800, 100}};
  std::mt19937_64 random(5);
  std::vector<double> won(arms.size());
  double gain = 0;
  double leader_rate = 0;
  const auto best = best_arm(arms);
  constexpr int draws = 200'000;
  for (int i = 0; i < draws; ++i) {
    std::vector<double> rates;
    for (const auto& arm : arms) {
      const double x = std::gamma_distribution<double>(1 + static_cast<double>(arm.successes))(random);
      const double y = std::gamma_distribution<double>(1 + static_cast<double>(arm.failures))(random);
      rates.push_back(x / (x + y));
    }
    const auto highest = std::max_element(rates.begin(), rates.end());
    won[static_cast<std::size_t>(highest - rates.begin())] += 1.0 / draws;
    gain += (*highest - rates[best.leader]) / draws;
    leader_rate += rates[best.leader] / draws;
  }
  for (std::size_t i = 0; i < arms.size(); ++i) EXPECT_NEAR(best.probability[i], won[i], 0.005) << i;
  EXPECT_NEAR(best.value_remaining, gain / leader_rate, 0.001);
}

TEST(BestArm, SumsToOneWhateverTheCounts) {
  const std::vector<std::vector<ArmCounts>> cases = {
      {{0, 0}, {1'000'000, 1'000}, {999, 2}, {100, 0}},
      {{10'000'000, 10'000'000}, {0, 50}, {50, 0}},
      {{0, 1'000'000}, {1, 1'000'000}, {0, 0}},
      {{1'000'000'000, 1}, {1'000'000'000, 5}},
  };
  for (const auto& arms : cases) {
    const auto best = best_arm(arms);
    EXPECT_NEAR(chance_of_each(best), 1, 1e-12);
    for (const double probability : best.probability) EXPECT_GE(probability, 0);
  }
}

TEST(BestArm, NamesTheLeaderAndWhatIsLeftToGain) {
  const auto clear = best_arm(std::vector<ArmCounts>{{900, 100}, {990, 10}, {500, 500}});
  EXPECT_EQ(clear.leader, 1u);
  EXPECT_GT(clear.probability[1], 0.999999);
  EXPECT_LT(clear.value_remaining, 1e-6);
  const auto open = best_arm(std::vector<ArmCounts>{{0, 0}, {0, 0}});
  EXPECT_NEAR(open.value_remaining, (2.0 / 3 - 0.5) / 0.5, 1e-7);  // the larger of two uniform values is 2/3 on average
}

TEST(BestArm, HasNothingToSayOfNoArms) {
  EXPECT_TRUE(best_arm(std::vector<ArmCounts>{}).probability.empty());
  EXPECT_TRUE(best_arm(std::vector<NormalInverseGamma>{}).probability.empty());
  EXPECT_EQ(best_arm(std::vector<ArmCounts>{{3, 4}}).probability.front(), 1);
}

TEST(BestArm, TakesFractions) {
  const auto lower = best_arm(std::vector<ArmCounts>{{90, 10}, {80, 9}});
  const auto middle = best_arm(std::vector<ArmCounts>{{90, 10}, {80.5, 9}});
  const auto upper = best_arm(std::vector<ArmCounts>{{90, 10}, {81, 9}});
  EXPECT_GT(middle.probability[1], lower.probability[1]);
  EXPECT_LT(middle.probability[1], upper.probability[1]);
}

// ---- means of real values

TEST(BestMean, IsTheNormalLawForTwoArmsWithManyRewards) {
  const NormalInverseGamma first{10, 1000, 1e7, 4e7};    // deviation of the mean 2 / √1000
  const NormalInverseGamma second{10.1, 500, 1e7, 9e7};  // 3 / √500
  const auto best = best_arm(std::vector{first, second});
  EXPECT_NEAR(best.probability[1], normal_cdf(0.1 / std::sqrt(4.0 / 1000 + 9.0 / 500)), 1e-6);
  EXPECT_EQ(best.leader, 1u);
}

TEST(BestMean, OfOneKnownMeanIsTheOtherOnesTail) {
  const NormalInverseGamma known{1, 1e12, 1e12, 1e12};
  const NormalInverseGamma other{0, 1, 1.5, 1.5};  // a t of three degrees
  EXPECT_NEAR(best_arm(std::vector{known, other}).probability[1], 1 - student_cdf(1, 3), 1e-5);
  EXPECT_NEAR(best_arm(std::vector{other, known}).probability[0], 1 - student_cdf(1, 3), 1e-5);
}

TEST(BestMean, AgreesWithDrawsForManyArms) {
  const std::vector<NormalInverseGamma> arms = {{1, 20, 6, 5}, {1.2, 5, 3, 4}, {0.8, 100, 30, 40}, {0, 1, 1, 1}};
  std::mt19937_64 random(6);
  std::vector<double> won(arms.size());
  constexpr int draws = 200'000;
  for (int i = 0; i < draws; ++i) {
    std::vector<double> means;
    for (const auto& arm : arms) {
      const double variance = arm.scale / std::gamma_distribution<double>(arm.shape)(random);
      means.push_back(std::normal_distribution<double>(arm.mean, std::sqrt(variance / arm.weight))(random));
    }
    won[static_cast<std::size_t>(std::max_element(means.begin(), means.end()) - means.begin())] += 1.0 / draws;
  }
  const auto best = best_arm(arms);
  for (std::size_t i = 0; i < arms.size(); ++i) EXPECT_NEAR(best.probability[i], won[i], 0.005) << i;
}

TEST(BestMean, DependsOnNeitherUnitNorZero) {
  std::mt19937_64 random(8);
  std::vector<RewardMoments> plain(3);
  std::vector<RewardMoments> other(3);
  for (int i = 0; i < 300; ++i) {
    const auto k = static_cast<std::size_t>(i % 3);
    const double reward = std::normal_distribution<double>(static_cast<double>(k) * 0.1, 1)(random);
    plain[k].add(reward);
    other[k].add(100 * reward - 1000);
  }
  const auto first = best_arm(RewardKind::Real, plain);
  const auto second = best_arm(RewardKind::Real, other);
  for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(first.probability[k], second.probability[k], 1e-6);
}

TEST(BestMean, GivesEqualArmsEqualChancesAlsoWithoutAnySpread) {
  std::vector<RewardMoments> arms(4);
  for (const double chance : best_arm(RewardKind::Real, arms).probability) EXPECT_NEAR(chance, 0.25, 1e-6);
  for (auto& arm : arms) arm = {100, 500, 2500};
  const auto best = best_arm(RewardKind::Real, arms);
  for (const double chance : best.probability) EXPECT_NEAR(chance, 0.25, 1e-6);
  EXPECT_LT(best.value_remaining, 1e-6);
}

}  // namespace
}  // namespace sluice::stats
