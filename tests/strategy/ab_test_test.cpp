#include "sluice/strategy/ab_test.hpp"

#include <gtest/gtest.h>

#include "routes.hpp"

namespace sluice::strategy {
namespace {

policy::AbTest test_of(const std::vector<std::pair<std::string, std::uint32_t>>& variants) {
  policy::AbTest test;
  for (const auto& [version, weight] : variants) test.variants.push_back({version, weight, {}});
  return test;
}

TEST(AbTest, SplitsByTheVariantsWeights) {
  const auto route = route_with({"v1", "v2", "v3", "spare"});
  const auto plan = ab_test_plan(route, test_of({{"v3", 1}, {"v1", 2}, {"v2", 1}}));
  ASSERT_TRUE(plan.ok());
  EXPECT_DOUBLE_EQ(plan->target_share(0), 0.5);
  EXPECT_DOUBLE_EQ(plan->target_share(1), 0.25);
  EXPECT_DOUBLE_EQ(plan->target_share(2), 0.25);
  EXPECT_DOUBLE_EQ(plan->target_share(3), 0);
}

TEST(AbTest, TakesTheFirstVariantAsControlUnlessNamed) {
  const auto route = route_with({"v1", "v2"});
  auto test = test_of({{"v2", 1}, {"v1", 1}});
  EXPECT_EQ(ab_test_plan(route, test)->spec().stable, 1);
  test.control = "v1";
  EXPECT_EQ(ab_test_plan(route, test)->spec().stable, 0);
}

TEST(AbTest, GivesThoseOutsideTheAudienceTheControl) {
  auto test = test_of({{"v2", 1}, {"v1", 1}});
  test.audience = {header_match("country", "de")};
  const auto plan = ab_test_plan(route_with({"v1", "v2"}), test);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->spec().otherwise.kind, traffic::Target::Kind::Version);
  EXPECT_EQ(plan->spec().otherwise.index, 1);
  ASSERT_EQ(plan->spec().rules.size(), 1u);
  EXPECT_EQ(plan->spec().rules[0].target.kind, traffic::Target::Kind::Split);
}

TEST(AbTest, RefusesWhatNoPlanCanBeMadeOf) {
  const auto route = route_with({"v1", "v2"});
  EXPECT_FALSE(ab_test_plan(route, test_of({{"v1", 1}, {"v9", 1}})).ok());
  EXPECT_FALSE(ab_test_plan(route, test_of({{"v1", 0}, {"v2", 0}})).ok());
  EXPECT_FALSE(ab_test_plan(route, test_of({{"v1", 1}, {"v1", 1}})).ok());
  EXPECT_FALSE(ab_test_plan(route, test_of({})).ok());
  auto control = test_of({{"v1", 1}, {"v2", 1}});
  control.control = "v9";
  EXPECT_FALSE(ab_test_plan(route, control).ok());
  auto audience = test_of({{"v1", 1}, {"v2", 1}});
  audience.audience = {broken_match()};
  EXPECT_FALSE(ab_test_plan(route, audience).ok());
}

}  // namespace
}  // namespace sluice::strategy
