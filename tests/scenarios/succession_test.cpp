#include <gtest/gtest.h>

#include <array>

#include "scenarios/story.hpp"
#include "sluice/policy/reader.hpp"

namespace sluice::scenarios {
namespace {

using namespace std::chrono_literals;

std::string canary_of(const std::string& stable, const std::string& candidate, const std::string& more = {},
                      const std::string& spec = {}) {
  return route_yaml({stable, candidate},
                    "canary:\n  stable: " + stable + "\n  candidate: " + candidate +
                        "\n  steps: [{setWeight: 10}, {pause: {duration: 5m}}, {setWeight: 50}, {pause: {duration: "
                        "5m}}]\n" +
                        more,
                    1, spec);
}

TEST(SuccessionStory, AChangedStrategyEndsTheRolloutAndBeginsAnother) {
  Story()
      .given(canary_of("v1", "v2"))
      .when_time_passes(6min)
      .then_weight("v2", 0.5)
      .when_policy_changes(
          canary_of("v1", "v2", "  maxWeight: 50\n  audience: [{headers: [{name: x-beta, value: on}]}]\n"))
      .then_weight("v2", 0)
      .then_event("Superseded", "fraud-1")
      .then_event("Begun", "fraud-2")
      .when_phase_comes(Phase::Promoted, 20min);
}

TEST(SuccessionStory, AnotherCandidateFollowsTheOneThatWasPromoted) {
  Story()
      .given(canary_of("v1", "v2"))
      .when_phase_comes(Phase::Promoted, 20min)
      .when_policy_changes(canary_of("v2", "v3"))
      .then_no_event("Superseded")
      .then_weight("v2", 1)
      .when_time_passes(1min)
      .then_weight("v3", 0.1)
      .when_phase_comes(Phase::Promoted, 20min)
      .then_weight("v3", 1);
}

TEST(SuccessionStory, AnyOtherChangeLetsTheRolloutGoOn) {
  Story story;
  story.given(canary_of("v1", "v2"))
      .when_time_passes(6min)
      .then_weight("v2", 0.5)
      .when_policy_changes(canary_of("v1", "v2", "", "timeouts: {request: 7s}"))
      .then_weight("v2", 0.5)
      .when_time_passes(2s)
      .then_events({"Begun", "Advanced", "Paused", "Advanced", "Paused"});
  EXPECT_EQ(story.view().id, "fraud-1");
  EXPECT_EQ(story.view().generation, 2U);
  EXPECT_EQ(story.view().observed_generation, 2U);
}

TEST(SuccessionStory, ARouteThatGoesTakesItsRecordAlongButNotItsLines) {
  Story story;
  const std::string other =
      "---\napiVersion: sluice.dev/v1\nkind: ModelRoute\nmetadata: {name: other}\nspec:\n"
      "  matches: [{path: {type: PathPrefix, value: /other}}]\n"
      "  versions: [{name: v1, endpoints: [\"http://127.0.0.1:9001\"]}]\n";
  story.given(canary_of("v1", "v2") + other).when_time_passes(1min).when_policy_changes(other);
  story.then_event("Superseded", "no such route");
  EXPECT_FALSE(story.store().load(0)->records.contains("rollout/fraud"));
  EXPECT_TRUE(story.store().load(0)->records.contains("rollout/other"));
  story.when_policy_changes(canary_of("v1", "v2") + other);
  EXPECT_EQ(story.view().phase, Phase::Pending);
  EXPECT_EQ(story.view().id, "fraud-2") << "a number is given out once";
}

const std::string other_route =
    "---\napiVersion: sluice.dev/v1\nkind: ModelRoute\nmetadata: {name: other}\nspec:\n"
    "  matches: [{path: {type: PathPrefix, value: /other}}]\n"
    "  versions: [{name: v1, endpoints: [\"http://127.0.0.1:9001\"]}]\n";

TEST(SuccessionStory, ARouteThatComesBackWhileTheStoreIsDownHasANumberOfItsOwnToo) {
  Story story;
  story.given(canary_of("v1", "v2") + other_route).when_time_passes(1min).when_store_fails();
  story.when_policy_changes(other_route).when_policy_changes(canary_of("v1", "v2") + other_route);
  EXPECT_EQ(story.view().id, "fraud-2");
}

/// As many lines of another route as a start does not read.
void add_noise(Story& story) {
  state::Change noise;
  state::JournalEntry entry = story.store().journal({.limit = 1})->front();
  for (int i = 0; i < 600; ++i) {
    const std::string before = entry.hash;
    ++entry.sequence;
    entry.route = "other", entry.rollout = "other-1";
    entry.hash = state::chain(before, entry);
    noise.append.push_back(entry);
  }
  noise.put["journal/head"] = std::to_string(entry.sequence) + " " + entry.hash;
  ASSERT_TRUE(story.store().commit(noise));
}

TEST(SuccessionStory, ARouteThatComesBackAfterARestartHasANumberOfItsOwnToo) {
  Story story;
  story.given(canary_of("v1", "v2") + other_route).when_time_passes(1min).when_policy_changes(other_route);
  add_noise(story);
  story.when_killed_and_restarted(canary_of("v1", "v2") + other_route);
  EXPECT_EQ(story.view().id, "fraud-2");
}

TEST(SuccessionStory, ARouteWhoseRecordIsLostHasANumberOfItsOwnAlsoBehindManyLines) {
  Story story;
  story.given(canary_of("v1", "v2")).when_time_passes(1min);
  state::Change damage;
  damage.put["rollout/fraud"] = "{";
  ASSERT_TRUE(story.store().commit(damage));
  add_noise(story);
  story.when_killed_and_restarted().then_phase(Phase::Held, "StateLost");
  EXPECT_EQ(story.view().id, "fraud-2");
}

TEST(SuccessionStory, TheOrderOfTheVersionsInTheFileUndoesNoPromotion) {
  const auto in_order = [](const std::vector<std::string>& versions) {
    return route_yaml(versions, "canary: {stable: v1, candidate: v2, steps: [{setWeight: 10}, {setWeight: 50}]}");
  };
  Story story;
  story.given(in_order({"v1", "v2"}))
      .when_phase_comes(Phase::Promoted, 20min)
      .when_policy_changes(in_order({"v2", "v1"}))
      .then_phase(Phase::Promoted)
      .then_weight("v2", 1)
      .when_time_passes(1min)
      .then_phase(Phase::Promoted)
      .then_weight("v2", 1)
      .then_weight("v1", 0);
  EXPECT_EQ(story.view().id, "fraud-1");
}

TEST(SuccessionStory, ARestartGoesOnAtTheSameStepAndWeight) {
  Story story;
  story.given(canary_of("v1", "v2"))
      .when_time_passes(3min)
      .then_weight("v2", 0.1)
      .when_killed_and_restarted()
      .then_weight("v2", 0.1)
      .then_phase(Phase::Paused)
      .when_time_passes(150s)
      .then_weight("v2", 0.5)
      .when_phase_comes(Phase::Promoted, 20min)
      .then_steps_were("v2", {0, 0.1, 0.5, 1});
  EXPECT_EQ(story.view().id, "fraud-1");
}

TEST(SuccessionStory, TimeGoesOnWhileTheProcessIsAway) {
  Story story;
  story.given(canary_of("v1", "v2")).when_time_passes(1min);
  story.world().pass(1h);
  story.when_killed_and_restarted().when_time_passes(1s).then_weight("v2", 0.5);
}

TEST(SuccessionStory, APromotedVersionStaysAfterARestartWithTheSameFile) {
  Story()
      .given(canary_of("v1", "v2"))
      .when_phase_comes(Phase::Promoted, 20min)
      .when_killed_and_restarted()
      .then_phase(Phase::Promoted)
      .then_weight("v2", 1)
      .when_time_passes(1h)
      .then_weight("v2", 1);
}

TEST(SuccessionStory, WhatWasRolledBackStaysSoAfterARestart) {
  Story()
      .given(canary_of("v1", "v2"))
      .when_time_passes(1min)
      .when_person(Verb::Abort)
      .when_killed_and_restarted()
      .when_time_passes(1h)
      .then_phase(Phase::Aborted)
      .then_weight("v2", 0);
}

TEST(SuccessionStory, AFileThatChangedWhileTheProcessWasAwaySupersedesToo) {
  Story()
      .given(canary_of("v1", "v2"))
      .when_time_passes(1min)
      .when_killed_and_restarted(canary_of("v1", "v3"))
      .then_event("Superseded", "fraud-1")
      .then_event("Begun", "fraud-2")
      .then_weight("v3", 0);
}

TEST(SuccessionStory, APersonsPauseOutlivesTheProcess) {
  Story()
      .given(canary_of("v1", "v2"))
      .when_time_passes(1min)
      .when_person(Verb::Pause)
      .when_killed_and_restarted()
      .when_time_passes(5h)
      .then_phase(Phase::Paused, "PausedByPerson")
      .then_weight("v2", 0.1);
}

std::vector<policy::ModelRoute> routes_of(const std::string& yaml) {
  const std::array<policy::Source, 1> sources{policy::Source{"story.yaml", yaml}};
  return policy::read(sources).set.routes;
}

TEST(SuccessionStory, ATickBetweenAPolicysPreparationAndItsAdoptionIsNotLost) {
  Story story;
  const std::string same = canary_of("v1", "v2", "", "timeouts: {request: 7s}");
  story.given(canary_of("v1", "v2")).when_time_passes(1min).then_weight("v2", 0.1);
  auto prepared = story.controller().prepare(routes_of(same), 2, story.now());
  ASSERT_TRUE(prepared);
  story.when_person(Verb::Abort).then_weight("v2", 0);
  story.world().serve(prepared->routes, prepared->steerings);  // which still has v2 at 10 %
  ASSERT_TRUE(story.controller().adopt(std::move(prepared).value(), story.now()));
  story.then_phase(Phase::Aborted).then_weight("v2", 0).when_time_passes(1h).then_phase(Phase::Aborted);
}

TEST(SuccessionStory, ATickBetweenPreparationAndAdoptionDoesNotDelayTheNextRollout) {
  Story story;
  story.given(canary_of("v1", "v2")).when_time_passes(1min);
  auto prepared = story.controller().prepare(routes_of(canary_of("v1", "v3")), 2, story.now());
  ASSERT_TRUE(prepared);
  story.when_person(Verb::Pause);
  story.world().serve(prepared->routes, prepared->steerings);
  ASSERT_TRUE(story.controller().adopt(std::move(prepared).value(), story.now()));
  EXPECT_EQ(story.view().id, "fraud-2");
  story.then_event("Superseded", "fraud-1").when_time_passes(2s).then_weight("v3", 0.1);
}

class LostState : public ::testing::TestWithParam<std::string> {};

TEST_P(LostState, IsHeldWithEverythingOnOneVersionUntilAPersonRetries) {
  Story story;
  story.given(GetParam()).when_time_passes(1min);
  state::Change damage;
  damage.put["rollout/fraud"] = "{\"format\":1,";
  ASSERT_TRUE(story.store().commit(damage));
  story.when_killed_and_restarted()
      .then_phase(Phase::Held, "StateLost")
      .then_event("Held", "lost")
      .then_weight("v1", 1)
      .when_time_passes(1h)
      .then_phase(Phase::Held, "StateLost")
      .then_weight("v1", 1)
      .when_killed_and_restarted()
      .then_phase(Phase::Held, "StateLost")
      .when_person(Verb::Retry)
      .when_time_passes(2s)
      .then_event("Retried");
  EXPECT_NE(story.view().phase, Phase::Held);
}

INSTANTIATE_TEST_SUITE_P(
    OfEveryStrategy, LostState,
    ::testing::Values(canary_of("v1", "v2"), route_yaml({"v1", "v2"}, "blueGreen: {active: v1, preview: v2}"),
                      route_yaml({"v1", "v2"}, "rolling: {stable: v1, candidate: v2}", 3),
                      route_yaml({"v1", "v2"}, "shadow: {live: v1, candidates: [{version: v2}]}"),
                      route_yaml({"v1", "v2"},
                                 "abTest: {variants: [{version: v1}, {version: v2}], primaryMetric: latency-mean}"),
                      route_yaml({"v1", "v2"}, "bandit: {arms: [v1, v2]}"),
                      route_yaml({"v1", "v2"},
                                 "stages:\n  - shadow: {live: v1, candidates: [{version: v2}]}\n    until: Approved\n"
                                 "  - canary: {stable: v1, candidate: v2, steps: [{setWeight: 5}]}")));

TEST(LostStateStory, ARecordOfANewerFormatIsNotGuessedAt) {
  Story story;
  story.given(canary_of("v1", "v2")).when_time_passes(1min);
  state::Change newer;
  newer.put["rollout/fraud"] = R"({"format":2,"route":"fraud","fraction":"half"})";
  ASSERT_TRUE(story.store().commit(newer));
  story.when_killed_and_restarted().then_phase(Phase::Held, "StateLost").then_message_has("newer");
  EXPECT_EQ(story.view().id, "fraud-2") << "the journal remembers that there was a fraud-1";
}

}  // namespace
}  // namespace sluice::scenarios
