#include "sluice/stats/exact_threshold.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "sluice/base/random.hpp"

namespace sluice::stats {
namespace {

double whole_level(double share, std::uint64_t horizon) {
  return std::exp(exact_threshold(RelativeRisk(), share, 0.05, horizon, 0).log_within);
}

TEST(ExactThreshold, IsTheKnownOne) {
  EXPECT_NEAR(whole_level(0.05, 100), 9.18, 0.01);
  EXPECT_NEAR(whole_level(0.05, 1000), 11.26, 0.01);
  EXPECT_NEAR(whole_level(0.05, 10'000), 13.06, 0.01);
  EXPECT_NEAR(whole_level(0.5, 100), 12.51, 0.01);
  EXPECT_NEAR(whole_level(0.5, 1000), 14.56, 0.01);
  EXPECT_NEAR(whole_level(0.5, 10'000), 15.36, 0.01);
}

TEST(ExactThreshold, IsWhatAllPathsOfAShortWalkSay) {
  // Every sequence of twelve events, each weighed by its probability under no difference.
  constexpr double share = 0.3;
  const double log_threshold = std::log(5);
  double reached = 0;
  for (unsigned path = 0; path < (1U << 12U); ++path) {
    RelativeRisk risk;
    double chance = 1;
    bool crossed = false;
    for (unsigned i = 0; i < 12; ++i) {
      const bool candidate = ((path >> i) & 1U) != 0;
      chance *= candidate ? share : 1 - share;
      risk.add(share, candidate ? 1 : 0, 1);
      crossed = crossed || risk.log_e() >= log_threshold;
    }
    reached += crossed ? chance : 0;
  }
  EXPECT_NEAR(crossing_probability(RiskPrior::Guardrail, share, log_threshold, 12), reached, 1e-9);
}

TEST(ExactThreshold, SpendsItsLevelAndNoMore) {
  for (const double share : {0.05, 0.3}) {
    for (const auto prior : {RiskPrior::Guardrail, RiskPrior::Larger, RiskPrior::Smaller}) {
      const auto plan = exact_threshold(RelativeRisk(prior), share, 0.05, 1000, 0.1);
      const double spent = crossing_probability(prior, share, plan.log_within, 1000);
      EXPECT_LE(spent, 0.045);
      EXPECT_GE(spent, 0.041);  // the chance falls in steps
      // What is left is what the bound on the rest asks for.
      EXPECT_LE(spent + (1 - spent * std::exp(plan.log_within)) / std::exp(plan.log_beyond), 0.05 + 1e-9);
      EXPECT_LT(plan.log_within, ville_threshold(0.05).log_within);
      EXPECT_GT(plan.log_beyond, ville_threshold(0.05).log_within);
    }
  }
}

TEST(ExactThreshold, RisesWithTheHorizonAndWithTheCare) {
  double before = 0;
  for (const std::uint64_t horizon : {10U, 100U, 1000U, 4000U}) {
    const double now = exact_threshold(RelativeRisk(), 0.1, 0.05, horizon).log_within;
    EXPECT_GE(now, before);
    before = now;
  }
  EXPECT_GT(exact_threshold(RelativeRisk(), 0.1, 0.01, 500).log_within,
            exact_threshold(RelativeRisk(), 0.1, 0.05, 500).log_within);
}

TEST(ExactThreshold, HoldsWhileThePlanIsKept) {
  RelativeRisk risk;
  const auto plan = exact_threshold(risk, 0.1, 0.05, 100);
  EXPECT_EQ(plan.log_threshold(risk), plan.log_within);
  risk.add(0.1, 5, 100);
  EXPECT_EQ(plan.log_threshold(risk), plan.log_within);
  auto longer = risk;
  longer.add(0.1, 0, 1);
  EXPECT_EQ(plan.log_threshold(longer), plan.log_beyond);
  RelativeRisk other_share;
  other_share.add(0.1, 5, 10);
  other_share.add(0.2, 5, 10);
  EXPECT_EQ(plan.log_threshold(other_share), plan.log_beyond);
}

TEST(ExactThreshold, FallsBackOnVilleWhereNothingCanBePlanned) {
  const double plain = std::log(20);
  for (const double share : {0.0, 1.0, -1.0, std::nan("")}) {
    EXPECT_NEAR(exact_threshold(RelativeRisk(), share, 0.05, 100).log_within, plain, 1e-12);
  }
  EXPECT_NEAR(exact_threshold(RelativeRisk(RiskPrior::Either), 0.1, 0.05, 100).log_within, plain, 1e-12);
  EXPECT_NEAR(exact_threshold(RelativeRisk(), 0.1, 0.05, 0).log_beyond, plain, 1e-12);
}

TEST(ExactThreshold, OfAMirroredTestIsTheSame) {
  EXPECT_NEAR(exact_threshold(RelativeRisk(RiskPrior::Smaller), 0.9, 0.05, 500).log_within,
              exact_threshold(RelativeRisk(RiskPrior::Larger), 0.1, 0.05, 500).log_within, 1e-9);
}

TEST(ExactThreshold, RejectsAlmostAsOftenAsAllowedAndNotMoreOften) {
  // A ramp in the middle of every second run: the plan is left, and the level must hold all the same.
  Random random(33);
  constexpr int runs = 4000;
  const RelativeRisk fresh;
  const auto plan = exact_threshold(fresh, 0.1, 0.05, 400);
  int steady = 0;
  int ramped = 0;
  for (int run = 0; run < runs; ++run) {
    RelativeRisk risk;
    const bool ramp = run % 2 == 1;
    bool rejected = false;
    for (int event = 0; event < 400 && !rejected; ++event) {
      const double share = ramp && event >= 40 ? 0.3 : 0.1;
      risk.add(share, random.uniform() < share ? 1 : 0, 1);
      rejected = risk.log_e() >= plan.log_threshold(risk);
    }
    (ramp ? ramped : steady) += rejected ? 1 : 0;
  }
  // 2 000 runs each: a standard error is 0.5 %.
  EXPECT_LE(steady, runs / 2 * 6 / 100);
  EXPECT_GE(steady, runs / 2 * 3 / 100);
  EXPECT_LE(ramped, runs / 2 * 6 / 100);
}

TEST(ThresholdCache, GivesThePlanThatWasMade) {
  ThresholdCache cache;
  const RelativeRisk risk;
  const auto* first = &cache.get(risk, 0.1, 0.05, 200);
  EXPECT_EQ(first, &cache.get(risk, 0.1, 0.05, 200));
  EXPECT_EQ(first->log_within, exact_threshold(risk, 0.1, 0.05, 200).log_within);
  EXPECT_NE(cache.get(risk, 0.2, 0.05, 200).log_within, first->log_within);
}

}  // namespace
}  // namespace sluice::stats
