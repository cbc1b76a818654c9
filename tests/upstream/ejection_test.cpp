#include "sluice/upstream/ejection.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;
using metrics::EjectionReason;
using What = EjectionChange::What;

/// A version's endpoints, time by hand.
class EjectionTest : public testing::Test {
 protected:
  void endpoints(std::size_t count) {
    evidence.assign(count, {});
    look_now();  // the first interval begins
  }
  std::vector<EjectionChange> look_now() {
    EjectionStep step = look(settings, status, evidence, now);
    status = std::move(step.status);
    for (const EjectionChange& change : step.changes) {
      if (change.what == What::Admit) continue;
      evidence[change.endpoint].errors_in_row = evidence[change.endpoint].gateway_errors_in_row = 0;
    }
    return step.changes;
  }
  std::vector<EjectionChange> after(Duration time) {
    now += time;
    return look_now();
  }
  void errors_in_row(std::size_t endpoint, std::uint32_t count) {
    evidence[endpoint].errors_in_row = count;
    evidence[endpoint].totals.server_errors += count;
  }
  void requests(std::size_t endpoint, std::uint64_t answered, std::uint64_t errors, Duration latency = 10ms) {
    EndpointTotals& totals = evidence[endpoint].totals;
    totals.answered += answered;
    totals.server_errors += errors;
    totals.latency += answered * static_cast<std::uint64_t>(latency.count());
  }
  EjectionPhase phase(std::size_t endpoint) const { return status.endpoints.at(endpoint).phase; }
  EjectionReason reason(std::size_t endpoint) const { return status.endpoints.at(endpoint).cause.reason; }
  void expect_nobody_is_out() const {
    for (const EjectionStatus& endpoint : status.endpoints) EXPECT_NE(endpoint.phase, EjectionPhase::Ejected);
  }

  EjectionSettings settings;
  VersionEjection status;
  std::vector<EndpointEvidence> evidence;
  TimePoint now{1h};
};

// --- streaks ---

TEST_F(EjectionTest, ErrorsInARowEjectAtOnce) {
  endpoints(3);
  errors_in_row(1, 4);
  EXPECT_TRUE(look_now().empty());
  errors_in_row(1, 5);
  const auto changes = look_now();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].endpoint, 1u);
  EXPECT_EQ(changes[0].what, What::Eject);
  EXPECT_EQ(phase(1), EjectionPhase::Ejected);
  EXPECT_EQ(reason(1), EjectionReason::Errors);
  EXPECT_EQ(status.endpoints[1].until, now + 30s);
}

TEST_F(EjectionTest, RequestsWithoutAnAnswerHaveALimitAndAReasonOfTheirOwn) {
  settings.consecutive_gateway_errors = 2;
  endpoints(2);
  evidence[0].errors_in_row = evidence[0].gateway_errors_in_row = 2;
  look_now();
  EXPECT_EQ(phase(0), EjectionPhase::Ejected);
  EXPECT_EQ(reason(0), EjectionReason::GatewayErrors);
}

TEST_F(EjectionTest, ALimitOfZeroIsNotLookedAt) {
  settings.consecutive_errors = settings.consecutive_gateway_errors = 0;
  endpoints(2);
  evidence[0].errors_in_row = evidence[0].gateway_errors_in_row = 1000;
  EXPECT_TRUE(look_now().empty());
}

TEST_F(EjectionTest, ASingleEndpointIsNeverEjected) {
  endpoints(1);
  errors_in_row(0, 100);
  EXPECT_TRUE(look_now().empty());
}

TEST_F(EjectionTest, TheLastEndpointThatMayGetTrafficIsNeverEjected) {
  settings.max_ejected = 1;
  endpoints(3);
  evidence[0].eligible = false;  // failed its checks
  errors_in_row(1, 9);
  errors_in_row(2, 7);
  look_now();
  EXPECT_EQ(phase(1), EjectionPhase::Ejected) << "the worst";
  EXPECT_EQ(phase(2), EjectionPhase::Admitted);
}

TEST_F(EjectionTest, AnEndpointWithoutTrafficIsNotJudgedByOldReports) {
  endpoints(3);
  evidence[0].eligible = false;
  errors_in_row(0, 50);
  EXPECT_TRUE(look_now().empty());
}

// --- how many ---

TEST(MostEjected, IsAShareButAtLeastOneOfTwoOrMore) {
  const EjectionSettings tenth{.max_ejected = 0.1};
  EXPECT_EQ(most_ejected(tenth, 0), 0u);
  EXPECT_EQ(most_ejected(tenth, 1), 0u);
  EXPECT_EQ(most_ejected(tenth, 2), 1u);
  EXPECT_EQ(most_ejected(tenth, 19), 1u);
  EXPECT_EQ(most_ejected(tenth, 20), 2u);
  EXPECT_EQ(most_ejected({.max_ejected = 0.29}, 100), 29u);
  EXPECT_EQ(most_ejected({.max_ejected = 1}, 4), 3u) << "never all";
}

