#include "sluice/upstream/admission.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;
using metrics::EndpointState;

/// One endpoint; time by hand.
class AdmissionTest : public testing::Test {
 protected:
  EndpointVerdict settle_now(std::uint32_t planned = 0) {
    step = settle(rules, life, planned, now);
    life = step.life;
    return judge(rules, life, now);
  }
  void check(bool passed) { life.health = after_check(rules.health, life.health, passed, 0.5).status; }
  std::string why(std::string_view last_check = "") {
    return explain(rules, life, judge(rules, life, now), {}, last_check, now);
  }

  Supervision rules{.health = {.enabled = true}};
  EndpointLife life;
  LifeStep step;
  TimePoint now{1h};
};

TEST_F(AdmissionTest, WithoutChecksAnEndpointIsReadyAsSoonAsItIsNamed) {
  rules.health.enabled = false;
  const EndpointVerdict verdict = settle_now();
  EXPECT_EQ(verdict.state, EndpointState::Ramping);
  EXPECT_DOUBLE_EQ(verdict.share, 0.1);
  EXPECT_TRUE(step.became_ready);
}

TEST_F(AdmissionTest, ANewEndpointGoesFromStartingOverWarmUpAndRampToAdmitted) {
  EXPECT_EQ(settle_now(1).state, EndpointState::Starting);
  EXPECT_EQ(why(), "not checked yet");
  check(true);
  EndpointVerdict verdict = settle_now(1);
  EXPECT_EQ(verdict.state, EndpointState::Starting) << "being warmed up";
  EXPECT_EQ(verdict.share, 0);
  EXPECT_EQ(step.warm_up, WarmUpAction::Begin);
  EXPECT_EQ(why(), "being warmed up: 0 of 1 requests sent, 0 failed");
  life.warm_up.phase = WarmUpPhase::Done;
  life.slow_start = begin_ramp(rules.slow_start, now);
  now += 15s;
  verdict = settle_now(1);
  EXPECT_EQ(verdict.state, EndpointState::Ramping);
  EXPECT_DOUBLE_EQ(verdict.share, 0.55);
  EXPECT_EQ(why(), "ready for 15s of 30s: 55% of its traffic");
  now += 15s;
  EXPECT_EQ(settle_now(1), (EndpointVerdict{EndpointState::Admitted, 1, false}));
  EXPECT_EQ(why(), "its checks pass");
}

TEST_F(AdmissionTest, TheRampBeginsWhenTheWarmUpEndsEvenByItsTimeOut) {
  check(true);
  settle_now(5);
  now += rules.warm_up.timeout;
  const EndpointVerdict verdict = settle_now(5);
  EXPECT_EQ(step.warm_up, WarmUpAction::End);
  EXPECT_EQ(verdict.state, EndpointState::Ramping);
  EXPECT_DOUBLE_EQ(verdict.share, 0.1);
}

TEST_F(AdmissionTest, OneThatIsBelievedNeedsNoCheckUntilOneFails) {
  life = EndpointLife::believed();
  EXPECT_EQ(settle_now().state, EndpointState::Admitted);
  EXPECT_EQ(why(), "nothing speaks against it");
  check(false);
  EXPECT_EQ(settle_now().state, EndpointState::Unhealthy);
  EXPECT_EQ(why("failed: 503 in 2ms"), "1 check failed (failed: 503 in 2ms)");
}

TEST_F(AdmissionTest, ABelievedEndpointThatPassesDoesNotRamp) {
  life = EndpointLife::believed();
  check(true);
  EXPECT_EQ(settle_now(3), (EndpointVerdict{EndpointState::Admitted, 1, false}));
  EXPECT_FALSE(step.became_ready);
}

TEST_F(AdmissionTest, OneThatFellAndRoseIsWarmedUpAndRampsAgain) {
  life = EndpointLife::believed();
  check(false);
  settle_now(2);
  check(true);
  EXPECT_EQ(settle_now(2).state, EndpointState::Unhealthy) << "one pass is not enough";
  EXPECT_EQ(why(), "1 of 2 checks in a row passed");
  check(true);
  EXPECT_EQ(settle_now(2).state, EndpointState::Starting);
  EXPECT_TRUE(step.became_ready);
  EXPECT_EQ(step.warm_up, WarmUpAction::Begin);
}

