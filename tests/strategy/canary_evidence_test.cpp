#include <gtest/gtest.h>

#include "canary_world.hpp"

/// What a canary makes of evidence: none of these is about the verdict of one look.
namespace sluice::strategy {
namespace {

class CanaryEvidenceTest : public CanaryWorld {
 protected:
  CanaryEvidenceTest() { canary.analysis = error_rate_below_one_percent(); }
  /// The split's shares and what was assigned.
  void draw(double share, std::uint64_t to_stable, std::uint64_t to_candidate) {
    if (evidence.window != state.window) tick(0s);
    v1().share = 1 - share;
    v2().share = share;
    v1().assigned = to_stable;
    v2().assigned = to_candidate;
  }
};

TEST_F(CanaryEvidenceTest, LittleTrafficMakesARolloutSlowAndNotAFailure) {
  given({set_weight(5), set_weight(25)});
  tick();
  // 100 requests in eleven minutes: two thirds of what is asked for.
  seen(100, 0);
  tick(11min);
  EXPECT_EQ(state.phase, Phase::Progressing);
  seen(300, 0);
  tick(11min);
  EXPECT_EQ(state.weight, 0.25);
}

TEST_F(CanaryEvidenceTest, EvidenceThatDoesNotComeLetsTheDeadlineEndIt) {
  given({set_weight(5), set_weight(25)});
  tick();
  seen(100, 0);
  tick(90min);
  EXPECT_EQ(state.phase, Phase::RolledBack);
  EXPECT_EQ(state.reason, "ProgressDeadlineExceeded");
}

TEST_F(CanaryEvidenceTest, WhatWasProvenAtOneStepIsKnownAtTheNext) {
  given({set_weight(5), set_weight(25), set_weight(50)});
  tick();
  seen(300, 0);
  tick(10s);
  EXPECT_EQ(state.weight, 0.25);
  EXPECT_TRUE(state.checks.empty()) << "nothing of the step before is shown";
  seen(100, 0);
  tick(10s);
  EXPECT_EQ(state.weight, 0.5) << "a hundred of its own are enough now";
}

TEST_F(CanaryEvidenceTest, APersonWhoGoesPastAFailureIsNotAskedTheSameAgain) {
  canary.on_failure = policy::OnFailure::Hold;
  given({set_weight(5), set_weight(25)});
  tick();
  seen(1000, 100);
  tick(10s);
  ASSERT_EQ(state.phase, Phase::Held);
  say(Verb::Promote);
  seen(400, 0);
  tick(10s);
  EXPECT_NE(state.phase, Phase::Held) << state.message;
}

TEST_F(CanaryEvidenceTest, WhatAPersonWentPastIsNotCountedAgainWhileAGateIsWaitedFor) {
  canary.on_failure = policy::OnFailure::Hold;
  add_hook(policy::WebhookType::ConfirmTrafficIncrease);
  given({set_weight(5), set_weight(25)});
  tick();
  seen(1000, 100);
  tick(10s);
  ASSERT_EQ(state.phase, Phase::Held);
  const std::uint64_t window = state.window;
  say(Verb::Promote);
  tick(10s);
  ASSERT_EQ(state.window, window);
  ASSERT_FALSE(state.checks.empty());
  EXPECT_NE(state.checks[0].verdict, Verdict::Fail) << state.checks[0].message;
  EXPECT_LT(state.checks[0].proof.log_e, 0.1);
  seen(1400, 500);
  tick(10s);
  EXPECT_EQ(state.checks[0].verdict, Verdict::Fail) << "what comes after it is";
}

TEST_F(CanaryEvidenceTest, ASplitThatAPersonWentPastIsNotBrokenAgainByTheSame) {
  canary.on_failure = policy::OnFailure::Hold;
  add_hook(policy::WebhookType::ConfirmTrafficIncrease);
  route.unit = {};
  given({set_weight(25), set_weight(50)});
  tick();
  seen(400, 0);
  draw(0.25, 3000, 400);
  tick(10s);
  ASSERT_EQ(state.reason, "SampleRatioMismatch");
  say(Verb::Promote);
  tick(10s);
  EXPECT_LT(state.split->log_e, 1);
}

TEST_F(CanaryEvidenceTest, ARetryBeginsAnew) {
  given({set_weight(5), set_weight(25)});
  tick();
  seen(150, 1);
  tick(10s);
  EXPECT_FALSE(state.check_evidence.empty());
  start();
  EXPECT_TRUE(state.check_evidence.empty());
}

TEST_F(CanaryEvidenceTest, ASplitThatLosesRequestsPromotesNothing) {
  route.unit = {};
  given({set_weight(25), set_weight(50)});
  tick();
  seen(400, 0);
  draw(0.25, 3000, 400);
  tick(10s);
  EXPECT_EQ(state.weight, 0.25);
  EXPECT_EQ(state.reason, "SampleRatioMismatch");
  EXPECT_EQ(count("SampleRatioMismatch"), 1);
  seen(800, 100);
  tick(10s);
  EXPECT_EQ(state.phase, Phase::RolledBack) << "what fails fails";
}

TEST_F(CanaryEvidenceTest, ASoundSplitPromotes) {
  route.unit = {};
  given({set_weight(25), set_weight(50)});
  tick();
  seen(1000, 0);
  draw(0.25, 3000, 1000);
  tick(10s);
  EXPECT_EQ(state.weight, 0.5);
}

}  // namespace
}  // namespace sluice::strategy
