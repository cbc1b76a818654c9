#include "sluice/strategy/step.hpp"

#include <gtest/gtest.h>

#include <set>

#include "routes.hpp"

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;

policy::ModelRoute canary_route() {
  auto route = route_with({"v1", "v2"});
  policy::Canary canary;
  canary.stable = "v1";
  canary.candidate = "v2";
  canary.steps.resize(4);
  canary.steps[0].weight = 5;
  canary.steps[1].kind = policy::StepKind::Pause;
  canary.steps[1].pause.duration = 10min;
  canary.steps[2].weight = 25;
  canary.steps[3].kind = policy::StepKind::Pause;
  route.strategy = canary;
  return route;
}

/// One route from its beginning on, moved by hand.
class StepTest : public ::testing::Test {
 protected:
  void begins() { state = begin(route, 3, 7, now); }

  Transition tick(Duration by = 1s) {
    now += std::chrono::duration_cast<WallTime::duration>(by);
    evidence.window = state.window;
    return keep(advance(route, state, evidence, nullptr, now));
  }
  Transition say(Verb verb, bool full = false, const std::string& actor = "alice") {
    const Command command{verb, full, actor};
    evidence.window = state.window;
    return keep(advance(route, state, evidence, &command, now));
  }
  Transition keep(Transition made) {
    state = made.state;
    for (const auto& event : made.events) kinds.push_back(event.kind);
    return made;
  }

  policy::ModelRoute route = canary_route();
  RolloutState state;
  Evidence evidence;
  WallTime now{1'000'000s};
  std::vector<std::string> kinds;
};

TEST_F(StepTest, ARolloutBeginsWithWhoAndWhen) {
  begins();
  EXPECT_EQ(state.route, "fraud");
  EXPECT_EQ(id_of(state), "fraud-3");
  EXPECT_EQ(state.strategy, "canary");
  EXPECT_EQ(state.fingerprint, fingerprint(route));
  EXPECT_EQ(state.observed_generation, 7U);
  EXPECT_EQ(state.phase, Phase::Pending);
  EXPECT_EQ(state.begun, now);
  EXPECT_EQ(state.live, "v1");
  EXPECT_EQ(state.attempt, 1U);
}

TEST_F(StepTest, NoTwoRolloutsOfARouteShareAWindow) {
  std::set<std::uint64_t> windows;
  for (std::uint64_t number = 1; number <= 3; ++number) {
    state = begin(route, number, 7, now);
    EXPECT_TRUE(windows.insert(state.window).second);
    for (int i = 0; i < 3; ++i) {
      tick(1h);
      windows.insert(state.window);
    }
  }
  EXPECT_GE(windows.size(), 9U);
}

TEST_F(StepTest, WithoutAStrategyNothingHappens) {
  route = route_with({"v1"});
  begins();
  EXPECT_EQ(state.phase, Phase::Idle);
  const RolloutState before = state;
  EXPECT_TRUE(tick(1h).events.empty());
  EXPECT_EQ(state, before);
  for (const Verb verb : {Verb::Promote, Verb::Pause, Verb::Resume, Verb::Abort, Verb::Retry, Verb::Undo}) {
    EXPECT_TRUE(say(verb).refusal.has_value()) << to_string(verb);
  }
  const auto steering = steer(route, state);
  ASSERT_TRUE(steering.ok());
  EXPECT_EQ(steering->plan.target_share(0), 1);
  EXPECT_EQ(steering->roles, (std::vector<std::string>{"stable"}));
}

