#include <gtest/gtest.h>

#include "scenarios/story.hpp"

namespace sluice::scenarios {
namespace {

using namespace std::chrono_literals;

const std::string three_stages = route_yaml({"v1", "v2"}, R"(stages:
  - shadow:
      live: v1
      candidates: [{version: v2}]
      analysis:
        minRequests: 1000
        checks: [{metric: error-rate, thresholdRange: {max: 1%}}]
      stopWhen: Conclusive
    until: Approved
  - canary:
      stable: v1
      candidate: v2
      steps: [{setWeight: 10}, {setWeight: 30}]
      analysis:
        checks: [{metric: error-rate, thresholdRange: {max: 1%}}]
    atLeast: 1d
  - abTest:
      variants: [{version: v1}, {version: v2}]
      primaryMetric: latency-mean
      onWinner: Promote)");

TEST(StagesStory, AGoodVersionGoesAllTheWay) {
  Story()
      .given_version("v1", {.latency = 40ms})
      .given(three_stages)
      .when_time_passes(5min)
      .then_phase(Phase::Paused, "AwaitingApproval")
      .then_message_has("stage 1 of 3")
      .then_weight("v1", 1)
      .when_time_passes(48h, 10s)
      .then_phase(Phase::Paused, "AwaitingApproval")
      .when_person(Verb::Promote)
      .when_time_passes(1h)
      .then_phase(Phase::Paused, "AwaitingStageTime")
      .then_weight("v2", 0.3)
      .when_time_passes(22h, 10s)
      .then_weight("v2", 0.3)
      .when_time_passes(1h + 5s)
      .then_weight("v2", 0.5)
      .when_phase_comes(Phase::Promoted, 1h)
      .then_weight("v2", 1)
      .then_steps_were("v2", {0, 0.1, 0.3, 0.5, 1})
      .then_event("StageBegun", "stage 2 of 3")
      .then_event("StageBegun", "stage 3 of 3")
      .then_clients_saw_no_failure()
      .when_person(Verb::Undo)
      .then_phase(Phase::Aborted, "Undone")
      .then_weight("v1", 1);
}

TEST(StagesStory, ABadVersionIsStoppedByItsShadow) {
  Story()
      .given(three_stages)
      .given_version("v2", {.error_rate = 0.1})
      .when_phase_comes(Phase::RolledBack, 5min)
      .then_steps_were("v2", {0})
      .then_mirrored("v2", 0)
      .then_no_event("StageBegun")
      .given_version("v2", {})
      .when_person(Verb::Retry)
      .when_time_passes(5min)
      .then_phase(Phase::Paused, "AwaitingApproval");
}

TEST(StagesStory, ABadCanaryTakesTheRolloutWithIt) {
  Story()
      .given(three_stages)
      .when_time_passes(5min)
      .when_person(Verb::Promote)
      .when_time_passes(10s)
      .given_version("v2", {.error_rate = 0.3})
      .when_phase_comes(Phase::RolledBack, 10min)
      .then_weight("v1", 1)
      .then_role("v1", "stable")
      .then_clients_saw_no_failure();
}

TEST(StagesStory, AVersionThatTurnsBadWhileItsTimePassesIsStopped) {
  Story()
      .given(three_stages)
      .when_time_passes(5min)
      .when_person(Verb::Promote)
      .when_time_passes(12h, 10s)
      .then_phase(Phase::Paused, "AwaitingStageTime")
      .given_version("v2", {.error_rate = 0.9})
      .when_phase_comes(Phase::RolledBack, 3h)
      .then_weight("v1", 1);
}

TEST(StagesStory, KilledInEachStageItGoesOn) {
  Story()
      .given_version("v1", {.latency = 40ms})
      .given(three_stages)
      .when_time_passes(5s)
      .when_killed_and_restarted()
      .when_time_passes(5min)
      .when_killed_and_restarted()
      .when_time_passes(1min)
      .then_phase(Phase::Paused, "AwaitingApproval")
      .then_message_has("stage 1 of 3")
      .when_person(Verb::Promote)
      .when_time_passes(2s)
      .when_killed_and_restarted()
      .when_time_passes(12h, 10s)
      .when_killed_and_restarted()
      .then_weight("v2", 0.3)
      .when_time_passes(11h + 59min, 10s)
      .then_weight("v2", 0.3)
      .when_time_passes(1min + 2s)
      .then_weight("v2", 0.5)
      .when_killed_and_restarted()
      .then_weight("v2", 0.5)
      .when_phase_comes(Phase::Promoted, 1h)
      .when_killed_and_restarted()
      .when_time_passes(10s)
      .then_phase(Phase::Promoted)
      .then_weight("v2", 1)
      .then_steps_were("v2", {0, 0.1, 0.3, 0.5, 1});
}

TEST(StagesStory, MissedAndRepeatedTicksChangeNothing) {
  Story()
      .when_every_nth_tick_is_missed(3)
      .when_every_tick_is_repeated()
      .given_version("v1", {.latency = 40ms})
      .given(three_stages)
      .when_time_passes(5min)
      .when_person(Verb::Promote)
      .when_time_passes(25h, 10s)
      .when_phase_comes(Phase::Promoted, 1h)
      .then_steps_were("v2", {0, 0.1, 0.3, 0.5, 1});
}

TEST(StagesStory, PromoteFullyAndAbort) {
  Story()
      .given(three_stages)
      .when_time_passes(1s)
      .when_person(Verb::Promote, true)
      .then_phase(Phase::Promoted)
      .then_weight("v2", 1);
  Story()
      .given(three_stages)
      .when_time_passes(5min)
      .when_person(Verb::Promote)
      .when_time_passes(1min)
      .when_person(Verb::Abort)
      .then_phase(Phase::Aborted)
      .then_weight("v1", 1)
      .when_time_passes(1h)
      .then_phase(Phase::Aborted);
}

TEST(StagesStory, APersonsPauseHoldsTheNextStage) {
  Story()
      .given(three_stages)
      .when_time_passes(5min)
      .when_person(Verb::Promote)
      .when_time_passes(23h, 10s)
      .when_person(Verb::Pause)
      .when_time_passes(10h, 10s)
      .then_phase(Phase::Paused, "PausedByPerson")
      .then_weight("v2", 0.3)
      .when_person(Verb::Resume)
      .when_time_passes(50min)
      .then_weight("v2", 0.3)  // of the day that the stage lasts an hour was left
      .when_time_passes(15min)
      .then_weight("v2", 0.5);
}

TEST(StagesStory, ItsLinesSayWhatWasShownAndNothingThatDidNotHappen) {
  Story story;
  story.given_version("v1", {.latency = 40ms})
      .given(three_stages)
      .when_time_passes(5min)
      .then_phase(Phase::Paused, "AwaitingApproval")
      .then_mirrored("v2", 1)
      .then_event("Paused", "stage 1 of 3 has passed, a person is to approve: 'v2' passes its checks: ")
      .when_person(Verb::Promote)
      .when_time_passes(25h, 10s)
      .then_event("Paused", "stage 2 of 3 has passed, and lasts at least 1d: 1 check passes (n=")
      .then_event("StageBegun", "stage 3 of 3 begins: error-rate 0%");
  for (const auto& line : story.journal()) {
    if (line.kind == "Promoted" || line.kind == "Concluded") continue;
    EXPECT_EQ(line.text.find("no more copies"), std::string::npos) << line.text;
    EXPECT_EQ(line.text.find("has everything"), std::string::npos) << line.text;
  }
}

}  // namespace
}  // namespace sluice::scenarios
