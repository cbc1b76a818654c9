#include <set>

#include "rolling_world.hpp"

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;

/// "error-rate at most stable's and 2 % of all requests more", looked at every second.
policy::Analysis like_stable() {
  policy::Analysis analysis = errors_below(0.01);
  analysis.checks[0].threshold_range.reset();
  analysis.checks[0].versus_stable =
      policy::VersusStable{policy::Quantity{0.02, policy::QuantityUnit::Ratio}, std::nullopt};
  return analysis;
}

RollingWorld compared(int instances) {
  RollingWorld world(instances, instances);
  world.spec().min_ready = 10s;
  world.spec().analysis = like_stable();
  world.error_rate["v1"] = 0.01;
  world.error_rate["v2"] = 0.01;
  world.begin_rollout();
  return world;
}

TEST(RollingJudge, WhatTheOnlyInstanceIsComparedWithOutlivesAKillAtAnyMomentOfItsTrial) {
  for (int seconds = 0; seconds < 8; ++seconds) {
    for (const bool is_bad : {false, true}) {
      RollingWorld world = compared(1);
      ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::Settling) == 1; }, 60)) << world.told();
      for (int i = 0; i < seconds; ++i) world.tick();
      world.restart_process();
      if (is_bad) world.error_rate["v2"] = 0.5;
      ASSERT_TRUE(world.run_until([&] { return is_over(world.state.phase); }, 200)) << seconds << "\n" << world.told();
      EXPECT_EQ(world.state.phase, is_bad ? Phase::RolledBack : Phase::Promoted) << seconds << "\n" << world.told();
      if (is_bad) {
        EXPECT_NE(world.state.message.find("> max "), std::string::npos) << world.state.message;
      }
    }
  }
}

TEST(RollingJudge, WhatStableDidIsTheMeasureOfALastInstanceThatComesAfterAKill) {
  RollingWorld world = compared(3);
  world.node("b3").up = false;
  ASSERT_TRUE(world.run_until(
      [&] { return world.slots_in(SlotPhase::New) == 2 && world.slots_in(SlotPhase::Readying) == 1; }, 100))
      << world.told();
  world.restart_process();
  world.tick();
  world.node("b3").up = true;
  ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::Settling) == 1; }, 20)) << world.told();
  world.error_rate["v2"] = 0.5;
  ASSERT_TRUE(world.run_until([&] { return is_over(world.state.phase); }, 100)) << world.told();
  EXPECT_EQ(world.state.reason, "CheckFailed") << world.told();
}

TEST(RollingJudge, AComparisonThatIsRememberedIsShownAsOne) {
  RollingWorld world = compared(1);
  ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::Settling) == 1; }, 60)) << world.told();
  world.restart_process();
  for (int i = 0; i < 5; ++i) world.tick();
  ASSERT_EQ(world.state.checks.size(), 1u);
  const CheckMemory& check = world.state.checks[0];
  EXPECT_EQ(check.rule, "margin 2%");
  EXPECT_EQ(check.verdict, Verdict::Pass) << check.message;
  EXPECT_DOUBLE_EQ(check.reference.value_or(0), 0.01);
  EXPECT_GT(check.threshold.value_or(0), 0.03) << "stable may truly have been worse than it was seen to be";
  EXPECT_LT(check.threshold.value_or(1), 0.08);
}

TEST(RollingJudge, WhatStableWasSeenToDoByChanceCondemnsNobodyOnceStableIsGone) {
  RollingWorld world = compared(2);
  world.spec().analysis->checks[0].versus_stable->margin->value = 0.005;
  world.error_rate["v1"] = 0.002;
  world.error_rate["v2"] = 0.009;  // a little more than both together, which stable's few requests cannot tell apart
  ASSERT_TRUE(world.run_until([&] { return is_over(world.state.phase); }, 300)) << world.told();
  EXPECT_EQ(world.state.phase, Phase::Promoted) << world.told();
}

TEST(RollingJudge, AValueFromPrometheusIsNotTakenOverIntoTheNextInstancesWindow) {
  RollingWorld world(3, 3);
  world.spec().analysis = errors_below(0.01);
  world.spec().analysis->checks[0].prometheus = policy::PrometheusQuery{};
  world.begin_rollout();
  std::map<std::uint64_t, std::set<std::string>> keys;  // by window
  for (int i = 0; i < 60; ++i) {
    const std::uint64_t window = world.state.window;
    const bool passes = i % 10 == 9 && world.state.phase == Phase::Progressing;
    const Transition made = passes ? world.command(Verb::Promote) : world.tick();
    for (const Query& query : made.queries) keys[window].insert(query.key);
  }
  ASSERT_EQ(keys.size(), 2u) << world.told();
  for (const auto& [window, of_window] : keys) EXPECT_EQ(of_window.size(), 1u) << window;
  EXPECT_NE(*keys.begin()->second.begin(), *keys.rbegin()->second.begin());
}

}  // namespace
}  // namespace sluice::strategy