TEST_F(StepTest, EvidenceOfAnotherWindowHasNoSamples) {
  auto& canary = std::get<policy::Canary>(route.strategy);
  policy::Check check;
  check.metric = "error-rate";
  check.threshold_range.emplace().max = policy::Quantity{0.01, policy::QuantityUnit::Ratio};
  canary.analysis.emplace().checks.push_back(check);
  begins();
  tick();
  tick();
  evidence.versions.resize(2);
  evidence.versions[0].version = "v1";
  evidence.versions[1].version = "v2";
  evidence.versions[1].all.requests = evidence.versions[1].all.failures = 1000;
  now += 10s;
  evidence.window = state.window - 1;
  keep(advance(route, state, evidence, nullptr, now));
  EXPECT_EQ(state.phase, Phase::Paused) << "that was the window before";
  tick(10s);
  EXPECT_EQ(state.phase, Phase::RolledBack);
}

TEST_F(StepTest, APauseIsLaidOverThePhaseAndLiftedAgain) {
  begins();
  tick();
  tick();
  const RolloutState before = state;
  say(Verb::Pause, false, "bob");
  EXPECT_EQ(state.phase, Phase::Paused);
  EXPECT_EQ(state.reason, "PausedByPerson");
  EXPECT_EQ(state.message, "paused by bob until resume");
  EXPECT_EQ(state.phase_since, now);
  const RolloutState paused = state;
  EXPECT_TRUE(tick(5h).events.empty());
  EXPECT_EQ(state, paused) << "a pause is not written anew with every tick";
  const auto steering = steer(route, state);
  ASSERT_TRUE(steering.ok());
  EXPECT_DOUBLE_EQ(steering->plan.target_share(1), 0.05);
  say(Verb::Resume);
  EXPECT_EQ(state.phase, before.phase);
  EXPECT_EQ(state.reason, before.reason);
  EXPECT_EQ(state.message, before.message);
  EXPECT_FALSE(state.paused);
  EXPECT_EQ(state.paused_from, std::nullopt);
}

TEST_F(StepTest, TheClocksOfAStepStandStillInAPersonsPause) {
  begins();
  tick();
  tick();
  tick(4min);
  say(Verb::Pause);
  tick(5h);
  EXPECT_EQ(state.weight, 0.05);
  say(Verb::Resume);
  tick(5min);
  EXPECT_EQ(state.weight, 0.05) << "one of ten minutes is left";
  tick(1min);
  EXPECT_EQ(state.weight, 0.25);
  EXPECT_EQ(kinds.back(), "Advanced");
}

TEST_F(StepTest, ATestsLongestTimeAndAStagesShortestStandStillInAPersonsPause) {
  policy::AbTest test;
  test.variants = {{"v1", 1, {}}, {"v2", 1, {}}};
  test.primary_metric = "error-rate";
  test.max_duration = 1h;
  route.strategy = test;
  begins();
  tick();
  say(Verb::Pause);
  tick(2h);
  say(Verb::Resume);
  tick(50min);
  EXPECT_EQ(state.phase, Phase::Progressing) << state.message;
  tick(10min);
  EXPECT_EQ(state.reason, "MaxDuration");

  test.primary_metric.clear();
  policy::Stages stages;
  stages.stages.resize(2);
  stages.stages[0].strategy = test;
  stages.stages[0].at_least = 1h;
  stages.stages[1].strategy = std::get<policy::Canary>(canary_route().strategy);
  route.strategy = stages;
  begins();
  tick();
  say(Verb::Pause);
  tick(2h);
  say(Verb::Resume);
  tick(50min);
  EXPECT_EQ(state.stage, 0U);
  tick(10min);
  EXPECT_EQ(state.stage, 1U);
}

