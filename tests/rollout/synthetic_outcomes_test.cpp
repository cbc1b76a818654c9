#include "sluice/rollout/synthetic_outcomes.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace sluice::rollout {
namespace {

using namespace std::chrono_literals;

std::vector<policy::Outcome> an_outcome(policy::OutcomeType type, Duration window = 1h) {
  std::vector<policy::Outcome> outcomes(1);
  outcomes[0].name = "click";
  outcomes[0].type = type;
  outcomes[0].attribution_window = window;
  return outcomes;
}

ReportLaw law_with(policy::OutcomeType type, const OutcomeLaw& law) {
  return report_law(an_outcome(type)[0], {}, law);
}

TEST(SyntheticOutcomes, AVersionsOwnLawGoesBeforeThatOfAllAndThatBeforeTheDefaults) {
  const auto outcome = an_outcome(policy::OutcomeType::Value)[0];
  OutcomeLaw common;
  common.mean = 7;
  common.delay = 2min;
  common.sigma = 1;
  OutcomeLaw own;
  own.mean = 8;
  const ReportLaw law = report_law(outcome, common, own);
  EXPECT_EQ(law.mean, 8);
  EXPECT_EQ(law.deviation, 5);
  EXPECT_EQ(law.rate, 1);
  EXPECT_EQ(law.delay, 120);
  EXPECT_EQ(law.sigma, 1);
  own.delay = 3min;
  EXPECT_LT(report_law(outcome, common, own).sigma, 0) << "another delay is another law";
}

TEST(SyntheticOutcomes, WithoutADelayEverythingIsReportedAtOnce) {
  const auto type = policy::OutcomeType::Binary;
  SyntheticOutcomes outcomes(an_outcome(type), 2, false, 0);
  Random random(1);
  outcomes.decide(random, 1, 0, law_with(type, {0.1, {}, {}, {}, {}}), 100'000, 10s, false);
  const auto seen = outcomes.evidence(1).front();
  EXPECT_EQ(seen.decisions, 100'000U);
  EXPECT_NEAR(static_cast<double>(seen.events), 10'000, 500);
  EXPECT_EQ(seen.reports, seen.events);
  EXPECT_EQ(seen.sum, static_cast<double>(seen.events));
  EXPECT_EQ(seen.units, 0U) << "the policy names no unit";
  EXPECT_EQ(outcomes.evidence(0).front().decisions, 0U);
  EXPECT_NEAR(seen.delays->conversions(), seen.sum, 1e-6);
  EXPECT_NEAR(seen.delays->decisions(), 100'000, 1e-6);
}

TEST(SyntheticOutcomes, LateReportsComeAsTheirLawSaysWhetherTheyAreFewOrMany) {
  const auto type = policy::OutcomeType::Binary;
  for (const std::uint64_t at_once : {20UL, 20'000UL}) {
    SyntheticOutcomes outcomes(an_outcome(type), 1, false, 0);
    Random random(2);
    for (std::uint64_t done = 0; done < 200'000; done += at_once) {
      outcomes.decide(random, 0, 0, law_with(type, {0.5, {}, {}, 10min, {}}), at_once, 0s, false);
    }
    outcomes.arrive(0s);
    EXPECT_EQ(outcomes.evidence(0).front().reports, 0U);
    outcomes.arrive(10min);
    EXPECT_NEAR(static_cast<double>(outcomes.evidence(0).front().reports), 100'000 * (1 - std::exp(-1.0)), 1500);
    outcomes.arrive(24h);
    EXPECT_NEAR(static_cast<double>(outcomes.evidence(0).front().reports), 100'000 * (1 - std::exp(-6.0)), 1500)
        << "none after the attribution window";
  }
}

TEST(SyntheticOutcomes, AnotherWindowKnowsNothingOfEarlierDecisions) {
  const auto type = policy::OutcomeType::Binary;
  SyntheticOutcomes outcomes(an_outcome(type), 1, false, 0);
  Random random(3);
  outcomes.decide(random, 0, 0, law_with(type, {1, {}, {}, 1min, {}}), 1000, 0s, false);
  outcomes.open();
  outcomes.arrive(1h);
  const auto seen = outcomes.evidence(0).front();
  EXPECT_EQ(seen.name, "click");
  EXPECT_EQ(seen.decisions + seen.reports, 0U);
  EXPECT_EQ(seen.delays->decisions(), 0);
}

TEST(SyntheticOutcomes, ValuesHaveTheirMomentsWhetherNormalOrSkewed) {
  const auto type = policy::OutcomeType::Value;
  for (const double deviation : {3.0, 30.0}) {
    for (const std::uint64_t at_once : {10UL, 1000UL}) {
      SyntheticOutcomes outcomes(an_outcome(type), 1, false, 0);
      Random random(4);
      for (std::uint64_t done = 0; done < 400'000; done += at_once) {
        outcomes.decide(random, 0, 0, law_with(type, {{}, 12, deviation, {}, {}}), at_once, 0s, false);
      }
      const auto seen = outcomes.evidence(0).front();
      const double n = 400'000;
      const double mean = seen.sum / n;
      EXPECT_NEAR(mean, 12, 5 * deviation / std::sqrt(n)) << deviation;
      EXPECT_NEAR(std::sqrt(seen.sum_squares / n - mean * mean) / deviation, 1, deviation > 10 ? 0.2 : 0.01);
    }
  }
}

TEST(SyntheticOutcomes, AUnitsEventsAreCountedTogether) {
  const auto type = policy::OutcomeType::Value;
  SyntheticOutcomes outcomes(an_outcome(type), 1, true, 10);
  Random random(5);
  const ReportLaw law = law_with(type, {{}, 2, 0.0, {}, {}});
  for (int i = 0; i < 4; ++i) outcomes.convert(random, 0, 0, law, 3, 0s);
  outcomes.convert(random, 0, 0, law, 7, 0s);
  const auto seen = outcomes.evidence(0).front();
  EXPECT_EQ(seen.units, 2U);
  EXPECT_EQ(seen.unit_events, (strategy::UnitCounts{2, 1, 1, 0, 0}));
  EXPECT_NEAR(seen.unit_sum_squares, 8 * 8 + 2 * 2, 1e-9);
  EXPECT_NEAR(seen.sum, 10, 1e-9);
}

TEST(SyntheticOutcomes, WhereNobodyComesAgainEveryReportIsAnotherUnits) {
  const auto type = policy::OutcomeType::Binary;
  SyntheticOutcomes outcomes(an_outcome(type), 1, true, 0);
  Random random(6);
  outcomes.decide(random, 0, 0, law_with(type, {1, {}, {}, {}, {}}), 50, 0s, false);
  EXPECT_EQ(outcomes.evidence(0).front().unit_events, (strategy::UnitCounts{50, 0, 0, 0, 0}));
  EXPECT_EQ(outcomes.evidence(0).front().units, 50U);
}

TEST(SyntheticOutcomes, WithoutChanceExactlyWhatIsExpectedComesAfterExactlyItsDelay) {
  const auto type = policy::OutcomeType::Binary;
  SyntheticOutcomes outcomes(an_outcome(type), 1, false, 0);
  Random random(7);
  for (int i = 0; i < 10; ++i) {
    outcomes.decide(random, 0, 0, law_with(type, {0.05, {}, {}, 5min, {}}), 70, std::chrono::minutes(i), true);
  }
  outcomes.arrive(4min);
  EXPECT_EQ(outcomes.evidence(0).front().reports, 0U);
  outcomes.arrive(1h);
  EXPECT_EQ(outcomes.evidence(0).front().reports, 35U);
}

}  // namespace
}  // namespace sluice::rollout
