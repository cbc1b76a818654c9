#include <gtest/gtest.h>

#include "scenarios/story.hpp"

namespace sluice::scenarios {
namespace {

using namespace std::chrono_literals;

const std::string watched = canary_yaml(R"(steps: [{setWeight: 10}, {pause: {duration: 2m}}, {setWeight: 50}]
analysis:
  interval: 5s
  minRequests: 50
  checks: [{metric: error-rate, thresholdRange: {max: 1%}, failureLimit: 2}])");

TEST(StoreStory, WithoutAStoreNothingAdvancesAndItGoesOnWhenItIsBack) {
  Story story;
  story.given(watched).when_time_passes(10s).when_store_fails().when_time_passes(1h);
  story.then_weight("v2", 0.1).then_condition("StateKept", "False");
  EXPECT_FALSE(story.controller().store_is_up());
  EXPECT_NE(story.controller().store_problem().find("no space"), std::string::npos);
  story.when_store_fails(false).when_time_passes(2s).then_weight("v2", 0.5).then_condition("StateKept", "True");
  EXPECT_TRUE(story.controller().store_is_up());
}

TEST(StoreStory, WithoutAStoreABadCandidateIsRolledBackAllTheSameAndToldLater) {
  Story story;
  story.given(watched)
      .when_time_passes(10s)
      .when_store_fails()
      .given_version("v2", {.error_rate = 0.3})
      .when_phase_comes(Phase::RolledBack, 2min)
      .then_weight("v2", 0)
      .then_no_event("RolledBack")
      .when_store_fails(false)
      .when_time_passes(1s)
      .then_event("RolledBack")
      .when_killed_and_restarted()
      .then_phase(Phase::RolledBack)
      .then_weight("v2", 0);
}

TEST(StoreStory, APersonMayAbortButNotPromoteWithoutAStore) {
  Story()
      .given(watched)
      .when_time_passes(10s)
      .when_store_fails()
      .when_person_is_refused(Verb::Promote, "no space", true)
      .then_weight("v2", 0.1)
      .when_person(Verb::Abort)
      .then_weight("v2", 0);
}

TEST(StoreStory, APersonsPauseHoldsWithoutAStore) {
  Story()
      .given(watched)
      .when_time_passes(10s)
      .when_store_fails()
      .when_person(Verb::Pause)
      .when_store_fails(false)
      .when_time_passes(1h)
      .then_phase(Phase::Paused, "PausedByPerson")
      .then_event("Paused", "alice");
}

TEST(StoreStory, APolicyThatComesWhileTheStoreIsDownIsKeptLater) {
  Story story;
  story.given(watched).when_time_passes(10s).when_store_fails();
  story.when_policy_changes(canary_yaml("steps: [{setWeight: 20}, {pause: {}}]"));
  story.when_time_passes(1min).then_weight("v2", 0).when_store_fails(false).when_time_passes(2s).then_weight("v2", 0.2);
  story.then_event("Superseded").then_event("Begun", "fraud-2");
}

TEST(StoreStory, ADataPlaneThatDoesNotFollowIsToldAgain) {
  Story story;
  story.given(watched).when_time_passes(10s).then_weight("v2", 0.1);
  story.world().traffic_refuses = true;
  story.when_person(Verb::Abort);
  EXPECT_DOUBLE_EQ(story.world().steering("fraud").plan.target_share(1), 0.1);
  story.world().traffic_refuses = false;
  story.when_time_passes(1s).then_weight("v2", 0);
  EXPECT_DOUBLE_EQ(story.world().steering("fraud").plan.target_share(1), 0);
}

TEST(StoreStory, WithoutAStoreAVariantThatBreaksAGuardrailIsThrownOutAllTheSame) {
  Story()
      .given_traffic(200)
      .given(route_yaml({"v1", "v2", "v3"}, R"(abTest:
  variants: [{version: v1}, {version: v2}, {version: v3}]
  primaryMetric: latency-p95
  guardrails: [{metric: error-rate, thresholdRange: {max: 1%}}])"))
      .when_time_passes(5s)
      .when_store_fails()
      .given_version("v3", {.error_rate = 0.30})
      .when_time_passes(2min)
      .then_weight("v3", 0)
      .then_weight("v2", 0.5)
      .then_no_event("ArmDropped")
      .when_store_fails(false)
      .when_time_passes(2s)
      .then_event("ArmDropped", "'v3'")
      .when_killed_and_restarted()
      .then_weight("v3", 0);
}

TEST(StoreStory, WithoutAStoreABanditsArmThatBreaksAGuardrailIsThrownOutAllTheSame) {
  Story()
      .given_traffic(200)
      .given(route_yaml({"v1", "v2", "v3"}, R"(bandit:
  arms: [v1, v2, v3]
  minimumShare: 5%
  guardrails: [{metric: error-rate, thresholdRange: {max: 1%}}])"))
      .when_time_passes(5s)
      .when_store_fails()
      .given_version("v3", {.error_rate = 0.30})
      .when_time_passes(2min)
      .then_weight("v3", 0.05)
      .when_store_fails(false)
      .when_time_passes(2s)
      .then_event("ArmDropped", "'v3'");
}

TEST(StoreStory, ACommitThatCameThroughAfterAllDoesNotBringBackWhatWasRefused) {
  Story story;
  story.given(watched)
      .when_time_passes(10s)
      .when_store_is_late()
      .when_person_is_refused(Verb::Promote, "not answered", true)
      .then_weight("v2", 0.1)
      .then_condition("StateKept", "False")
      .when_store_is_late(false)
      .when_time_passes(1s)
      .then_condition("StateKept", "True")
      .then_no_event("Promoted")
      .when_killed_and_restarted()
      .then_phase(Phase::Paused)
      .then_weight("v2", 0.1)
      .then_no_event("Promoted");
  const auto lines = story.journal();
  EXPECT_EQ(state::first_break(lines), lines.size());
  EXPECT_EQ(story.store().journal({})->size(), lines.size()) << "and nobody raises an alarm";
}

TEST(StoreStory, ARetreatThatCameThroughAfterAllIsToldOnce) {
  Story story;
  story.given(watched)
      .when_time_passes(10s)
      .when_store_is_late()
      .when_person(Verb::Abort)
      .then_weight("v2", 0)
      .when_time_passes(5s)
      .when_store_is_late(false)
      .when_time_passes(2s)
      .then_condition("StateKept", "True")
      .when_killed_and_restarted()
      .then_phase(Phase::Aborted)
      .then_events({"Begun", "Advanced", "Paused", "Aborted"});
  const auto lines = story.journal();
  EXPECT_EQ(state::first_break(lines), lines.size());
  EXPECT_EQ(story.store().journal({})->size(), lines.size());
}

TEST(StoreStory, AJournalThatDoesNotFollowFromItselfIsSaidForAsLongAsTheProcessLives) {
  Story story;
  story.given(watched).when_time_passes(10s).then_condition("StateSound", "True");
  state::JournalEntry forged = story.journal().back();
  ++forged.sequence;
  forged.text = "everything is well";
  state::Change change;
  change.append = {forged};
  ASSERT_TRUE(story.store().commit(change));
  story.when_killed_and_restarted()
      .then_condition("StateSound", "False")
      .when_time_passes(1min)
      .then_condition("StateSound", "False")
      .then_condition("StateKept", "True");
}

TEST(StoreStory, EveryLineFollowsFromTheOneBefore) {
  Story story;
  story.given(watched).when_phase_comes(Phase::Promoted, 10min).when_killed_and_restarted().when_person(Verb::Undo);
  const auto lines = story.journal();
  EXPECT_EQ(state::first_break(lines), lines.size());
  EXPECT_GE(lines.size(), 5U);
  EXPECT_EQ(lines.back().actor, "alice");
  EXPECT_EQ(lines.front().actor, "sluice");
}

}  // namespace
}  // namespace sluice::scenarios
