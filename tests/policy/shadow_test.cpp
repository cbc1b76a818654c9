// Shadows and what is watched for drift, as a policy writes them.
#include "sluice/policy/shadow.hpp"

#include <gtest/gtest.h>

#include "policy/reading.hpp"

namespace sluice::policy {
namespace {

using namespace std::chrono_literals;

const std::string mobile = "  segments: [{name: mobile, matches: [{headers: [{name: x-device, value: phone}]}]}]\n";

std::string shadow_text(const std::string& fields, const std::string& route = mobile) {
  return head + two_versions + route + "  strategy: {shadow: {live: v1, candidates: [{version: v2, percent: 10}], " +
         fields + "}}\n";
}

Shadow shadow_with(const std::string& fields, const std::string& route = mobile) {
  const PolicySet set = valid(shadow_text(fields, route));
  EXPECT_EQ(inactive_paths(set), Paths{});
  return std::get<Shadow>(set.routes.at(0).strategy);
}

std::string refusal_of(const std::string& fields, const std::string& route = mobile) {
  return all_problems(read_text(shadow_text(fields, route)));
}

std::string canary_text(const std::string& check, const std::string& route) {
  return head + two_versions + route +
         "  strategy: {canary: {stable: v1, candidate: v2, pace: Evidence, analysis: {checks: [" + check + "]}}}\n";
}

TEST(ShadowPolicy, SelectsWhatIsCopied) {
  const Shadow shadow = shadow_with(
      "select: {matches: [{method: POST}, {model: fraud}], oversample: [{segment: mobile, percent: 80}], "
      "deduplicate: 10m}");
  ASSERT_EQ(shadow.select.matches.size(), 2U);
  EXPECT_EQ(shadow.select.matches[1].model, "fraud");
  EXPECT_EQ(shadow.select.oversample, (std::vector<Oversample>{{"mobile", 80, {}}}));
  EXPECT_EQ(shadow.select.deduplicate, Duration(10min));
  EXPECT_EQ(shadow_with("budget: {}").select, ShadowSelection{});
}

TEST(ShadowPolicy, OversamplesKnownSegmentsOnceAndAboveWhatAllGet) {
  const auto refused = [](const std::string& list) { return refusal_of("select: {oversample: [" + list + "]}"); };
  EXPECT_EQ(refused("{segment: mobile, percent: 11}"), "");
  EXPECT_NE(refused("{segment: mobil}").find("did you mean \"mobile\"?   [E310]"), std::string::npos);
  EXPECT_NE(refused("{segment: mobile}, {segment: mobile}").find("stands here twice"), std::string::npos);
  EXPECT_NE(refused("{segment: mobile, percent: 9}").find("9 is less than the 10 that \"v2\" gets"), std::string::npos);
  EXPECT_NE(refused("{segment: mobile, percent: 10}").find("W405"), std::string::npos);
  EXPECT_NE(refused("{segment: mobile, percent: 0}").find("E107"), std::string::npos);
}

TEST(ShadowPolicy, HasABudgetOfEachKind) {
  const ShadowBudget budget = shadow_with(
                                  "budget: {bytes: 10MiB, backendTime: 1h, duration: 7d, idleOnly: true, "
                                  "idle: {requestsInFlight: 3, latency: 40ms}}")
                                  .budget;
  EXPECT_EQ(budget.bytes, 10_MiB);
  EXPECT_EQ(budget.backend_time, Duration(1h));
  EXPECT_EQ(budget.duration, Duration(168h));
  EXPECT_TRUE(budget.idle_only);
  EXPECT_EQ(budget.idle, (ShadowIdle{3, Duration(40ms)}));
  EXPECT_NE(refusal_of("budget: {idle: {latency: 40ms}}").find("idle needs idleOnly: true"), std::string::npos);
  EXPECT_NE(refusal_of("budget: {idleOnly: false, idle: {}}").find("idle needs idleOnly: true"), std::string::npos);
  EXPECT_EQ(refusal_of("budget: {idleOnly: true}"), "");
}

TEST(ShadowPolicy, SaysHowAnswersAreCompared) {
  const Compare compare = *shadow_with(
                               "compare: {pointers: [/outputs/*/data], ignore: [/id, /outputs/*/name], "
                               "unordered: [/outputs], tolerance: 0.01, absoluteTolerance: 0.5, ulps: 4, "
                               "bodyBytes: 2MiB, noise: 2%, dropHeaders: [Cookie, authorization], "
                               "keep: {pairs: 5, bytes: 1KiB, redact: [/user/*], expireAfter: 10m}}")
                               .compare;
  EXPECT_EQ(compare.pointers, std::vector<std::string>{"/outputs/*/data"});
  EXPECT_EQ(compare.ignore, (std::vector<std::string>{"/id", "/outputs/*/name"}));
  EXPECT_EQ(compare.unordered, std::vector<std::string>{"/outputs"});
  EXPECT_EQ(compare.tolerance, 0.01);
  EXPECT_EQ(compare.absolute_tolerance, 0.5);
  EXPECT_EQ(compare.ulps, 4U);
  EXPECT_EQ(compare.body_bytes, 2_MiB);
  EXPECT_EQ(compare.noise, 2_pct);
  EXPECT_EQ(compare.drop_headers, (std::vector<std::string>{"cookie", "authorization"})) << "in lower case";
  EXPECT_EQ(compare.keep, (KeepPairs{5, 1_KiB, {"/user/*"}, 10min}));
  EXPECT_EQ(shadow_with("compare: {}").compare, Compare{});
  EXPECT_FALSE(shadow_with("budget: {}").compare);
}

TEST(ShadowPolicy, ComparesTensorsEachInItsWay) {
  const Compare compare = *shadow_with(
                               "compare: {tensors: [{name: logits, by: ArgMax}, {name: top, by: TopK, top: 3, "
                               "overlap: 60%}, {name: score, tolerance: 0.1, absoluteTolerance: 2, ulps: 7}]}")
                               .compare;
  ASSERT_EQ(compare.tensors.size(), 3U);
  EXPECT_EQ(compare.tensors[0].by, Agreement::ArgMax);
  EXPECT_FALSE(compare.tensors[0].tolerance);
  EXPECT_EQ(compare.tensors[1].by, Agreement::TopK);
  EXPECT_EQ(compare.tensors[1].top, 3U);
  EXPECT_EQ(compare.tensors[1].overlap, 60_pct);
  EXPECT_EQ(compare.tensors[2].by, Agreement::Values);
  EXPECT_EQ(compare.tensors[2].tolerance, 0.1);
  EXPECT_EQ(compare.tensors[2].absolute_tolerance, 2);
  EXPECT_EQ(compare.tensors[2].ulps, 7U);
}

TEST(ShadowPolicy, RefusesWhatATensorsRuleCannotUse) {
  const auto refused = [](const std::string& tensor) { return refusal_of("compare: {tensors: [" + tensor + "]}"); };
  EXPECT_NE(refused("{name: a, top: 3}").find("top needs by: TopK"), std::string::npos);
  EXPECT_NE(refused("{name: a, by: ArgMax, overlap: 50%}").find("overlap needs by: TopK"), std::string::npos);
  EXPECT_NE(refused("{name: a, by: ArgMax, tolerance: 0.1}").find("tolerance needs by: Values"), std::string::npos);
  EXPECT_NE(refused("{name: a, by: TopK, ulps: 1}").find("ulps needs by: Values"), std::string::npos);
  EXPECT_NE(refused("{name: a}, {name: a}").find("stands here twice"), std::string::npos);
  EXPECT_NE(refused("{by: ArgMax}").find("needs the field \"name\""), std::string::npos);
}

TEST(ShadowPolicy, RefusesACopyThatWouldBeNoRequest) {
  for (const std::string field : {"Host", "content-length", "Transfer-Encoding", "connection", "X-Request-ID"}) {
    EXPECT_NE(refusal_of("compare: {dropHeaders: [" + field + "]}").find("E113"), std::string::npos) << field;
  }
  EXPECT_NE(refusal_of("compare: {dropHeaders: [Cookie, cookie]}").find("stands here twice"), std::string::npos);
  EXPECT_NE(refusal_of("compare: {dropHeaders: [\"a b\"]}").find("E109"), std::string::npos);
}

TEST(ShadowPolicy, RefusesPointersThatContradictEachOther) {
  EXPECT_NE(refusal_of("compare: {pointers: [/a/b], ignore: [/a]}").find("may differ, as ignore says"),
            std::string::npos);
  EXPECT_NE(refusal_of("compare: {pointers: [/a], ignore: [/a]}").find("may differ, as ignore says"),
            std::string::npos);
  EXPECT_EQ(refusal_of("compare: {pointers: [/a, /ab], ignore: [/a/b]}"), "");
  EXPECT_NE(refusal_of("compare: {ignore: [/a, /a]}").find("stands here twice"), std::string::npos);
  EXPECT_NE(refusal_of("compare: {unordered: [a]}").find("E109"), std::string::npos);
  EXPECT_NE(refusal_of("compare: {noise: 11%}").find("between 0% and 10%"), std::string::npos);
  EXPECT_NE(refusal_of("compare: {keep: {redact: [/a, /a]}}").find("stands here twice"), std::string::npos);
}

TEST(ShadowPolicy, KnowsWhatOnlyOneProtocolHas) {
  const std::string open_ai = mobile + "  protocol: OpenAI\n";
  EXPECT_EQ(shadow_with("compare: {editRatio: 0.1}", open_ai).compare->edit_ratio, 0.1);
  EXPECT_NE(refusal_of("compare: {editRatio: 0.1}").find("only answers of protocol OpenAI"), std::string::npos);
  EXPECT_NE(refusal_of("compare: {tensors: [{name: a}]}", open_ai).find("only answers of protocol OpenInference"),
            std::string::npos);
}

TEST(ShadowPolicy, AnswersThatFindNoRoomAreWarnedOf) {
  const std::string gateway =
      "apiVersion: sluice.dev/v1\nkind: Gateway\nmetadata: {name: g}\nspec: {limits: {compareBytes: 2MiB}}\n";
  const std::string route = shadow_text("compare: {bodyBytes: 4MiB}");
  for (const std::string& text : {gateway + "---\n" + route, route + "---\n" + gateway}) {
    const Reading reading = read_text(text);
    EXPECT_TRUE(reading.ok()) << all_problems(reading);
    ASSERT_EQ(reading.problems.size(), 1U) << all_problems(reading);
    EXPECT_EQ(reading.problems[0].code, "W405");
    EXPECT_NE(reading.problems[0].message.find("(2MiB) is less than compare.bodyBytes"), std::string::npos)
        << reading.problems[0].message;
  }
  EXPECT_TRUE(read_text(gateway + "---\n" + shadow_text("compare: {bodyBytes: 2MiB}")).problems.empty());
}

TEST(ShadowPolicy, ComparesInOneWayInAllStages) {
  const auto stages = [](const std::string& first, const std::string& second) {
    return all_problems(read_text(
        head + two_versions + "  strategy:\n    stages:\n      - shadow: {live: v1, candidates: [{version: v2}]" +
        first + "}\n      - blueGreen: {active: v1, preview: v2, prePromotion: {mirror: 5%}}\n" +
        "      - shadow: {live: v1, candidates: [{version: v2}]" + second + "}\n"));
  };
  EXPECT_EQ(stages("", ""), "");
  EXPECT_EQ(stages(", compare: {ulps: 1}", ", compare: {ulps: 1}"), "");
  EXPECT_NE(stages(", compare: {ulps: 1}", ", compare: {ulps: 2}").find("stages[2].shadow.compare: an earlier stage"),
            std::string::npos);
  EXPECT_NE(stages(", compare: {}", "").find("stages[2].shadow: an earlier stage"), std::string::npos);
}

// ---- the metrics

TEST(Disagreement, IsAMetricOfCopies) {
  const std::string limits = "analysis: {checks: [{metric: disagreement, thresholdRange: {max: 1%}}]}";
  const auto warns_of_status = [](const std::string& text) {
    const Reading reading = read_text(text);
    return reading.ok() && all_problems(reading).find("differ by their status alone") != std::string::npos;
  };
  EXPECT_TRUE(warns_of_status(shadow_text(limits))) << "a candidate that answers nonsense would pass";
  EXPECT_EQ(refusal_of("compare: {}, " + limits), "");
  const std::string flip = "  strategy: {blueGreen: {active: v1, preview: v2, prePromotion: {mirror: 5%, ";
  EXPECT_TRUE(warns_of_status(head + two_versions + flip + limits + "}}}\n"));
  EXPECT_NE(all_problems(read_text(canary_text("{metric: disagreement, thresholdRange: {max: 1%}}", "")))
                .find("answers are compared only where copies are made"),
            std::string::npos);
  EXPECT_NE(all_problems(read_text(head + two_versions +
                                   "  strategy: {abTest: {variants: [{version: v1}, {version: v2}], primaryMetric: "
                                   "disagreement}}\n"))
                .find("not which one is better"),
            std::string::npos);
}

TEST(ScoreDrift, NeedsSomethingThatIsWatched) {
  const std::string check = "{metric: score-drift, thresholdRange: {max: 0.2}}";
  const std::string drift = "  drift: {score: {tensor: score}}\n";
  EXPECT_EQ(all_problems(read_text(canary_text(check, drift))), "");
  EXPECT_NE(all_problems(read_text(canary_text(check, ""))).find("score-drift needs the route's drift"),
            std::string::npos);
  EXPECT_EQ(refusal_of("analysis: {checks: [" + check + "]}", mobile + drift), "");
  const std::string guarded = "  strategy: {bandit: {arms: [v1, v2], guardrails: [" + check + "]}}\n";
  EXPECT_EQ(all_problems(read_text(head + two_versions + drift + guarded)), "");
  const std::string flip =
      "  strategy: {blueGreen: {active: v1, preview: v2, postPromotion: {analysis: {checks: [" + check + "]}}}}\n";
  EXPECT_NE(all_problems(read_text(head + two_versions + drift + flip)).find("after the flip no other version serves"),
            std::string::npos);
}

TEST(Differences, AreLimitedByALargestValueAlone) {
  const auto refused = [](const std::string& limit) {
    return refusal_of("compare: {}, analysis: {checks: [{metric: disagreement, " + limit + "}]}");
  };
  EXPECT_EQ(refused("thresholdRange: {max: 0.1%}"), "");
  EXPECT_NE(refused("versusStable: {margin: 1%}").find("is a difference already"), std::string::npos);
  EXPECT_NE(refused("versusStable: {relativeMargin: 1%}").find("is a difference already"), std::string::npos);
  EXPECT_NE(refused("thresholdRange: {min: 1%}").find("limit it by max alone"), std::string::npos);
  EXPECT_NE(refused("thresholdRange: {max: 0%}").find("between 0% and 100%"), std::string::npos);
  EXPECT_NE(refused("thresholdRange: {max: 100%}").find("between 0% and 100%"), std::string::npos);
  EXPECT_NE(refused("thresholdRange: {max: 0.1}").find("a share such as 1%"), std::string::npos);
  const auto drift = [](const std::string& max) {
    return all_problems(read_text(canary_text("{metric: score-drift, thresholdRange: {max: " + max + "}}",
                                              "  drift: {label: {jsonPointer: /label}}\n")));
  };
  EXPECT_EQ(drift("0.05"), "");
  EXPECT_NE(drift("1").find("between 0 and 1"), std::string::npos);
  EXPECT_NE(drift("5%").find("a bare number"), std::string::npos);
}

// ---- drift

TEST(DriftPolicy, SaysWhereScoreAndClassStand) {
  const PolicySet set = valid(head + two_versions +
                              "  drift: {score: {tensor: score, sample: 10%}, label: {jsonPointer: /label}, "
                              "reference: 500}\n  strategy: {canary: {stable: v1, candidate: v2, pace: Evidence}}\n");
  EXPECT_EQ(inactive_paths(set), Paths{});
  const Drift& drift = *set.routes.at(0).drift;
  EXPECT_EQ(drift.score->part, AnswerPart::Tensor);
  EXPECT_EQ(drift.score->sample, 10_pct);
  EXPECT_EQ(drift.label->name, "/label");
  EXPECT_EQ(drift.reference, 500U);
}

TEST(DriftPolicy, RefusesWhatCannotBeRead) {
  const auto refused = [](const std::string& drift) {
    return all_problems(read_text(head + "  versions: [{name: v1, endpoints: [http://127.0.0.1:1]}]\n" + drift));
  };
  EXPECT_EQ(refused("  drift: {score: {header: x-score}}\n"), "") << "without any strategy, too";
  EXPECT_NE(refused("  drift: {}\n").find("needs score or label"), std::string::npos);
  EXPECT_NE(refused("  protocol: Raw\n  drift: {score: {tensor: a}}\n").find("protocol OpenInference"),
            std::string::npos);
  EXPECT_NE(refused("  drift: {label: {tokens: {}}}\n").find("is no class"), std::string::npos);
  EXPECT_NE(refused("  drift: {label: {tokensPerSecond: {}}}\n").find("label.tokensPerSecond"), std::string::npos);
  EXPECT_EQ(refused("  protocol: OpenAI\n  drift: {score: {tokens: {}}}\n"), "");
  EXPECT_NE(refused("  drift: {label: {tensor: a}, reference: 99}\n").find("between 100 and"), std::string::npos);
}

// ---- what others ask of a strategy

ModelRoute route_of(Strategy strategy) {
  ModelRoute route;
  route.strategy = std::move(strategy);
  return route;
}

TEST(Strategies, KnowWhetherCopiesAreMade) {
  EXPECT_TRUE(makes_copies(route_of(Shadow{})));
  BlueGreen flip;
  EXPECT_FALSE(makes_copies(route_of(flip)));
  flip.pre_promotion.mirror = 1_pct;
  EXPECT_TRUE(makes_copies(route_of(flip)));
  EXPECT_FALSE(makes_copies(route_of(Canary{})));
  Stages stages;
  stages.stages.emplace_back().strategy = Canary{};
  EXPECT_FALSE(makes_copies(route_of(stages)));
  ModelRoute mirrored = route_of(stages);
  mirrored.mirror.emplace();
  EXPECT_FALSE(makes_copies(mirrored));
  mirrored.mirror->percent = 1;
  EXPECT_TRUE(makes_copies(mirrored));
  stages.stages.emplace_back().strategy = flip;
  EXPECT_TRUE(makes_copies(route_of(stages)));
  EXPECT_FALSE(makes_copies(ModelRoute{}));
}

TEST(Strategies, KnowHowAnswersAreCompared) {
  Shadow shadow;
  ModelRoute route = route_of(shadow);
  EXPECT_EQ(compare_of(route), nullptr);
  shadow.compare.emplace().ulps = 3;
  route = route_of(shadow);
  ASSERT_NE(compare_of(route), nullptr);
  EXPECT_EQ(compare_of(route)->ulps, 3U);
  Stages stages;
  stages.stages.emplace_back().strategy = BlueGreen{};
  stages.stages.emplace_back().strategy = shadow;
  route = route_of(stages);
  ASSERT_NE(compare_of(route), nullptr);
  EXPECT_EQ(compare_of(route)->ulps, 3U);
  EXPECT_EQ(compare_of(route_of(Canary{})), nullptr);
}

const std::string disagreement = "{metric: disagreement, thresholdRange: {max: 1%}}";
const std::string mirrored = "  mirror: {percent: 5, compare: {noise: 2%}}\n";

std::string with_strategy(const std::string& route, const std::string& strategy) {
  return head + two_versions + route + "  strategy: {" + strategy + "}\n";
}

TEST(RouteMirrorPolicy, LetsEveryStrategyThatSplitsCheckDisagreement) {
  const std::string checks = "checks: [" + disagreement + "]";
  for (const std::string& strategy : std::vector<std::string>{
           "canary: {stable: v1, candidate: v2, pace: Evidence, analysis: {" + checks + "}}",
           "rolling: {stable: v1, candidate: v2, analysis: {" + checks + "}}",
           "abTest: {variants: [{version: v1, weight: 50}, {version: v2, weight: 50}], primaryMetric: click, "
           "guardrails: [" +
               disagreement + "]}",
           "bandit: {arms: [v1, v2], reward: click, guardrails: [" + disagreement + "]}"}) {
    const std::string outcome = "  outcomes: [{name: click}]\n";
    const PolicySet set = valid(with_strategy(mirrored + outcome, strategy));
    EXPECT_EQ(inactive_paths(set), Paths{}) << strategy;
    EXPECT_TRUE(makes_copies(set.routes.at(0)));
    ASSERT_NE(compare_of(set.routes.at(0)), nullptr);
    EXPECT_EQ(compare_of(set.routes.at(0))->noise, 2_pct);
    const std::string refused = all_problems(read_text(with_strategy(outcome, strategy)));
    EXPECT_NE(refused.find("by spec.mirror with a percent"), std::string::npos) << refused;
  }
}

TEST(RouteMirrorPolicy, IsNotForStrategiesThatSayThemselvesWhatIsCopied) {
  const auto refused = [](const std::string& strategy) {
    return all_problems(read_text(with_strategy(mirrored, strategy)));
  };
  const std::string shadow = refused("shadow: {live: v1, candidates: [{version: v2}]}");
  EXPECT_NE(shadow.find("mirror.percent: a shadow says itself what is copied"), std::string::npos) << shadow;
  EXPECT_NE(shadow.find("mirror.compare: shadow.compare says how"), std::string::npos) << shadow;
  const std::string flip = refused("blueGreen: {active: v1, preview: v2}");
  EXPECT_NE(flip.find("mirror.percent: blueGreen says itself"), std::string::npos) << flip;
}

TEST(RouteMirrorPolicy, SaysHowABlueGreensCopiesAreCompared) {
  const PolicySet set = valid(with_strategy("  mirror: {compare: {tolerance: 0.01}}\n",
                                            "blueGreen: {active: v1, preview: v2, prePromotion: {mirror: 10%, "
                                            "analysis: {checks: [" +
                                                disagreement + "]}}}"));
  EXPECT_EQ(compare_of(set.routes.at(0))->tolerance, 0.01);
}

TEST(RouteMirrorPolicy, IsWarnedOfWhereNothingIsCopied) {
  const std::string found = all_problems(
      read_text(with_strategy("  mirror: {compare: {}}\n", "canary: {stable: v1, candidate: v2, pace: Evidence}")));
  EXPECT_NE(found.find("nothing is copied; give it a percent"), std::string::npos) << found;
}

}  // namespace
}  // namespace sluice::policy
