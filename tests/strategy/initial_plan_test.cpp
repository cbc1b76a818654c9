#include "sluice/strategy/initial_plan.hpp"

#include <gtest/gtest.h>

#include "routes.hpp"

namespace sluice::strategy {
namespace {

using Roles = std::vector<std::string>;

TEST(InitialPlan, AsksTheStrategyOfTheRoute) {
  auto route = route_with({"v1", "v2"});
  EXPECT_FALSE(initial_plan(route).ok()) << "two versions and nothing to say who gets which";

  policy::Shadow shadow;
  shadow.live = "v2";
  shadow.candidates = {{"v1", 50, {}}};
  route.strategy = shadow;
  EXPECT_EQ(initial_plan(route)->mirror_share(0), 0.5);

  policy::AbTest test;
  test.variants = {{"v1", 1, {}}, {"v2", 3, {}}};
  route.strategy = test;
  EXPECT_EQ(initial_plan(route)->target_share(1), 0.75);

  policy::Canary canary;
  canary.stable = "v1";
  canary.candidate = "v2";
  canary.steps.emplace_back().weight = 10;
  route.strategy = canary;
  EXPECT_EQ(initial_plan(route)->target_share(1), 0.1);

  EXPECT_EQ(initial_plan(route_with({"v1"}))->target_share(0), 1);
}

TEST(InitialPlan, RefusesStrategiesThatDoNotActYetByName) {
  const std::vector<std::pair<std::string, policy::Strategy>> inactive{{"bandit", policy::Bandit{}},
                                                                       {"rolling", policy::Rolling{}},
                                                                       {"blueGreen", policy::BlueGreen{}},
                                                                       {"stages", policy::Stages{}}};
  for (const auto& [name, strategy] : inactive) {
    auto route = route_with({"v1", "v2"});
    route.strategy = strategy;
    const auto plan = initial_plan(route);
    ASSERT_FALSE(plan.ok()) << name;
    EXPECT_NE(plan.error().message.find("'" + name + "'"), std::string::npos) << plan.error().message;
    EXPECT_NE(plan.error().message.find("'fraud'"), std::string::npos);
  }
}

TEST(InitialRoles, SayWhatEachVersionIs) {
  auto route = route_with({"v1", "v2", "v3"});
  policy::Shadow shadow;
  shadow.live = "v2";
  shadow.candidates = {{"v1", 50, {}}};
  route.strategy = shadow;
  EXPECT_EQ(initial_roles(route), (Roles{"shadow", "live", "idle"}));

  policy::AbTest test;
  test.variants = {{"v3", 1, {}}, {"v2", 3, {}}};
  route.strategy = test;
  EXPECT_EQ(initial_roles(route), (Roles{"idle", "variant", "control"}));

  policy::Canary canary;
  canary.stable = "v1";
  canary.candidate = "v2";
  route.strategy = canary;
  EXPECT_EQ(initial_roles(route), (Roles{"stable", "candidate", "idle"}));

  EXPECT_EQ(initial_roles(route_with({"v1"})), (Roles{"stable"}));
}

}  // namespace
}  // namespace sluice::strategy