TEST_F(EjectionTest, NoMoreThanTheShareAreOutAndTheNextFollowsWhenThereIsRoom) {
  settings.max_ejected = 0.5;
  endpoints(4);
  for (std::size_t i = 0; i < 3; ++i) errors_in_row(i, 5);
  look_now();
  EXPECT_EQ(phase(0), EjectionPhase::Ejected);
  EXPECT_EQ(phase(1), EjectionPhase::Ejected);
  EXPECT_EQ(phase(2), EjectionPhase::Admitted);
  evidence[2].errors_in_row = 5;
  after(30s);  // the first two are tried again
  EXPECT_EQ(phase(2), EjectionPhase::Ejected);
}

TEST_F(EjectionTest, EndpointsThatAnOperatorTookOutDoNotMakeRoom) {
  settings.max_ejected = 0.1;
  endpoints(20);
  for (std::size_t i = 0; i < 10; ++i) evidence[i].eligible = evidence[i].counted = false;
  errors_in_row(18, 6);
  errors_in_row(19, 6);
  look_now();
  EXPECT_EQ(phase(18), EjectionPhase::Ejected);
  EXPECT_EQ(phase(19), EjectionPhase::Admitted) << "a tenth of the ten that are left";
}

// --- return ---

TEST_F(EjectionTest, ComesBackInProbationAndIsAdmittedWhenThatGoesWell) {
  endpoints(2);
  errors_in_row(0, 5);
  look_now();
  EXPECT_TRUE(after(30s - 1ms).empty());
  const auto tried = after(1ms);
  ASSERT_EQ(tried.size(), 1u);
  EXPECT_EQ(tried[0].what, What::Try);
  EXPECT_EQ(phase(0), EjectionPhase::Probation);
  requests(0, 9, 1);
  const auto admitted = after(10s);
  ASSERT_EQ(admitted.size(), 1u);
  EXPECT_EQ(admitted[0].what, What::Admit);
  EXPECT_EQ(phase(0), EjectionPhase::Admitted);
}

TEST_F(EjectionTest, AStreakInProbationEjectsAgainAndForLonger) {
  endpoints(2);
  errors_in_row(0, 5);
  look_now();
  after(30s);
  errors_in_row(0, 5);
  after(1s);
  EXPECT_EQ(phase(0), EjectionPhase::Ejected);
  EXPECT_EQ(status.endpoints[0].count, 2u);
  EXPECT_EQ(status.endpoints[0].until, now + 60s);
}

TEST_F(EjectionTest, AProbationOfWhichHalfFailedIsNotPassed) {
  endpoints(2);
  errors_in_row(0, 5);
  look_now();
  after(30s);
  requests(0, 1, 1);
  after(10s);
  EXPECT_EQ(phase(0), EjectionPhase::Ejected);
  EXPECT_TRUE(status.endpoints[0].cause.in_probation);
  EXPECT_EQ(describe(status.endpoints[0].cause), "1 of 2 requests failed in probation");
}

TEST_F(EjectionTest, AProbationWithoutARequestIsPassed) {
  endpoints(2);
  errors_in_row(0, 5);
  look_now();
  after(30s);
  after(10s);
  EXPECT_EQ(phase(0), EjectionPhase::Admitted);
}

TEST_F(EjectionTest, WithoutRoomAFailedProbationGoesOn) {
  endpoints(2);
  errors_in_row(0, 5);
  look_now();
  after(30s);
  errors_in_row(1, 5);
  after(1s);
  ASSERT_EQ(phase(1), EjectionPhase::Ejected);
  requests(0, 0, 4);
  after(9s);
  EXPECT_EQ(phase(0), EjectionPhase::Probation);
  requests(0, 10, 0);
  after(10s);
  EXPECT_EQ(phase(0), EjectionPhase::Admitted);
}

TEST_F(EjectionTest, ProbationWaitsUntilTheEndpointMayGetTrafficAtAll) {
  endpoints(2);
  errors_in_row(0, 5);
  look_now();
  evidence[0].eligible = false;
  EXPECT_TRUE(after(5min).empty());
  EXPECT_EQ(phase(0), EjectionPhase::Ejected);
  evidence[0].eligible = true;
  after(0s);
  EXPECT_EQ(phase(0), EjectionPhase::Probation);
}

TEST_F(EjectionTest, TheTimeGrowsWithTheCountUpToItsBound) {
  settings.base_time = 30s;
  settings.max_time = 70s;
  endpoints(2);
  for (const Duration expected : {30s, 60s, 70s, 70s}) {
    errors_in_row(0, 5);
    look_now();
    EXPECT_EQ(status.endpoints[0].time, expected);
    after(expected);
    ASSERT_EQ(phase(0), EjectionPhase::Probation);
  }
}

