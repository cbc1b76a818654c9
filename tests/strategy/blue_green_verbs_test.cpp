#include <gtest/gtest.h>

#include "flips.hpp"
#include "sluice/strategy/blue_green.hpp"

namespace sluice::strategy::flips {
namespace {

using namespace std::chrono_literals;
using policy::WebhookType;
using State = ErrandAnswer::State;

// ---- verbs

TEST(BlueGreen, UndoGoesBackDuringTheWatchAndAfterThePromotion) {
  auto watched = rig(checked_after());
  watched.tick().tick();
  EXPECT_EQ(watched.say(Verb::Undo), "");
  EXPECT_EQ(watched.where(), "Aborted/Undone");
  EXPECT_EQ(watched.share("blue"), 1);
  EXPECT_EQ(watched.fallback("green"), -1);

  auto promoted = rig(automatic());
  promoted.tick().tick();
  EXPECT_EQ(promoted.say(Verb::Undo), "");
  EXPECT_EQ(promoted.where(), "Aborted/Undone");
  EXPECT_EQ(promoted.share("blue"), 1);
  promoted.tick(1h);
  EXPECT_EQ(promoted.told("Released"), 0);
}

TEST(BlueGreen, UndoIsRefusedWhereNothingWasFlippedOrNobodyWouldAnswer) {
  auto r = rig(flip());
  r.tick();
  EXPECT_NE(r.say(Verb::Undo).find("nothing has been flipped"), std::string::npos);
  r.say(Verb::Promote);
  r.usable("blue", 0);
  const auto before = r.state;
  EXPECT_NE(r.say(Verb::Undo).find("0 of 2"), std::string::npos);
  EXPECT_EQ(r.state, before);
}

TEST(BlueGreen, AbortEndsTheTrialOrFlipsBack) {
  auto trial = rig(checked_before());
  trial.tick();
  EXPECT_EQ(trial.say(Verb::Abort), "");
  EXPECT_EQ(trial.where(), "Aborted/Aborted");
  EXPECT_EQ(trial.mirrored("green"), 0);

  auto watched = rig(checked_after());
  watched.tick().tick();
  watched.say(Verb::Abort);
  EXPECT_EQ(watched.share("blue"), 1);
  EXPECT_NE(watched.state.message.find("ada"), std::string::npos);
}

TEST(BlueGreen, PromoteEndsTheWatch) {
  auto r = rig(checked_after());
  r.tick().tick();
  EXPECT_EQ(r.say(Verb::Promote), "");
  EXPECT_EQ(r.where(), "Promoted/PromotedByPerson");
}

// ---- webhooks

TEST(BlueGreen, GatesHoldTheTrialAndTheFlip) {
  auto spec = automatic();
  spec.webhooks = {hook(WebhookType::ConfirmRollout), hook(WebhookType::PreRollout),
                   hook(WebhookType::ConfirmTrafficIncrease), hook(WebhookType::ConfirmPromotion)};
  auto r = rig(spec);
  r.tick();
  EXPECT_EQ(r.where(), "Pending/AwaitingConfirmation");
  r.answer("confirm-rollout", State::Succeeded);
  r.tick();
  EXPECT_EQ(r.where(), "Pending/AwaitingPreRollout");
  r.answer("pre-rollout", State::Succeeded);
  r.tick().tick();
  EXPECT_EQ(r.where(), "Progressing/AwaitingConfirmation");
  EXPECT_EQ(r.share("blue"), 1);
  r.answer("confirm-traffic-increase", State::Succeeded);
  r.tick();
  EXPECT_EQ(r.share("blue"), 1);
  r.answer("confirm-promotion", State::Refused);
  r.tick();
  EXPECT_EQ(r.where(), "Progressing/AwaitingConfirmation") << "a question is asked again";
  r.answer("confirm-promotion", State::Succeeded);
  r.tick();
  EXPECT_EQ(r.state.phase, Phase::Promoted);
}

TEST(BlueGreen, APersonsWordWaitsForTheGateAndIsNotForgotten) {
  auto spec = flip();
  spec.webhooks = {hook(WebhookType::ConfirmPromotion)};
  auto r = rig(spec);
  r.tick().tick();
  EXPECT_EQ(r.say(Verb::Promote), "");
  EXPECT_EQ(r.where(), "Progressing/AwaitingConfirmation");
  r.tick();
  EXPECT_EQ(r.where(), "Progressing/AwaitingConfirmation");
  r.answer("confirm-promotion", State::Succeeded);
  r.tick();
  EXPECT_EQ(r.state.phase, Phase::Promoted);
}

TEST(BlueGreen, AFailedTestOfPreviewMovesNothing) {
  auto spec = automatic();
  spec.webhooks = {hook(WebhookType::PreRollout)};
  auto r = rig(spec);
  r.tick();
  r.answer("pre-rollout", State::Failed, "answers 500");
  r.tick();
  EXPECT_EQ(r.where(), "RolledBack/WebhookFailed");
  EXPECT_NE(r.state.message.find("answers 500"), std::string::npos);
}

TEST(BlueGreen, HooksAskedAtEveryLookMayRollBack) {
  auto spec = checked_after();
  spec.webhooks = {hook(WebhookType::Rollback), hook(WebhookType::Rollout)};
  auto asked = rig(spec);
  asked.tick().tick();
  EXPECT_EQ(asked.where(), "Progressing/Trying") << "the hook has not answered";
  asked.answer("/rollout/", State::Succeeded);
  asked.tick();
  ASSERT_EQ(asked.where(), "Progressing/Watching");
  asked.tick();
  asked.answer("/rollback/", State::Refused);
  asked.tick();
  EXPECT_EQ(asked.where(), "Progressing/Watching") << "no is no wish to roll back";
  asked.tick(10s);
  asked.answer("/rollback/", State::Succeeded);
  asked.tick();
  EXPECT_EQ(asked.where(), "RolledBack/RollbackRequested");
  EXPECT_EQ(asked.share("blue"), 1);

  auto failed = rig(spec);
  failed.tick().tick();
  failed.answer("/rollout/", State::Failed);
  failed.tick();
  EXPECT_EQ(failed.where(), "RolledBack/WebhookFailed");
  EXPECT_EQ(failed.told("Advanced"), 1) << "only the trial began";
}

// ---- restarts

TEST(BlueGreen, ARestartGoesOnWhereItWas) {
  auto spec = checked_after();
  spec.auto_promote.after = 15min;
  auto r = rig(spec);
  r.tick();
  r.tick(14min);
  r.restart_process();
  r.tick(1min);
  EXPECT_EQ(r.where(), "Progressing/Watching") << "its clock did not begin again";
  r.serve("green", 50);
  r.tick(5s);
  r.restart_process();
  EXPECT_EQ(r.share("green"), 1);
  r.tick(10s);
  EXPECT_EQ(r.where(), "Progressing/Watching");
  r.serve("green", 400, 40);
  r.tick(10s);
  EXPECT_EQ(r.where(), "RolledBack/CheckFailed");
}

TEST(BlueGreen, RefusesWhatNoPlanCanBeMadeOf) {
  const auto r = rig(flip());
  auto spec = flip();
  spec.preview = "red";
  EXPECT_FALSE(steer(spec, r.route, r.state).ok());
  spec = flip();
  spec.preview = "blue";
  EXPECT_FALSE(steer(spec, r.route, r.state).ok());
  spec = flip();
  spec.preview_match = broken_match();
  EXPECT_FALSE(steer(spec, r.route, r.state).ok());
}

}  // namespace
}  // namespace sluice::strategy::flips
