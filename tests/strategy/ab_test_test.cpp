#include "sluice/strategy/ab_test.hpp"

#include <gtest/gtest.h>

#include "ab_tests.hpp"

namespace sluice::strategy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// ---- the split

TEST(AbTest, SplitsByTheVariantsWeights) {
  const auto route = route_with({"v1", "v2", "v3", "spare"});
  const auto steering = steer(test_of({{"v3", 1}, {"v1", 2}, {"v2", 1}}), route, {});
  ASSERT_TRUE(steering.ok());
  EXPECT_DOUBLE_EQ(steering->plan.target_share(0), 0.5);
  EXPECT_DOUBLE_EQ(steering->plan.target_share(1), 0.25);
  EXPECT_DOUBLE_EQ(steering->plan.target_share(2), 0.25);
  EXPECT_DOUBLE_EQ(steering->plan.target_share(3), 0);
  EXPECT_EQ(steering->roles, (std::vector<std::string>{"variant", "variant", "control", "idle"}));
}

TEST(AbTest, TakesTheFirstVariantAsControlUnlessNamed) {
  const auto route = route_with({"v1", "v2"});
  auto test = test_of({{"v2", 1}, {"v1", 1}});
  EXPECT_EQ(steer(test, route, {})->plan.spec().stable, 1);
  test.control = "v1";
  EXPECT_EQ(steer(test, route, {})->plan.spec().stable, 0);
}

TEST(AbTest, GivesThoseOutsideTheAudienceTheControl) {
  auto test = test_of({{"v2", 1}, {"v1", 1}});
  test.audience = {header_match("country", "de")};
  const auto steering = steer(test, route_with({"v1", "v2"}), {});
  ASSERT_TRUE(steering.ok());
  const auto& spec = steering->plan.spec();
  EXPECT_EQ(spec.otherwise.kind, traffic::Target::Kind::Version);
  EXPECT_EQ(spec.otherwise.index, 1);
  ASSERT_EQ(spec.rules.size(), 1u);
  EXPECT_EQ(spec.rules[0].target.kind, traffic::Target::Kind::Split);
}

TEST(AbTest, LetsTheControlAnswerWhatAVariantFails) {
  auto test = test_of({{"v1", 1}, {"v2", 1}});
  const auto route = route_with({"v1", "v2", "v3"});
  EXPECT_EQ(steer(test, route, {})->fallbacks, (std::vector<std::int32_t>{-1, 0, -1}));
  test.parachute = false;
  EXPECT_EQ(steer(test, route, {})->fallbacks, (std::vector<std::int32_t>{-1, -1, -1}));
}

TEST(AbTest, RefusesWhatNoPlanCanBeMadeOf) {
  const auto route = route_with({"v1", "v2"});
  const auto refused = [&](const policy::AbTest& test) { return !steer(test, route, {}).ok(); };
  EXPECT_TRUE(refused(test_of({{"v1", 1}, {"v9", 1}})));
  EXPECT_TRUE(refused(test_of({{"v1", 0}, {"v2", 0}})));
  EXPECT_TRUE(refused(test_of({{"v1", 1}, {"v1", 1}})));
  EXPECT_TRUE(refused(test_of({})));
  auto control = test_of({{"v1", 1}, {"v2", 1}});
  control.control = "v9";
  EXPECT_TRUE(refused(control));
  auto audience = test_of({{"v1", 1}, {"v2", 1}});
  audience.audience = {broken_match()};
  EXPECT_TRUE(refused(audience));
}

TEST(PlainSplit, DecidesNothing) {
  auto split = rig(test_of({{"v1", 3}, {"v2", 1}}));
  EXPECT_EQ(split.where(), "Idle/Split");
  split.serve("v2", 5000, 5000);
  for (int i = 0; i < 50; ++i) split.tick(minutes(1));
  EXPECT_EQ(split.where(), "Idle/Split");
  EXPECT_TRUE(split.events.empty());
  EXPECT_DOUBLE_EQ(split.share("v2"), 0.25);
}

TEST(PlainSplit, IsNotJudgedByWhatItCountedBeforeItBecameATest) {
  auto r = rig(test_of({{"v1", 1}, {"v2", 1}}));
  r.tick();
  serve_both(r, 0, 500);
  r.tick(std::chrono::hours(30 * 24));
  r.spec.primary_metric = "error-rate";
  r.spec.max_duration = std::chrono::hours(14 * 24);
  const auto window = r.state.window;
  r.tick();
  EXPECT_EQ(r.where(), "Progressing/Testing");
  EXPECT_GT(r.state.window, window);
  r.tick(std::chrono::seconds(10));
  EXPECT_EQ(r.where(), "Progressing/Testing") << r.state.message;
  EXPECT_EQ(r.told("ArmDropped"), 0) << "nothing was counted for the test yet";
  r.tick(std::chrono::hours(14 * 24) - std::chrono::seconds(11));
  EXPECT_EQ(r.where(), "Progressing/Testing");
  r.tick(std::chrono::seconds(1));
  EXPECT_EQ(r.where(), "Concluded/MaxDuration");
}