TEST_F(AdmissionTest, ReadinessLostDuringWarmUpEndsIt) {
  check(true);
  settle_now(2);
  life.health = {Health::Unhealthy, 0, 3};
  settle_now(2);
  EXPECT_EQ(step.warm_up, WarmUpAction::End);
  EXPECT_EQ(life.warm_up.phase, WarmUpPhase::Waiting);
}

TEST_F(AdmissionTest, OneThatWasNeverReadyIsStartingHoweverOftenItFails) {
  for (int i = 0; i < 10; ++i) check(false);
  EXPECT_EQ(settle_now().state, EndpointState::Starting);
  EXPECT_EQ(why("failed: connection refused"), "not ready yet (failed: connection refused)");
}

TEST_F(AdmissionTest, AnotherLookChangesNothing) {
  check(true);
  settle_now(2);
  const EndpointLife before = life;
  settle_now(2);
  EXPECT_EQ(step.warm_up, WarmUpAction::None);
  EXPECT_FALSE(step.became_ready);
  EXPECT_EQ(life.warm_up, before.warm_up);
}

TEST_F(AdmissionTest, ChecksThatAreSwitchedOffLeaveNoTrace) {
  life = EndpointLife::believed();
  for (int i = 0; i < 3; ++i) check(false);
  settle_now();
  rules.health.enabled = false;
  EXPECT_EQ(settle_now().state, EndpointState::Ramping);
  rules.health.enabled = true;
  EXPECT_EQ(settle_now().state, EndpointState::Ramping) << "unknown, but it is in use";
}

TEST_F(AdmissionTest, ChecksThatAreSwitchedOnTakeNobodyOutAtTheirFirstFailure) {
  for (const bool believed : {true, false}) {
    life = believed ? EndpointLife::believed() : EndpointLife{};
    rules.health.enabled = false;
    ASSERT_GT(settle_now().share, 0);
    now += 1min;
    ASSERT_EQ(settle_now().state, EndpointState::Admitted);
    rules.health.enabled = true;
    EXPECT_EQ(settle_now().state, EndpointState::Admitted);
    EXPECT_EQ(why(), "nothing speaks against it");
    for (std::uint32_t i = 1; i < rules.health.unhealthy_threshold; ++i) {
      check(false);
      EXPECT_EQ(settle_now().state, EndpointState::Admitted) << i << " failed";
    }
    EXPECT_EQ(why("failed: 503 in 2ms"), "2 of 3 checks in a row failed (failed: 503 in 2ms)");
    check(false);
    EXPECT_EQ(settle_now().state, EndpointState::Unhealthy);
  }
}

TEST_F(AdmissionTest, TheOrderOfPrecedenceHolds) {
  // Everything at once; then what weighs most is taken away, one after the other.
  life.draining = true;
  life.ever_ready = true;
  life.ready = false;
  life.ejection.phase = EjectionPhase::Ejected;
  life.ejection.cause = {metrics::EjectionReason::Errors, false, 5, 5, 5};
  life.ejection.time = 30s;
  life.ejection.count = 1;
  life.warm_up.phase = WarmUpPhase::Warming;
  life.slow_start = {true, now};
  const auto state = [&] { return judge(rules, life, now).state; };
  EXPECT_EQ(state(), EndpointState::Draining);
  EXPECT_EQ(why(), "taken out by an operator");
  life.draining = false;
  EXPECT_EQ(state(), EndpointState::Unhealthy);
  life.ready = true;
  EXPECT_EQ(state(), EndpointState::Ejected);
  EXPECT_EQ(why(), "5 errors in a row; ejected for 30s");
  life.ejection.count = 2;
  EXPECT_EQ(why(), "5 errors in a row; ejected for 30s, 2 times in a row");
  life.ejection.phase = EjectionPhase::Probation;
  EXPECT_EQ(state(), EndpointState::Starting) << "warm-up before a trickle of real requests";
  life.warm_up.phase = WarmUpPhase::Done;
  EXPECT_EQ(state(), EndpointState::Probation);
  EXPECT_EQ(why(), "back after 5 errors in a row: 10% of its traffic for 10s");
  life.ejection.phase = EjectionPhase::Admitted;
  EXPECT_EQ(state(), EndpointState::Ramping);
  life.slow_start = {};
  EXPECT_EQ(state(), EndpointState::Admitted);
}

TEST_F(AdmissionTest, AProbationWithinARampGetsTheSmallerShare) {
  life = EndpointLife::believed();
  life.ejection.phase = EjectionPhase::Probation;
  life.slow_start = {true, now};
  rules.slow_start.floor = 0.02;
  EXPECT_DOUBLE_EQ(judge(rules, life, now).share, 0.02);
  now += 20s;
  EXPECT_DOUBLE_EQ(judge(rules, life, now).share, 0.1);
}

