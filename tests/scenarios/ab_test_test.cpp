#include <gtest/gtest.h>

#include "scenarios/story.hpp"

namespace sluice::scenarios {
namespace {

using namespace std::chrono_literals;

std::string test_yaml(std::string_view lines, const std::vector<std::string>& versions = {"v1", "v2"}) {
  std::string strategy = "abTest:\n  variants:\n";
  for (const auto& version : versions) strategy += "    - {version: " + version + "}\n";
  std::string indented = "  " + std::string(lines);
  for (auto at = indented.find('\n'); at != std::string::npos; at = indented.find('\n', at + 1)) {
    indented.replace(at, 1, "\n  ");
  }
  return route_yaml(versions, strategy + indented);
}

const std::string by_errors = test_yaml("primaryMetric: error-rate");
const std::string promoting = test_yaml("primaryMetric: error-rate\nonWinner: Promote");

TEST(AbTestStory, TheBetterVariantIsReportedAndTheTrafficStays) {
  Story()
      .given_traffic(100)
      .given_version("v1", {.error_rate = 0.10})
      .given_version("v2", {.error_rate = 0.02})
      .given(by_errors)
      .then_phase(Phase::Progressing, "Testing")
      .then_weight("v2", 0.5)
      .when_phase_comes(Phase::Concluded, 5min)
      .then_message_has("'v2' wins: error-rate 2")
      .then_event("WinnerFound", "against v1's")
      .then_weight("v2", 0.5)
      .when_person(Verb::Promote)
      .then_phase(Phase::Promoted)
      .then_weight("v2", 1)
      .when_person(Verb::Undo)
      .then_phase(Phase::Aborted, "Undone")
      .then_weight("v1", 1);
}

TEST(AbTestStory, TheBetterVariantTakesOverAndKeepsThePlaceAfterARestart) {
  Story()
      .given_traffic(100)
      .given_version("v1", {.error_rate = 0.10})
      .given(promoting)
      .when_phase_comes(Phase::Promoted, 5min)
      .then_steps_were("v2", {0.5, 1})
      .then_role("v2", "stable")
      .when_killed_and_restarted()
      .when_time_passes(1min)
      .then_phase(Phase::Promoted)
      .then_weight("v2", 1);
}

TEST(AbTestStory, EqualVariantsAreNeverCalledDifferent) {
  Story()
      .given_traffic(100)
      .given_version("v1", {.error_rate = 0.02})
      .given_version("v2", {.error_rate = 0.02})
      .given(test_yaml("primaryMetric: error-rate\nmaxDuration: 24h"))
      .when_phase_comes(Phase::Concluded, 25h)
      .then_phase(Phase::Concluded, "MaxDuration")
      .then_message_has("no winner after 1d")
      .then_no_event("WinnerFound")
      .then_weight("v2", 0.5);
}

TEST(AbTestStory, AVariantThatBreaksAGuardrailGetsNothingMoreAndNobodyNotices) {
  Story()
      .given_traffic(200)
      .given_version("v3", {.error_rate = 0.10})
      .given(test_yaml("primaryMetric: latency-p95\nguardrails:\n  - {metric: error-rate, thresholdRange: {max: 1%}}",
                       {"v1", "v2", "v3"}))
      .when_time_passes(1min)
      .then_event("ArmDropped", "'v3' to 0%: error-rate 9.91% > max 1%")
      .then_weight("v3", 0)
      .then_weight("v2", 0.5)
      .then_phase(Phase::Progressing, "Testing")
      .when_killed_and_restarted()
      .when_time_passes(1min)
      .then_weight("v3", 0)
      .then_clients_saw_no_failure();
}

TEST(AbTestStory, APersonsPauseKeepsTheWinnerFromTakingOver) {
  Story()
      .given_traffic(100)
      .given_version("v1", {.error_rate = 0.10})
      .given(promoting)
      .when_person(Verb::Pause)
      .when_time_passes(10min)
      .then_phase(Phase::Paused)
      .then_weight("v2", 0.5)
      .when_person(Verb::Resume)
      .when_phase_comes(Phase::Promoted, 1min)
      .then_weight("v2", 1);
}

TEST(AbTestStory, APlainSplitHasNothingToPromote) {
  Story()
      .given(route_yaml({"v1", "v2"}, "abTest:\n  variants:\n    - {version: v1, weight: 3}\n    - {version: v2}"))
      .when_time_passes(10min)
      .then_phase(Phase::Idle)
      .then_weight("v2", 0.25)
      .when_person_is_refused(Verb::Promote, "nothing to promote");
}

TEST(AbTestStory, AnAbortedTestBeginsAnewWithARetry) {
  Story()
      .given_traffic(100)
      .given(by_errors)
      .when_person_is_refused(Verb::Promote, "no winner yet")
      .when_person(Verb::Abort)
      .then_weight("v1", 1)
      .when_time_passes(1min)
      .when_person(Verb::Retry)
      .then_phase(Phase::Progressing, "Testing")
      .then_weight("v2", 0.5);
}

TEST(AbTestStory, ATestThatAPersonEndsForTheControlCanBeginAgain) {
  Story()
      .given_traffic(100)
      .given_version("v1", {.error_rate = 0.02})
      .given_version("v2", {.error_rate = 0.02})
      .given(by_errors)
      .when_time_passes(1min)
      .when_person(Verb::Promote, true)
      .then_phase(Phase::Promoted, "StableStays")
      .then_weight("v1", 1)
      .when_person_is_refused(Verb::Undo, "v1 had everything before: use retry")
      .when_killed_and_restarted()
      .when_time_passes(1min)
      .then_phase(Phase::Promoted, "StableStays")
      .when_person(Verb::Retry)
      .then_phase(Phase::Progressing, "Testing")
      .then_weight("v2", 0.5);
}

}  // namespace
}  // namespace sluice::scenarios