TEST(PlainSplit, BecomesATestWhenThePolicyNamesAMetricAndBack) {
  auto split = rig(test_of({{"v1", 1}, {"v2", 1}}));
  split.spec.primary_metric = "error-rate";
  EXPECT_EQ(split.tick().where(), "Progressing/Testing");
  split.spec.primary_metric.clear();
  EXPECT_EQ(split.tick().where(), "Idle/Split");
}

// ---- a winner

TEST(Winner, IsReportedAndLeftToAPerson) {
  auto test = rig(deciding());
  serve_both(test, 200, 40);
  test.tick(seconds(9));
  EXPECT_EQ(test.where(), "Progressing/Testing") << "the first look comes after an interval";
  test.tick(seconds(1));
  EXPECT_EQ(test.where(), "Concluded/WinnerFound");
  EXPECT_EQ(test.state.winner, "v2");
  EXPECT_TRUE(test.state.message.starts_with("'v2' wins: error-rate 2% against v1's 10%: -80% (-"))
      << test.state.message;
  EXPECT_TRUE(test.state.message.ends_with("%), n=2 000, v1 n=2 000; the traffic stays as it is"))
      << test.state.message;
  EXPECT_EQ(test.told("WinnerFound"), 1);
  EXPECT_DOUBLE_EQ(test.share("v2"), 0.5);
  EXPECT_EQ(test.fallback("v2"), 0);
  EXPECT_EQ(test.say(Verb::Promote), "");
  EXPECT_EQ(test.where(), "Promoted/Promoted");
  EXPECT_DOUBLE_EQ(test.share("v2"), 1);
}

TEST(Winner, GetsEveryoneWherePromotionIsWished) {
  auto spec = deciding();
  spec.on_winner = policy::OnWinner::Promote;
  spec.audience = {header_match("country", "de")};
  auto test = rig(spec);
  serve_both(test, 200, 40);
  test.tick(seconds(10));
  EXPECT_EQ(test.where(), "Promoted/Promoted");
  EXPECT_EQ(test.state.live, "v2");
  EXPECT_EQ(test.told("WinnerFound"), 1);
  EXPECT_EQ(test.told("Promoted"), 1);
  const auto steering = test.steering();
  EXPECT_TRUE(steering.plan.spec().rules.empty()) << "those outside the audience too";
  EXPECT_DOUBLE_EQ(steering.plan.target_share(1), 1);
  EXPECT_EQ(steering.plan.spec().stable, 1);
  EXPECT_EQ(test.role("v2"), "stable");
  EXPECT_EQ(test.fallback("v2"), -1);
  EXPECT_DOUBLE_EQ(test.state.arms[1].share, 1);
  test.tick(hours(100));
  EXPECT_EQ(test.where(), "Promoted/Promoted");
}

TEST(Winner, IsNobodyWhileItMayBeChance) {
  auto test = rig(deciding());
  serve_both(test, 40, 30);
  for (int i = 0; i < 1000; ++i) test.tick(seconds(10));
  EXPECT_EQ(test.where(), "Progressing/Testing");
  EXPECT_TRUE(test.state.message.starts_with("'v2' error-rate 1.5% against v1's 2%: -25% (-")) << test.state.message;
  EXPECT_NE(test.state.message.find(", n=2 000, v1 n=2 000, about "), std::string::npos) << test.state.message;
  EXPECT_TRUE(test.state.message.ends_with(" more requests")) << test.state.message;
  EXPECT_TRUE(test.events.empty());
}

TEST(Winner, MayBeTheControl) {
  auto spec = deciding();
  spec.eliminate_losers = false;
  auto test = rig(spec);
  serve_both(test, 40, 200);
  test.tick(seconds(10));
  EXPECT_EQ(test.where(), "Concluded/WinnerFound");
  EXPECT_EQ(test.state.winner, "v1");
}

