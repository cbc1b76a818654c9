#include <gtest/gtest.h>

#include "scenarios/story.hpp"

namespace sluice::scenarios {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> versions{"v1", "v2", "v3"};

const std::string endless = route_yaml(versions, R"(bandit:
  arms: [v1, v2, v3]
  minimumShare: 2%)");

const std::string stopping = route_yaml(versions, R"(bandit:
  arms: [v1, v2, v3]
  stopWhen: {probabilityBest: 99%, valueRemaining: 1%})");

const std::string guarded = route_yaml(versions, R"(bandit:
  arms: [v1, v2, v3]
  minimumShare: 2%
  guardrails:
    - {metric: latency-p99, thresholdRange: {max: 300ms}})");

double share_of(const Story& story, const std::string& version) {
  for (const auto& one : story.view().versions) {
    if (one.version == version) return one.target;
  }
  return -1;
}

TEST(BanditStory, TrafficFollowsWhatEarnsMost) {
  Story story;
  story.given_traffic(100)
      .given_version("v1", {.error_rate = 0.05})
      .given_version("v2", {.error_rate = 0.01})
      .given_version("v3", {.error_rate = 0.20})
      .given(endless)
      .then_phase(Phase::Progressing, "Exploring")
      .then_weight("v3", 1.0 / 3)
      .when_time_passes(2min)
      .then_phase(Phase::Progressing, "Following")
      .then_weight("v3", 0.02);
  EXPECT_GT(share_of(story, "v2"), 0.9);
}

TEST(BanditStory, ItGoesOnLearningWhenTheWorldChanges) {
  Story story;
  story.given_traffic(100)
      .given_version("v1", {.error_rate = 0.04})
      .given_version("v2", {.error_rate = 0.01})
      .given_version("v3", {.error_rate = 0.20})
      .given(endless)
      .when_time_passes(2min);
  const double before = share_of(story, "v2");
  story.given_version("v2", {.error_rate = 0.50}).when_time_passes(10min);
  EXPECT_GT(before, 0.8);
  EXPECT_LT(share_of(story, "v2"), 0.1);
  EXPECT_GT(share_of(story, "v1"), 0.8);
}

TEST(BanditStory, TheBestArmGetsEverythingWhenItIsSureEnough) {
  Story()
      .given_traffic(100)
      .given_version("v1", {.error_rate = 0.05})
      .given_version("v2", {.error_rate = 0.005})
      .given_version("v3", {.error_rate = 0.20})
      .given(stopping)
      .when_phase_comes(Phase::Promoted, 10min)
      .then_phase(Phase::Promoted, "WinnerFound")
      .then_message_has("'v2'")
      .then_event("WinnerFound", "'v2' wins")
      .then_weight("v2", 1)
      .when_killed_and_restarted()
      .when_time_passes(1min)
      .then_weight("v2", 1)
      .when_person(Verb::Undo)
      .then_weight("v1", 1);
}

TEST(BanditStory, AKillForgetsNothingThatWasLearned) {
  Story story;
  story.given_traffic(100)
      .given_version("v1", {.error_rate = 0.05})
      .given_version("v2", {.error_rate = 0.01})
      .given_version("v3", {.error_rate = 0.20})
      .given(endless)
      .when_time_passes(2min);
  const double before = share_of(story, "v2");
  for (int i = 0; i < 5; ++i) {
    story.when_killed_and_restarted();
    EXPECT_NEAR(share_of(story, "v2"), before, 0.02);
    story.when_time_passes(3s).then_phase(Phase::Progressing, "Following").then_weight("v3", 0.02);
  }
  std::uint64_t counted = 0;
  for (const auto& arm : story.view().arms) counted += arm.successes + arm.failures;
  EXPECT_GE(counted, 13'000U) << "two minutes and five times three seconds at 100 per second, less what a kill costs";
  EXPECT_LE(counted, story.world().requests("fraud"));
}

TEST(BanditStory, MissedAndRepeatedTicksChangeNothing) {
  Story missed;
  Story repeated;
  for (auto* story : {&missed, &repeated}) {
    story->given_traffic(100)
        .given_version("v1", {.error_rate = 0.05})
        .given_version("v2", {.error_rate = 0.01})
        .given_version("v3", {.error_rate = 0.20})
        .given(endless);
  }
  missed.when_every_nth_tick_is_missed(2).when_time_passes(3min);
  repeated.when_every_tick_is_repeated().when_time_passes(3min);
  for (auto* story : {&missed, &repeated}) {
    std::uint64_t counted = 0;
    for (const auto& arm : story->view().arms) counted += arm.successes + arm.failures;
    EXPECT_LE(counted, story->world().requests("fraud"));
    EXPECT_GE(counted + 500, story->world().requests("fraud"));
    EXPECT_GT(share_of(*story, "v2"), 0.9);
  }
}

TEST(BanditStory, AnArmThatBreaksAGuardrailFallsToItsFloor) {
  Story()
      .given_traffic(100)
      .given_version("v1", {.error_rate = 0.05})
      .given_version("v2", {.error_rate = 0.01, .latency = 400ms})
      .given_version("v3", {.error_rate = 0.20})
      .given(guarded)
      .when_time_passes(2min)
      .then_event("ArmDropped", "'v2' to its floor of 2%: latency-p99")
      .then_weight("v2", 0.02)
      .when_person(Verb::Abort)
      .then_weight("v1", 1)
      .when_person(Verb::Retry)
      .then_phase(Phase::Progressing, "Exploring")
      .then_weight("v2", 1.0 / 3);
}

TEST(BanditStory, APauseFreezesTheShares) {
  Story()
      .given_traffic(100)
      .given_version("v1", {.error_rate = 0.05})
      .given_version("v3", {.error_rate = 0.20})
      .given(endless)
      .when_person(Verb::Pause)
      .when_time_passes(5min)
      .then_phase(Phase::Paused)
      .then_weight("v3", 1.0 / 3)
      .when_person(Verb::Resume)
      .when_time_passes(3s)
      .then_weight("v3", 0.02);
}

}  // namespace
}  // namespace sluice::scenarios
