#include "sluice/strategy/plan_base.hpp"

#include <gtest/gtest.h>

#include "routes.hpp"

namespace sluice::strategy {
namespace {

TEST(PlanBase, CarriesWhatEveryStrategyShares) {
  auto route = route_with({"v1", "v2"});
  route.unit.salt = "autumn";
  const auto spec = plan_base(route);
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ(spec->route, "fraud");
  EXPECT_EQ(spec->salt, "autumn");
  EXPECT_EQ(spec->versions, (std::vector<std::string>{"v1", "v2"}));
  ASSERT_TRUE(spec->unit.has_value());
  EXPECT_EQ(spec->unit->name(), "x-user");
  EXPECT_FALSE(spec->pin.has_value());
}

TEST(PlanBase, DrawsEveryRequestForItselfWithoutAUnit) {
  auto route = route_with({"v1"});
  route.unit = {};
  EXPECT_FALSE(plan_base(route)->unit.has_value());
}

TEST(PlanBase, RefusesAPointerThatIsNone) {
  auto route = route_with({"v1"});
  route.unit = {policy::UnitSource::JsonPointer, "user", ""};
  EXPECT_FALSE(plan_base(route).ok());
}

TEST(PlanBase, LetsThosePinWhomThePolicyAllows) {
  auto route = route_with({"v1"});
  route.pinning.allow = policy::PinAllow::Everyone;
  EXPECT_TRUE(plan_base(route)->pin->when.empty());
  route.pinning.allow = policy::PinAllow::Matching;
  EXPECT_FALSE(plan_base(route).ok()) << "an empty list must not let everyone in";
  route.pinning.when = {header_match("x-tester", "yes")};
  EXPECT_EQ(plan_base(route)->pin->when.size(), 1u);
  route.pinning.when = {broken_match()};
  EXPECT_FALSE(plan_base(route).ok());
}

TEST(VersionIndex, IsThePlaceInThePolicy) {
  const auto route = route_with({"v1", "v2"});
  EXPECT_EQ(*version_index(route, "v2"), 1);
  const auto missing = version_index(route, "v3");
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message.find("v3"), std::string::npos);
}

TEST(PlanBase, CopiesWhatStableAnswersToWhoeverElseIsInPlay) {
  auto route = route_with({"v1", "v2", "v3"});
  traffic::PlanSpec spec = *plan_base(route);
  spec.stable = 1;
  add_copies(route, {0, 1}, spec);
  EXPECT_TRUE(spec.mirrors.empty()) << "the policy asks for none";
  route.mirror.emplace().percent = 5;
  add_copies(route, {0, 1}, spec);
  ASSERT_EQ(spec.mirrors.size(), 1U);
  EXPECT_EQ(spec.mirrors[0].version, 0);
  EXPECT_DOUBLE_EQ(spec.mirrors[0].share, 0.05);
  EXPECT_EQ(spec.mirrors[0].of, 1);
}

}  // namespace
}  // namespace sluice::strategy
