#include "sluice/strategy/plain.hpp"

#include <gtest/gtest.h>

#include "routes.hpp"

namespace sluice::strategy {
namespace {

TEST(Plain, GivesEverythingToTheOnlyVersion) {
  const auto steering = steer(std::monostate{}, route_with({"v1"}), RolloutState{});
  ASSERT_TRUE(steering.ok());
  EXPECT_EQ(steering->plan.target_share(0), 1);
  EXPECT_TRUE(steering->plan.splits().empty());
}

TEST(Plain, RefusesTwoVersions) {
  const auto steering = steer(std::monostate{}, route_with({"v1", "v2"}), RolloutState{});
  ASSERT_FALSE(steering.ok());
  EXPECT_NE(steering.error().message.find("no strategy"), std::string::npos);
}

TEST(Plain, RefusesNoVersionAtAll) {
  EXPECT_FALSE(steer(std::monostate{}, route_with({}), RolloutState{}).ok());
}

}  // namespace
}  // namespace sluice::strategy