// --- panic ---

class PanicTest : public testing::Test {
 protected:
  Usability panic(std::initializer_list<EndpointState> states, bool has_fallback = false) {
    verdicts.clear();
    for (const EndpointState state : states) {
      const bool usable = state == EndpointState::Admitted || state == EndpointState::Ramping;
      verdicts.push_back({state, usable ? 1.0 : 0.0});
    }
    return apply_panic(rules, has_fallback, verdicts);
  }
  std::vector<double> shares() const {
    std::vector<double> all;
    for (const EndpointVerdict& verdict : verdicts) all.push_back(verdict.share);
    return all;
  }
  Supervision rules{.panic_threshold = 0.5};
  std::vector<EndpointVerdict> verdicts;
};

using Shares = std::vector<double>;
constexpr auto kAdmitted = EndpointState::Admitted;
constexpr auto kEjected = EndpointState::Ejected;
constexpr auto kUnhealthy = EndpointState::Unhealthy;
constexpr auto kDraining = EndpointState::Draining;
constexpr auto kStarting = EndpointState::Starting;

TEST_F(PanicTest, HalfOfTheEndpointsAreEnough) {
  const Usability version = panic({kAdmitted, kUnhealthy});
  EXPECT_FALSE(version.panic);
  EXPECT_EQ(version.usable, 1u);
  EXPECT_EQ(version.counted, 2u);
  EXPECT_EQ(shares(), (Shares{1, 0}));
}

TEST_F(PanicTest, WithFewerAllGetTraffic) {
  EXPECT_TRUE(panic({kAdmitted, kUnhealthy, kEjected}).panic);
  EXPECT_EQ(shares(), (Shares{1, 1, 1}));
  EXPECT_FALSE(verdicts[0].panic) << "it would get traffic anyway";
  EXPECT_TRUE(verdicts[1].panic);
}

TEST_F(PanicTest, WhatAnOperatorTookOutStaysOutAndDoesNotCount) {
  EXPECT_FALSE(panic({kAdmitted, kDraining, kDraining}).panic);
  EXPECT_TRUE(panic({kUnhealthy, kDraining}).panic);
  EXPECT_EQ(shares(), (Shares{1, 0}));
  EXPECT_FALSE(panic({kDraining, kDraining}).panic);
  EXPECT_EQ(shares(), (Shares{0, 0}));
}

TEST_F(PanicTest, EndpointsThatAreOnlyStartingAreNoReasonForPanic) {
  EXPECT_FALSE(panic({kAdmitted, kStarting, kStarting, kStarting}).panic);
  EXPECT_EQ(shares(), (Shares{1, 0, 0, 0}));
}

TEST_F(PanicTest, EndpointsThatAreOnlyStartingGetTrafficWhenThereIsNoOther) {
  EXPECT_TRUE(panic({kStarting, kStarting}).panic);
  EXPECT_EQ(shares(), (Shares{1, 1}));
  panic({kStarting, kUnhealthy});
  EXPECT_EQ(shares(), (Shares{0, 1}));
}

TEST_F(PanicTest, WithAnotherVersionToAnswerThereIsNoPanic) {
  EXPECT_FALSE(panic({kUnhealthy, kUnhealthy}, true).panic);
  EXPECT_EQ(shares(), (Shares{0, 0}));
  EXPECT_FALSE(panic({kAdmitted, kUnhealthy, kUnhealthy}, true).panic);
  EXPECT_EQ(shares(), (Shares{1, 0, 0}));
}

TEST_F(PanicTest, AThresholdOfZeroMeansNever) {
  rules.panic_threshold = 0;
  EXPECT_FALSE(panic({kUnhealthy}).panic);
  EXPECT_EQ(shares(), (Shares{0}));
}

TEST_F(PanicTest, TheReasonSaysSo) {
  const Usability version = panic({kAdmitted, kUnhealthy, kUnhealthy});
  EndpointLife life = EndpointLife::believed();
  life.health = {Health::Unhealthy, 0, 4};
  EXPECT_EQ(explain(rules, life, verdicts[1], version, "", TimePoint(1h)),
            "4 checks in a row failed; gets traffic all the same, since 1 of 3 endpoints are usable");
}

}  // namespace
}  // namespace sluice::upstream
