#include "sluice/strategy/stages.hpp"

#include <gtest/gtest.h>

#include "rows.hpp"

namespace sluice::strategy::rows {
namespace {

using namespace std::chrono_literals;
using policy::StageEnd;

// ---- one after another

TEST(Stages, EachOneThatPassesBeginsTheNext) {
  auto r = rig({stage(shadow()), stage(canary()), stage(flip())});
  EXPECT_EQ(r.state.stage, 0u);
  EXPECT_EQ(r.mirrored("v2"), 0.5);
  pass_shadow(r);
  EXPECT_EQ(r.state.stage, 1u);
  EXPECT_EQ(r.told("StageBegun"), 1);
  EXPECT_EQ(r.mirrored("v2"), 0);
  r.tick().tick();
  EXPECT_DOUBLE_EQ(r.share("v2"), 0.2);
  EXPECT_EQ(r.role("v2"), "candidate");
  pass_canary(r);
  EXPECT_EQ(r.state.stage, 2u);
  EXPECT_EQ(r.share("v2"), 0) << "the traffic follows the stage's own definition";
  r.tick().tick();
  EXPECT_EQ(r.share("v2"), 1);
  EXPECT_EQ(r.state.phase, Phase::Progressing) << "it is watched after the flip";
  r.serve("v2", 500);
  r.tick(10s);
  EXPECT_EQ(r.state.phase, Phase::Promoted);
  EXPECT_EQ(r.state.live, "v2");
  EXPECT_EQ(r.told("StageBegun"), 2);
  EXPECT_EQ(r.told("Promoted"), 1) << "only the last stage promotes";
}

TEST(Stages, BeginAfreshWithWhatTheWholeRolloutHas) {
  auto r = rig({stage(shadow()), stage(canary())});
  const auto before = r.state;
  pass_shadow(r);
  EXPECT_GT(r.state.window, before.window);
  EXPECT_EQ(r.state.number, before.number);
  EXPECT_EQ(r.state.begun, before.begun);
  EXPECT_EQ(r.state.stage_since, r.now);
  EXPECT_TRUE(r.state.arms.empty());
  EXPECT_TRUE(r.state.checks.empty());
  EXPECT_EQ(r.state.live, "v1");
  EXPECT_EQ(r.state.winner, "");
}

TEST(Stages, OldTrafficIsNotJudgedInTheNextStage) {
  auto r = rig({stage(canary()), stage(flip())});
  pass_canary(r);
  ASSERT_EQ(r.state.stage, 1u);
  const auto stale = r.evidence;
  r.tick().tick();
  r.evidence = stale;
  r.tick(10s);
  EXPECT_EQ(r.state.phase, Phase::Progressing) << "500 good requests of the stage before are no evidence";
}

// ---- waiting

TEST(Stages, WaitForAPersonWhereThePolicySaysSo) {
  auto r = rig({stage(shadow(), StageEnd::Approved), stage(canary())});
  pass_shadow(r);
  EXPECT_EQ(r.where(), "Paused/AwaitingApproval");
  EXPECT_EQ(r.mirrored("v2"), 0.5) << "it goes on being watched";
  EXPECT_EQ(r.told("Paused"), 1);
  EXPECT_NE(r.state.message.find("stage 1 of 2"), std::string::npos) << r.state.message;
  r.tick(1h).tick(1s).tick(10s);
  EXPECT_EQ(r.where(), "Paused/AwaitingApproval");
  EXPECT_EQ(r.told("Paused"), 1);
  EXPECT_EQ(r.told("Concluded"), 0);
  EXPECT_EQ(r.say(Verb::Promote), "");
  EXPECT_EQ(r.state.stage, 1u);
}

TEST(Stages, LastAtLeastTheirTime) {
  auto r = rig({stage(canary(), StageEnd::Passed, 24h), stage(flip())});
  pass_canary(r);
  EXPECT_EQ(r.where(), "Paused/AwaitingStageTime");
  EXPECT_DOUBLE_EQ(r.share("v2"), 0.2) << "a few users, not everyone, for the rest of the day";
  EXPECT_EQ(r.fallback("v2"), 0);
  while (r.now < r.state.stage_since + 24h - 20s) r.tick(10s);
  EXPECT_EQ(r.where(), "Paused/AwaitingStageTime") << "standing still for a day is no lack of progress";
  EXPECT_EQ(r.state.stage, 0u);
  r.tick(20s);
  EXPECT_EQ(r.state.stage, 1u);
  EXPECT_EQ(r.told("Paused"), 1);
}

TEST(Stages, OneThatFailsWhileItsEndIsAwaitedFails) {
  auto r = rig({stage(canary(), StageEnd::Approved), stage(flip())});
  pass_canary(r);
  ASSERT_EQ(r.where(), "Paused/AwaitingApproval");
  r.serve("v2", 500, 250);
  r.tick(10s);
  EXPECT_EQ(r.where(), "RolledBack/CheckFailed");
  EXPECT_EQ(r.share("v1"), 1);
}

TEST(Stages, OneThatHasPassedHasPassedAlsoAfterARestart) {
  auto r = rig({stage(shadow(), StageEnd::Approved), stage(canary(), StageEnd::Passed, 1h), stage(flip())});
  pass_shadow(r);
  r.restart_process();
  r.tick(10s).tick(10s);
  EXPECT_EQ(r.where(), "Paused/AwaitingApproval");
  EXPECT_EQ(r.told("Paused"), 1);
  r.say(Verb::Promote);
  pass_canary(r);
  ASSERT_EQ(r.where(), "Paused/AwaitingStageTime");
  r.restart_process();
  r.tick(10s).tick(1h);
  EXPECT_EQ(r.state.stage, 2u) << "no request since, and none needed";
}

TEST(Stages, HoursAreKeptWhileTheEndIsAwaited) {
  auto observed = shadow();
  observed.schedule.push_back({{}, {0}, {6 * 60}, {}});
  auto r = rig({stage(observed, StageEnd::Approved), stage(canary())});
  pass_shadow(r);
  r.tick(6h);
  EXPECT_EQ(r.where(), "Paused/AwaitingApproval");
  EXPECT_EQ(r.mirrored("v2"), 0) << "it is outside the hours";
  EXPECT_EQ(r.say(Verb::Promote), "");
  EXPECT_EQ(r.state.stage, 1u);
}

TEST(Stages, PromoteGoesOnBeforeTheTimeIsOver) {
  auto r = rig({stage(canary(), StageEnd::Passed, 24h), stage(flip())});
  pass_canary(r);
  EXPECT_EQ(r.say(Verb::Promote), "");
  EXPECT_EQ(r.state.stage, 1u);
}

TEST(Stages, TheLastOneWaitsAsWell) {
  auto r = rig({stage(shadow()), stage(canary(), StageEnd::Approved)});
  pass_shadow(r);
  pass_canary(r);
  EXPECT_EQ(r.where(), "Paused/AwaitingApproval");
  EXPECT_DOUBLE_EQ(r.share("v2"), 0.2);
  EXPECT_EQ(r.say(Verb::Promote), "");
  EXPECT_EQ(r.state.phase, Phase::Promoted);
  EXPECT_EQ(r.share("v2"), 1);
}

TEST(Stages, AWinnerFoundAtOneLookWaitsThroughTheNext) {
  auto r = rig({stage(test_of_errors(), StageEnd::Approved), stage(flip())});
  r.tick();
  r.serve("v1", 5000, 1500);
  r.serve("v2", 5000, 5);
  r.tick(10s);
  ASSERT_EQ(r.where(), "Paused/AwaitingApproval");
  EXPECT_EQ(r.state.winner, "v2");
  EXPECT_DOUBLE_EQ(r.share("v2"), 0.5) << "the split stays as it is";
  for (int i = 0; i < 25; ++i) {
    r.tick();
    EXPECT_EQ(r.where(), "Paused/AwaitingApproval") << i;
  }
  EXPECT_EQ(r.told("Paused"), 1);
  EXPECT_EQ(r.say(Verb::Promote), "");
  EXPECT_EQ(r.state.stage, 1u);
}

TEST(Stages, APlainSplitLastsItsTimeAndIsSatisfied) {
  auto r = rig({stage(even_split(), StageEnd::Passed, 7 * 24h), stage(canary())});
  EXPECT_EQ(r.state.phase, Phase::Progressing) << "the rollout as a whole has something to decide";
  r.tick();
  EXPECT_EQ(r.where(), "Paused/AwaitingStageTime");
  EXPECT_DOUBLE_EQ(r.share("v2"), 0.5);
  r.tick(7 * 24h);
  EXPECT_EQ(r.state.stage, 1u);

  auto last = rig({stage(shadow()), stage(even_split())});
  pass_shadow(last);
  last.tick();
  EXPECT_EQ(last.where(), "Concluded/Split");
  EXPECT_DOUBLE_EQ(last.share("v2"), 0.5);
  EXPECT_EQ(last.say(Verb::Abort), "");
  EXPECT_EQ(last.share("v1"), 1);
}

TEST(Stages, NothingBeginsWhilePaused) {
  auto r = rig({stage(shadow(), StageEnd::Approved), stage(canary())});
  r.state.paused = true;
  pass_shadow(r);
  r.tick(10s);
  EXPECT_EQ(r.state.stage, 0u);
}

// ---- failures

TEST(Stages, AFailureInAnyReturnsToTheFirstStableVersion) {
  auto r = rig({stage(shadow()), stage(canary())});
  pass_shadow(r);
  r.tick().tick();
  r.serve("v1", 2000);
  r.serve("v2", 500, 100);
  r.tick(10s);
  EXPECT_EQ(r.where(), "RolledBack/CheckFailed");
  EXPECT_EQ(r.state.live, "v1");
  EXPECT_EQ(r.share("v1"), 1);
  EXPECT_EQ(r.role("v1"), "stable");
  EXPECT_EQ(r.told("RolledBack"), 1);
  const auto before = r.state;
  r.tick(1h);
  EXPECT_EQ(r.state, before);
}

TEST(Stages, AStageWithoutABetterVersionEndsTheRollout) {
  auto fails = rig({stage(shadow()), stage(canary())});
  fails.copy("v2", 500, 100);
  fails.tick(10s);
  EXPECT_EQ(fails.where(), "RolledBack/StageFailed");
  EXPECT_EQ(fails.told("RolledBack"), 1);
  EXPECT_EQ(fails.share("v1"), 1);
  EXPECT_EQ(fails.mirrored("v2"), 0);

  auto loses = rig({stage(test_of_errors()), stage(flip())});
  loses.tick();
  loses.serve("v1", 5000, 5);
  loses.serve("v2", 5000, 1500);
  loses.tick(10s).tick(10s);
  EXPECT_EQ(loses.where(), "RolledBack/StageFailed") << "the control won";
  EXPECT_EQ(loses.share("v1"), 1);
}

TEST(Stages, TheLastOnesResultStands) {
  auto r = rig({stage(canary()), stage(shadow())});
  pass_canary(r);
  r.copy("v2", 500, 100);
  r.tick(10s);
  EXPECT_EQ(r.where(), "Concluded/CheckFailed");
  EXPECT_EQ(r.share("v1"), 1);
}

TEST(Stages, TheFirstStableVersionIsTheFirstStagesAlsoWhenALaterOneHasAnother) {
  auto second = canary();
  second.stable = "v2";
  second.candidate = "v3";
  Rig<policy::Stages> r(policy::Stages{{stage(shadow()), stage(second)}}, {"v1", "v2", "v3"});
  pass_shadow(r);
  r.tick().tick();
  EXPECT_DOUBLE_EQ(r.share("v2"), 0.8);
  EXPECT_EQ(r.say(Verb::Abort), "");
  EXPECT_EQ(r.where(), "Aborted/Aborted");
  EXPECT_EQ(r.share("v1"), 1);
  EXPECT_NE(r.state.message.find("'v1'"), std::string::npos) << r.state.message;
}

TEST(Stages, ServersThatGotAnotherModelAreNotGoneBackTo) {
  policy::Rolling rolling;
  rolling.stable = "v1";
  rolling.candidate = "v2";
  rolling.replace = policy::Replace::ModelRepository;
  auto second = canary();
  second.stable = "v2";
  second.candidate = "v3";
  Rig<policy::Stages> r(policy::Stages{{stage(rolling), stage(second)}}, {"v1", "v2", "v3"});
  auto next = r.state;
  next.stage = 1;
  next.slots.clear();
  r.state = begin(policy::StageStrategy(second), next, {r.route, r.evidence, nullptr, r.now});
  r.tick().tick();
  EXPECT_EQ(r.say(Verb::Abort), "");
  EXPECT_EQ(r.share("v2"), 1) << "v1's servers serve v2 by now";
}

TEST(Stages, AHeldStageIsAPersonsToDecide) {
  auto observed = shadow();
  observed.analysis->checks[0].inconclusive_limit = 2;
  auto r = rig({stage(observed), stage(canary())});
  for (int i = 0; i < 5; ++i) r.tick(10s);
  EXPECT_EQ(r.where(), "Held/Undecided");
  EXPECT_EQ(r.say(Verb::Promote), "");
  EXPECT_EQ(r.state.stage, 1u) << "promote goes on nevertheless";
}

}  // namespace
}  // namespace sluice::strategy::rows
