#include "sluice/policy/schema.hpp"

#include <gtest/gtest.h>

#include "policy/reading.hpp"

namespace sluice::policy {
namespace {

using namespace std::chrono_literals;

/// The only route of a valid policy with the versions v1 and v2 and this strategy.
ModelRoute with_strategy(const std::string& strategy) {
  return valid(head + two_versions + "  strategy:\n" + strategy).routes.at(0);
}

TEST(Schema, ReadsTheCanary) {
  const PolicySet set =
      valid(head + two_versions +
            "  strategy:\n    canary:\n      stable: v1\n      candidate: v2\n"
            "      steps: [{setWeight: 2.5}, {pause: {duration: 10m}}, {setWeight: 50}, {pause: {}}]\n");
  const auto& canary = std::get<Canary>(set.routes.at(0).strategy);
  ASSERT_EQ(canary.steps.size(), 4U);
  EXPECT_EQ(canary.steps[0].kind, StepKind::SetWeight);
  EXPECT_DOUBLE_EQ(canary.steps[0].weight, 2.5);
  EXPECT_EQ(canary.steps[1].kind, StepKind::Pause);
  EXPECT_EQ(canary.steps[1].pause.duration, Duration(10min));
  EXPECT_FALSE(canary.steps[3].pause.duration);
  EXPECT_TRUE(canary.parachute);
}

TEST(Schema, ReadsStages) {
  const PolicySet set = valid(head + two_versions +
                              "  strategy:\n    stages:\n      - shadow: {live: v1, candidates: [{version: v2}]}\n"
                              "        until: Approved\n      - bandit: {arms: [v1, v2]}\n        atLeast: 1h\n");
  const auto& stages = std::get<Stages>(set.routes.at(0).strategy).stages;
  ASSERT_EQ(stages.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<Shadow>(stages[0].strategy));
  EXPECT_EQ(stages[0].until, StageEnd::Approved);
  EXPECT_EQ(stages[1].at_least, Duration(1h));
}

TEST(Schema, ReadsWhatACheckMayTake) {
  const ModelRoute route = with_strategy(
      "    canary:\n      stable: v1\n      candidate: v2\n      pace: Evidence\n      harmBudget: 20\n"
      "      keepWarm: 1h\n      analysis:\n        checks:\n"
      "          - {metric: error-rate, versusStable: {margin: 1%}, inconclusiveLimit: 12}\n"
      "          - metric: gpu\n            thresholdRange: {max: 0.9}\n            dryRun: true\n"
      "            prometheus: {address: http://127.0.0.1:9090, query: up, timeout: 2s}\n");
  const auto& canary = std::get<Canary>(route.strategy);
  EXPECT_EQ(canary.pace, Pace::Evidence);
  EXPECT_EQ(canary.harm_budget, 20U);
  EXPECT_EQ(canary.keep_warm, Duration(1h));
  const std::vector<Check>& checks = canary.analysis->checks;
  ASSERT_EQ(checks.size(), 2U);
  EXPECT_EQ(checks[0].inconclusive_limit, 12U);
  EXPECT_FALSE(checks[0].dry_run);
  EXPECT_FALSE(checks[1].inconclusive_limit);
  EXPECT_TRUE(checks[1].dry_run);
  EXPECT_EQ(checks[1].prometheus->timeout, Duration(2s));
}

TEST(Schema, ReadsTheRollingUpdateOfServersThatStay) {
  const std::string same = "endpoints: [http://127.0.0.1:1, http://127.0.0.1:2]}\n";
  const PolicySet set =
      valid(head + "  versions:\n    - {name: v1, " + same + "    - {name: v2, " + same +
            "  strategy:\n    rolling:\n      stable: v1\n      candidate: v2\n      replace: ModelRepository\n"
            "      repository: {model: fraud, stableParameters: {variant: v1}, candidateParameters: {variant: v2},"
            " unload: false}\n      replaceTimeout: 2m\n      progressDeadline: 1h\n      parachute: false\n");
  const auto& rolling = std::get<Rolling>(set.routes.at(0).strategy);
  EXPECT_EQ(rolling.repository, (Repository{"fraud", {{"variant", "v1"}}, {{"variant", "v2"}}, false}));
  EXPECT_EQ(rolling.replace_timeout, Duration(2min));
  EXPECT_EQ(rolling.progress_deadline, Duration(1h));
  EXPECT_FALSE(rolling.parachute);
}

TEST(Schema, ServersThatStayAreNoSharedEndpoints) {
  const std::string versions =
      "  versions:\n    - {name: v1, endpoints: [http://127.0.0.1:1]}\n"
      "    - {name: v2, endpoints: [http://127.0.0.1:1]}\n";
  const std::string begin = "  strategy: {rolling: {stable: v1, candidate: v2, ";
  EXPECT_EQ(all_problems(read_text(head + versions + begin +
                                   "replace: ModelRepository, repository: {model: m, stableParameters: {a: b}}}}\n")),
            "");
  EXPECT_NE(all_problems(read_text(head + versions + begin + "replace: Endpoints}}\n")).find("W402"),
            std::string::npos);
}

TEST(Schema, ReadsTheHoursOfAShadow) {
  const ModelRoute route = with_strategy(
      "    shadow:\n      live: v1\n      candidates: [{version: v2}]\n      schedule:\n"
      "        - {days: [Saturday, Sunday]}\n        - {from: 22:00, until: \"06:30\"}\n"
      "      budget: {requests: 5000, idleOnly: true}\n      stopWhen: Conclusive\n"
      "      analysis: {checks: [{metric: latency-p99, versusStable: {relativeMargin: 20%}}]}\n");
  const auto& shadow = std::get<Shadow>(route.strategy);
  ASSERT_EQ(shadow.schedule.size(), 2U);
  EXPECT_EQ(shadow.schedule[0].days, (std::vector<Weekday>{Weekday::Saturday, Weekday::Sunday}));
  EXPECT_EQ(shadow.schedule[0].from, TimeOfDay{0});
  EXPECT_EQ(shadow.schedule[0].until, TimeOfDay{1440});
  EXPECT_TRUE(shadow.schedule[1].days.empty());
  EXPECT_EQ(shadow.schedule[1].from, TimeOfDay{22 * 60});
  EXPECT_EQ(shadow.schedule[1].until, TimeOfDay{6 * 60 + 30});
  EXPECT_EQ(shadow.budget.requests, 5000U);
  EXPECT_TRUE(shadow.budget.idle_only);
  EXPECT_EQ(shadow.stop_when, ShadowStop::Conclusive);
  EXPECT_EQ(shadow.analysis->checks.at(0).metric, "latency-p99");
}

TEST(Schema, TimesOfDayAreWrittenAsTheyAreRead) {
  const Type& type = type_of(Tag<TimeOfDay>{});
  for (const auto& [minutes, text] : std::vector<std::pair<std::uint16_t, std::string>>{
           {0, "00:00"}, {545, "09:05"}, {1439, "23:59"}, {1440, "24:00"}}) {
    const TimeOfDay time{minutes};
    EXPECT_EQ(type.print(&time), text);
  }
}

TEST(Inactive, NothingIsWhenTheStaticPlanActs) {
  EXPECT_EQ(inactive_paths(valid(head + two_versions +
                                 "  strategy: {abTest: {variants: [{version: v1}, {version: v2}], control: v1,"
                                 " audience: [{method: POST}]}}\n")),
            Paths{});
  EXPECT_EQ(inactive_paths(valid(
                head + two_versions +
                "  strategy: {canary: {stable: v1, candidate: v2, steps: [{setWeight: 5}], parachute: false}}\n")),
            Paths{});
  EXPECT_EQ(inactive_paths(valid(head + two_versions +
                                 "  strategy: {shadow: {live: v1, candidates: [{version: v2, percent: 10}],"
                                 " budget: {requestsInFlight: 4, requestsPerSecond: 10, bodyBytes: 1KiB}}}\n")),
            Paths{});
}

TEST(Inactive, NoStrategyIs) {
  EXPECT_EQ(inactive_paths(valid(head + two_versions +
                                 "  strategy:\n    canary:\n      stable: v1\n      candidate: v2\n"
                                 "      steps: [{pause: {}}, {setWeight: 5}, {setWeight: 10}]\n"
                                 "      analysis: {checks: [{metric: error-rate, thresholdRange: {max: 1%}}]}\n"
                                 "      onFailure: Hold\n      progressDeadline: 1h\n"
                                 "      webhooks: [{type: rollback, url: http://127.0.0.1:1/}]\n")),
            Paths{});
  EXPECT_EQ(inactive_paths(valid(head + two_versions + "  strategy: {rolling: {stable: v1, candidate: v2}}\n")),
            Paths{});
  EXPECT_EQ(inactive_paths(valid(head + two_versions + "  strategy: {blueGreen: {active: v1, preview: v2}}\n")),
            Paths{});
  EXPECT_EQ(inactive_paths(
                valid(head + two_versions + "  strategy: {bandit: {arms: [v1, v2], algorithm: ThompsonSampling}}\n")),
            Paths{});
  EXPECT_EQ(inactive_paths(valid(head + two_versions +
                                 "  strategy: {abTest: {variants: [{version: v1}, {version: v2}],"
                                 " primaryMetric: latency-p95, onWinner: Promote, maxDuration: 7d}}\n")),
            Paths{});
  EXPECT_EQ(inactive_paths(valid(head + two_versions +
                                 "  strategy: {stages: [{canary: {stable: v1, candidate: v2, pace: Evidence}}]}\n")),
            Paths{});
}

TEST(Inactive, WhatDoesNotActYetIsNamedWithItsPlace) {
  const PolicySet set = valid(head +
                              "  versions:\n    - {name: v1, endpoints: [http://127.0.0.1:1]}\n"
                              "    - {name: v2, endpoints: [http://127.0.0.1:2], rewrite: {model: other}}\n"
                              "  strategy: {canary: {stable: v1, candidate: v2, pace: Evidence}}\n");
  const auto problems = inactive_features(set);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(
      headline(problems[0]),
      "policy.yaml:7:51: error: spec.versions[1].rewrite: declared, but this version of Sluice does not act on it "
      "yet; remove it to serve   [E901]");
}

TEST(Inactive, NoMetricIs) {
  EXPECT_EQ(inactive_paths(valid(head + two_versions +
                                 "  drift: {score: {tensor: score}}\n"
                                 "  strategy: {shadow: {live: v1, candidates: [{version: v2}], compare: {}, analysis: "
                                 "{checks: [{metric: disagreement, thresholdRange: {max: 1%}}, {metric: score-drift, "
                                 "thresholdRange: {max: 0.2}}]}}}\n")),
            Paths{});
}

TEST(Inactive, AMetricFromPrometheusMayHaveTheNameOfABuiltInOne) {
  EXPECT_EQ(inactive_paths(valid(head + two_versions +
                                 "  strategy: {canary: {stable: v1, candidate: v2, pace: Evidence, analysis: {checks: ["
                                 "{metric: disagreement, thresholdRange: {max: 2}, prometheus: {address: "
                                 "http://127.0.0.1:1, query: x}}]}}}\n")),
            Paths{});
}

TEST(Inactive, OutcomesAreNowhere) {
  EXPECT_EQ(inactive_paths(valid(head + two_versions +
                                 "  outcomes: [{name: click}, {name: spent, type: Value, better: Lower}]\n"
                                 "  strategy: {abTest: {variants: [{version: v1}, {version: v2}], primaryMetric: click,"
                                 " guardrails: [{metric: spent, versusStable: {relativeMargin: 5%}}]}}\n")),
            Paths{});
  EXPECT_EQ(inactive_paths(valid(head + two_versions +
                                 "  outcomes: [{name: click}]\n"
                                 "  strategy: {bandit: {arms: [v1, v2], reward: click, halfLife: 1d}}\n")),
            Paths{});
}

TEST(Inactive, NoAlgorithmOfABanditIs) {
  for (const std::string algorithm : {"ThompsonSampling", "TopTwoThompson", "KLUCB", "UCB1", "EpsilonGreedy",
                                      "LinearThompson, context: [{header: x-age}]"}) {
    EXPECT_EQ(inactive_paths(valid(head + two_versions +
                                   "  strategy: {bandit: {arms: [v1, v2], algorithm: " + algorithm + "}}\n")),
              Paths{})
        << algorithm;
  }
}

TEST(Inactive, ABlockIsNamedOnceWithoutItsParts) {
  EXPECT_EQ(inactive_paths(valid(head + "  versions: [{name: v1, endpoints: [http://127.0.0.1:1], "
                                        "rewrite: {model: other, host: example.com}}]\n")),
            Paths{"spec.versions[0].rewrite"});
}

TEST(Inactive, OfTheStoresOnlyRedisIs) {
  const std::string gateway = "apiVersion: sluice.dev/v1\nkind: Gateway\nspec:\n  admin: {}\n  state: ";
  EXPECT_EQ(inactive_paths(valid(gateway + "{memory: {}}\n")), Paths{});
  EXPECT_EQ(inactive_paths(valid(gateway + "{sqlite: {}}\n")), Paths{});
  EXPECT_EQ(inactive_paths(valid(gateway + "{redis: {address: localhost:6379}}\n")), Paths{"spec.state.redis"});
}

}  // namespace
}  // namespace sluice::policy