TEST_F(StepTest, OtherCountersPutTheNextLookAnIntervalAway) {
  auto& canary = std::get<policy::Canary>(route.strategy);
  policy::Check check;
  check.metric = "error-rate";
  check.threshold_range.emplace().max = policy::Quantity{0.01, policy::QuantityUnit::Ratio};
  canary.analysis.emplace().checks.push_back(check);
  canary.analysis->on_no_data = policy::OnNoData::Fail;
  canary.steps[1].pause.duration = 1h;
  begins();
  evidence.counters = 5;
  evidence.versions.resize(2);
  evidence.versions[0].version = "v1";
  evidence.versions[1].version = "v2";
  for (auto& version : evidence.versions) version.endpoints = version.usable = version.all.requests = 1000;
  tick();
  tick();
  EXPECT_EQ(state.counters, 5U);
  tick(10s);
  ASSERT_EQ(state.last_look, now);
  evidence.counters = 6;  // the process was away for a while, and has counted nothing yet
  for (auto& version : evidence.versions) version.all = {};
  now += 10min;
  evidence.window = 0;  // nor does the data plane know the window
  keep(advance(route, state, evidence, nullptr, now));
  EXPECT_EQ(state.phase, Phase::Paused) << state.message;
  tick(9s);
  EXPECT_EQ(state.phase, Phase::Paused) << state.message;
  tick(1s);
  EXPECT_EQ(state.phase, Phase::RolledBack) << "ten seconds without a request";
}

TEST_F(StepTest, ARolloutWhoseProcessDiedBeforeItsFirstLookBeginsToCountAtTheNext) {
  begins();
  evidence.counters = 5;
  tick(1h);
  EXPECT_EQ(state.window_since, now);
  begins();
  const WallTime begun = now;
  tick(1s);
  EXPECT_EQ(state.counters, 5U);
  EXPECT_LE(state.window_since - begun, 1s);
}

TEST_F(StepTest, ARetryGivesNothingToAVersionThatCannotAnswer) {
  policy::BlueGreen flip;
  flip.active = "v1";
  flip.preview = "v2";
  route.strategy = flip;
  begins();
  state.phase = Phase::Held;
  state.reason = "Undecided";
  state.live = "v2";
  state.step = 1;
  state.weight = 1;
  evidence.versions.resize(2);
  evidence.versions[0].version = "v1";
  evidence.versions[0].endpoints = 2;
  evidence.versions[1].version = "v2";
  evidence.versions[1].endpoints = evidence.versions[1].usable = 2;
  const RolloutState before = state;
  const Transition refused = say(Verb::Retry);
  EXPECT_EQ(refused.refusal, "'v1' cannot take the traffic: 0 of 2 endpoints are usable");
  EXPECT_EQ(state, before);
  EXPECT_TRUE(refused.events.empty());
  evidence.versions[0].usable = 1;
  EXPECT_FALSE(say(Verb::Retry).refusal);
  EXPECT_EQ(state.live, "v1");
}

TEST_F(StepTest, APauseBeforeTheFirstStepHoldsIt) {
  begins();
  say(Verb::Pause);
  for (int i = 0; i < 5; ++i) tick(1h);
  EXPECT_EQ(state.phase, Phase::Paused);
  EXPECT_EQ(state.weight, 0);
  say(Verb::Resume);
  EXPECT_EQ(state.phase, Phase::Pending);
  tick();
  EXPECT_EQ(state.weight, 0.05);
}

TEST_F(StepTest, VerbsTwiceAreAsGoodAsOnce) {
  begins();
  tick();
  say(Verb::Pause);
  const RolloutState paused = state;
  const Transition again = say(Verb::Pause, false, "bob");
  EXPECT_EQ(state, paused);
  EXPECT_FALSE(again.refusal.has_value());
  EXPECT_TRUE(again.events.empty());
  say(Verb::Resume);
  say(Verb::Resume);
  say(Verb::Abort);
  const RolloutState aborted = state;
  EXPECT_FALSE(say(Verb::Abort).refusal.has_value());
  EXPECT_EQ(state, aborted);
  EXPECT_EQ(kinds, (std::vector<std::string>{"Advanced", "Paused", "Resumed", "Aborted"}));
}

TEST_F(StepTest, ARefusalLeavesTheStateAsItWas) {
  begins();
  tick();
  say(Verb::Pause, false, "bob");
  const RolloutState paused = state;
  for (const Verb verb : {Verb::Promote, Verb::Undo}) {
    const Transition refused = say(verb);
    EXPECT_TRUE(refused.refusal.has_value());
    EXPECT_TRUE(refused.events.empty());
    EXPECT_EQ(state, paused);
  }
}