TEST(Winner, MustBeatEveryOtherVariantAsWell) {
  auto test = rig(deciding({{"v1", 1}, {"v2", 1}, {"v3", 1}}));
  serve_both(test, 200, 40);
  test.serve("v3", 2000, 50);
  test.tick(seconds(10));
  EXPECT_EQ(test.where(), "Progressing/Testing");
  test.serve("v3", 4000, 500);
  test.tick(seconds(10));
  EXPECT_EQ(test.state.winner, "v2");
}

TEST(Winner, MustBeBetterByTheSmallestEffect) {
  auto spec = deciding();
  spec.minimum_effect = 50_pct;
  auto test = rig(spec);
  serve_both(test, 1000, 600, 10'000);
  test.tick(seconds(10));
  EXPECT_EQ(test.where(), "Progressing/Testing") << "6 % against 10 % is less than half";
  test.spec.minimum_effect = 20_pct;
  test.tick(seconds(10));
  EXPECT_EQ(test.state.winner, "v2");
}

TEST(Winner, WaitsForAHundredRequestsOfEach) {
  auto test = rig(deciding());
  test.serve("v1", 5000, 4000);
  test.serve("v2", 99, 0);
  EXPECT_EQ(test.tick(seconds(10)).where(), "Progressing/Testing");
  test.serve("v2", 1, 0);
  EXPECT_EQ(test.tick(seconds(10)).where(), "Concluded/WinnerFound");
}

TEST(Winner, IsNotAVariantThatBreaksAGuardrail) {
  auto spec = deciding();
  spec.eliminate_losers = false;
  spec.guardrails = {at_most("error-rate", ratio(0.005))};
  auto test = rig(spec);
  serve_both(test, 0, 40);
  test.version("v1").all.failures = 400;
  test.tick(seconds(10));
  EXPECT_EQ(test.state.phase, Phase::Concluded) << "v1 breaks it as well: a control that is sick condemns nobody";
  spec.primary_metric = "latency-p50";
  auto judged = rig(spec);
  serve_both(judged, 0, 400);
  judged.tick(seconds(10));
  EXPECT_EQ(judged.told("CheckFailed"), 1);
  judged.tick(seconds(10));
  EXPECT_EQ(judged.told("CheckFailed"), 1) << "told once";
  EXPECT_DOUBLE_EQ(judged.share("v2"), 0.5) << "and kept, as the policy says";
}

// ---- losers

TEST(Losers, ThatBreakAGuardrailGetNothingMore) {
  auto spec = deciding({{"v1", 1}, {"v2", 1}, {"v3", 2}});
  spec.primary_metric = "latency-p50";
  spec.guardrails = {no_worse_by("error-rate", ratio(0.01))};
  auto test = rig(spec);
  serve_both(test, 20, 200);
  test.serve("v3", 2000, 20);
  test.tick(seconds(10));
  EXPECT_EQ(test.where(), "Progressing/Testing");
  ASSERT_EQ(test.told("ArmDropped"), 1);
  EXPECT_TRUE(test.events[0].text.starts_with("'v2' to 0%: error-rate 10% > 2% (stable 1% + 1%), n=2 000, stable "))
      << test.events[0].text;
  EXPECT_TRUE(test.state.arms[1].dropped);
  EXPECT_DOUBLE_EQ(test.share("v2"), 0);
  EXPECT_NEAR(test.share("v1"), 1.0 / 3, 1e-9) << "the others keep their proportions";
  EXPECT_NEAR(test.share("v3"), 2.0 / 3, 1e-9);
  test.version("v2").all.failures = 0;
  test.tick(seconds(10));
  EXPECT_DOUBLE_EQ(test.share("v2"), 0) << "for good";
}

TEST(Losers, ThatAreClearlyWorseAreTakenOutEarly) {
  auto test = rig(deciding({{"v1", 1}, {"v2", 1}, {"v3", 1}}));
  serve_both(test, 40, 300);
  test.serve("v3", 2000, 35);
  test.tick(seconds(10));
  EXPECT_EQ(test.told("ArmDropped"), 1);
  EXPECT_DOUBLE_EQ(test.share("v2"), 0);
  EXPECT_EQ(test.where(), "Progressing/Testing");
}

TEST(Losers, LeaveTheControlWhenTheyAreAllOut) {
  auto spec = deciding();
  spec.on_winner = policy::OnWinner::Promote;
  auto test = rig(spec);
  serve_both(test, 40, 300);
  test.tick(seconds(10));
  EXPECT_EQ(test.where(), "Concluded/ControlRemains");
  EXPECT_EQ(test.state.winner, "v1");
  EXPECT_DOUBLE_EQ(test.share("v1"), 1);
}

TEST(Losers, AreTakenOutAlsoWhileAPersonPauses) {
  auto test = rig(deciding({{"v1", 1}, {"v2", 1}, {"v3", 1}}));
  test.state.paused = true;
  serve_both(test, 40, 300);
  test.serve("v3", 2000, 35);
  test.tick(seconds(10));
  EXPECT_DOUBLE_EQ(test.share("v2"), 0);
  EXPECT_EQ(test.where(), "Progressing/Testing");
}

TEST(Pause, KeepsATestFromEnding) {
  auto spec = deciding();
  spec.max_duration = minutes(1);
  auto test = rig(spec);
  test.state.paused = true;
  serve_both(test, 200, 40);
  test.tick(minutes(5));
  EXPECT_EQ(test.where(), "Progressing/Testing");
  test.state.paused = false;
  test.tick(seconds(10));
  EXPECT_EQ(test.where(), "Concluded/WinnerFound");
}

// ---- other ends

TEST(MaxDuration, EndsATestWithoutAWinner) {
  auto spec = deciding();
  spec.max_duration = hours(1);
  auto test = rig(spec);
  serve_both(test, 40, 30);
  test.tick(minutes(59));
  EXPECT_EQ(test.where(), "Progressing/Testing");
  test.tick(minutes(1));
  EXPECT_EQ(test.where(), "Concluded/MaxDuration");
  EXPECT_TRUE(test.state.message.starts_with("no winner after 1h: 'v2' error-rate 1.5% against v1's 2%: -25% "))
      << test.state.message;
  EXPECT_TRUE(test.state.message.ends_with("; the traffic stays as it is")) << test.state.message;
  EXPECT_EQ(test.told("Concluded"), 1);
  EXPECT_DOUBLE_EQ(test.share("v2"), 0.5);
}

TEST(Guardrails, ThatStayUndecidedTooLongHoldTheTestForAPerson) {
  auto spec = deciding();
  spec.guardrails = {at_most("latency-p99", policy::Quantity{1, policy::QuantityUnit::Seconds})};
  spec.guardrails[0].inconclusive_limit = 2;
  auto test = rig(spec);
  test.tick(seconds(10)).tick(seconds(10));
  EXPECT_EQ(test.where(), "Progressing/Testing");
  test.tick(seconds(10));
  EXPECT_EQ(test.where(), "Held/Undecided");
  EXPECT_EQ(test.say(Verb::Promote), "");
  EXPECT_EQ(test.where(), "Progressing/Testing") << "a person goes on nevertheless";
  test.tick(seconds(10));
  EXPECT_EQ(test.where(), "Progressing/Testing");
}

TEST(Guardrails, AskPrometheusAboutEveryVariantAtEveryTick) {
  auto spec = deciding();
  spec.guardrails = {from_prometheus(no_worse_by("gpu-memory", number(0.1)))};
  auto test = rig(spec);
  for (const auto after : {seconds(1), seconds(1), seconds(9)}) {
    test.tick(after);
    ASSERT_EQ(test.last.queries.size(), 2u);
    EXPECT_EQ(test.last.queries[0].promql, "up{version=\"v2\"}");
    EXPECT_EQ(test.last.queries[1].promql, "up{version=\"v1\"}");
  }
  test.evidence.queries[test.last.queries[0].key] = {QueryAnswer::State::Value, 0.9, "", test.now};
  test.evidence.queries[test.last.queries[1].key] = {QueryAnswer::State::Value, 0.5, "", test.now};
  test.tick(seconds(10));
  EXPECT_EQ(test.told("ArmDropped"), 1);
}

TEST(AbTestState, SaysTheSameAfterARestart) {
  auto test = rig(deciding({{"v1", 1}, {"v2", 1}, {"v3", 1}}));
  serve_both(test, 40, 300);
  test.serve("v3", 2000, 35);
  test.tick(seconds(10));
  const auto before = test.steering();
  test.restart_process();
  test.tick(seconds(10));
  EXPECT_EQ(test.steering().plan.target_share(0), before.plan.target_share(0));
  EXPECT_EQ(test.steering().plan.target_share(1), 0);
  EXPECT_EQ(test.where(), "Progressing/Testing");
}

TEST(AbTestWeights, ActAtOnceWhenThePolicyChangesThem) {
  auto test = rig(deciding());
  test.spec.variants[1].weight = 3;
  EXPECT_DOUBLE_EQ(test.share("v2"), 0.75);
  test.tick();
  EXPECT_DOUBLE_EQ(test.state.arms[1].share, 0.75);
  EXPECT_DOUBLE_EQ(test.state.weight, 0.75);
}

}  // namespace
}  // namespace sluice::strategy
