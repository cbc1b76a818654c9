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

policy::Step pause() {
  policy::Step step;
  step.kind = policy::StepKind::Pause;
  return step;
}

policy::Canary canary_with(std::vector<policy::Step> steps) {
  policy::Canary canary;
  canary.stable = "v1";
  canary.candidate = "v2";
  canary.steps = std::move(steps);
  return canary;
}

TEST(Canary, StartsAtItsFirstWeight) {
  const auto plan = canary_plan(route_with({"v2", "v1"}), canary_with({weight(5), pause(), weight(25)}));
  ASSERT_TRUE(plan.ok());
  EXPECT_DOUBLE_EQ(plan->target_share(0), 0.05);
  EXPECT_DOUBLE_EQ(plan->target_share(1), 0.95);
  EXPECT_EQ(plan->spec().stable, 1);
}

TEST(Canary, StartsWithNothingWhenItStartsWithAPauseOrHasNoSteps) {
  for (const auto& canary : {canary_with({}), canary_with({pause(), weight(5)})}) {
    const auto plan = canary_plan(route_with({"v1", "v2"}), canary);
    ASSERT_TRUE(plan.ok());
    EXPECT_DOUBLE_EQ(plan->target_share(0), 1);
    EXPECT_DOUBLE_EQ(plan->target_share(1), 0);
  }
}

TEST(Canary, GivesThoseOutsideTheAudienceTheStableVersion) {
  auto canary = canary_with({weight(5)});
  canary.audience = {header_match("country", "de")};
  const auto plan = canary_plan(route_with({"v2", "v1"}), canary);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->spec().otherwise.kind, traffic::Target::Kind::Version);
  EXPECT_EQ(plan->spec().otherwise.index, 1);
}

TEST(Canary, RefusesWhatNoPlanCanBeMadeOf) {
  EXPECT_FALSE(canary_plan(route_with({"v1"}), canary_with({weight(5)})).ok());
  EXPECT_FALSE(canary_plan(route_with({"v2"}), canary_with({weight(5)})).ok());
  EXPECT_FALSE(canary_plan(route_with({"v1", "v2"}), canary_with({weight(101)})).ok());
  auto canary = canary_with({weight(5)});
  canary.candidate = "v1";
  EXPECT_FALSE(canary_plan(route_with({"v1", "v2"}), canary).ok());
}

}  // namespace
}  // namespace sluice::strategy
