#include <gtest/gtest.h>

#include "scenarios/story.hpp"

namespace sluice::scenarios {
namespace {

using namespace std::chrono_literals;
using Says = HookScript::Says;

const std::string automatic = route_yaml({"blue", "green"}, R"(blueGreen:
  active: blue
  preview: green
  prePromotion:
    mirror: 20%
    analysis:
      minRequests: 500
      checks:
        - {metric: error-rate, thresholdRange: {max: 1%}}
        - {metric: latency-p95, versusStable: {relativeMargin: 50%}}
  autoPromote: {enabled: true, after: 5m}
  postPromotion:
    analysis:
      minRequests: 1000
      checks:
        - {metric: error-rate, thresholdRange: {max: 1%}}
        - {metric: latency-p99, thresholdRange: {max: 250ms}}
  keepWarm: 30m)");

const std::string by_hand = route_yaml({"blue", "green"}, R"(blueGreen:
  active: blue
  preview: green
  keepWarm: 10m)");

TEST(BlueGreenStory, AGoodPreviewIsTriedFlippedWatchedAndPromoted) {
  Story()
      .given(automatic)
      .when_time_passes(1min)
      .then_phase(Phase::Progressing, "AwaitingTime")
      .then_mirrored("green", 0.2)
      .then_weight("green", 0)
      .when_time_passes(3min + 50s)
      .then_weight("green", 0)
      .when_time_passes(20s)
      .then_weight("green", 1)
      .then_mirrored("green", 0)
      .then_role("green", "active")
      .then_role("blue", "previous")
      .when_phase_comes(Phase::Promoted, 2min)
      .then_steps_were("green", {0, 1})
      .then_clients_saw_no_failure()
      .then_no_event("Released")
      .when_time_passes(30min)
      .then_event("Released")
      .then_phase(Phase::Promoted)
      .then_weight("green", 1);
}

TEST(BlueGreenStory, ABadPreviewNeverGetsARequest) {
  Story()
      .given(automatic)
      .given_version("green", {.error_rate = 0.08})
      .when_phase_comes(Phase::RolledBack, 2min)
      .then_message_has("error-rate 8%")
      .then_message_has("max 1%")
      .then_steps_were("green", {0})
      .then_mirrored("green", 0)
      .then_clients_saw_no_failure();
}

TEST(BlueGreenStory, ASlowPreviewIsFoundOutByItsCopies) {
  Story()
      .given(automatic)
      .given_version("green", {.latency = 60ms})
      .when_phase_comes(Phase::RolledBack, 2min)
      .then_message_has("latency-p95")
      .then_steps_were("green", {0});
}

TEST(BlueGreenStory, APreviewThatTurnsBadAfterTheFlipIsFlippedBackAndNobodyNotices) {
  Story()
      .given(automatic)
      .when_time_passes(5min + 3s)
      .then_weight("green", 1)
      .given_version("green", {.error_rate = 0.2})
      .when_phase_comes(Phase::RolledBack, 1min)
      .then_steps_were("green", {0, 1, 0})
      .then_role("blue", "active")
      .then_clients_saw_no_failure()
      .when_time_passes(1h)
      .then_phase(Phase::RolledBack, "CheckFailed")
      .given_version("green", {})
      .when_person(Verb::Retry)
      .when_phase_comes(Phase::Promoted, 10min)
      .then_weight("green", 1);
}

TEST(BlueGreenStory, APersonFlipsAndUndoes) {
  Story()
      .given(by_hand)
      .when_time_passes(24h)
      .then_phase(Phase::Paused, "AwaitingPromotion")
      .then_weight("green", 0)
      .when_person_is_refused(Verb::Undo, "")
      .when_person(Verb::Promote)
      .then_phase(Phase::Promoted)
      .then_weight("green", 1)
      .when_person_is_refused(Verb::Abort, "use undo")
      .when_person(Verb::Undo)
      .then_phase(Phase::Aborted, "Undone")
      .then_weight("blue", 1)
      .then_steps_were("green", {0, 1, 0});
}

TEST(BlueGreenStory, UndoWaitsForNobodyButASoundVersion) {
  Story()
      .given(by_hand)
      .when_time_passes(10s)
      .when_person(Verb::Promote)
      .given_unready("127.0.0.1:9001", "connection refused")
      .when_time_passes(1s)
      .when_person_is_refused(Verb::Undo, "0 of 1 endpoints")
      .then_weight("green", 1)
      .given_ready("127.0.0.1:9001")
      .when_time_passes(1s)
      .when_person(Verb::Undo)
      .then_weight("blue", 1);
}

TEST(BlueGreenStory, APreviewThatIsNotReadyIsWaitedFor) {
  Story()
      .given_unready("127.0.0.1:9101", "model is loading")
      .given(automatic)
      .when_time_passes(20min)
      .then_phase(Phase::Pending, "PreviewNotReady")
      .then_mirrored("green", 0)
      .given_ready("127.0.0.1:9101")
      .when_time_passes(4min)
      .then_weight("green", 0)
      .when_phase_comes(Phase::Promoted, 3min);
}

TEST(BlueGreenStory, KilledAtAnyMomentItGoesOnWhereItWas) {
  Story()
      .given(automatic)
      .when_time_passes(4min + 30s)
      .when_killed_and_restarted()
      .then_weight("green", 0)
      .when_time_passes(40s)
      .then_weight("green", 1)
      .when_killed_and_restarted()
      .then_weight("green", 1)
      .when_phase_comes(Phase::Promoted, 1min)
      .when_killed_and_restarted()
      .when_time_passes(10s)
      .then_phase(Phase::Promoted)
      .then_weight("green", 1)
      .then_steps_were("green", {0, 1});
}

TEST(BlueGreenStory, APausedTrialDoesNotFlipAndStillFails) {
  Story()
      .given(automatic)
      .when_time_passes(1min)
      .when_person(Verb::Pause)
      .when_time_passes(1h)
      .then_phase(Phase::Paused, "PausedByPerson")
      .then_weight("green", 0)
      .given_version("green", {.error_rate = 0.5})
      .when_phase_comes(Phase::RolledBack, 10min)
      .then_steps_were("green", {0});
}

TEST(BlueGreenStory, AResumedTrialFlipsAfterTheRestOfItsTime) {
  Story()
      .given(automatic)
      .when_time_passes(4min)
      .when_person(Verb::Pause)
      .when_time_passes(1h)
      .when_person(Verb::Resume)
      .when_time_passes(50s)
      .then_weight("green", 0)
      .when_time_passes(30s)
      .then_weight("green", 1);
}

TEST(BlueGreenStory, GatesHoldTheFlip) {
  const std::string policy = route_yaml({"blue", "green"}, R"(blueGreen:
  active: blue
  preview: green
  autoPromote: {enabled: true}
  webhooks:
    - {type: pre-rollout, url: "http://tester/run"}
    - {type: confirm-promotion, url: "http://board/ok"})");
  Story()
      .given_hook("http://tester/run", Says::Nothing)
      .given_hook("http://board/ok", Says::No)
      .given(policy)
      .when_time_passes(1h)
      .then_phase(Phase::Pending, "AwaitingPreRollout")
      .given_hook("http://tester/run", Says::Yes)
      .when_time_passes(1h)
      .then_phase(Phase::Progressing, "AwaitingConfirmation")
      .then_weight("green", 0)
      .given_hook("http://board/ok", Says::Yes)
      .when_time_passes(10s)
      .then_phase(Phase::Promoted);
  Story()
      .given_hook("http://tester/run", Says::Unreachable)
      .given_hook("http://board/ok", Says::Yes)
      .given(policy)
      .when_time_passes(10s)
      .then_phase(Phase::RolledBack, "WebhookFailed")
      .then_steps_were("green", {0});
}

TEST(BlueGreenStory, AStoreThatIsDownHoldsTheFlipAndNotTheWayBack) {
  Story()
      .given(automatic)
      .when_time_passes(4min)
      .when_store_fails()
      .when_time_passes(10min)
      .then_weight("green", 0)
      .when_store_fails(false)
      .when_time_passes(3s)
      .then_weight("green", 1)
      .when_store_fails()
      .given_version("green", {.error_rate = 0.5})
      .when_time_passes(1min)
      .then_weight("green", 0);
}

}  // namespace
}  // namespace sluice::scenarios
