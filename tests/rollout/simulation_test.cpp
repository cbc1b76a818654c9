#include "sluice/rollout/simulation.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "rollout/simulated.hpp"

namespace sluice::rollout {
namespace {

using namespace std::chrono_literals;
using strategy::Phase;

constexpr std::string_view waiting_canary =
    "{canary: {stable: v1, candidate: v2, steps: [{setWeight: 10}, {pause: {}}], "
    "analysis: {checks: [{metric: error-rate, versusStable: {margin: 1%}}]}}}";

std::vector<rollout::Run> runs_of(const Scenario& scenario, std::size_t count, std::uint64_t seed = 1) {
  auto runs = simulate_many(scenario, seed, count);
  EXPECT_TRUE(runs) << (runs ? "" : runs.error().message);
  return runs ? std::move(runs).value() : std::vector<rollout::Run>{};
}

std::size_t ended(const std::vector<rollout::Run>& runs, Ending ending) {
  return static_cast<std::size_t>(
      std::count_if(runs.begin(), runs.end(), [&](const rollout::Run& run) { return run.ending == ending; }));
}

TEST(Simulation, EqualSeedsGiveEqualRunsAndOthersDoNot) {
  const Scenario scenario = scenario_of(usual_canary, {{"v2", errors(0.04)}});
  const rollout::Run one = run_of(scenario, 7);
  const rollout::Run same = run_of(scenario, 7);
  const rollout::Run other = run_of(scenario, 8);
  EXPECT_EQ(one.journal, same.journal);
  EXPECT_EQ(one.tally.requests, same.tally.requests);
  EXPECT_EQ(one.tally.client_errors, same.tally.client_errors);
  EXPECT_EQ(one.took, same.took);
  EXPECT_NE(one.tally.requests, other.tally.requests);
}

TEST(Simulation, ManyRunsAreTheSameOnAnyNumberOfThreadsAndBeginWithTheSingleOne) {
  const Scenario scenario = scenario_of(usual_canary, {{"v2", errors(0.04)}});
  const auto runs = runs_of(scenario, 12, 3);
  const auto again = runs_of(scenario, 12, 3);
  ASSERT_EQ(runs.size(), 12U);
  ASSERT_EQ(again.size(), 12U);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    EXPECT_EQ(runs[i].took, again[i].took) << i;
    EXPECT_EQ(runs[i].tally.requests, again[i].tally.requests) << i;
  }
  EXPECT_EQ(runs.front().tally.requests, run_of(scenario, 3).tally.requests);
}

TEST(Simulation, ACandidateAsGoodAsStableIsPromoted) {
  const auto runs = runs_of(scenario_of(usual_canary), 60);
  EXPECT_GE(ended(runs, Ending::Promotes), 54U);
  for (const rollout::Run& run : runs) EXPECT_GE(run.took, 5min);
}

TEST(Simulation, ABadCandidateIsTakenBackAndCostsLittle) {
  const auto runs = runs_of(scenario_of(usual_canary, {{"v2", errors(0.3)}}), 60);
  EXPECT_EQ(ended(runs, Ending::Aborts), 60U);
  for (const rollout::Run& run : runs) {
    EXPECT_LT(run.took, 2min);
    EXPECT_GT(run.tally.bad_answers, 5);
    EXPECT_LT(run.tally.bad_answers, 200);
  }
}

TEST(Simulation, WhatTheParachuteSavesDoesNotFailForClients) {
  const std::string with(usual_canary);
  std::string without = with;
  without.insert(without.find("steps:"), "parachute: false, ");
  const rollout::Run saved = run_of(scenario_of(with, {{"v2", errors(1)}}));
  const rollout::Run lost = run_of(scenario_of(without, {{"v2", errors(1)}}));
  ASSERT_EQ(saved.ending, Ending::Aborts);
  ASSERT_EQ(lost.ending, Ending::Aborts);
  EXPECT_GT(lost.tally.client_errors, 100U);
  EXPECT_LT(saved.tally.client_errors, lost.tally.client_errors / 3);
}

TEST(Simulation, ACandidateThatTurnsBadLaterIsFineUntilThen) {
  const rollout::Run run = run_of(scenario_of(usual_canary, {{"v2", errors(0.5, 2min)}}));
  EXPECT_EQ(run.phase, Phase::RolledBack);
  EXPECT_GT(run.took, 2min);
  EXPECT_LT(run.took, 5min);
}

TEST(Simulation, SlownessIsSeenByACheckOnLatency) {
  const std::string_view strategy =
      "{canary: {stable: v1, candidate: v2, steps: [{setWeight: 10}, {pause: {duration: 10m}}], "
      "analysis: {checks: [{metric: latency-p95, versusStable: {relativeMargin: 20%}}]}}}";
  EXPECT_EQ(run_of(scenario_of(strategy, {{"v2", {std::nullopt, 60ms, 0s}}})).ending, Ending::Aborts);
  EXPECT_EQ(run_of(scenario_of(strategy)).ending, Ending::Promotes);
}

TEST(Simulation, NobodyComesToAPauseWithoutEndUnlessSomebodyIsSaidTo) {
  Scenario scenario = scenario_of(waiting_canary);
  const rollout::Run alone = run_of(scenario);
  EXPECT_TRUE(alone.awaits_person);
  EXPECT_EQ(alone.ending, Ending::Holds);
  EXPECT_LT(alone.took, 1min) << "it counts from when the wait began";

  scenario.approve_after = 5min;
  const rollout::Run approved = run_of(scenario);
  EXPECT_EQ(approved.ending, Ending::Promotes);
  EXPECT_GE(approved.took, 5min);
  EXPECT_LT(approved.took, 7min);
}

TEST(Simulation, APersonDoesNotPromoteWhatFailsItsChecks) {
  Scenario scenario = scenario_of(waiting_canary, {{"v2", errors(0.3)}});
  scenario.approve_after = Duration::zero();
  EXPECT_EQ(ended(runs_of(scenario, 20), Ending::Aborts), 20U);
}

TEST(Simulation, GatesOpenAtOnceOrNeverAndNobodyAsksForAWayBack) {
  const std::string hooks =
      "{canary: {stable: v1, candidate: v2, steps: [{setWeight: 50}], "
      "webhooks: [{type: confirm-rollout, url: \"http://127.0.0.1:1/a\"}, "
      "{type: rollback, url: \"http://127.0.0.1:1/b\"}]}}";
  Scenario scenario = scenario_of(hooks);
  EXPECT_EQ(run_of(scenario).ending, Ending::Promotes);
  scenario.traffic.gates_open = false;
  scenario.longest = 1h;
  const rollout::Run waits = run_of(scenario);
  EXPECT_EQ(waits.phase, Phase::Pending);
  EXPECT_EQ(waits.ending, std::nullopt);
  EXPECT_EQ(waits.took, 1h);
}

TEST(Simulation, AWeekIsAFewThousandLooks) {
  const rollout::Run run =
      run_of(scenario_of("{canary: {stable: v1, candidate: v2, steps: [{setWeight: 10}, {pause: {duration: 7d}}], "
                         "analysis: {checks: [{metric: error-rate, versusStable: {margin: 1%}}]}}}"));
  // Its end lies just behind a week.
  EXPECT_EQ(run.ending, std::nullopt);
  EXPECT_GT(run.ticks, 1000U);
  EXPECT_LT(run.ticks, 8000U);
  EXPECT_NEAR(static_cast<double>(run.tally.requests), 40.0 * 7 * 86400, 50'000);
}

TEST(Simulation, ChecksOnPrometheusAreCountedAndLeftOut) {
  auto route = route_with(
      "{canary: {stable: v1, candidate: v2, steps: [{setWeight: 10}], analysis: {checks: ["
      "{metric: error-rate, thresholdRange: {max: 5%}}, "
      "{metric: gpu, thresholdRange: {max: 0.9}, prometheus: {address: \"http://127.0.0.1:9090\", query: up}}]}}}");
  EXPECT_EQ(drop_unknown_checks(route), 1U);
  EXPECT_EQ(drop_unknown_checks(route), 0U);
  EXPECT_EQ(std::get<policy::Canary>(route.strategy).analysis->checks.size(), 1U);
}

TEST(Simulation, ARouteThatNoPlanCanBeMadeOfIsAnError) {
  Scenario scenario = scenario_of(usual_canary);
  std::get<policy::Canary>(scenario.route.strategy).candidate = "v9";
  EXPECT_FALSE(simulate(scenario, 1));
  EXPECT_FALSE(simulate_many(scenario, 1, 5));
}

struct Fate {
  const char* name;
  std::string_view strategy;
  Ending good;
  Ending bad;
};
void PrintTo(const Fate& fate, std::ostream* out) {
  *out << fate.name;
}

class EveryStrategy : public ::testing::TestWithParam<Fate> {};

TEST_P(EveryStrategy, EndsWellWithAGoodCandidateAndNotWithABadOne) {
  Scenario scenario = scenario_of(GetParam().strategy);
  scenario.longest = 2h;
  const rollout::Run good = run_of(scenario);
  EXPECT_EQ(good.ending, GetParam().good) << good.reason << ": " << good.message;
  scenario.traffic.injections["v2"] = errors(0.5);
  const rollout::Run bad = run_of(scenario);
  EXPECT_EQ(bad.ending, GetParam().bad) << bad.reason << ": " << bad.message;
}

INSTANTIATE_TEST_SUITE_P(
    All, EveryStrategy,
    ::testing::Values(
        Fate{"blueGreen",
             "{blueGreen: {active: v1, preview: v2, prePromotion: {mirror: 10%, analysis: {checks: "
             "[{metric: error-rate, versusStable: {margin: 2%}}]}}, autoPromote: {enabled: true, after: 5m}}}",
             Ending::Promotes, Ending::Aborts},
        Fate{"rolling",
             "{rolling: {stable: v1, candidate: v2, analysis: {checks: "
             "[{metric: error-rate, thresholdRange: {max: 10%}}]}}}",
             Ending::Promotes, Ending::Aborts}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Simulation, AShadowSaysWhetherTheCopiesWereGood) {
  Scenario scenario = scenario_of(
      "{shadow: {live: v1, candidates: [{version: v2}], stopWhen: Conclusive, analysis: {checks: "
      "[{metric: error-rate, thresholdRange: {max: 10%}}]}}}");
  const rollout::Run good = run_of(scenario);
  EXPECT_EQ(good.ending, Ending::Concludes);
  EXPECT_EQ(good.reason, "Passed");
  EXPECT_GT(good.tally.copies, 100U);
  EXPECT_EQ(good.tally.trial, 0U);
  scenario.traffic.injections["v2"] = errors(0.5);
  const rollout::Run bad = run_of(scenario);
  EXPECT_EQ(bad.reason, "CheckFailed");
  EXPECT_EQ(bad.tally.bad_answers, 0) << "copies are nobody's answers";
}

TEST(Simulation, AShadowThatComparesTakesFewPairsOfAnEqualCandidate) {
  Scenario scenario =
      scenario_of("{shadow: {live: v1, candidates: [{version: v2}], compare: {}, stopWhen: Conclusive}}");
  scenario.traffic.error_rate = 0.02;
  const rollout::Run equal = run_of(scenario);
  EXPECT_EQ(equal.reason, "Passed") << equal.message;
  EXPECT_LT(equal.tally.copies, 3000U) << equal.message;
  EXPECT_NE(equal.message.find("a split in halves"), std::string::npos) << equal.message;
}

TEST(Simulation, AShadowFindsOutWhoAnswersOtherwise) {
  Scenario scenario =
      scenario_of("{shadow: {live: v1, candidates: [{version: v2}], compare: {noise: 5%}, stopWhen: Conclusive}}");
  scenario.traffic.injections["v2"].disagreement = 0.1;
  const rollout::Run run = run_of(scenario);
  EXPECT_EQ(run.reason, "CheckFailed") << run.message;
  EXPECT_NE(run.message.find("disagreement"), std::string::npos) << run.message;
}

TEST(Simulation, AShadowFindsASlowerCandidateInPairs) {
  Scenario scenario = scenario_of(
      "{shadow: {live: v1, candidates: [{version: v2}], stopWhen: Conclusive, analysis: {checks: "
      "[{metric: latency-p95, versusStable: {relativeMargin: 10%}}]}}}");
  const rollout::Run equal = run_of(scenario);
  EXPECT_EQ(equal.reason, "Passed") << equal.message;
  scenario.traffic.injections["v2"].latency = 30ms;
  const rollout::Run slower = run_of(scenario);
  EXPECT_EQ(slower.reason, "CheckFailed") << slower.message;
  EXPECT_LT(slower.tally.copies, 3000U);
}

TEST(Simulation, ACanaryThatPredictsOtherwiseIsTakenBack) {
  Scenario scenario = scenario_of(
      "{canary: {stable: v1, candidate: v2, steps: [{setWeight: 50}, {pause: {duration: 1h}}], analysis: {checks: "
      "[{metric: score-drift, thresholdRange: {max: 0.1}}]}}}\n  drift: {score: {jsonPointer: /score}}");
  const rollout::Run alike = run_of(scenario);
  EXPECT_EQ(alike.ending, Ending::Promotes) << alike.message;
  scenario.traffic.injections["v2"].score_drift = 0.3;
  const rollout::Run other = run_of(scenario);
  EXPECT_EQ(other.reason, "CheckFailed") << other.message;
}

TEST(Simulation, AShadowSeesHowPredictionsMoveInPairs) {
  Scenario scenario = scenario_of(
      "{shadow: {live: v1, candidates: [{version: v2}], stopWhen: Conclusive, analysis: {checks: "
      "[{metric: score-drift, thresholdRange: {max: 0.1}}]}}}\n  drift: {score: {jsonPointer: /score}}");
  const rollout::Run alike = run_of(scenario);
  EXPECT_EQ(alike.reason, "Passed") << alike.message;
  EXPECT_LT(alike.tally.copies, 2000U);
  scenario.traffic.injections["v2"].score_drift = 0.3;
  EXPECT_EQ(run_of(scenario).reason, "CheckFailed");
}

TEST(Simulation, AShadowEndsWhenItsBytesAreSpent) {
  Scenario scenario = scenario_of("{shadow: {live: v1, candidates: [{version: v2}], budget: {bytes: 1MiB}}}");
  const rollout::Run run = run_of(scenario);
  EXPECT_EQ(run.reason, "BudgetSpent") << run.message;
  EXPECT_GE(run.tally.copies, 512U) << "of two KiB each";
  EXPECT_LT(run.tally.copies, 512U + 500) << "and what comes in the ten seconds between two looks";
}

TEST(Simulation, ABanditPromotesTheArmThatErrsLess) {
  Scenario scenario = scenario_of("{bandit: {arms: [v1, v2], stopWhen: {probabilityBest: 95%, valueRemaining: 1%}}}");
  scenario.traffic.injections["v2"] = errors(0.5);
  const rollout::Run run = run_of(scenario);
  EXPECT_EQ(run.ending, Ending::Promotes);
  EXPECT_NE(run.message.find("'v1'"), std::string::npos) << run.message;
}

TEST(Simulation, MeetsComparesTheEndingAndTheTime) {
  rollout::Run run;
  run.ending = Ending::Aborts;
  run.took = 2min;
  Expectation wish;
  wish.ending = Ending::Aborts;
  EXPECT_TRUE(meets(run, wish));
  wish.within = 2min;
  EXPECT_TRUE(meets(run, wish));
  wish.within = 119s;
  EXPECT_FALSE(meets(run, wish));
  wish = {};
  wish.ending = Ending::Promotes;
  EXPECT_FALSE(meets(run, wish));
  run.ending.reset();
  EXPECT_FALSE(meets(run, wish));
}

}  // namespace
}  // namespace sluice::rollout
