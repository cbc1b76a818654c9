#include "canary_world.hpp"

namespace sluice::strategy {
namespace {

using Answer = ErrandAnswer::State;
using policy::WebhookType;

class CanaryHooksTest : public CanaryWorld {};

TEST_F(CanaryHooksTest, NothingMovesUntilTheRolloutIsConfirmed) {
  add_hook(WebhookType::ConfirmRollout);
  given({set_weight(5)});
  Transition asked = tick();
  ASSERT_EQ(asked.errands.size(), 1U);
  EXPECT_EQ(asked.errands[0].key, "fraud-1/1/begin/confirm-rollout/0");
  answer(asked, Answer::Refused);
  ticks(100, 1min);
  EXPECT_EQ(state.phase, Phase::Pending);
  EXPECT_EQ(state.reason, "AwaitingConfirmation");
  EXPECT_EQ(count("Waiting"), 1);
  answer(asked, Answer::Succeeded);
  tick();
  EXPECT_EQ(state.weight, 0.05);
}

TEST_F(CanaryHooksTest, TheTimeThatAPersonTookIsNotTheCandidates) {
  add_hook(WebhookType::ConfirmRollout);
  given({set_weight(5)});
  v2().usable = 0;
  const Transition asked = tick();
  tick(5h);
  answer(asked, Answer::Succeeded);
  ticks(2);
  EXPECT_EQ(state.reason, "CandidateNotReady");
  EXPECT_EQ(state.phase, Phase::Pending);
}

TEST_F(CanaryHooksTest, APreRolloutThatFailsEndsItBeforeAnythingMoved) {
  add_hook(WebhookType::PreRollout);
  given({set_weight(5)});
  const Transition asked = tick();
  EXPECT_EQ(state.reason, "AwaitingPreRollout");
  answer(asked, Answer::Failed);
  tick();
  EXPECT_EQ(state.phase, Phase::RolledBack);
  EXPECT_EQ(state.reason, "PreRolloutFailed");
  EXPECT_EQ(std::count(weights.begin(), weights.end(), 0.0), static_cast<long>(weights.size()));
}

TEST_F(CanaryHooksTest, APersonGoesPastAPreRolloutThatFailedAndWasHeld) {
  canary.on_failure = policy::OnFailure::Hold;
  add_hook(WebhookType::PreRollout);
  given({set_weight(5)});
  answer(tick(), Answer::Failed);
  tick();
  ASSERT_EQ(state.phase, Phase::Held);
  EXPECT_EQ(state.weight, 0);
  ticks(5);
  EXPECT_EQ(state.phase, Phase::Held);
  say(Verb::Promote);
  EXPECT_EQ(state.phase, Phase::Progressing);
  EXPECT_EQ(state.weight, 0.05);
}

TEST_F(CanaryHooksTest, EachLargerWeightIsConfirmedAndAPauseIsNot) {
  add_hook(WebhookType::ConfirmTrafficIncrease);
  given({set_weight(5), pause_for(1min), set_weight(25), pause_for()});
  ticks(2);
  EXPECT_EQ(state.reason, "TimedPause");
  const Transition asked = tick(1min);
  EXPECT_EQ(state.phase, Phase::Paused);
  EXPECT_EQ(state.reason, "AwaitingConfirmation");
  EXPECT_EQ(asked.errands.at(0).key, "fraud-1/1/1/confirm-traffic-increase/0");
  ticks(20, 1min);
  EXPECT_EQ(state.weight, 0.05) << "and no deadline runs";
  answer(asked, Answer::Succeeded);
  tick();
  EXPECT_EQ(state.weight, 0.25);
}

TEST_F(CanaryHooksTest, ThePromotionIsConfirmedUnlessAPersonSaysSo) {
  add_hook(WebhookType::ConfirmPromotion);
  for (const bool by_person : {false, true}) {
    evidence.errands.clear();
    given({set_weight(5)});
    tick();
    const Transition asked = tick();
    EXPECT_EQ(state.reason, "AwaitingConfirmation");
    ticks(5);
    EXPECT_EQ(state.phase, Phase::Paused);
    if (by_person) {
      say(Verb::Promote);
    } else {
      answer(asked, Answer::Succeeded);
      tick();
    }
    EXPECT_EQ(state.phase, Phase::Promoted);
  }
}

TEST_F(CanaryHooksTest, APromoteGoesPastThePauseAndOnlyASecondOnePastTheGate) {
  add_hook(WebhookType::ConfirmTrafficIncrease);
  for (const bool by_gate : {true, false}) {
    evidence.errands.clear();
    given({set_weight(5), pause_for(), set_weight(25), pause_for()});
    ticks(3);
    ASSERT_EQ(state.reason, "AwaitingPromotion");
    const Transition asked = say(Verb::Promote);
    EXPECT_EQ(state.reason, "AwaitingConfirmation");
    ASSERT_EQ(asked.errands.size(), 1U);
    ticks(20, 1min);
    EXPECT_EQ(state.weight, 0.05);
    EXPECT_EQ(state.reason, "AwaitingConfirmation");
    if (by_gate) {
      answer(asked, Answer::Succeeded);
      tick();
    } else {
      say(Verb::Promote);
    }
    EXPECT_EQ(state.weight, 0.25);
    EXPECT_FALSE(state.approved);
  }
}

TEST_F(CanaryHooksTest, APromotePastAFailureThatWasHeldWaitsForTheGateWithoutBeingHeldAgain) {
  canary.analysis = error_rate_below_one_percent();
  canary.on_failure = policy::OnFailure::Hold;
  add_hook(WebhookType::ConfirmPromotion);
  given({set_weight(5)});
  tick();
  seen(1000, 200);
  tick(10s);
  ASSERT_EQ(state.phase, Phase::Held);
  const Transition asked = say(Verb::Promote);
  seen(2000, 400);
  ticks(5, 10s);
  EXPECT_EQ(state.reason, "AwaitingConfirmation");
  EXPECT_EQ(count("Held"), 1);
  answer(asked, Answer::Succeeded);
  tick();
  EXPECT_EQ(state.phase, Phase::Promoted);
}

TEST_F(CanaryHooksTest, WhatAPersonApprovedStillFallsWithItsChecks) {
  canary.analysis = error_rate_below_one_percent();
  add_hook(WebhookType::ConfirmPromotion);
  given({set_weight(5)});
  tick();
  say(Verb::Promote);
  ASSERT_EQ(state.reason, "AwaitingConfirmation");
  seen(1000, 200);
  tick(10s);
  EXPECT_EQ(state.phase, Phase::RolledBack);
}

TEST_F(CanaryHooksTest, APromoteBeforeTheFirstStepStillAsksForConfirmation) {
  add_hook(WebhookType::ConfirmRollout);
  given({set_weight(5)});
  say(Verb::Promote);
  EXPECT_EQ(state.phase, Phase::Pending);
  EXPECT_EQ(state.reason, "AwaitingConfirmation");
  say(Verb::Promote);
  EXPECT_EQ(state.weight, 0.05);
}

TEST_F(CanaryHooksTest, ADeadlineDoesNotCountWhatSomebodyTookToConfirm) {
  canary.analysis = error_rate_below_one_percent();
  canary.analysis->checks[0].metric = "error-rate";
  add_hook(WebhookType::ConfirmPromotion);
  given({set_weight(5)});
  tick();
  seen(1000, 0);
  tick(10s);
  ASSERT_EQ(state.reason, "AwaitingConfirmation");
  tick(5h);
  seen(1100, 14);
  ticks(3, 10s);
  EXPECT_EQ(state.reason, "AwaitingEvidence");
  EXPECT_EQ(state.phase, Phase::Progressing);
}

TEST_F(CanaryHooksTest, ARolloutHookThatRefusesIsAFailedCheck) {
  add_hook(WebhookType::Rollout);
  given({set_weight(5), pause_for()});
  ticks(2);
  const Transition asked = tick();
  ASSERT_EQ(asked.errands.size(), 1U);
  answer(asked, Answer::Refused);
  tick();
  EXPECT_EQ(state.phase, Phase::RolledBack);
  EXPECT_EQ(state.reason, "WebhookRefused");
}

TEST_F(CanaryHooksTest, ARolloutHookIsAskedAnewAtEachLookAndHoldsTheStepUntilItAnswers) {
  add_hook(WebhookType::Rollout);
  canary.webhooks[0].timeout = 1s;
  given({set_weight(5), set_weight(25)});
  tick();
  Transition asked = tick();
  EXPECT_EQ(state.reason, "AwaitingWebhook");
  EXPECT_EQ(asked.errands.at(0).key, "fraud-1/1/0/look0/rollout/0");
  asked = tick(10s);
  EXPECT_EQ(asked.errands.at(0).key, "fraud-1/1/0/look1/rollout/0");
  EXPECT_EQ(state.weight, 0.05);
  answer(asked, Answer::Succeeded);
  tick();
  EXPECT_EQ(state.weight, 0.25);
}

TEST_F(CanaryHooksTest, ADeadHookDoesNotDelayACheck) {
  canary.analysis = error_rate_below_one_percent();
  add_hook(WebhookType::Rollout);
  add_hook(WebhookType::Rollback);
  canary.webhooks[0].timeout = 10min;
  given({set_weight(5), pause_for()});
  ticks(2);
  seen(1000, 200);
  tick(10s);
  EXPECT_EQ(state.reason, "CheckFailed");
}

TEST_F(CanaryHooksTest, ARollbackHookThatSaysYesRollsBackEvenWhatIsHeld) {
  canary.on_failure = policy::OnFailure::Hold;
  add_hook(WebhookType::Rollback);
  given({set_weight(5), pause_for()});
  ticks(2);
  Transition asked = tick();
  answer(asked, Answer::Refused);
  asked = tick(20s);
  EXPECT_EQ(state.weight, 0.05);
  answer(asked, Answer::Succeeded);
  tick();
  EXPECT_EQ(state.phase, Phase::RolledBack);
  EXPECT_EQ(state.reason, "RollbackWebhook");
}

}  // namespace
}  // namespace sluice::strategy
