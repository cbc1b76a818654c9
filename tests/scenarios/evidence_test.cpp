#include <gtest/gtest.h>

#include "scenarios/story.hpp"

/// What a rollout decides by, told as stories: no false alarm however long it looks, and no bad candidate unseen.
namespace sluice::scenarios {
namespace {

using namespace std::chrono_literals;

const Behaviour one_in_a_hundred{.error_rate = 0.01};

std::string compared(const std::string& steps, const std::string& rule = "relativeMargin: 0%") {
  return canary_yaml("steps:\n" + steps + R"(
analysis:
  interval: 10s
  minRequests: 100
  checks:
    - {metric: error-rate, versusStable: {)" +
                     rule + R"(}}
    - {metric: latency-p99, versusStable: {relativeMargin: 20%}})");
}

TEST(EvidenceStory, AHealthyPairIsNotRolledBackInADayOfLooks) {
  Story()
      .given_traffic(20)
      .given(compared("  - setWeight: 5\n  - pause: {}"))
      .given_version("v1", one_in_a_hundred)
      .given_version("v2", one_in_a_hundred)
      .when_time_passes(24h)
      .then_phase(Phase::Paused, "AwaitingPromotion")
      .then_weight("v2", 0.05)
      .then_no_event("CheckFailed")
      .then_condition("ChecksPass", "True");
}

TEST(EvidenceStory, AHealthyCandidateWithErrorsIsPromotedByAcceptance) {
  Story()
      .given_traffic(200)
      .given(compared("  - setWeight: 5\n  - setWeight: 25\n  - setWeight: 50"))
      .given_version("v1", one_in_a_hundred)
      .given_version("v2", one_in_a_hundred)
      .when_phase_comes(Phase::Promoted, 1h)
      .then_no_event("CheckFailed");
}

TEST(EvidenceStory, TwiceTheErrorsAreFoundOut) {
  Story()
      .given_traffic(200)
      .given(compared("  - setWeight: 25\n  - pause: {duration: 10m}\n  - setWeight: 50"))
      .given_version("v1", one_in_a_hundred)
      .given_version("v2", {.error_rate = 0.03})
      .when_phase_comes(Phase::RolledBack, 10min)
      .then_message_has("error-rate")
      .then_message_has(" of 40");
}

TEST(EvidenceStory, EvidenceSurvivesAKill) {
  Story story;
  story.given_traffic(40)
      .given(compared("  - setWeight: 25\n  - pause: {}"))
      .given_version("v1", one_in_a_hundred)
      .given_version("v2", {.error_rate = 0.01})
      .when_time_passes(20min);
  ASSERT_FALSE(story.view().checks.empty());
  const double before = story.view().checks[0].proof.log_good;
  EXPECT_GT(before, 1);
  story.when_killed_and_restarted().when_time_passes(30s);
  EXPECT_NEAR(story.view().checks[0].proof.log_good, before, 2) << "half a minute more, and twenty minutes kept";
}

TEST(EvidenceStory, AnErrorRateThatDriftsWhileTheShareGrowsCondemnsNobody) {
  Story story;
  story.given_traffic(100)
      .given(compared("  - setWeight: 5\n  - pause: {duration: 10m}\n  - setWeight: 50\n  - pause: {}"))
      .given_version("v1", {.error_rate = 0.01})
      .given_version("v2", {.error_rate = 0.01})
      .when_time_passes(9min)
      .given_version("v1", {.error_rate = 0.06})
      .given_version("v2", {.error_rate = 0.06})
      .when_time_passes(3h)
      .then_phase(Phase::Paused)
      .then_weight("v2", 0.5)
      .then_no_event("CheckFailed");
}

}  // namespace
}  // namespace sluice::scenarios
