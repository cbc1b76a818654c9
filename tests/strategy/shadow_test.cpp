#include "sluice/strategy/shadow.hpp"

#include <gtest/gtest.h>

#include "routes.hpp"

namespace sluice::strategy {
namespace {

policy::Shadow shadow_of(std::string live, std::vector<policy::ShadowCandidate> candidates) {
  policy::Shadow shadow;
  shadow.live = std::move(live);
  shadow.candidates = std::move(candidates);
  return shadow;
}

TEST(Shadow, AnswersFromLiveAndCopiesToTheCandidates) {
  const auto plan = shadow_plan(route_with({"v1", "v2", "v3"}), shadow_of("v2", {{"v1", 100, {}}, {"v3", 12.5, {}}}));
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->target_share(1), 1);
  EXPECT_EQ(plan->mirror_share(0), 1);
  EXPECT_DOUBLE_EQ(plan->mirror_share(2), 0.125);
  EXPECT_EQ(plan->mirror_share(1), 0);
}

TEST(Shadow, RefusesWhatNoPlanCanBeMadeOf) {
  const auto route = route_with({"v1", "v2"});
  EXPECT_FALSE(shadow_plan(route, shadow_of("v9", {{"v2", 100, {}}})).ok());
  EXPECT_FALSE(shadow_plan(route, shadow_of("v1", {{"v9", 100, {}}})).ok());
  EXPECT_FALSE(shadow_plan(route, shadow_of("v1", {{"v1", 100, {}}})).ok());
  EXPECT_FALSE(shadow_plan(route, shadow_of("v1", {{"v2", 101, {}}})).ok());
  EXPECT_FALSE(shadow_plan(route, shadow_of("v1", {{"v2", 1, {}}, {"v2", 2, {}}})).ok());
}

}  // namespace
}  // namespace sluice::strategy
