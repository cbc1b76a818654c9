#include "sluice/strategy/shadow_plan.hpp"

#include <gtest/gtest.h>

#include "routes.hpp"

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;

policy::Shadow copying_to(double percent) {
  policy::Shadow shadow;
  shadow.live = "v1";
  shadow.candidates = {{"v2", percent, {}}};
  return shadow;
}

policy::ModelRoute segmented_route() {
  auto route = route_with({"v1", "v2"});
  route.segments = {{"phones", {header_match("x-device", "phone")}, {}}, {"rest", {header_match("x-rest", "1")}, {}}};
  return route;
}

std::string plan_refusal(const policy::Shadow& shadow) {
  const auto plan = shadow_plan(shadow, segmented_route(), "v1", 1);
  return plan.ok() ? "" : plan.error().message;
}

TEST(ShadowPlan, CopiesWhatIsSelected) {
  auto shadow = copying_to(20);
  shadow.select.matches = {header_match("x-device", "phone"), header_match("x-device", "tv")};
  const auto plan = *shadow_plan(shadow, segmented_route(), "v1", 0.5);
  ASSERT_EQ(plan.spec().mirrors.size(), 1u);
  EXPECT_EQ(plan.spec().mirrors[0].version, 1);
  EXPECT_DOUBLE_EQ(plan.spec().mirrors[0].share, 0.1);
  EXPECT_EQ(plan.spec().mirrors[0].any_of.size(), 2u);
  EXPECT_TRUE(plan.spec().mirrors[0].segment_shares.empty());
  EXPECT_TRUE(shadow_plan(shadow, segmented_route(), "v1", 0)->spec().mirrors.empty());
}

TEST(ShadowPlan, CopiesMoreOfOversampledSegmentsWhosePairsCountForLess) {
  auto shadow = copying_to(20);
  shadow.select.oversample = {{"rest", 80, {}}};
  const auto plan = *shadow_plan(shadow, segmented_route(), "v1", 1);
  EXPECT_EQ(plan.spec().mirrors[0].segment_shares, (std::vector<double>{-1, 0.8}));
  EXPECT_FLOAT_EQ(plan.mirror_weight(1, 0), 1);
  EXPECT_FLOAT_EQ(plan.mirror_weight(1, 1), 1);
  EXPECT_FLOAT_EQ(plan.mirror_weight(1, 2), 0.25);
}

TEST(ShadowPlan, RefusesWhatIsNotThere) {
  auto shadow = copying_to(20);
  shadow.select.oversample = {{"nobody", 80, {}}};
  EXPECT_NE(plan_refusal(shadow).find("no segment 'nobody'"), std::string::npos);
  shadow = copying_to(20);
  shadow.select.matches = {broken_match()};
  EXPECT_NE(plan_refusal(shadow), "");
  shadow = copying_to(20);
  shadow.candidates[0].version = "v9";
  EXPECT_NE(plan_refusal(shadow).find("v9"), std::string::npos);
  shadow.candidates[0].version = "v1";
  EXPECT_NE(plan_refusal(shadow).find("cannot shadow itself"), std::string::npos);
}

TEST(ShadowPlan, BudgetsAsThePolicySays) {
  auto shadow = copying_to(20);
  EXPECT_EQ(shadow_budget(shadow, {}), CopyBudget{}) << "the defaults of both are in step";
  shadow.budget.idle_only = true;
  shadow.budget.idle = {3, Duration(40ms)};
  shadow.select.deduplicate = Duration(5min);
  const CopyBudget budget = shadow_budget(shadow, {});
  EXPECT_TRUE(budget.idle_only);
  EXPECT_EQ(budget.idle_in_flight, 3u);
  EXPECT_EQ(budget.idle_latency, Duration(40ms));
  EXPECT_EQ(budget.deduplicate, Duration(5min));
}

TEST(ShadowPlan, ForgetsNoCopyThatWasAnsweredBefore) {
  auto shadow = copying_to(20);
  shadow.budget.requests = 100;
  RolloutState state;
  state.arms.resize(2);
  state.arms[0].copies = 30;
  state.arms[1].copies = 20;
  EXPECT_EQ(shadow_budget(shadow, state).requests, 50u);
  state.arms[0].copies = 300;
  EXPECT_EQ(shadow_budget(shadow, state).requests, 0u);
}

}  // namespace
}  // namespace sluice::strategy
