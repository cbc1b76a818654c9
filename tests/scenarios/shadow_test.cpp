#include <gtest/gtest.h>

#include "scenarios/story.hpp"

namespace sluice::scenarios {
namespace {

using namespace std::chrono_literals;

const std::string conclusive = route_yaml({"v1", "v2", "v3"}, R"(shadow:
  live: v1
  candidates: [{version: v2, percent: 50}, {version: v3, percent: 25}]
  analysis:
    minRequests: 1000
    checks:
      - {metric: error-rate, thresholdRange: {max: 1%}}
      - {metric: latency-p99, versusStable: {relativeMargin: 20%}}
  stopWhen: Conclusive)");

const std::string by_night = route_yaml({"v1", "v2"}, R"(shadow:
  live: v1
  candidates: [{version: v2}]
  schedule: [{days: [Monday, Tuesday], from: "22:00", until: "06:00"}])");

const std::string shadow_with_budget = route_yaml({"v1", "v2"}, R"(shadow:
  live: v1
  candidates: [{version: v2, percent: 50}]
  budget: {requests: 30000})");

TEST(ShadowStory, CandidatesAreMeasuredAndTheFirstSoundOneWins) {
  Story()
      .given(conclusive)
      .given_version("v2", {.error_rate = 0.05})
      .when_time_passes(20s)
      .then_mirrored("v2", 0.5)
      .then_mirrored("v3", 0.25)
      .then_weight("v1", 1)
      .when_phase_comes(Phase::Concluded, 5min)
      .then_event("CheckFailed", "v2")
      .then_event("WinnerFound", "v3")
      .then_mirrored("v3", 0)
      .then_weight("v1", 1)
      .then_clients_saw_no_failure()
      .when_person(Verb::Promote)
      .then_phase(Phase::Promoted)
      .then_weight("v3", 1)
      .when_person(Verb::Undo)
      .then_weight("v1", 1)
      .then_steps_were("v3", {0, 1, 0});
}

TEST(ShadowStory, WithoutASoundCandidateItEndsWithoutAWinner) {
  Story()
      .given(conclusive)
      .given_version("v2", {.error_rate = 0.05})
      .given_version("v3", {.latency = 60ms})
      .when_phase_comes(Phase::Concluded, 5min)
      .then_no_event("WinnerFound")
      .when_person_is_refused(Verb::Promote, "several candidates")
      .then_weight("v1", 1);
}

TEST(ShadowStory, ADeadCandidateHarmsNobody) {
  Story()
      .given(by_night)
      .given_version("v2", {.error_rate = 1})
      .when_time_passes(7 * 24h, 10s)
      .then_phase(Phase::Progressing)
      .then_weight("v1", 1)
      .then_clients_saw_no_failure();
}

TEST(ShadowStory, CopiesAreMadeAtNightOnly) {
  Story()
      .given(by_night)  // Monday, midnight: the night that began on Sunday is none
      .when_time_passes(1h)
      .then_phase(Phase::Progressing, "OutsideHours")
      .then_mirrored("v2", 0)
      .when_time_passes(21h + 1s, 10s)
      .then_mirrored("v2", 1)
      .when_time_passes(8h - 2s, 10s)
      .then_mirrored("v2", 1)
      .when_time_passes(2s)
      .then_mirrored("v2", 0)
      .when_time_passes(16h, 10s)
      .then_mirrored("v2", 1)
      .when_killed_and_restarted()
      .then_mirrored("v2", 1)
      .when_time_passes(24h, 10s)
      .then_mirrored("v2", 0);
}

TEST(ShadowStory, ABudgetIsSpentOnceAlsoOverRestarts) {
  Story()
      .given(shadow_with_budget)
      .when_time_passes(5min)  // 50 copies a second: 15 000
      .when_killed_and_restarted()
      .when_time_passes(4min)
      .then_phase(Phase::Progressing)
      .when_killed_and_restarted()
      .when_time_passes(2min)
      .then_phase(Phase::Concluded, "BudgetSpent")
      .then_mirrored("v2", 0)
      .when_time_passes(24h, 10s)
      .then_phase(Phase::Concluded);
}

TEST(ShadowStory, WhatIsLeftOfABudgetIsWhatTheDataPlaneMaySpendAfterAKill) {
  Story story;
  story.given(shadow_with_budget)
      .when_time_passes(5min)  // 15 000 copies, the last of which nobody has written down
      .when_killed_and_restarted()
      .when_time_passes(1s);
  const auto left = story.world().steering("fraud").copies.requests;
  ASSERT_TRUE(left);
  EXPECT_GE(*left, 15'000U);
  EXPECT_LE(*left, 15'500U) << "and not the whole budget once more";
}

TEST(ShadowStory, AnOtherPolicyOfItsBoundsDoesNotBeginItAnew) {
  std::string wider = conclusive;
  wider.replace(wider.find("percent: 50"), 11, "percent: 60");
  Story()
      .given(conclusive)
      .when_time_passes(5s)
      .when_policy_changes(wider)
      .when_time_passes(2s)
      .then_mirrored("v2", 0.6)
      .then_no_event("Superseded");
}

TEST(ShadowStory, APersonsPauseEndsNothing) {
  Story()
      .given(conclusive)
      .when_person(Verb::Pause)
      .when_time_passes(10min)
      .then_phase(Phase::Paused, "PausedByPerson")
      .then_mirrored("v2", 0.5)
      .when_person(Verb::Resume)
      .when_time_passes(10s)
      .then_phase(Phase::Concluded, "Passed");
}

}  // namespace
}  // namespace sluice::scenarios
