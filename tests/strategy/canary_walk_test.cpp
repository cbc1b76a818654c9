#include "canary_world.hpp"

namespace sluice::strategy {
namespace {

using Answer = ErrandAnswer::State;
using policy::WebhookType;

class CanaryWalkTest : public CanaryWorld {};

TEST_F(CanaryWalkTest, NothingMovesBeforeTheFirstLook) {
  given({set_weight(5)});
  EXPECT_EQ(state.phase, Phase::Pending);
  EXPECT_EQ(state.weight, 0);
  EXPECT_EQ(state.step, -1);
  EXPECT_EQ(state.live, "v1");
}

TEST_F(CanaryWalkTest, EachStepOpensAWindow) {
  given({set_weight(5), pause_for(10min), set_weight(25), pause_for()});
  std::vector<std::uint64_t> windows{state.window};
  tick();
  EXPECT_EQ(state.weight, 0.05);
  EXPECT_EQ(state.phase, Phase::Progressing);
  EXPECT_EQ(last().kind, "Advanced");
  EXPECT_EQ(last().text, "v2 to 5%");
  windows.push_back(state.window);
  tick();
  EXPECT_EQ(state.phase, Phase::Paused);
  EXPECT_EQ(state.reason, "TimedPause");
  EXPECT_EQ(last().text, "at 5% for 10m");
  windows.push_back(state.window);
  for (std::size_t i = 1; i < windows.size(); ++i) EXPECT_GT(windows[i], windows[i - 1]);
}

TEST_F(CanaryWalkTest, ATimedPauseEndsByItselfAndAnotherWaitsForAPerson) {
  given({set_weight(5), pause_for(10min), set_weight(25), pause_for(), set_weight(50)});
  ticks(2);
  tick(9min + 59s);
  EXPECT_EQ(state.weight, 0.05);
  tick(1s);
  EXPECT_EQ(state.weight, 0.25);
  tick();
  EXPECT_EQ(state.reason, "AwaitingPromotion");
  ticks(100, 1h);
  EXPECT_EQ(state.weight, 0.25);
  EXPECT_EQ(count("Paused"), 2);
  say(Verb::Promote);
  EXPECT_EQ(state.weight, 0.5);
  EXPECT_EQ(last().text, "v2 to 50%: promoted by alice");
}

TEST_F(CanaryWalkTest, WithoutChecksStepsWithoutAPauseFollowEachOther) {
  given({set_weight(5), set_weight(25), set_weight(50)});
  ticks(4);
  EXPECT_EQ(weights, (std::vector{0.05, 0.25, 0.5, 1.0}));
  EXPECT_EQ(state.phase, Phase::Promoted);
  EXPECT_EQ(state.live, "v2");
  EXPECT_EQ(last().text, "v2 has everything");
}

TEST_F(CanaryWalkTest, WithChecksAStepWaitsUntilTheyPassInItsOwnWindow) {
  canary.analysis = error_rate_below_one_percent();
  given({set_weight(5), set_weight(25)});
  tick();
  seen(37, 0);
  tick(10s);
  EXPECT_EQ(state.weight, 0.05);
  EXPECT_EQ(state.reason, "AwaitingEvidence");
  EXPECT_NE(state.message.find("37"), std::string::npos) << state.message;
  seen(6131, 0);
  tick(10s);
  EXPECT_EQ(state.weight, 0.25);
  EXPECT_EQ(last().text, "v2 to 25%: 1 check passes (n=6 131)");
  ticks(30);
  EXPECT_EQ(state.weight, 0.25) << "nothing has been seen at 25%";
  seen(100, 0);
  tick(10s);
  EXPECT_EQ(state.phase, Phase::Promoted);
}

TEST_F(CanaryWalkTest, ATimedPauseIsOverWhenTheChecksPassToo) {
  canary.analysis = error_rate_below_one_percent();
  given({set_weight(5), pause_for(1min), set_weight(25)});
  ticks(2);
  seen(300, 0);
  tick(30s);
  EXPECT_EQ(state.checks.at(0).verdict, Verdict::Pass);
  EXPECT_EQ(state.weight, 0.05) << "the time is not over";
  given({set_weight(5), pause_for(1min), set_weight(25)});
  ticks(2);
  tick(61s);
  EXPECT_EQ(state.weight, 0.05) << "nothing is known";
  EXPECT_EQ(state.phase, Phase::Progressing);
  seen(300, 0);
  tick(10s);
  EXPECT_EQ(state.weight, 0.25);
}

TEST_F(CanaryWalkTest, AFailedCheckGivesEverythingBackWhileAPauseLasts) {
  canary.analysis = error_rate_below_one_percent();
  given({set_weight(5), pause_for(), set_weight(25)});
  ticks(2);
  seen(1204, 100);
  tick(10s);
  EXPECT_EQ(state.phase, Phase::RolledBack);
  EXPECT_EQ(state.reason, "CheckFailed");
  EXPECT_NE(state.message.find("8.31% > max 1% (n=1 204)"), std::string::npos) << state.message;
  EXPECT_EQ(state.weight, 0);
  EXPECT_EQ(count("CheckFailed"), 1);
  EXPECT_EQ(last().kind, "RolledBack");
  EXPECT_EQ(state.checks.at(0).verdict, Verdict::Fail) << "what failed stays to be seen";
  const RolloutState ended = state;
  ticks(3, 1h);
  EXPECT_EQ(state, ended);
}

TEST_F(CanaryWalkTest, OnFailureHoldLeavesTheTrafficToAPerson) {
  canary.analysis = error_rate_below_one_percent();
  canary.on_failure = policy::OnFailure::Hold;
  given({set_weight(5), set_weight(25)});
  tick();
  seen(1204, 100);
  tick(10s);
  EXPECT_EQ(state.phase, Phase::Held);
  EXPECT_EQ(state.weight, 0.05);
  ticks(50, 10s);
  EXPECT_EQ(state.phase, Phase::Held);
  EXPECT_EQ(count("Held"), 1);
  EXPECT_EQ(count("CheckFailed"), 1) << "what a person knows is not told again at every look";
  say(Verb::Promote);
  EXPECT_EQ(state.phase, Phase::Progressing);
  EXPECT_EQ(state.weight, 0.25);
}

TEST_F(CanaryWalkTest, ChecksThatStayUndecidedAreForAPerson) {
  canary.analysis = error_rate_below_one_percent();
  canary.analysis->checks[0].inconclusive_limit = 3;
  given({set_weight(5), set_weight(25)});
  tick();
  seen(10, 0);
  ticks(3, 10s);
  EXPECT_EQ(state.phase, Phase::Progressing);
  ticks(2, 10s);
  EXPECT_EQ(state.phase, Phase::Held);
  EXPECT_EQ(state.reason, "ChecksUndecided");
  EXPECT_EQ(state.weight, 0.05);
}

TEST_F(CanaryWalkTest, WithoutProgressTheRolloutFails) {
  canary.analysis = error_rate_below_one_percent();
  given({set_weight(5), set_weight(25)});
  tick();
  tick(10min);
  EXPECT_EQ(state.phase, Phase::Progressing);
  tick(1s);
  EXPECT_EQ(state.phase, Phase::RolledBack);
  EXPECT_EQ(state.reason, "ProgressDeadlineExceeded");
  EXPECT_TRUE(state.message.starts_with("no progress for 10m: ")) << state.message;
}

TEST_F(CanaryWalkTest, AStepThatWasDueLongAgoIsTakenInsteadOfGivenUp) {
  given({set_weight(5), set_weight(25), pause_for(10min), set_weight(50)});
  tick();
  tick(5h);
  EXPECT_EQ(state.weight, 0.25);
  tick();
  tick(5h);
  EXPECT_EQ(state.weight, 0.5);
  tick(5h);
  EXPECT_EQ(state.phase, Phase::Promoted);
}

TEST_F(CanaryWalkTest, ThePausesOfThePolicyDoNotCountForTheDeadline) {
  canary.analysis = error_rate_below_one_percent();
  given({set_weight(5), pause_for(1h), set_weight(25)});
  ticks(2);
  tick(59min);
  EXPECT_EQ(state.phase, Phase::Paused);
  tick(5min);
  EXPECT_EQ(state.phase, Phase::Progressing) << "the time is over, and the checks do not pass yet";
  tick(5min);
  EXPECT_EQ(state.phase, Phase::Progressing);
  tick(2min);
  EXPECT_EQ(state.reason, "ProgressDeadlineExceeded") << "ten minutes after the pause";
}

TEST_F(CanaryWalkTest, APersonsPauseLetsNothingBeginButLetsItFail) {
  canary.analysis = error_rate_below_one_percent();
  given({set_weight(5), set_weight(25)});
  tick();
  state.paused = true;
  seen(1000, 0);
  ticks(200, 10s);
  EXPECT_EQ(state.weight, 0.05) << "neither the checks nor the deadline count";
  EXPECT_EQ(state.phase, Phase::Progressing);
  seen(2000, 300);
  tick(10s);
  EXPECT_EQ(state.phase, Phase::RolledBack);
}

TEST_F(CanaryWalkTest, APersonsPauseHoldsTheFirstStepToo) {
  given({set_weight(5)});
  state.paused = true;
  ticks(5);
  EXPECT_EQ(state.phase, Phase::Pending);
  state.paused = false;
  tick();
  EXPECT_EQ(state.weight, 0.05);
}

TEST_F(CanaryWalkTest, PromoteGoesToTheNextStepAndFullToTheEnd) {
  canary.analysis = error_rate_below_one_percent();
  given({set_weight(5), set_weight(25), set_weight(50)});
  say(Verb::Promote);
  EXPECT_EQ(state.weight, 0.05);
  say(Verb::Promote);
  EXPECT_EQ(state.weight, 0.25);
  say(Verb::Promote, true);
  EXPECT_EQ(state.phase, Phase::Promoted);
  EXPECT_EQ(last().text, "v2 has everything: promoted by alice");
}

TEST_F(CanaryWalkTest, NobodyPromotesAVersionThatCannotServe) {
  given({set_weight(5), pause_for()});
  ticks(2);
  v2().usable = 0;
  const RolloutState before = state;
  const Transition refused = say(Verb::Promote);
  EXPECT_EQ(refused.refusal, "v2 cannot take the traffic: 0 of 2 endpoints are usable");
  EXPECT_EQ(state.weight, before.weight);
  EXPECT_TRUE(refused.events.empty());
}

TEST_F(CanaryWalkTest, TheCandidateGetsNothingUntilItCanServe) {
  given({set_weight(5)});
  v2().usable = 0;
  ticks(2);
  EXPECT_EQ(state.phase, Phase::Pending);
  EXPECT_EQ(state.reason, "CandidateNotReady");
  EXPECT_EQ(count("Waiting"), 1);
  v2().usable = 1;
  tick();
  EXPECT_EQ(state.weight, 0.05);
  given({set_weight(5)});
  v2().usable = 0;
  tick();
  tick(10min + 1s);
  EXPECT_EQ(state.phase, Phase::RolledBack);
  EXPECT_EQ(state.reason, "ProgressDeadlineExceeded");
}

TEST_F(CanaryWalkTest, AbortGivesEverythingBack) {
  given({set_weight(5), pause_for()});
  ticks(2);
  say(Verb::Abort);
  EXPECT_EQ(state.phase, Phase::Aborted);
  EXPECT_EQ(state.weight, 0);
  EXPECT_EQ(state.live, "v1");
  EXPECT_EQ(last().text, "everything back to v1: aborted by alice at 5%");
}

TEST_F(CanaryWalkTest, AfterAPromotionStableIsKeptWarmForAWhile) {
  given({set_weight(5)});
  ticks(2);
  ASSERT_EQ(state.phase, Phase::Promoted);
  EXPECT_EQ(state.warm_until, now + 10min);
  tick(9min);
  EXPECT_EQ(count("Released"), 0);
  ticks(3, 1min);
  EXPECT_EQ(count("Released"), 1);
  EXPECT_EQ(state.phase, Phase::Promoted);
  EXPECT_EQ(state.warm_until, std::nullopt);
}

TEST_F(CanaryWalkTest, UndoNeedsAVersionBeforeThatCanServe) {
  given({set_weight(5)});
  tick();
  EXPECT_EQ(say(Verb::Undo).refusal, "nothing is promoted yet: use abort");
  tick();
  ASSERT_EQ(state.phase, Phase::Promoted);
  v1().usable = 0;
  EXPECT_EQ(say(Verb::Undo).refusal, "v1 cannot take the traffic: 0 of 2 endpoints are usable");
  EXPECT_EQ(state.live, "v2");
  v1().usable = 2;
  say(Verb::Undo);
  EXPECT_EQ(state.phase, Phase::Aborted);
  EXPECT_EQ(state.reason, "Undone");
  EXPECT_EQ(state.live, "v1");
}

TEST_F(CanaryWalkTest, TheSharesFollowTheEvidenceWherePaceSaysSo) {
  canary.pace = policy::Pace::Evidence;
  start();
  tick();
  for (const double share : {0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.5}) {
    EXPECT_DOUBLE_EQ(state.weight, share);
    seen(99, 0);
    tick(10s);
    EXPECT_DOUBLE_EQ(state.weight, share) << "99 requests say nothing";
    seen(2000, 0);
    tick(10s);
  }
  EXPECT_EQ(state.phase, Phase::Promoted);
}

TEST_F(CanaryWalkTest, WithPaceEvidenceTheErrorRateIsHeldAgainstStable) {
  canary.pace = policy::Pace::Evidence;
  canary.max_weight = 0.5;
  start();
  tick();
  EXPECT_DOUBLE_EQ(state.weight, 0.005);
  seen(2000, 200, 4);
  tick(10s);
  EXPECT_EQ(state.phase, Phase::RolledBack);
  EXPECT_EQ(state.reason, "CheckFailed");
}

TEST_F(CanaryWalkTest, NoStepGoesPastTheMaximumEvenWhenThatIsLoweredLater) {
  given({set_weight(10), set_weight(50)});
  canary.max_weight = 20;
  ticks(2);
  EXPECT_DOUBLE_EQ(state.weight, 0.2);
}

TEST_F(CanaryWalkTest, ARepeatedTickChangesNothing) {
  canary.analysis = error_rate_below_one_percent();
  given({set_weight(5), pause_for(1min), set_weight(25), pause_for(), set_weight(50)});
  for (int i = 0; i < 400; ++i) {
    tick();
    if (state.step >= 0) seen(static_cast<std::uint64_t>(i) * 50, 0);
    // The second of the two may do what comes next; the third and fourth have nothing left to do.
    ticks(3, 0s);
    const RolloutState settled = state;
    const std::size_t told = events.size();
    tick(0s);
    ASSERT_EQ(state, settled) << "at second " << i << ": " << state.reason;
    ASSERT_EQ(events.size(), told);
    if (state.reason == "AwaitingPromotion") say(Verb::Promote);
  }
  EXPECT_EQ(state.phase, Phase::Promoted);
}

}  // namespace
}  // namespace sluice::strategy
