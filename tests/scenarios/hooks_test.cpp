#include <gtest/gtest.h>

#include <algorithm>

#include "scenarios/story.hpp"

namespace sluice::scenarios {
namespace {

using namespace std::chrono_literals;
using Says = HookScript::Says;

const std::string event_url = "http://127.0.0.1:7000/event";
const std::string after_url = "http://127.0.0.1:7000/after";
const std::string look_url = "http://127.0.0.1:7000/look";

const std::string told = canary_yaml(R"(steps: [{setWeight: 20}, {pause: {duration: 30s}}]
webhooks:
  - {type: event, url: "http://127.0.0.1:7000/event", metadata: {team: risk}}
  - {type: post-rollout, url: "http://127.0.0.1:7000/after"})");

TEST(HookStory, EveryLineOfTheJournalIsToldOnceWithFlaggersFields) {
  Story story;
  story.given(told).when_phase_comes(Phase::Promoted, 5min);
  const auto& event = story.world().hooks[event_url];
  EXPECT_EQ(event.calls, story.journal().size());
  ASSERT_FALSE(event.bodies.empty());
  for (const char* const part :
       {R"("name":"fraud")", R"("phase":"Promoted")", R"("team":"risk")", R"("eventMessage":)"}) {
    EXPECT_NE(event.bodies.back().find(part), std::string::npos) << part << " in " << event.bodies.back();
  }
}

TEST(HookStory, TheEndIsToldOnceAndNotAgainAfterARestart) {
  Story story;
  story.given(told).when_time_passes(10s);
  EXPECT_EQ(story.world().hooks[after_url].calls, 0U);
  story.when_phase_comes(Phase::Promoted, 5min).when_killed_and_restarted().when_time_passes(1h);
  EXPECT_EQ(story.world().hooks[after_url].calls, 1U);
}

TEST(HookStory, ARolloutThatIsSupersededIsToldToItsOwnHooks) {
  Story story;
  story.given(told).when_time_passes(10s).when_policy_changes(canary_yaml("steps: [{setWeight: 30}, {pause: {}}]"));
  EXPECT_NE(story.world().hooks[event_url].bodies.back().find("Superseded"), std::string::npos);
  EXPECT_EQ(story.world().hooks[after_url].calls, 1U);
}

TEST(HookStory, AnEventHookThatIsDeadHoldsNothingUp) {
  Story()
      .given_hook(event_url, Says::Nothing)
      .given_hook(after_url, Says::Unreachable)
      .given(told)
      .when_phase_comes(Phase::Promoted, 2min);
}

TEST(HookStory, ADeadGateHoldsItsOwnRouteOnly) {
  const std::string gated = canary_yaml(R"(steps: [{setWeight: 20}]
webhooks: [{type: confirm-rollout, url: "http://127.0.0.1:7000/look"}])");
  std::string other = canary_yaml("steps: [{setWeight: 20}, {pause: {duration: 30s}}]");
  other.replace(other.find("fraud"), 5, "other");
  other.replace(other.find("spec:\n"), 6, "spec:\n  matches: [{path: {type: PathPrefix, value: /other}}]\n");
  Story story;
  story.given(gated + "---\n" + other).when_time_passes(5min).then_phase(Phase::Pending).then_hook_called(look_url);
  story.of("other").then_phase(Phase::Promoted);
}

TEST(HookStory, AnAnswerOfAnEarlierAttemptDoesNotCount) {
  const std::string gated = canary_yaml(R"(steps: [{setWeight: 20}, {pause: {}}]
webhooks: [{type: confirm-rollout, url: "http://127.0.0.1:7000/look"}])");
  Story()
      .given_hook(look_url, Says::Yes)
      .given(gated)
      .when_time_passes(10s)
      .then_weight("v2", 0.2)
      .when_person(Verb::Abort)
      .given_hook(look_url, Says::No)
      .when_person(Verb::Retry)
      .when_time_passes(1h)
      .then_phase(Phase::Pending)
      .then_weight("v2", 0);
}

TEST(HookStory, APrometheusThatIsDeadPromotesNobody) {
  const std::string measured = canary_yaml(R"(steps: [{setWeight: 20}, {pause: {duration: 30s}}]
analysis:
  interval: 5s
  minRequests: 10
  checks:
    - metric: gpu
      thresholdRange: {max: 0.9}
      prometheus: {address: "http://127.0.0.1:9090", query: "gpu{version='{{version}}'}"})");
  Story story;
  story.given_series("gpu{version='v2'}", strategy::QueryAnswer::State::Failed).given(measured).when_time_passes(8min);
  story.then_weight("v2", 0.2).then_no_event("Promoted");
  story.given_series("gpu{version='v2'}", 0.5).when_phase_comes(Phase::Promoted, 2min);
}

TEST(HookStory, ANumberOfPrometheusBeyondItsLimitRollsBack) {
  const std::string measured = canary_yaml(R"(steps: [{setWeight: 20}, {pause: {duration: 5m}}]
analysis:
  interval: 5s
  minRequests: 10
  checks:
    - metric: gpu
      thresholdRange: {max: 0.9}
      prometheus: {address: "http://127.0.0.1:9090", query: "gpu{version='{{version}}'}"})");
  Story()
      .given_series("gpu{version='v2'}", 0.97)
      .given(measured)
      .when_phase_comes(Phase::RolledBack, 2min)
      .then_message_has("0.97");
}

}  // namespace
}  // namespace sluice::scenarios
