#include "sluice/strategy/stages.hpp"

#include <gtest/gtest.h>

#include "rig.hpp"

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;
using policy::StageEnd;

policy::Shadow shadow() {
  policy::Shadow made;
  made.live = "v1";
  made.candidates = {{"v2", 50, {}}};
  made.analysis = analysis_of({error_rate_below(0.01)});
  made.stop_when = policy::ShadowStop::Conclusive;
  return made;
}

/// One share of 20 %, then everything.
policy::Canary canary() {
  policy::Canary made;
  made.stable = "v1";
  made.candidate = "v2";
  made.steps.emplace_back().weight = 20;
  made.analysis = analysis_of({error_rate_below(0.01)});
  return made;
}

policy::BlueGreen flip() {
  policy::BlueGreen made;
  made.active = "v1";
  made.preview = "v2";
  made.auto_promote.enabled = true;
  made.post_promotion.analysis = analysis_of({error_rate_below(0.01)});
  return made;
}

policy::AbTest even_split() {
  policy::AbTest made;
  made.variants = {{"v1", 1, {}}, {"v2", 1, {}}};
  return made;
}

policy::AbTest test_of_errors() {
  auto made = even_split();
  made.primary_metric = "error-rate";
  made.on_winner = policy::OnWinner::Promote;
  return made;
}

policy::Stage stage(policy::StageStrategy strategy, StageEnd until = StageEnd::Passed, Duration at_least = {}) {
  policy::Stage made;
  made.strategy = std::move(strategy);
  made.until = until;
  made.at_least = at_least;
  return made;
}

Rig<policy::Stages> rig(std::vector<policy::Stage> stages) {
  return {policy::Stages{std::move(stages)}, {"v1", "v2"}};
}

void pass_shadow(Rig<policy::Stages>& r) {
  r.copy("v2", 500);
  r.tick(10s);
}

/// A canary's first tick begins its first share.
void pass_canary(Rig<policy::Stages>& r) {
  for (int i = 0; i < 3 && r.state.weight == 0; ++i) r.tick();
  r.serve("v1", 2000);
  r.serve("v2", 500);
  r.tick(10s);
}

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

// ---- verbs

TEST(Stages, PromoteMovesTheStageUnderWay) {
  auto slow = canary();
  slow.steps.emplace_back().weight = 40;
  auto r = rig({stage(slow), stage(flip())});
  for (int i = 0; i < 3 && r.state.weight == 0; ++i) r.tick();
  EXPECT_EQ(r.say(Verb::Promote), "");
  EXPECT_EQ(r.state.stage, 0u);
  EXPECT_DOUBLE_EQ(r.share("v2"), 0.4);
  EXPECT_EQ(r.say(Verb::Promote), "");
  EXPECT_EQ(r.state.stage, 1u);
}

TEST(Stages, PromoteTakesAShadowsCandidateOnToTheNextStage) {
  auto endless = shadow();
  endless.stop_when = policy::ShadowStop::Never;
  auto r = rig({stage(endless), stage(canary())});
  r.tick(1h);
  EXPECT_EQ(r.say(Verb::Promote), "");
  EXPECT_EQ(r.state.stage, 1u);
  EXPECT_EQ(r.share("v1"), 1) << "not live yet: the canary decides";
}

TEST(Stages, PromoteFullyGoesToTheLastStagesCandidate) {
  for (const policy::StageStrategy& last : {policy::StageStrategy(flip()), policy::StageStrategy(canary()),
                                            policy::StageStrategy(shadow()), policy::StageStrategy(test_of_errors())}) {
    auto r = rig({stage(shadow()), stage(canary()), stage(last)});
    EXPECT_EQ(r.say(Verb::Promote, true), "") << last.index();
    EXPECT_EQ(r.state.phase, Phase::Promoted) << last.index();
    EXPECT_EQ(r.state.stage, 2u);
    EXPECT_EQ(r.state.live, "v2");
    EXPECT_EQ(r.share("v2"), 1);
    EXPECT_EQ(r.told("Promoted"), 1);
    EXPECT_EQ(r.say(Verb::Undo), "");
    EXPECT_EQ(r.share("v1"), 1);
  }
}

