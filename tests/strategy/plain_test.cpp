#include "sluice/strategy/plain.hpp"

#include <gtest/gtest.h>

#include "routes.hpp"

namespace sluice::strategy {
namespace {

TEST(Plain, GivesEverythingToTheOnlyVersion) {
  const auto plan = plain_plan(route_with({"v1"}));
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->target_share(0), 1);
  EXPECT_TRUE(plan->splits().empty());
}

TEST(Plain, RefusesTwoVersions) {
  const auto plan = plain_plan(route_with({"v1", "v2"}));
  ASSERT_FALSE(plan.ok());
  EXPECT_NE(plan.error().message.find("no strategy"), std::string::npos);
}

TEST(Plain, RefusesNoVersionAtAll) {
  EXPECT_FALSE(plain_plan(route_with({})).ok());
}

}  // namespace
}  // namespace sluice::strategy
