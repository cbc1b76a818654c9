#include "sluice/strategy/blue_green.hpp"

#include <gtest/gtest.h>

#include "flips.hpp"

namespace sluice::strategy::flips {
namespace {

using namespace std::chrono_literals;

// ---- the trial

TEST(BlueGreen, ASlowHookIsHeardBeforeItIsAskedAgain) {
  auto spec = checked_before();
  spec.webhooks = {hook(policy::WebhookType::Rollback)};
  spec.webhooks[0].timeout = 30s;
  auto r = rig(spec);
  r.tick().tick();
  ASSERT_EQ(r.last.errands.size(), 1u);
  const std::string key = r.last.errands[0].key;
  r.tick(25s);
  ASSERT_EQ(r.last.errands.size(), 1u);
  EXPECT_EQ(r.last.errands[0].key, key) << "two looks at the checks are no reason to hang up";
  r.answer("rollback", ErrandAnswer::State::Succeeded);
  r.tick();
  EXPECT_EQ(r.where(), "RolledBack/RollbackRequested");
}

TEST(BlueGreen, ActiveHasEverythingUntilAPersonSaysSo) {
  auto r = rig(flip());
  EXPECT_EQ(r.share("blue"), 1);
  r.tick();
  EXPECT_EQ(r.where(), "Progressing/Trying");
  r.tick();
  EXPECT_EQ(r.where(), "Paused/AwaitingPromotion");
  EXPECT_EQ(r.told("Paused"), 1);
  r.tick(24h).tick();
  EXPECT_EQ(r.where(), "Paused/AwaitingPromotion");
  EXPECT_EQ(r.told("Paused"), 1) << "told once";
  EXPECT_EQ(r.share("blue"), 1);

  EXPECT_EQ(r.say(Verb::Promote), "");
  EXPECT_EQ(r.where(), "Promoted/Promoted");
  EXPECT_EQ(r.share("green"), 1);
  EXPECT_EQ(r.share("blue"), 0);
  EXPECT_EQ(r.state.live, "green");
}

TEST(BlueGreen, PreviewIsReachableByItsMatchUntilTheFlipAndNotCounted) {
  auto spec = flip();
  spec.preview_match = header_match("x-preview", "1");
  auto r = rig(spec);
  const auto before = r.steering();
  ASSERT_EQ(before.plan.spec().rules.size(), 1u) << "also before the trial, so that it can be tested";
  EXPECT_EQ(before.plan.spec().rules[0].target.kind, traffic::Target::Kind::Version);
  EXPECT_EQ(before.plan.spec().rules[0].target.index, 1);
  EXPECT_EQ(before.plan.spec().otherwise.kind, traffic::Target::Kind::Split)
      << "what a rule does not name is evidence only when a split deals it";
  r.tick();
  EXPECT_EQ(r.steering().plan.spec().rules.size(), 1u);
  r.say(Verb::Promote);
  EXPECT_TRUE(r.steering().plan.spec().rules.empty());
}

TEST(BlueGreen, PreviewGetsCopiesOnlyWhileItIsOnTrial) {
  auto r = rig(checked_before());
  EXPECT_EQ(r.mirrored("green"), 0);
  r.tick();
  EXPECT_DOUBLE_EQ(r.mirrored("green"), 0.1);
  r.copy("green", 300);
  r.tick(10s);
  EXPECT_EQ(r.state.phase, Phase::Promoted);
  EXPECT_EQ(r.mirrored("green"), 0);
}

TEST(BlueGreen, WaitsForAPreviewThatIsNotReady) {
  auto r = rig(automatic());
  r.usable("green", 0);
  r.tick().tick();
  EXPECT_EQ(r.where(), "Pending/PreviewNotReady");
  EXPECT_NE(r.state.message.find("0 of 2"), std::string::npos) << r.state.message;
  EXPECT_EQ(r.told("Waiting"), 1);
  r.usable("green", 1);
  r.tick();
  EXPECT_EQ(r.where(), "Progressing/Trying");
  r.tick();
  EXPECT_EQ(r.state.phase, Phase::Promoted);
}

TEST(BlueGreen, DoesNotFlipToAPreviewThatFellOver) {
  auto spec = automatic();
  spec.auto_promote.after = 15min;
  auto r = rig(spec);
  r.tick();
  r.usable("green", 0);
  r.tick(20min);
  EXPECT_EQ(r.where(), "Progressing/PreviewNotReady");
  EXPECT_NE(r.say(Verb::Promote).find("'green' cannot take the traffic"), std::string::npos);
  EXPECT_NE(r.say(Verb::Promote, true).find("0 of 2"), std::string::npos);
  EXPECT_EQ(r.share("blue"), 1);
  r.usable("green", 2);
  r.tick();
  EXPECT_EQ(r.state.phase, Phase::Promoted);
}

TEST(BlueGreen, FlipsByItselfNotSoonerThanItMay) {
  auto spec = automatic();
  spec.auto_promote.after = 15min;
  auto r = rig(spec);
  r.tick();
  r.tick(15min - 1s);
  EXPECT_EQ(r.where(), "Progressing/AwaitingTime");
  r.tick(1s);
  EXPECT_EQ(r.state.phase, Phase::Promoted);
}

TEST(BlueGreen, AFailingTrialMovesNothing) {
  auto r = rig(checked_before());
  r.tick();
  r.serve("blue", 2000, 2);
  r.copy("green", 200, 30);
  r.tick(10s);
  EXPECT_EQ(r.where(), "RolledBack/CheckFailed");
  EXPECT_NE(r.state.message.find("15%"), std::string::npos) << r.state.message;
  EXPECT_EQ(r.share("blue"), 1);
  EXPECT_EQ(r.mirrored("green"), 0);
  EXPECT_EQ(r.told("RolledBack"), 1);
}

TEST(BlueGreen, ATrialWithoutCopiesHasNothingToJudge) {
  auto spec = checked_before();
  spec.pre_promotion.mirror = 0_pct;
  auto r = rig(spec);
  r.tick();
  r.serve("blue", 5000);
  r.tick(1h).tick(1h);
  EXPECT_EQ(r.where(), "Progressing/Trying");
  EXPECT_EQ(r.share("blue"), 1);
}

TEST(BlueGreen, FailingAfterItPassedStillEndsTheWaitForAPerson) {
  auto spec = checked_before();
  spec.auto_promote.enabled = false;
  auto r = rig(spec);
  r.tick();
  r.copy("green", 300);
  r.tick(10s);
  EXPECT_EQ(r.where(), "Paused/AwaitingPromotion");
  r.copy("green", 800, 400);
  r.tick(10s);
  EXPECT_EQ(r.where(), "RolledBack/CheckFailed");
}

TEST(BlueGreen, ATrialUndecidedForTooLongIsAPersonsToDecide) {
  auto spec = checked_before();
  spec.pre_promotion.analysis->checks[0].inconclusive_limit = 2;
  auto r = rig(spec);
  r.tick();
  for (int i = 0; i < 4; ++i) r.tick(10s);
  EXPECT_EQ(r.where(), "Held/Undecided");
  EXPECT_EQ(r.share("blue"), 1);
  r.tick(10s);
  EXPECT_EQ(r.told("Held"), 1);
  EXPECT_EQ(r.say(Verb::Promote), "");
  EXPECT_EQ(r.share("green"), 1) << "promote goes on nevertheless";
}

TEST(BlueGreen, PromoteGoesPastAnUndecidedTrialButNotPastItsWatch) {
  auto spec = checked_before();
  spec.post_promotion.analysis = analysis_of({error_rate_below(0.01)});
  auto r = rig(spec);
  r.tick();
  r.say(Verb::Promote);
  EXPECT_EQ(r.where(), "Progressing/Watching");
  auto full = rig(spec);
  full.tick();
  full.say(Verb::Promote, true);
  EXPECT_EQ(full.where(), "Promoted/PromotedByPerson");
  EXPECT_EQ(full.share("green"), 1);
}

TEST(BlueGreen, APausedTrialFailsButDoesNotFlip) {
  auto r = rig(checked_before());
  r.tick();
  r.state.paused = true;
  r.copy("green", 200);
  r.tick(10s).tick(10s);
  EXPECT_EQ(r.share("blue"), 1);
  EXPECT_FALSE(is_over(r.state.phase));
  r.copy("green", 800, 400);
  r.tick(10s);
  EXPECT_EQ(r.state.phase, Phase::RolledBack);
}

TEST(BlueGreen, NothingBeginsWhilePausedBeforeTheTrial) {
  auto r = rig(checked_before());
  r.state.paused = true;
  r.tick().tick();
  EXPECT_EQ(r.state.phase, Phase::Pending);
  EXPECT_EQ(r.mirrored("green"), 0);
}

// ---- the flip and after

TEST(BlueGreen, TheFlipOpensAWindowSoThatNoOldTrafficIsJudged) {
  auto r = rig(checked_after());
  r.tick();
  const auto window = r.state.window;
  r.tick();
  EXPECT_EQ(r.where(), "Progressing/Watching");
  EXPECT_GT(r.state.window, window);
  EXPECT_EQ(r.steering().window, r.state.window);
  EXPECT_EQ(r.state.step, 1);
}

TEST(BlueGreen, AGoodWatchPromotesAndABadOneFlipsBack) {
  auto good = rig(checked_after());
  good.tick().tick();
  good.serve("green", 99);
  good.tick(10s);
  EXPECT_EQ(good.where(), "Progressing/Watching") << "fewer than minRequests";
  good.serve("green", 400);
  good.tick(10s);
  EXPECT_EQ(good.where(), "Promoted/Promoted");
  EXPECT_EQ(good.share("green"), 1);
  good.serve("green", 500, 500);
  good.tick(10s);
  EXPECT_EQ(good.state.phase, Phase::Promoted) << "it is over";

  auto bad = rig(checked_after());
  bad.tick().tick();
  bad.serve("green", 400, 40);
  bad.tick(10s);
  EXPECT_EQ(bad.where(), "RolledBack/CheckFailed");
  EXPECT_EQ(bad.share("blue"), 1);
  EXPECT_EQ(bad.state.live, "blue");
  EXPECT_FALSE(bad.state.warm_until.has_value());
}

TEST(BlueGreen, ActiveAnswersWhatPreviewFailsWhileItIsWatched) {
  auto r = rig(checked_after());
  r.tick();
  EXPECT_EQ(r.fallback("green"), -1);
  r.tick();
  ASSERT_EQ(r.where(), "Progressing/Watching");
  EXPECT_EQ(r.fallback("green"), 0);
  EXPECT_EQ(r.fallback("blue"), -1);
  r.serve("green", 400);
  r.tick(10s);
  EXPECT_EQ(r.fallback("green"), -1);
}

TEST(BlueGreen, TheRolesFlipWithTheTraffic) {
  auto r = rig(checked_after());
  EXPECT_EQ(r.role("blue"), "active");
  EXPECT_EQ(r.role("green"), "preview");
  r.tick().tick();
  EXPECT_EQ(r.role("blue"), "previous");
  EXPECT_EQ(r.role("green"), "active");
  r.say(Verb::Undo);
  EXPECT_EQ(r.role("blue"), "active");
}

TEST(BlueGreen, DoesNotFlipBackToAVersionThatCannotAnswer) {
  auto r = rig(checked_after());
  r.tick().tick();
  r.serve("green", 400, 40);
  r.usable("blue", 0);
  r.tick(10s);
  EXPECT_EQ(r.where(), "Progressing/NoWayBack");
  EXPECT_EQ(r.share("green"), 1);
  EXPECT_NE(r.say(Verb::Undo).find("'blue' cannot take the traffic"), std::string::npos);
  EXPECT_NE(r.say(Verb::Abort), "");
  r.usable("blue", 1);
  r.tick();
  EXPECT_EQ(r.where(), "RolledBack/CheckFailed");
}

TEST(BlueGreen, AbortsToAVersionThatCannotAnswerWhenTheOtherCannotEither) {
  auto r = rig(checked_after());
  r.tick().tick();
  r.usable("blue", 0);
  r.usable("green", 0);
  EXPECT_EQ(r.say(Verb::Abort), "");
  EXPECT_EQ(r.where(), "Aborted/Aborted");
}

TEST(BlueGreen, KeepsTheOldVersionWarmForItsTimeAfterTheFlip) {
  auto spec = automatic();
  spec.keep_warm = 30min;
  auto r = rig(spec);
  r.tick().tick();
  const auto flipped = r.now;
  ASSERT_EQ(r.state.phase, Phase::Promoted);
  ASSERT_TRUE(r.state.warm_until.has_value());
  EXPECT_EQ(*r.state.warm_until, flipped + 30min);
  r.tick(30min - 1s);
  EXPECT_EQ(r.told("Released"), 0);
  r.tick(1s).tick();
  EXPECT_EQ(r.told("Released"), 1);
  EXPECT_EQ(r.state.phase, Phase::Promoted);
  EXPECT_EQ(r.share("green"), 1);

  spec.keep_warm = 0s;
  auto cold = rig(spec);
  cold.tick().tick().tick();
  EXPECT_EQ(cold.state.phase, Phase::Promoted);
  EXPECT_EQ(cold.told("Released"), 0) << "there was nothing to release";
}

// ---- outcomes

/// Flipped, with so many decisions since and so many conversions of them.
Rig<policy::BlueGreen> watched_by_clicks(std::uint64_t conversions) {
  auto spec = automatic();
  policy::Check check;
  check.metric = "click";
  check.threshold_range = policy::ThresholdRange{policy::Quantity{0.05, policy::QuantityUnit::Ratio}, {}};
  spec.post_promotion.analysis = analysis_of({check});
  auto r = rig(spec);
  r.route.outcomes.emplace_back().name = "click";
  r.tick().tick();
  auto& seen = r.version("green").outcomes.emplace_back();
  seen.name = "click";
  seen.decisions = 5000;
  seen.reports = seen.events = conversions;
  seen.sum = seen.sum_squares = static_cast<double>(conversions);
  r.serve("green", 5000);
  r.tick(10s);
  return r;
}

TEST(BlueGreenOutcomes, PromoteAVersionThatConvertsAfterTheFlip) {
  const auto r = watched_by_clicks(500);
  EXPECT_EQ(r.where(), "Promoted/Promoted") << r.state.message;
}

TEST(BlueGreenOutcomes, BringOneBackThatConvertsTooLittle) {
  const auto r = watched_by_clicks(100);
  EXPECT_EQ(r.where(), "RolledBack/CheckFailed") << r.state.message;
}

}  // namespace
}  // namespace sluice::strategy::flips
