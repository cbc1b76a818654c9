#include <gtest/gtest.h>

#include "scenarios/story.hpp"

namespace sluice::scenarios {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> three{"v1", "v2", "v3"};
const std::string clicks = "outcomes: [{name: click, attributionWindow: 30m}]";

const std::string test_of_three = route_yaml(three, R"(abTest:
  variants: [{version: v1}, {version: v2}, {version: v3}]
  primaryMetric: click
  maxDuration: 24h)",
                                             1, clicks);

/// The same where every request is drawn by itself.
std::string without_unit(std::string yaml) {
  const std::string unit = "unit: {header: x-user}";
  return yaml.replace(yaml.find(unit), unit.size(), "unit: {request: {}}");
}

const std::string test_of_two = without_unit(route_yaml({"v1", "v2"}, R"(abTest:
  variants: [{version: v1}, {version: v2}]
  primaryMetric: click
  onWinner: Promote)",
                                                        1, clicks));

std::string bandit_of_clicks(const std::string& arms) {
  return without_unit(
      route_yaml(three, "bandit:\n  arms: " + arms + "\n  reward: click\n  updateInterval: 10s", 1, clicks));
}

Behaviour clicked(double rate, Duration delay) {
  Behaviour behaviour;
  behaviour.outcomes["click"].rate = rate;
  behaviour.outcomes["click"].delay = delay;
  return behaviour;
}

double weight_of(const Story& story, const std::string& version) {
  for (const auto& one : story.view().versions) {
    if (one.version == version) return one.target;
  }
  return -1;
}

TEST(ExperimentStory, OfThreeVariantsTheWorstGoesFirstAndTheBestWins) {
  Story()
      .given_traffic(100)
      .given_version("v1", clicked(0.05, 5min))
      .given_version("v2", clicked(0.065, 5min))
      .given_version("v3", clicked(0.035, 5min))
      .given(test_of_three)
      .then_phase(Phase::Progressing, "Testing")
      .when_time_passes(4min)
      .then_no_event("ArmDropped")
      .when_time_passes(4min)
      .when_killed_and_restarted()
      .when_phase_comes(Phase::Concluded, 3h)
      .then_event("ArmDropped", "'v3' to 0%: click ")
      .then_message_has("'v2' wins: click ")
      .then_weight("v3", 0)
      .then_weight("v2", 0.5);
}

TEST(ExperimentStory, ATestSaysHowLongItWillStillTake) {
  Story story;
  story.given_traffic(100)
      .given_version("v1", clicked(0.05, 1s))
      .given_version("v2", clicked(0.053, 1s))
      .given(test_of_two)
      .when_time_passes(10min)
      .then_phase(Phase::Progressing, "Testing")
      .then_message_has(" more requests");
  const auto arms = story.view().arms;
  ASSERT_TRUE(arms[1].lift && arms[1].lift_lower && arms[1].lift_upper);
  EXPECT_NEAR(*arms[1].lift, 0.06, 0.02);
  EXPECT_LT(*arms[1].lift_lower, 0);
  EXPECT_GT(*arms[1].lift_upper, 0.06);
  EXPECT_EQ(story.view().metric, "click");
}

TEST(ExperimentStory, WhereRequestsOfOneVariantVanishNobodyWins) {
  Story story;
  story.given_traffic(100)
      .given_version("v1", clicked(0.05, 1s))
      .given_version("v2", clicked(0.10, 1s))
      .given(test_of_two);
  story.world().lost["v2"] = 0.3;
  story.when_time_passes(30min)
      .then_phase(Phase::Progressing, "SampleRatioMismatch")
      .then_event("SampleRatioMismatch")
      .then_no_event("WinnerFound")
      .then_weight("v2", 0.5)
      .when_person_is_refused(Verb::Promote, "no winner yet");
}

TEST(ExperimentStory, ABanditWaitsForLateClicksAndEndsAtTheBestArm) {
  // The better arm is clicked later. As long as most clicks are still to come nobody can know, so nothing moves.
  Story story;
  story.given_traffic(50)
      .given_version("v1", clicked(0.05, 30s))
      .given_version("v2", clicked(0.09, 15min))
      .given_version("v3", clicked(0.03, 30s))
      .given(bandit_of_clicks("[v1, v2, v3]"))
      .when_time_passes(10min)
      .then_weight("v2", 1.0 / 3)
      .when_time_passes(2h);
  EXPECT_GT(weight_of(story, "v2"), 0.9);
  const double before = weight_of(story, "v2");
  story.when_killed_and_restarted().when_time_passes(20s);
  EXPECT_NEAR(weight_of(story, "v2"), before, 0.05);
}

TEST(ExperimentStory, AnArmThatIsNewIsExploredBesideWhatIsKnownOfTheOthers) {
  Story story;
  story.given_traffic(50)
      .given_version("v1", clicked(0.05, 1s))
      .given_version("v2", clicked(0.10, 1s))
      .given_version("v3", clicked(0.05, 1s))
      .given(bandit_of_clicks("[v1, v2]"))
      .when_time_passes(1h);
  EXPECT_GT(weight_of(story, "v2"), 0.9);
  story.when_policy_changes(bandit_of_clicks("[v1, v2, v3]")).when_time_passes(2s);
  EXPECT_NEAR(weight_of(story, "v3"), 1.0 / 3, 0.01);
  EXPECT_GT(weight_of(story, "v2"), 0.6) << "nothing was forgotten";
  story.when_time_passes(90min);
  EXPECT_GT(weight_of(story, "v2"), 0.9);
}

}  // namespace
}  // namespace sluice::scenarios
