#include <gtest/gtest.h>

#include "sluice/policy/model_route.hpp"
#include "sluice/rollout/state_json.hpp"
#include "sluice/strategy/bandit.hpp"
#include "sluice/strategy/evidence.hpp"

namespace sluice::rollout {
namespace {

/// As Sluice wrote it before it kept rewards: successes and failures alone.
constexpr const char* older_record = R"({
  "format": 1, "route": "fraud", "number": 3, "strategy": "bandit", "fingerprint": "00ff", "observedGeneration": 1,
  "phase": "Progressing", "reason": "Following", "message": "'v2' is the best", "step": 0, "weight": 0.99,
  "live": "v1", "window": 5, "counters": 11, "harm": 0, "stage": 0, "attempt": 1,
  "arms": [
    {"version": "v1", "share": 0.01, "successes": 4000, "failures": 1000, "seenSuccesses": 4000,
     "seenFailures": 1000, "seenCounters": 11, "toldShare": 0.01, "probabilityBest": 0, "copies": 0, "copiesSeen": 0},
    {"version": "v2", "share": 0.99, "successes": 9900, "failures": 100, "seenSuccesses": 9900,
     "seenFailures": 100, "seenCounters": 11, "toldShare": 0.99, "probabilityBest": 1, "copies": 0, "copiesSeen": 0}]
})";

struct Upgrade {
  Upgrade() {
    spec.arms = {"v1", "v2"};
    route.name = "fraud";
    evidence.window = 5;
    evidence.counters = 12;
    for (const auto* name : {"v1", "v2"}) {
      route.versions.emplace_back().name = name;
      auto& version = evidence.versions.emplace_back();
      version.version = name;
      version.endpoints = version.usable = 1;
      version.all.requests = 10;
    }
  }
  strategy::RolloutState look() const {
    const auto state = parse_state(older_record);
    EXPECT_TRUE(state) << state.error().message;
    return strategy::advance(spec, *state, {route, evidence, nullptr, state->step_since + std::chrono::hours(1)}).state;
  }

  policy::Bandit spec;
  policy::ModelRoute route;
  strategy::Evidence evidence;
};

TEST(BanditUpgrade, KeepsWhatTheVersionBeforeLearned) {
  const auto state = Upgrade().look();
  ASSERT_EQ(state.arms.size(), 2u);
  EXPECT_GT(state.arms[1].share, 0.98);
  EXPECT_GT(state.arms[1].probability_best, 0.99);
  ASSERT_TRUE(state.arms[0].value);
  EXPECT_NEAR(*state.arms[0].value, 4010 / 5010.0, 1e-9) << "with what was counted since";
  EXPECT_EQ(state.arms[1].successes, 9910u);
}

TEST(BanditUpgrade, KeepsNothingWhereAnOutcomeIsTheReward) {
  Upgrade upgrade;
  upgrade.route.outcomes.emplace_back().name = upgrade.spec.reward = "click";
  for (auto& version : upgrade.evidence.versions) version.outcomes.emplace_back().name = "click";
  const auto state = upgrade.look();
  EXPECT_FALSE(state.arms[0].value) << "successes are no clicks";
}

}  // namespace
}  // namespace sluice::rollout
