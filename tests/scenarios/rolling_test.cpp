#include <gtest/gtest.h>

#include "scenarios/story.hpp"

namespace sluice::scenarios {
namespace {

using namespace std::chrono_literals;
using Says = HookScript::Says;

const std::string rolling_of_three = route_yaml({"v1", "v2"}, R"(rolling:
  stable: v1
  candidate: v2
  minReady: 30s
  replaceTimeout: 5m
  analysis:
    minRequests: 100
    checks: [{metric: error-rate, thresholdRange: {max: 1%}}])",
                                                3);

/// Four servers that stay where they are.
std::string in_place() {
  std::string yaml = route_yaml({"v1", "v2"}, R"(rolling:
  stable: v1
  candidate: v2
  minReady: 10s
  replaceTimeout: 2m
  replace: ModelRepository
  repository: {model: fraud, stableParameters: {variant: v1}, candidateParameters: {variant: v2}})",
                                4);
  for (std::size_t at = 0; (at = yaml.find(":910", at)) != std::string::npos;) yaml.replace(at, 4, ":900");
  return yaml;
}

std::string repository(int server, const std::string& action) {
  return "http://127.0.0.1:900" + std::to_string(server) + "/v2/repository/models/fraud/" + action;
}

Story& given_servers_that_obey(Story& story) {
  for (int server = 1; server <= 4; ++server) {
    const std::string ready = "http://127.0.0.1:900" + std::to_string(server) + "/v2/models/fraud/ready";
    for (const std::string& url : {repository(server, "unload"), repository(server, "load"), ready}) {
      story.given_hook(url, Says::Yes);
    }
  }
  return story;
}

TEST(RollingStory, AGoodCandidateTakesOneInstanceAfterTheOther) {
  Story()
      .given(rolling_of_three)
      .then_weight("v2", 0)
      .when_time_passes(20s)
      .then_phase(Phase::Progressing, "Settling")
      .then_weight("v2", 1.0 / 3)
      .when_phase_comes(Phase::Promoted, 5min)
      .then_weight("v2", 1)
      .then_role("v2", "stable")
      .then_event("InstanceReplaced", "instance 3 of 3")
      .then_event("Promoted", "3 of 3 instances")
      .then_no_event("Waiting")
      .then_clients_saw_no_failure()
      .when_killed_and_restarted()
      .when_time_passes(1min)
      .then_phase(Phase::Promoted)
      .then_weight("v2", 1);
}

TEST(RollingStory, ABadCandidateGoesBackAndNobodyNotices) {
  Story()
      .given(rolling_of_three)
      .given_version("v2", {.error_rate = 0.1})
      .when_phase_comes(Phase::RolledBack, 2min)
      .then_phase(Phase::RolledBack, "CheckFailed")
      .then_message_has("> max 1% (n=")
      .then_weight("v2", 0)
      .then_event("CheckFailed")
      .then_event("RolledBack")
      .then_clients_saw_no_failure()
      .given_version("v2", {})
      .when_person(Verb::Retry)
      .when_phase_comes(Phase::Promoted, 5min);
}

TEST(RollingStory, AnInstanceThatNeverGetsReadyEndsIt) {
  Story()
      .given(rolling_of_three)
      .given_unready("127.0.0.1:9102", "connection refused")
      .when_time_passes(4min)
      .then_phase(Phase::Progressing)
      .then_weight("v2", 1.0 / 2)
      .when_phase_comes(Phase::RolledBack, 3min)
      .then_phase(Phase::RolledBack, "ReplaceTimeout")
      .then_message_has("127.0.0.1:9102 is not in service after 5m: 127.0.0.1:9102 is not ready: connection refused")
      .then_weight("v2", 0);
}

TEST(RollingStory, AnEndpointOfStableThatIsDownDoesNotKeepABadCandidateInService) {
  std::string careful = rolling_of_three;
  careful.replace(careful.find("minReady: 30s"), 13, "minReady: 30s\n      rollbackBatch: 30%");
  Story()
      .given_unready("127.0.0.1:9001", "connection refused")
      .given(careful)
      .when_time_passes(50s)
      .given_version("v2", {.error_rate = 0.1})
      .when_phase_comes(Phase::RollingBack, 2min)
      .when_phase_comes(Phase::RolledBack, 7min)
      .then_phase(Phase::RolledBack, "CheckFailed")
      .then_weight("v2", 0)
      .then_event("InstanceReplaced", "127.0.0.1:9001 is given back to 'v1' as it is");
}

