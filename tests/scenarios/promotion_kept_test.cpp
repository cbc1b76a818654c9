#include <gtest/gtest.h>

#include "scenarios/story.hpp"

namespace sluice::scenarios {
namespace {

using namespace std::chrono_literals;

const std::string short_pause = "[{setWeight: 10}, {pause: {duration: 5m}}]";
const std::string long_pause = "[{setWeight: 10}, {pause: {duration: 7m}}]";

std::string canary(const std::vector<std::string>& versions, const std::string& stable, const std::string& candidate,
                   const std::string& steps = short_pause, const std::string& spec = {}) {
  return route_yaml(
      versions, "canary:\n  stable: " + stable + "\n  candidate: " + candidate + "\n  steps: " + steps + "\n", 1, spec);
}

const std::string first = canary({"v1", "v2"}, "v1", "v2");

std::string with_salt(std::string yaml) {
  const std::string unit = "unit: {header: x-user}";
  return yaml.replace(yaml.find(unit), unit.size(), "unit: {header: x-user, salt: other}");
}

class EditAfterPromotion : public ::testing::TestWithParam<std::string> {};

TEST_P(EditAfterPromotion, TakesNothingFromTheVersionThatWasPromoted) {
  Story story;
  story.given(first)
      .when_phase_comes(Phase::Promoted, 20min)
      .when_policy_changes(GetParam())
      .then_weight("v2", 1)
      .when_time_passes(1h)
      .then_phase(Phase::Promoted)
      .then_weight("v2", 1)
      .then_steps_were("v2", {0, 0.1, 1})
      .then_event("Kept", "the policy's generation 2 has nothing to roll out: 'v2' is live already")
      .then_event("Kept", "sluice undo fraud, then sluice retry fraud")
      .then_no_event("Superseded");
  EXPECT_EQ(story.view().id, "fraud-1");
  EXPECT_EQ(story.view().observed_generation, 2U);
  const auto lines = story.journal().size();
  story.when_killed_and_restarted().when_time_passes(1min).then_phase(Phase::Promoted).then_weight("v2", 1);
  EXPECT_EQ(story.journal().size(), lines) << "the restart finds the policy that it knows";
  story.when_person(Verb::Undo)
      .then_weight("v2", 0)
      .when_person(Verb::Retry)
      .when_time_passes(1min)
      .then_weight("v2", 0.1);
}

INSTANTIATE_TEST_SUITE_P(OfACanary, EditAfterPromotion,
                         ::testing::Values(canary({"v1", "v2", "v3"}, "v1", "v2"),
                                           canary({"v1", "v2"}, "v1", "v2", long_pause), with_salt(first),
                                           canary({"v0", "v2"}, "v0", "v2")));

TEST(EditAfterPromotionStory, WhileTheProcessIsAwayTakesNothingEither) {
  Story()
      .given(first)
      .when_phase_comes(Phase::Promoted, 20min)
      .when_killed_and_restarted(canary({"v1", "v2", "v3"}, "v1", "v2"))
      .then_weight("v2", 1)
      .when_time_passes(1h)
      .then_phase(Phase::Promoted)
      .then_event("Kept", "'v2' is live already")
      .then_steps_were("v2", {0, 0.1, 1});
}

TEST(EditAfterPromotionStory, ThatNamesAnotherCandidateBeginsItsRolloutFromTheOneThatIsLive) {
  Story story;
  story.given(first)
      .when_phase_comes(Phase::Promoted, 20min)
      .when_policy_changes(canary({"v1", "v2", "v3"}, "v1", "v2"))
      .when_policy_changes(canary({"v1", "v2", "v3"}, "v2", "v3"))
      .then_weight("v2", 1)
      .when_time_passes(1min)
      .then_weight("v2", 0.9)
      .then_weight("v3", 0.1)
      .then_event("Begun", "fraud-2");
}

TEST(EditAfterPromotionStory, OfARolloutThatWasUndoneBeginsAnother) {
  Story()
      .given(first)
      .when_phase_comes(Phase::Promoted, 20min)
      .when_person(Verb::Undo)
      .when_policy_changes(canary({"v1", "v2"}, "v1", "v2", long_pause))
      .when_time_passes(1min)
      .then_event("Begun", "fraud-2")
      .then_no_event("Kept")
      .then_weight("v2", 0.1);
}

TEST(EditAfterPromotionStory, OfARollingUpdateKeepsItsInstances) {
  const std::string rolling = "rolling: {stable: v1, candidate: v2, minReady: 1s}";
  Story story;
  story.given(route_yaml({"v1", "v2"}, rolling, 3))
      .when_phase_comes(Phase::Promoted, 5min)
      .when_policy_changes(route_yaml({"v1", "v2", "v3"}, rolling, 3))
      .then_weight("v2", 1)
      .when_time_passes(1min)
      .then_phase(Phase::Promoted)
      .then_weight("v2", 1)
      .then_event("Kept", "'v2' is live already");
  ASSERT_EQ(story.view().slots.size(), 3U);
  for (const auto& slot : story.view().slots) EXPECT_EQ(slot.phase, strategy::SlotPhase::New);
}

TEST(EditAfterPromotionStory, OfABlueGreenKeepsTheVersionThatTookOver) {
  const std::string blue_green = "blueGreen: {active: v1, preview: v2}";
  Story()
      .given(route_yaml({"v1", "v2"}, blue_green))
      .when_time_passes(1min)
      .when_person(Verb::Promote, true)
      .then_phase(Phase::Promoted)
      .when_policy_changes(route_yaml({"v1", "v2", "v3"}, blue_green))
      .when_time_passes(1min)
      .then_phase(Phase::Promoted)
      .then_weight("v2", 1)
      .then_event("Kept", "'v2' is live already");
}

TEST(EditAfterPromotionStory, OfStagesKeepsWhatTheLastOnePromoted) {
  const std::string shadow = "stages:\n  - shadow: {live: v1, candidates: [{version: v2}]}\n    until: Approved\n";
  const std::string last = "  - canary: {stable: v1, candidate: v2, steps: [{setWeight: 5}]}\n";
  const std::string more = "  - blueGreen: {active: v1, preview: v2}\n    until: Approved\n";
  Story story;
  story.given(route_yaml({"v1", "v2"}, shadow + last))
      .when_time_passes(1s)
      .when_person(Verb::Promote, true)
      .then_phase(Phase::Promoted)
      .when_policy_changes(route_yaml({"v1", "v2"}, shadow + more + last))
      .then_weight("v2", 1)
      .when_time_passes(1min)
      .then_phase(Phase::Promoted)
      .then_weight("v2", 1)
      .then_event("Kept", "'v2' is live already");
  EXPECT_EQ(story.view().stage, 3U);
}

}  // namespace
}  // namespace sluice::scenarios
