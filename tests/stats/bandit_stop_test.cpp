#include "sluice/stats/bandit_stop.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "sluice/stats/best_arm.hpp"

namespace sluice::stats {
namespace {

using std::chrono::hours;

std::vector<RewardMoments> rates(std::initializer_list<std::pair<double, double>> counts) {
  std::vector<RewardMoments> arms;
  for (const auto& [successes, failures] : counts) arms.push_back(binary_rewards(successes, failures));
  return arms;
}

TEST(ValueRemaining, WithinNothingIsTheProbabilityOfBeingTheBest) {
  for (const auto& arms :
       {rates({{90, 10}, {80, 20}, {85, 17}}), rates({{5, 900}, {9, 1200}}), rates({{0, 0}, {3, 1}})}) {
    const auto best = best_arm(RewardKind::Binary, arms);
    const double within = chance_value_within(RewardKind::Binary, arms, best.leader, 0);
    EXPECT_NEAR(within, best.probability[best.leader], 1e-4);
  }
}

TEST(ValueRemaining, AgreesWithDraws) {
  const auto arms = rates({{505, 9500}, {540, 9450}, {20, 480}});
  std::mt19937_64 random(3);
  std::vector<double> gains;
  for (int i = 0; i < 100'000; ++i) {
    std::vector<double> drawn;
    for (const auto& arm : arms) {
      const auto posterior = beta_posterior(arm);
      const double x = std::gamma_distribution<double>(posterior.a)(random);
      const double y = std::gamma_distribution<double>(posterior.b)(random);
      drawn.push_back(x / (x + y));
    }
    gains.push_back(*std::max_element(drawn.begin(), drawn.end()) / drawn[1] - 1);
  }
  std::sort(gains.begin(), gains.end());
  EXPECT_NEAR(value_remaining_quantile(RewardKind::Binary, arms, 1, 0.95), gains[95'000], 0.01);
  const auto within = std::upper_bound(gains.begin(), gains.end(), 0.1) - gains.begin();
  EXPECT_NEAR(chance_value_within(RewardKind::Binary, arms, 1, 0.1), static_cast<double>(within) / 100'000, 0.005);
}

TEST(ValueRemaining, OfRealValuesAgreesWithDraws) {
  std::vector<RewardMoments> arms(2);
  std::mt19937_64 random(4);
  for (int i = 0; i < 200; ++i) {
    arms[0].add(std::normal_distribution<double>(10, 3)(random));
    arms[1].add(std::normal_distribution<double>(9.9, 5)(random));
  }
  const auto prior = pooled_prior(arms);
  const auto leader = best_arm(RewardKind::Real, arms).leader;
  const double mean = updated(prior, arms[leader]).mean;
  int within = 0;
  constexpr int draws = 100'000;
  for (int i = 0; i < draws; ++i) {
    std::vector<double> drawn;
    for (const auto& arm : arms) {
      const auto p = updated(prior, arm);
      const double variance = p.scale / std::gamma_distribution<double>(p.shape)(random);
      drawn.push_back(std::normal_distribution<double>(p.mean, std::sqrt(variance / p.weight))(random));
    }
    within += std::max(drawn[0], drawn[1]) - drawn[leader] <= 0.02 * mean;
  }
  EXPECT_NEAR(chance_value_within(RewardKind::Real, arms, leader, 0.02), static_cast<double>(within) / draws, 0.006);
}

TEST(ValueRemaining, ShrinksAsEvidenceGrows) {
  double before = std::numeric_limits<double>::infinity();
  for (const double n : {100.0, 1000.0, 10'000.0, 100'000.0}) {
    const auto arms = rates({{0.05 * n, 0.95 * n}, {0.055 * n, 0.945 * n}});
    const double left = value_remaining_quantile(RewardKind::Binary, arms, 1, 0.95);
    EXPECT_LT(left, before);
    before = left;
  }
  EXPECT_EQ(before, 0);
}

TEST(StopView, EndsWhenLittleIsLeftToGainAlsoBetweenEqualArms) {
  const auto clear = rates({{900, 100}, {9900, 100}, {500, 500}});
  const auto view = stop_view({}, RewardKind::Binary, clear, hours(1));
  EXPECT_EQ(view.verdict, StopVerdict::Enough);
  EXPECT_EQ(view.leader, 1u);
  const auto equal = rates({{990'000, 10'000}, {990'000, 10'000}});
  EXPECT_EQ(stop_view({}, RewardKind::Binary, equal, hours(1)).verdict, StopVerdict::Enough);
  EXPECT_LT(stop_view({}, RewardKind::Binary, equal, hours(1)).probability_best, 0.6);
  const auto open = rates({{5, 95}, {6, 94}});
  EXPECT_EQ(stop_view({}, RewardKind::Binary, open, hours(1)).verdict, StopVerdict::KeepLearning);
}

TEST(StopView, WaitsForAFullCycleAndNotBeyondTheCap) {
  StopRules rules;
  rules.cycle = hours(24);
  rules.cap = hours(72);
  const auto clear = rates({{900, 100}, {9900, 100}});
  EXPECT_EQ(stop_view(rules, RewardKind::Binary, clear, hours(23)).verdict, StopVerdict::KeepLearning);
  EXPECT_EQ(stop_view(rules, RewardKind::Binary, clear, hours(24)).verdict, StopVerdict::Enough);
  const auto open = rates({{5, 95}, {6, 94}});
  EXPECT_EQ(stop_view(rules, RewardKind::Binary, open, hours(71)).verdict, StopVerdict::KeepLearning);
  EXPECT_EQ(stop_view(rules, RewardKind::Binary, open, hours(72)).verdict, StopVerdict::CapReached);
}

TEST(StopView, OfNoArmsAndOfOneIsDefined) {
  EXPECT_EQ(stop_view({}, RewardKind::Binary, {}, hours(1)).verdict, StopVerdict::KeepLearning);
  EXPECT_EQ(stop_view({}, RewardKind::Real, std::vector<RewardMoments>(1), hours(1)).verdict, StopVerdict::Enough);
}

}  // namespace
}  // namespace sluice::stats