TEST_F(EjectionTest, EjectionsAreForgottenOneByOneWhileAllIsWell) {
  endpoints(2);
  for (int i = 0; i < 2; ++i) {
    errors_in_row(0, 5);
    look_now();
    after(status.endpoints[0].time);
  }
  after(10s);
  ASSERT_EQ(phase(0), EjectionPhase::Admitted);
  EXPECT_EQ(status.endpoints[0].count, 2u);
  after(30s);
  EXPECT_EQ(status.endpoints[0].count, 1u);
  after(30s);
  EXPECT_EQ(status.endpoints[0].count, 0u);
  after(30s);
  EXPECT_EQ(status.endpoints[0].count, 0u);
}

TEST_F(EjectionTest, SwitchedOffEveryoneIsAdmitted) {
  endpoints(2);
  errors_in_row(0, 5);
  look_now();
  settings.enabled = false;
  evidence[1].errors_in_row = 100;
  const auto changes = look_now();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].what, What::Admit);
  expect_nobody_is_out();
}

// --- success rates ---

TEST_F(EjectionTest, ASuccessRateFarBelowTheOthersEjects) {
  endpoints(3);
  for (std::size_t i = 0; i < 3; ++i) requests(i, i == 1 ? 160 : 198, i == 1 ? 40 : 2);
  EXPECT_TRUE(after(10s - 1ms).empty()) << "the interval is not over";
  after(1ms);
  EXPECT_EQ(phase(1), EjectionPhase::Ejected);
  EXPECT_EQ(reason(1), EjectionReason::SuccessRate);
  EXPECT_EQ(describe(status.endpoints[1].cause), "success rate 80.0% below 94.0% (n=200)");
}

TEST_F(EjectionTest, ASuccessRateWithinTheMarginIsNoOutlier) {
  endpoints(4);
  for (std::size_t i = 0; i < 4; ++i) requests(i, i == 1 ? 9600 : 10000, i == 1 ? 400 : 0);
  after(10s);
  expect_nobody_is_out();
}

TEST_F(EjectionTest, AVersionThatFailsEverywhereHasNoOutlier) {
  endpoints(4);
  for (std::size_t i = 0; i < 4; ++i) requests(i, 100 + i, 100);
  after(10s);
  expect_nobody_is_out();
}

TEST_F(EjectionTest, WhatChanceExplainsIsNoOutlier) {
  endpoints(3);
  requests(0, 80, 20);
  requests(1, 80, 20);
  requests(2, 73, 27);  // 7 % below, but 100 requests scatter by 4 %
  after(10s);
  expect_nobody_is_out();
}

TEST_F(EjectionTest, TooFewRequestsOrEndpointsAreNotCompared) {
  endpoints(3);
  requests(0, 200, 0);
  requests(1, 200, 0);
  requests(2, 0, 99);
  after(10s);
  expect_nobody_is_out();
  endpoints(2);
  requests(0, 200, 0);
  requests(1, 0, 200);
  after(10s);
  expect_nobody_is_out();
}

TEST_F(EjectionTest, EveryIntervalCountsOnItsOwn) {
  endpoints(3);
  for (std::size_t i = 0; i < 3; ++i) requests(i, 60, i == 1 ? 30 : 0);
  after(10s);
  for (std::size_t i = 0; i < 3; ++i) requests(i, 60, i == 1 ? 30 : 0);
  after(10s);
  expect_nobody_is_out();  // 180 in all, but never a hundred in one interval
}

TEST_F(EjectionTest, DeviationsOfZeroSwitchTheComparisonOff) {
  settings.success_rate_deviations = 0;
  endpoints(3);
  for (std::size_t i = 0; i < 3; ++i) requests(i, i == 1 ? 0 : 200, i == 1 ? 200 : 0);
  after(10s);
  expect_nobody_is_out();
}

// --- latencies ---

TEST_F(EjectionTest, ALatencyFarAboveTheMedianEjects) {
  endpoints(3);
  requests(0, 200, 0, 20ms);
  requests(1, 200, 0, 22ms);
  requests(2, 200, 0, 70ms);
  after(10s);
  EXPECT_EQ(phase(2), EjectionPhase::Ejected);
  EXPECT_EQ(reason(2), EjectionReason::Latency);
  EXPECT_EQ(describe(status.endpoints[2].cause), "mean latency 70.0ms above 66.0ms (n=200)");
}

TEST_F(EjectionTest, AFewMillisecondsAreNoOutlierHoweverManyTimesTheMedian) {
  endpoints(3);
  requests(0, 200, 0, 1ms);
  requests(1, 200, 0, 1ms);
  requests(2, 200, 0, 10ms);
  after(10s);
  expect_nobody_is_out();
}

TEST_F(EjectionTest, SlowTogetherIsNoOutlier) {
  endpoints(4);
  for (std::size_t i = 0; i < 4; ++i) requests(i, 200, 0, i == 0 ? 10ms : 900ms);
  after(10s);
  expect_nobody_is_out();
}

TEST_F(EjectionTest, AFactorOfZeroSwitchesTheComparisonOff) {
  settings.latency_factor = 0;
  endpoints(3);
  for (std::size_t i = 0; i < 3; ++i) requests(i, 200, 0, i == 2 ? 1s : 10ms);
  after(10s);
  expect_nobody_is_out();
}

}  // namespace
}  // namespace sluice::upstream
