#include <gtest/gtest.h>

#include "scenarios/story.hpp"

namespace sluice::scenarios {
namespace {

using namespace std::chrono_literals;

const std::string in_steps = canary_yaml(R"(steps:
  - setWeight: 5
  - pause: {duration: 5m}
  - setWeight: 25
  - pause: {duration: 5m}
  - setWeight: 50
analysis:
  interval: 10s
  minRequests: 100
  checks:
    - {metric: error-rate, thresholdRange: {max: 1%}}
    - {metric: latency-p99, versusStable: {relativeMargin: 50%}})");

const std::string with_a_person = canary_yaml(R"(steps:
  - setWeight: 25
  - pause: {}
  - setWeight: 50
analysis:
  interval: 10s
  minRequests: 100
  checks:
    - {metric: error-rate, thresholdRange: {max: 1%}})");

TEST(CanaryStory, AGoodCandidateIsPromotedStepByStep) {
  Story()
      .given_traffic(200)
      .given(in_steps)
      .when_time_passes(1min)
      .then_phase(Phase::Paused)
      .then_weight("v2", 0.05)
      .when_phase_comes(Phase::Promoted, 30min)
      .then_weight("v2", 1)
      .then_steps_were("v2", {0, 0.05, 0.25, 0.5, 1})
      .then_role("v2", "stable")
      .then_condition("Serving", "True")
      .then_clients_saw_no_failure();
}

TEST(CanaryStory, ABadCandidateIsRolledBackAndNobodyNotices) {
  Story()
      .given_traffic(200)
      .given(in_steps)
      .given_version("v2", {.error_rate = 0.10})
      .when_phase_comes(Phase::RolledBack, 10min)
      .then_weight("v2", 0)
      .then_message_has("error-rate")
      .then_message_has("max 1%")
      .then_event("RolledBack")
      .then_condition("ChecksPass", "False")
      .then_condition("Serving", "True")
      .then_clients_saw_no_failure();
}

TEST(CanaryStory, ACandidateThatTurnsBadLaterIsRolledBackFromWhereItIs) {
  Story()
      .given_traffic(200)
      .given(in_steps)
      .when_time_passes(8min)
      .then_weight("v2", 0.25)
      .given_version("v2", {.error_rate = 0.05})
      .when_phase_comes(Phase::RolledBack, 5min)
      .then_steps_were("v2", {0, 0.05, 0.25, 0});
}

TEST(CanaryStory, ASlowCandidateIsRolledBack) {
  Story()
      .given_traffic(200)
      .given(in_steps)
      .given_version("v2", {.latency = 80ms})
      .when_phase_comes(Phase::RolledBack, 10min)
      .then_message_has("latency-p99");
}

TEST(CanaryStory, WithoutTrafficNothingIsPromoted) {
  Story().given_traffic(0).given(in_steps).when_time_passes(9min).then_weight("v2", 0.05).then_no_event("Promoted");
}

TEST(CanaryStory, APauseOfThePolicyWaitsForAPerson) {
  Story()
      .given(with_a_person)
      .when_time_passes(24h)
      .then_phase(Phase::Paused)
      .then_weight("v2", 0.25)
      .when_person_is_refused(Verb::Resume, "promote")
      .when_person(Verb::Promote)
      .when_phase_comes(Phase::Promoted, 10min)
      .then_weight("v2", 1);
}

TEST(CanaryStory, APersonsPauseOutranksGoodEvidence) {
  Story()
      .given_traffic(200)
      .given(in_steps)
      .when_time_passes(1min)
      .when_person(Verb::Pause)
      .when_time_passes(3h)
      .then_phase(Phase::Paused, "PausedByPerson")
      .then_weight("v2", 0.05)
      .then_condition("Paused", "True")
      .when_person(Verb::Resume)
      .when_phase_comes(Phase::Promoted, 30min);
}

TEST(CanaryStory, APersonsPauseDoesNotKeepABadCandidateIn) {
  Story()
      .given_traffic(200)
      .given(in_steps)
      .when_time_passes(1min)
      .when_person(Verb::Pause)
      .given_version("v2", {.error_rate = 0.5})
      .when_phase_comes(Phase::RolledBack, 5min)
      .then_weight("v2", 0);
}

TEST(CanaryStory, AnAbortGivesEverythingBackAtOnce) {
  Story()
      .given(with_a_person)
      .when_time_passes(5min)
      .when_person(Verb::Abort)
      .then_phase(Phase::Aborted)
      .then_weight("v2", 0)
      .when_person(Verb::Abort)
      .when_time_passes(1h)
      .then_phase(Phase::Aborted)
      .when_person_is_refused(Verb::Promote, "retry");
}

TEST(CanaryStory, RetryBeginsAgainAtTheFirstStepWithoutOldEvidence) {
  Story()
      .given_traffic(200)
      .given(in_steps)
      .given_version("v2", {.error_rate = 0.10})
      .when_phase_comes(Phase::RolledBack, 10min)
      .given_version("v2", {})
      .when_person(Verb::Retry)
      .when_time_passes(1min)
      .then_weight("v2", 0.05)
      .when_phase_comes(Phase::Promoted, 30min)
      .then_event("Retried");
}

TEST(CanaryStory, PromoteInFullGoesPastEverything) {
  Story()
      .given(in_steps)
      .when_time_passes(2s)
      .when_person(Verb::Promote, true)
      .then_phase(Phase::Promoted)
      .then_weight("v2", 1);
}

TEST(CanaryStory, UndoBringsTheVersionBeforeBack) {
  Story()
      .given_traffic(200)
      .given(in_steps)
      .when_phase_comes(Phase::Promoted, 30min)
      .when_person(Verb::Undo)
      .then_phase(Phase::Aborted, "Undone")
      .then_weight("v1", 1)
      .then_event("Undone");
}

TEST(CanaryStory, UndoIsRefusedWhereNobodyIsLeftToGoBackTo) {
  Story()
      .given_traffic(200)
      .given(in_steps)
      .when_phase_comes(Phase::Promoted, 30min)
      .given_unready("127.0.0.1:9001", "connection refused")
      .when_person_is_refused(Verb::Undo, "v1");
}

TEST(CanaryStory, AFailureThatIsHeldWaitsForAPersonWithItsTraffic) {
  Story story;
  story.given_traffic(200)
      .given(canary_yaml(R"(onFailure: Hold
steps: [{setWeight: 20}, {pause: {duration: 5m}}]
analysis: {interval: 10s, minRequests: 100, checks: [{metric: error-rate, thresholdRange: {max: 1%}}]})"))
      .given_version("v2", {.error_rate = 0.2})
      .when_phase_comes(Phase::Held, 5min)
      .then_weight("v2", 0.2)
      .when_time_passes(1h)
      .then_phase(Phase::Held)
      .when_person(Verb::Abort)
      .then_phase(Phase::Aborted)
      .then_weight("v2", 0);
}

TEST(CanaryStory, AGateHoldsTheStepUntilItSaysYes) {
  Story()
      .given_traffic(200)
      .given_hook("http://127.0.0.1:7000/ok", HookScript::Says::No)
      .given(canary_yaml(R"(steps: [{setWeight: 20}, {pause: {duration: 1m}}]
webhooks: [{type: confirm-promotion, url: "http://127.0.0.1:7000/ok"}])"))
      .when_time_passes(1h)
      .then_weight("v2", 0.2)
      .then_no_event("Promoted")
      .given_hook("http://127.0.0.1:7000/ok", HookScript::Says::Yes)
      .when_phase_comes(Phase::Promoted, 1min);
}

TEST(CanaryStory, OnlyTheAudienceIsSplitUntilThePromotion) {
  Story story;
  story.given_traffic(200)
      .given_audience(0.1)
      .given(canary_yaml(R"(audience: [{headers: [{name: x-beta, value: "yes"}]}]
steps: [{setWeight: 50}, {pause: {duration: 1m}}])"))
      .when_time_passes(30s)
      .then_weight("v2", 0.5);
  EXPECT_EQ(story.world().steering("fraud").plan.spec().otherwise.index, 0);
  EXPECT_EQ(story.world().steering("fraud").plan.spec().rules.size(), 1U);
  story.when_phase_comes(Phase::Promoted, 5min).then_weight("v2", 1);
  EXPECT_TRUE(story.world().steering("fraud").plan.spec().rules.empty());
}

TEST(CanaryStory, TheViewSaysWhereItIsAndWhatAPersonMayDo) {
  Story story;
  story.given_traffic(200).given(in_steps).when_time_passes(1min);
  auto view = story.view();
  EXPECT_EQ(view.id, "fraud-1");
  EXPECT_EQ(view.strategy, "canary");
  EXPECT_EQ(view.serving, "Healthy");
  EXPECT_EQ(view.step, 2);
  EXPECT_EQ(view.steps, 5);
  EXPECT_EQ(view.step_text, "pause 5m, 4m2s left");
  EXPECT_EQ(view.next, "setWeight 25");
  EXPECT_EQ(view.verbs, (std::vector<std::string>{"promote", "pause", "abort"}));
  ASSERT_EQ(view.versions.size(), 2U);
  EXPECT_NEAR(static_cast<double>(view.versions[1].requests), 590, 10) << "5 % of 200/s for 59 s";
  ASSERT_EQ(view.checks.size(), 2U);
  EXPECT_EQ(view.checks[0].verdict, strategy::Verdict::Pass);
  ASSERT_FALSE(view.events.empty());
  EXPECT_EQ(view.events.back().kind, "Begun") << "newest first";
  story.when_phase_comes(Phase::Promoted, 30min);
  view = story.view();
  EXPECT_EQ(view.verbs, std::vector<std::string>{"undo"});
  EXPECT_EQ(view.undo_until, view.phase_since + 10min);
  EXPECT_EQ(view.ended, view.phase_since);
  story.when_time_passes(11min).then_event("Released");
  EXPECT_FALSE(story.view().undo_until);
}

TEST(CanaryStory, ARouteThatNobodyHasIsSaidToBeUnknown) {
  Story story;
  story.given(in_steps);
  const auto answer = story.controller().command("nobody", {Verb::Abort, false, "alice"}, story.now());
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().unknown_route);
}

}  // namespace
}  // namespace sluice::scenarios