TEST(RollingStory, AKillWhileTheOnlyInstanceIsTriedPromotesNobodyUnseen) {
  const std::string one = route_yaml({"v1", "v2"}, R"(rolling:
  stable: v1
  candidate: v2
  minReady: 30s
  analysis:
    checks: [{metric: error-rate, versusStable: {margin: 1%}}])");
  for (const auto time : {8s, 15s}) {
    Story()
        .given(one)
        .when_time_passes(time)
        .then_phase(Phase::Progressing, "Settling")
        .then_weight("v2", 1)
        .given_version("v2", {.error_rate = 0.5})
        .when_killed_and_restarted()
        .when_phase_comes(Phase::RolledBack, 2min)
        .then_phase(Phase::RolledBack, "CheckFailed")
        .then_no_event("Promoted");
    Story().given(one).when_time_passes(time).when_killed_and_restarted().when_phase_comes(Phase::Promoted, 2min);
  }
}

TEST(RollingStory, APauseLetsOneFinishAndARestartDoesNotForgetIt) {
  Story()
      .given(rolling_of_three)
      .when_time_passes(10s)
      .when_person(Verb::Pause)
      .when_time_passes(10min)
      .then_phase(Phase::Paused, "PausedByPerson")
      .then_weight("v2", 1.0 / 3)
      .when_killed_and_restarted()
      .when_time_passes(10min)
      .then_phase(Phase::Paused, "PausedByPerson")
      .then_weight("v2", 1.0 / 3)
      .when_person(Verb::Resume)
      .when_phase_comes(Phase::Promoted, 5min)
      .when_person(Verb::Undo)
      .when_phase_comes(Phase::Aborted, 1min)
      .then_phase(Phase::Aborted, "Undone")
      .then_weight("v2", 0)
      .then_clients_saw_no_failure();
}

TEST(RollingStory, AbortGoesBackAtOnceAndUndoIsForPromotionsOnly) {
  Story()
      .given(rolling_of_three)
      .when_time_passes(1min)
      .when_person_is_refused(Verb::Undo, "abort")
      .when_person(Verb::Abort)
      .then_phase(Phase::RollingBack, "Aborted")
      .when_person_is_refused(Verb::Promote, "retry")
      .when_phase_comes(Phase::Aborted, 10s)
      .then_weight("v2", 0)
      .then_clients_saw_no_failure();
}

TEST(RollingStory, AnotherAttemptAfterUndecidedChecksTakesTheInstancesAsTheyAre) {
  std::string impatient = rolling_of_three;
  impatient.replace(impatient.find("max: 1%}"), 8, "max: 1%}, inconclusiveLimit: 3");
  Story()
      .given(impatient)
      .given_traffic(0)
      .when_phase_comes(Phase::Held, 5min)
      .then_phase(Phase::Held, "Undecided")
      .then_weight("v2", 1.0 / 3)
      .when_person_is_refused(Verb::Resume, "promote")
      .when_person(Verb::Retry)
      .then_event("Retried")
      .then_weight("v2", 1.0 / 3)
      .given_traffic(100)
      .when_phase_comes(Phase::Promoted, 5min)
      .then_clients_saw_no_failure();
}

TEST(RollingStory, MissedAndRepeatedLooksComeToTheSame) {
  Story().given(rolling_of_three).when_every_nth_tick_is_missed(2).when_phase_comes(Phase::Promoted, 10min);
  Story()
      .given(rolling_of_three)
      .when_every_tick_is_repeated()
      .when_phase_comes(Phase::Promoted, 5min)
      .then_clients_saw_no_failure();
}

TEST(RollingStory, ServersExchangeTheirModelAndAreKilledInBetween) {
  Story story;
  given_servers_that_obey(story)
      .given(in_place())
      .given_hook(repository(3, "load"), Says::Nothing)
      .when_time_passes(1min + 30s)
      .then_phase(Phase::Progressing, "Replacing")
      .then_weight("v2", 2.0 / 3)
      .when_killed_and_restarted()
      .when_time_passes(5s)
      .then_weight("v2", 2.0 / 3)
      .given_hook(repository(3, "load"), Says::Yes)
      .when_phase_comes(Phase::Promoted, 2min)
      .then_hook_called(repository(3, "unload"), 1)
      .then_clients_saw_no_failure();
  EXPECT_NE(story.world().hooks[repository(1, "load")].bodies.front().find("v2"), std::string::npos);
}

TEST(RollingStory, AServerThatCannotLoadSendsAllOfThemBack) {
  Story story;
  given_servers_that_obey(story)
      .given(in_place())
      .given_hook(repository(3, "load"), Says::No)
      .when_phase_comes(Phase::RollingBack, 3min)
      .then_phase(Phase::RollingBack, "ReplaceFailed")
      .given_hook(repository(3, "load"), Says::Yes)
      .when_phase_comes(Phase::RolledBack, 3min)
      .then_weight("v2", 0)
      .then_clients_saw_no_failure();
  EXPECT_NE(story.world().hooks[repository(1, "load")].bodies.back().find("v1"), std::string::npos);
}

}  // namespace
}  // namespace sluice::scenarios
