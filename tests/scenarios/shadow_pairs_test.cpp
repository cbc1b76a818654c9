// Shadows that compare answers, and what makes them end.
#include <gtest/gtest.h>

#include "scenarios/story.hpp"

namespace sluice::scenarios {
namespace {

using namespace std::chrono_literals;

/// A shadow of v2 that ends by itself.
std::string comparing_shadow(const std::string& more = {}, const std::string& compare = "{}") {
  return route_yaml({"v1", "v2"}, "shadow:\n  live: v1\n  candidates: [{version: v2, percent: 50}]\n  compare: " +
                                      compare + "\n  stopWhen: Conclusive\n" + more);
}

TEST(ShadowPairsStory, AnEqualCandidatePassesByFewPairs) {
  Story story;
  story.given(comparing_shadow())
      .given_pairs()
      .given_version("v1", {.error_rate = 0.02})
      .given_version("v2", {.error_rate = 0.02})
      .when_phase_comes(Phase::Concluded, 30s)
      .then_phase(Phase::Concluded, "Passed")
      .then_event("WinnerFound", "v2")
      .then_message_has("pairs: error-rate Pass (about")
      .then_message_has("a split in halves: about")
      .then_message_has("disagreement Pass (about")
      .then_mirrored("v2", 0)
      .then_weight("v1", 1)
      .then_role("v2", "idle");
}

TEST(ShadowPairsStory, OneThatAnswersOtherwiseFails) {
  Story()
      .given(comparing_shadow("", "{noise: 5%}"))
      .given_pairs()
      .given_version("v2", {.disagreement = 0.2})
      .when_phase_comes(Phase::Concluded, 2min)
      .then_phase(Phase::Concluded, "CheckFailed")
      .then_event("CheckFailed", "disagreement 20%")
      .then_message_has("/outputs/score")
      .then_clients_saw_no_failure();
}

TEST(ShadowPairsStory, OneThatFailsWhereLiveDoesNotFails) {
  Story()
      .given(comparing_shadow())
      .given_pairs()
      .given_version("v1", {.error_rate = 0.02})
      .given_version("v2", {.error_rate = 0.1})
      .when_phase_comes(Phase::Concluded, 1min)
      .then_phase(Phase::Concluded, "CheckFailed")
      .then_event("CheckFailed", "error-rate");
}

TEST(ShadowPairsStory, NoiseAloneNeverFails) {
  Story story;
  story.given(comparing_shadow()).given_pairs(1).when_time_passes(30s);
  story.then_phase(Phase::Progressing, "Copying").then_message_has("noise is not known yet");
  story.when_phase_comes(Phase::Concluded, 2min).then_phase(Phase::Concluded, "Passed").then_no_event("CheckFailed");
}

TEST(ShadowPairsStory, ARestartInTheMiddleLosesNothing) {
  Story story;
  story.given(comparing_shadow("", "{noise: 0%}"))
      .given_traffic(20)  // ten pairs a second
      .given_pairs()
      .when_time_passes(30s)
      .then_phase(Phase::Progressing)
      .when_killed_and_restarted()
      .when_time_passes(5s)
      .then_phase(Phase::Progressing)
      .when_phase_comes(Phase::Concluded, 20s)
      .then_phase(Phase::Concluded, "Passed");
}

TEST(ShadowPairsStory, PairsOfTwoNightsAddUp) {
  Story()
      .given(comparing_shadow("  schedule: [{from: \"22:00\", until: \"22:01\"}]", "{noise: 0%}"))
      .given_traffic(8)  // 240 pairs a night
      .given_pairs()
      .when_time_passes(22h + 2min, 10s)
      .then_phase(Phase::Progressing, "OutsideHours")
      .when_time_passes(24h, 10s)
      .then_phase(Phase::Concluded, "Passed");
}

TEST(ShadowPairsStory, EndsWhenItsBytesAreSpentAlsoOverARestart) {
  Story()
      .given(comparing_shadow("  budget: {bytes: 1MiB}"))
      .given_pairs(1)
      .given_version("v2", {.copy_bytes = 1000})
      .when_time_passes(10s)  // 50 copies a second
      .then_phase(Phase::Progressing)
      .when_killed_and_restarted()
      .when_time_passes(8s)
      .then_phase(Phase::Progressing)
      .when_time_passes(5s)
      .then_phase(Phase::Concluded, "BudgetSpent")
      .then_message_has("1MiB")
      .then_mirrored("v2", 0);
}

TEST(ShadowPairsStory, EndsWhenItsBackendTimeIsSpent) {
  Story()
      .given(comparing_shadow("  budget: {backendTime: 20s}"))
      .given_pairs(1)
      .given_version("v2", {.latency = 100ms})
      .when_time_passes(3s)  // five seconds of answering in each
      .then_phase(Phase::Progressing)
      .when_time_passes(2s)
      .then_phase(Phase::Concluded, "BudgetSpent");
}

TEST(ShadowPairsStory, EndsWhenItsTimeIsOver) {
  Story()
      .given(comparing_shadow("  budget: {duration: 25s}"))
      .given_pairs(1)
      .when_time_passes(24s)
      .then_phase(Phase::Progressing)
      .when_killed_and_restarted()
      .when_time_passes(2s)
      .then_phase(Phase::Concluded, "BudgetSpent");
}

TEST(ShadowPairsStory, OtherRulesOfComparingBeginAnew) {
  Story()
      .given(comparing_shadow())
      .given_pairs(1)
      .when_time_passes(15s)
      .when_policy_changes(comparing_shadow("", "{ignore: [/id]}"))
      .when_time_passes(2s)
      .then_event("CountedAnew")
      .then_no_event("Superseded")
      .then_mirrored("v2", 0.5);
}

TEST(ShadowPairsStory, APreviewThatAnswersOtherwiseIsNotFlippedTo) {
  Story()
      .given(route_yaml({"v1", "v2"}, R"(blueGreen:
  active: v1
  preview: v2
  prePromotion:
    mirror: 50%
    analysis: {checks: [{metric: disagreement, thresholdRange: {max: 1%}}]})"))
      .given_pairs()
      .given_version("v2", {.disagreement = 0.1})
      .when_phase_comes(Phase::RolledBack, 2min)
      .then_event("RolledBack", "disagreement 10%")
      .then_weight("v1", 1);
}

TEST(ShadowPairsStory, AStageOfPairsLeadsIntoTheNext) {
  Story()
      .given(route_yaml({"v1", "v2"}, R"(stages:
  - shadow:
      live: v1
      candidates: [{version: v2}]
      compare: {}
      stopWhen: Conclusive
  - canary: {stable: v1, candidate: v2, steps: [{setWeight: 10}, {pause: {}}]})"))
      .given_pairs()
      .when_time_passes(30s)
      .then_event("StageBegun", "stage 2 of 2 begins")
      .then_weight("v2", 0.1);
}

// ---- drift

const std::string drifting_canary =
    R"(canary:
  stable: v1
  candidate: v2
  steps: [{setWeight: 50}, {pause: {}}]
  analysis: {checks: [{metric: score-drift, thresholdRange: {max: 0.1}}]})";

TEST(DriftStory, ACanaryThatPredictsOtherwiseIsRolledBack) {
  Story story;
  story.world().reference = {0.5, 0.3, 0.2};
  story.given(route_yaml({"v1", "v2"}, drifting_canary, 1, "drift: {score: {jsonPointer: /score}}"))
      .given_version("v1", {.scores = {0.5, 0.3, 0.2}})
      .given_version("v2", {.scores = {0.2, 0.3, 0.5}})
      .when_phase_comes(Phase::RolledBack, 5min)
      .then_phase(Phase::RolledBack, "CheckFailed")
      .then_message_has("score-drift 0.3")
      .then_event("DriftFound", "'v2' no longer predicts as the reference did")
      .then_weight("v1", 1);
}

TEST(DriftStory, ADriftOfBothIsToldAndMovesNothing) {
  Story story;
  story.world().reference = {0.5, 0.3, 0.2};
  story.given(route_yaml({"v1", "v2"}, drifting_canary, 1, "drift: {score: {jsonPointer: /score}}"))
      .given_version("v1", {.scores = {0.2, 0.3, 0.5}})
      .given_version("v2", {.scores = {0.2, 0.3, 0.5}})
      .when_time_passes(5min)
      .then_event("DriftFound", "'v1'")
      .then_event("DriftFound", "'v2'")
      .then_no_event("RolledBack")
      .then_weight("v2", 0.5);
}

TEST(DriftStory, AVariantThatPredictsOtherwiseIsTakenOutOfItsTest) {
  Story()
      .given(route_yaml({"v1", "v2", "v3"}, R"(abTest:
  variants: [{version: v1}, {version: v2}, {version: v3}]
  primaryMetric: latency-p95
  guardrails: [{metric: score-drift, thresholdRange: {max: 0.1}}])",
                        1, "drift: {score: {jsonPointer: /score}}"))
      .given_version("v1", {.scores = {0.5, 0.3, 0.2}})
      .given_version("v2", {.scores = {0.2, 0.3, 0.5}})
      .given_version("v3", {.scores = {0.5, 0.3, 0.2}})
      .when_time_passes(3min)
      .then_event("ArmDropped", "'v2' to 0%: score-drift 0.299")
      .then_weight("v2", 0)
      .then_weight("v3", 0.5);
}

TEST(DriftStory, ARollingUpdateToWhatPredictsOtherwiseGoesBack) {
  Story()
      .given(route_yaml({"v1", "v2"}, R"(rolling:
  stable: v1
  candidate: v2
  analysis: {checks: [{metric: score-drift, thresholdRange: {max: 0.1}}]})",
                        3, "drift: {score: {jsonPointer: /score}}"))
      .given_version("v1", {.scores = {0.5, 0.3, 0.2}})
      .given_version("v2", {.scores = {0.2, 0.3, 0.5}})
      .when_phase_comes(Phase::RolledBack, 10min)
      .then_phase(Phase::RolledBack, "CheckFailed")
      .then_weight("v1", 1);
}

/// A canary of v2 whose answers are also held beside those of v1 to the same requests.
std::string compared_canary() {
  return route_yaml({"v1", "v2"},
                    "canary:\n  stable: v1\n  candidate: v2\n  steps: [{setWeight: 10}, {pause: {duration: 10m}}]\n"
                    "  analysis: {interval: 10s, checks: [{metric: disagreement, thresholdRange: {max: 5%}}, "
                    "{metric: error-rate, versusStable: {margin: 1%}}]}\n",
                    1, "mirror: {percent: 20, compare: {noise: 5%}}\n");
}

TEST(ComparedCanaryStory, ACandidateThatAnswersOtherwiseGoesBackThoughItNeverFails) {
  Story()
      .given(compared_canary())
      .given_pairs()
      .given_version("v2", {.disagreement = 0.2})
      .when_time_passes(10s)
      .then_weight("v2", 0.1)
      .then_mirrored("v2", 0.2)
      .when_phase_comes(Phase::RolledBack, 10min)
      .then_event("RolledBack", "disagreement 20%")
      .then_mirrored("v2", 0)
      .then_clients_saw_no_failure();
}

TEST(ComparedCanaryStory, AnEqualOneIsPromotedAndItsErrorsAreStillThoseOfItsOwnRequests) {
  Story()
      .given(compared_canary())
      .given_pairs()
      .when_phase_comes(Phase::Promoted, 30min)
      .then_mirrored("v2", 0)
      .then_event("Promoted", "2 checks pass");
}

}  // namespace
}  // namespace sluice::scenarios
