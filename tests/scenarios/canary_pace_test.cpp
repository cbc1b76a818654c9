#include <gtest/gtest.h>

#include "scenarios/story.hpp"

namespace sluice::scenarios {
namespace {

using namespace std::chrono_literals;

const std::string by_evidence = canary_yaml("pace: Evidence");

/// Nobody rescues what v2 fails, so that the clients' failures are the harm.
std::string with_budget(int budget, const std::string& steps) {
  return canary_yaml("parachute: false\nharmBudget: " + std::to_string(budget) + "\nsteps: " + steps);
}

TEST(CanaryPaceStory, AGoodCandidateDoublesItsShareAsFastAsTheEvidenceComes) {
  Story()
      .given_traffic(400)
      .given(by_evidence)
      .when_phase_comes(Phase::Promoted, 1h)
      .then_steps_were("v2", {0, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.5, 1})
      .then_clients_saw_no_failure();
}

TEST(CanaryPaceStory, MoreTrafficIsFaster) {
  Duration before = 24h;
  for (const double rate : {50.0, 1000.0}) {
    Story story;
    story.given_traffic(rate).given(by_evidence);
    const WallTime start = story.now();
    story.when_phase_comes(Phase::Promoted, 2h);
    EXPECT_LT(story.now() - start, before) << rate;
    before = story.now() - start;
  }
}

TEST(CanaryPaceStory, ABadCandidateNeverGetsALargeShare) {
  Story story;
  story.given_traffic(400)
      .given(by_evidence)
      .given_version("v2", {.error_rate = 0.1})
      .when_phase_comes(Phase::RolledBack, 10min)
      .then_event("RolledBack", "error-rate");
  for (const auto& weights : story.world().published) EXPECT_LE(weights.share.at("v2"), 0.02);
}

TEST(CanaryPaceStory, TooLittleTrafficIsNoProgressAndEndsAtTheDeadline) {
  Story()
      .given_traffic(1)
      .given(by_evidence)
      .when_time_passes(10min)
      .then_weight("v2", 0.01)
      .when_phase_comes(Phase::RolledBack, 1min)
      .then_phase(Phase::RolledBack, "ProgressDeadlineExceeded");
}

TEST(CanaryPaceStory, AHarmBudgetHoldsHoweverBadTheCandidateIs) {
  for (const double error_rate : {1.0, 0.5, 0.1, 0.03}) {
    Story story;
    story.given_traffic(200)
        .given(with_budget(50, "[{setWeight: 50}, {pause: {duration: 1h}}]"))
        .given_version("v2", {.error_rate = error_rate})
        .when_phase_comes(Phase::RolledBack, 1h)
        .then_phase(Phase::RolledBack, "HarmBudgetSpent");
    // The look that finds it spent comes up to a second later.
    EXPECT_LE(story.world().failed_for_clients("fraud"), 56U) << error_rate;
    EXPECT_GE(story.world().failed_for_clients("fraud"), 45U) << error_rate;
  }
}

TEST(CanaryPaceStory, AHarmBudgetLetsAGoodCandidateThrough) {
  Story story;
  story.given_traffic(200)
      .given(with_budget(50, "[{setWeight: 10}, {setWeight: 50}]"))
      .when_phase_comes(Phase::Promoted, 1h)
      .then_clients_saw_no_failure();
  double last = 0;
  for (const auto& weights : story.world().published) {
    EXPECT_GE(weights.share.at("v2"), last);
    last = weights.share.at("v2");
  }
}

TEST(CanaryPaceStory, AHarmBudgetOutlivesAKill) {
  Story story;
  story.given_traffic(200)
      .given(with_budget(50, "[{setWeight: 50}, {pause: {duration: 1h}}]"))
      .given_version("v2", {.error_rate = 0.05})
      .when_time_passes(35s)
      .when_killed_and_restarted()
      .when_phase_comes(Phase::RolledBack, 1h)
      .then_phase(Phase::RolledBack, "HarmBudgetSpent");
  // What came after the last look before the kill is lost: less than the ten seconds between two looks.
  EXPECT_LE(story.world().failed_for_clients("fraud"), 75U);
}

TEST(CanaryPaceStory, AHarmBudgetWhoseMeasureWasInterruptedMeasuresAgain) {
  Story story;
  story.given_version("v2", {.error_rate = 1})
      .given(canary_yaml("steps: [{setWeight: 50}]\nharmBudget: 20"))
      .when_time_passes(3s)
      .then_phase(Phase::Pending, "MeasuringTraffic");
  story.world().pass(1min);
  story.when_killed_and_restarted()
      .when_time_passes(8s)
      .then_phase(Phase::Pending, "MeasuringTraffic")
      .when_time_passes(4s);
  EXPECT_NE(story.view().phase, Phase::Pending);
  for (const auto& weights : story.world().published) EXPECT_LT(weights.share.at("v2"), 0.03);
}

TEST(CanaryPaceStory, AHookAtEveryLookMayEndIt) {
  Story story;
  story.given_hook("http://127.0.0.1:7000/test", HookScript::Says::Yes)
      .given(canary_yaml(R"(steps: [{setWeight: 20}, {pause: {duration: 10m}}]
webhooks: [{type: rollout, url: "http://127.0.0.1:7000/test", timeout: 1s}])"))
      .when_time_passes(5min)
      .then_weight("v2", 0.2)
      .then_hook_called("http://127.0.0.1:7000/test", 25)
      .given_hook("http://127.0.0.1:7000/test", HookScript::Says::No)
      .when_phase_comes(Phase::RolledBack, 30s)
      .then_phase(Phase::RolledBack, "WebhookRefused");
}

TEST(CanaryPaceStory, AHookMayAskForTheWayBack) {
  Story()
      .given_hook("http://127.0.0.1:7000/back", HookScript::Says::No)
      .given(canary_yaml(R"(steps: [{setWeight: 20}, {pause: {}}]
webhooks: [{type: rollback, url: "http://127.0.0.1:7000/back", timeout: 1s}])"))
      .when_time_passes(5min)
      .then_weight("v2", 0.2)
      .given_hook("http://127.0.0.1:7000/back", HookScript::Says::Yes)
      .when_phase_comes(Phase::RolledBack, 30s)
      .then_phase(Phase::RolledBack, "RollbackWebhook");
}

TEST(CanaryPaceStory, ACandidateThatCannotServeGetsNothing) {
  Story()
      .given_unready("127.0.0.1:9101", "connection refused")
      .given(canary_yaml("steps: [{setWeight: 20}, {pause: {}}]"))
      .when_time_passes(5min)
      .then_phase(Phase::Pending, "CandidateNotReady")
      .then_weight("v2", 0)
      .given_ready("127.0.0.1:9101")
      .when_time_passes(5s)
      .then_weight("v2", 0.2);
}

TEST(CanaryPaceStory, MissedAndRepeatedTicksLeadToTheSameEnd) {
  for (const unsigned nth : {0U, 2U, 3U}) {
    Story()
        .given_traffic(400)
        .when_every_nth_tick_is_missed(nth)
        .when_every_tick_is_repeated(nth == 0)
        .given(by_evidence)
        .when_phase_comes(Phase::Promoted, 1h)
        .then_steps_were("v2", {0, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.5, 1});
  }
}

}  // namespace
}  // namespace sluice::scenarios