TEST(Stages, PromoteFullyIsRefusedWhereItIsNotClearWhoOrNobodyAnswers) {
  auto three = test_of_errors();
  three.variants.push_back({"v3", 1, {}});
  Rig<policy::Stages> r(policy::Stages{{stage(shadow()), stage(three)}}, {"v1", "v2", "v3"});
  const auto before = r.state;
  EXPECT_NE(r.say(Verb::Promote, true).find("several candidates"), std::string::npos);
  EXPECT_EQ(r.state, before);

  for (const policy::StageStrategy& last : {policy::StageStrategy(flip()), policy::StageStrategy(test_of_errors())}) {
    auto down = rig({stage(shadow()), stage(last)});
    down.usable("v2", 0);
    EXPECT_NE(down.say(Verb::Promote, true).find("'v2' cannot take the traffic"), std::string::npos);
    EXPECT_EQ(down.state.stage, 0u);
    EXPECT_EQ(down.share("v1"), 1);
  }
}

TEST(Stages, UndoAfterTheEndGoesBackToTheFirstStableVersion) {
  auto r = rig({stage(shadow()), stage(canary())});
  pass_shadow(r);
  pass_canary(r);
  ASSERT_EQ(r.state.phase, Phase::Promoted);
  r.usable("v1", 0);
  EXPECT_NE(r.say(Verb::Undo).find("'v1' cannot take the traffic"), std::string::npos);
  r.usable("v1", 2);
  EXPECT_EQ(r.say(Verb::Undo), "");
  EXPECT_EQ(r.where(), "Aborted/Undone");
  EXPECT_EQ(r.share("v1"), 1);
}

TEST(Stages, UndoBeforeTheEndIsForAFlipOnly) {
  auto r = rig({stage(canary()), stage(flip())});
  r.tick().tick();
  EXPECT_NE(r.say(Verb::Undo).find("use abort"), std::string::npos);
  pass_canary(r);
  r.tick().tick();
  ASSERT_EQ(r.share("v2"), 1);
  EXPECT_EQ(r.say(Verb::Undo), "");
  EXPECT_EQ(r.where(), "Aborted/Undone");
  EXPECT_EQ(r.share("v1"), 1);
}

TEST(Stages, AreReleasedAfterTheEnd) {
  auto r = rig({stage(shadow()), stage(canary())});
  pass_shadow(r);
  pass_canary(r);
  r.tick(10min).tick();
  EXPECT_EQ(r.told("Released"), 1);
  EXPECT_EQ(r.share("v2"), 1);
}

TEST(Stages, ATestsTimeBeginsWithItsStage) {
  auto test = test_of_errors();
  test.max_duration = 1h;
  auto r = rig({stage(even_split(), StageEnd::Passed, 3h), stage(test)});
  r.tick(3h).tick();
  ASSERT_EQ(r.state.stage, 1u);
  r.tick(30min);
  EXPECT_EQ(r.state.phase, Phase::Progressing) << "not over before it began";
  r.tick(30min).tick(10s);
  EXPECT_EQ(r.where(), "Concluded/MaxDuration");
}

TEST(Stages, GatesOfTwoStagesAreAskedApart) {
  auto asked = flip();
  asked.post_promotion = {};
  asked.webhooks = {hook(policy::WebhookType::ConfirmPromotion)};
  auto r = rig({stage(asked), stage(asked)});
  r.tick().tick();
  r.answer("confirm-promotion", ErrandAnswer::State::Succeeded);
  r.tick();
  ASSERT_EQ(r.state.stage, 1u);
  r.tick().tick().tick();
  EXPECT_EQ(r.where(), "Progressing/AwaitingConfirmation") << "the first stage's yes is not the second's";
  EXPECT_EQ(r.share("v1"), 1);
}

}  // namespace
}  // namespace sluice::strategy
