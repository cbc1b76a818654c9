#include "sluice/strategy/canary.hpp"

#include <gtest/gtest.h>

#include "routes.hpp"

namespace sluice::strategy {
namespace {

policy::Step weight(double percent) {
  policy::Step step;
  step.weight = percent;
  return step;
}

policy::Canary canary_with(std::vector<policy::Step> steps) {
  policy::Canary canary;
  canary.stable = "v1";
  canary.candidate = "v2";
  canary.steps = std::move(steps);
  return canary;
}

/// A canary at a quarter of its audience.
RolloutState at_a_quarter() {
  RolloutState state;
  state.phase = Phase::Progressing;
  state.live = "v1";
  state.step = 0;
  state.weight = 0.25;
  state.window = 17;
  return state;
}

TEST(CanarySteering, SplitsTheAudienceByTheWeightOfTheState) {
  auto canary = canary_with({weight(5)});
  canary.audience = {header_match("country", "de")};
  const auto steering = steer(canary, route_with({"v2", "v1", "v0"}), at_a_quarter());
  ASSERT_TRUE(steering.ok());
  EXPECT_DOUBLE_EQ(steering->plan.target_share(0), 0.25);
  EXPECT_DOUBLE_EQ(steering->plan.target_share(1), 0.75);
  EXPECT_EQ(steering->plan.spec().otherwise.kind, traffic::Target::Kind::Version);
  EXPECT_EQ(steering->plan.spec().otherwise.index, 1);
  EXPECT_DOUBLE_EQ(steering->plan.spec().control, 0.25) << "stable's control slice is as large";
  EXPECT_EQ(steering->roles, (std::vector<std::string>{"candidate", "stable", "idle"}));
  EXPECT_EQ(steering->fallbacks, (std::vector<std::int32_t>{1, -1, -1}));
  EXPECT_EQ(steering->window, 17U);
}

TEST(CanarySteering, HasNoFallbackWithoutAParachute) {
  auto canary = canary_with({weight(5)});
  canary.parachute = false;
  const auto steering = steer(canary, route_with({"v1", "v2"}), at_a_quarter());
  ASSERT_TRUE(steering.ok());
  EXPECT_EQ(steering->fallbacks, (std::vector<std::int32_t>{-1, -1}));
}

TEST(CanarySteering, NeverPassesTheMaximumBeforeThePromotion) {
  auto canary = canary_with({weight(5)});
  canary.max_weight = 20;
  const auto steering = steer(canary, route_with({"v1", "v2"}), at_a_quarter());
  ASSERT_TRUE(steering.ok());
  EXPECT_DOUBLE_EQ(steering->plan.target_share(1), 0.2);
}

TEST(CanarySteering, GivesThePromotedVersionToEveryone) {
  auto canary = canary_with({weight(5)});
  canary.audience = {header_match("country", "de")};
  auto state = at_a_quarter();
  state.phase = Phase::Promoted;
  state.live = "v2";
  state.weight = 1;
  const auto steering = steer(canary, route_with({"v1", "v2"}), state);
  ASSERT_TRUE(steering.ok());
  EXPECT_DOUBLE_EQ(steering->plan.target_share(1), 1);
  EXPECT_TRUE(steering->plan.spec().rules.empty()) << "nobody is outside the audience any longer";
  EXPECT_EQ(steering->plan.spec().stable, 1);
  EXPECT_EQ(steering->plan.spec().control, 0);
  EXPECT_EQ(steering->roles, (std::vector<std::string>{"previous", "stable"}));
  EXPECT_EQ(steering->fallbacks, (std::vector<std::int32_t>{-1, -1}));
}

TEST(CanarySteering, GivesStableEverythingOnceItIsOver) {
  for (const Phase phase : {Phase::RolledBack, Phase::Aborted}) {
    auto state = at_a_quarter();
    state.phase = phase;
    const auto steering = steer(canary_with({weight(5)}), route_with({"v1", "v2"}), state);
    ASSERT_TRUE(steering.ok());
    EXPECT_DOUBLE_EQ(steering->plan.target_share(0), 1);
    EXPECT_EQ(steering->plan.spec().control, 0);
    EXPECT_EQ(steering->fallbacks, (std::vector<std::int32_t>{-1, -1}));
  }
}

TEST(CanarySteering, RefusesWhatNoPlanCanBeMadeOf) {
  EXPECT_FALSE(steer(canary_with({weight(5)}), route_with({"v1"}), at_a_quarter()).ok());
  EXPECT_FALSE(steer(canary_with({weight(5)}), route_with({"v2"}), at_a_quarter()).ok());
  auto canary = canary_with({weight(5)});
  canary.audience = {broken_match()};
  EXPECT_FALSE(steer(canary, route_with({"v1", "v2"}), at_a_quarter()).ok());
}

}  // namespace
}  // namespace sluice::strategy