TEST_F(StepTest, AnEndLiftsThePause) {
  begins();
  tick();
  say(Verb::Pause);
  say(Verb::Abort);
  EXPECT_EQ(state.phase, Phase::Aborted);
  EXPECT_FALSE(state.paused);
  EXPECT_TRUE(state.paused_by.empty());
  EXPECT_EQ(state.paused_from, std::nullopt);
}

TEST_F(StepTest, TheAutomatonMayRollBackWhatAPersonPaused) {
  auto& canary = std::get<policy::Canary>(route.strategy);
  policy::Webhook hook;
  hook.type = policy::WebhookType::Rollback;
  canary.webhooks = {hook};
  begins();
  tick();
  say(Verb::Pause);
  const Transition asked = tick();
  ASSERT_EQ(asked.errands.size(), 1U);
  evidence.errands[asked.errands[0].key].state = ErrandAnswer::State::Succeeded;
  tick();
  EXPECT_EQ(state.phase, Phase::RolledBack);
  EXPECT_FALSE(state.paused);
}

TEST_F(StepTest, APauseForgetsNothingThatIsWishedFromOutside) {
  auto& canary = std::get<policy::Canary>(route.strategy);
  policy::Webhook hook;
  hook.type = policy::WebhookType::Rollback;
  canary.webhooks = {hook};
  begins();
  tick();
  tick();
  EXPECT_EQ(tick().errands.size(), 1U);
  EXPECT_EQ(say(Verb::Pause).errands.size(), 1U);
  EXPECT_EQ(say(Verb::Resume).errands.size(), 1U);
}

TEST_F(StepTest, ARetryBeginsAgainInAnotherAttempt) {
  begins();
  for (int i = 0; i < 3; ++i) tick(10min);
  say(Verb::Abort);
  const RolloutState aborted = state;
  now += 1h;
  say(Verb::Retry);
  EXPECT_EQ(state.phase, Phase::Pending);
  EXPECT_EQ(state.attempt, 2U);
  EXPECT_EQ(state.number, 3U);
  EXPECT_EQ(state.observed_generation, 7U);
  EXPECT_EQ(state.ended, std::nullopt);
  EXPECT_EQ(state.begun, now);
  EXPECT_EQ(state.weight, 0);
  EXPECT_GT(state.window, aborted.window);
  tick();
  EXPECT_EQ(state.weight, 0.05);
  EXPECT_EQ(kinds[kinds.size() - 2], "Retried");
}

TEST_F(StepTest, AStateThatWasHeldGoesOnPausedOrNot) {
  begins();
  tick();
  state.phase = Phase::Held;
  state.paused = true;
  state.paused_by = "bob";
  say(Verb::Resume);
  EXPECT_EQ(state.phase, Phase::Held);
  EXPECT_FALSE(state.paused);
  say(Verb::Promote);
  EXPECT_EQ(state.phase, Phase::Paused);
  EXPECT_EQ(state.reason, "TimedPause");
}

TEST_F(StepTest, SteeringNamesTheRouteThatItCannotSteer) {
  begins();
  std::get<policy::Canary>(route.strategy).audience = {broken_match()};
  const auto steering = steer(route, state);
  ASSERT_FALSE(steering.ok());
  EXPECT_TRUE(steering.error().message.starts_with("route 'fraud': ")) << steering.error().message;
}

TEST_F(StepTest, APromotedRolloutStaysPromoted) {
  begins();
  say(Verb::Promote, true);
  ASSERT_EQ(state.phase, Phase::Promoted);
  for (int i = 0; i < 50; ++i) tick(1h);
  EXPECT_EQ(state.phase, Phase::Promoted);
  EXPECT_EQ(steer(route, state)->plan.target_share(1), 1);
  EXPECT_EQ(kinds, (std::vector<std::string>{"Promoted", "Released"}));
}

}  // namespace
}  // namespace sluice::strategy
