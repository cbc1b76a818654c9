// Who asks, as the split goes by it and whoever counts by unit knows it.
#include <gtest/gtest.h>

#include "request.hpp"
#include "sluice/base/stable_hash.hpp"
#include "sluice/traffic/choose.hpp"

namespace sluice::traffic {
namespace {

PlanSpec by_user() {
  PlanSpec spec;
  spec.route = "fraud";
  spec.salt = "s";
  spec.versions = {"v1", "v2"};
  spec.splits = {{{0, 50}, {1, 50}}};
  spec.otherwise = Target::split(0);
  spec.unit = Field::header("x-user");
  return spec;
}

TrafficChoice choose_once(const TrafficPlan& plan, const Request& request) {
  Random random(1);
  return choose(plan, request.view(), random);
}

TEST(ChooseUnit, IsTheHashOfTheUnitThatTheSplitWentBy) {
  const auto plan = *TrafficPlan::build(by_user());
  const Request alice = with_header("x-user", "alice");
  const auto choice = choose_once(plan, alice);
  EXPECT_EQ(choice.unit, stable_hash("fraud", "s", "alice"));
  EXPECT_EQ(unit_hash(plan, alice.view()), choice.unit);
  EXPECT_EQ(choice.version, plan.splits()[0].at(static_cast<std::uint32_t>(choice.unit >> 32)));
  EXPECT_TRUE(choice.by_split());
}

TEST(ChooseUnit, IsNoneForARequestThatCarriesNone) {
  const auto plan = *TrafficPlan::build(by_user());
  for (const Request& nobody : {Request{}, with_header("x-user", "")}) {
    const auto choice = choose_once(plan, nobody);
    EXPECT_EQ(choice.reason, Reason::NoUnit);
    EXPECT_EQ(choice.unit, 0u);
    EXPECT_EQ(unit_hash(plan, nobody.view()), 0u);
    EXPECT_TRUE(choice.by_split());
  }
}

TEST(ChooseUnit, IsNoneWhereThePlanNamesNone) {
  auto spec = by_user();
  spec.unit.reset();
  const auto plan = *TrafficPlan::build(std::move(spec));
  EXPECT_EQ(choose_once(plan, with_header("x-user", "alice")).unit, 0u);
  EXPECT_EQ(unit_hash(plan, with_header("x-user", "alice").view()), 0u);
}

TEST(ChooseUnit, IsNotLookedAtForWhatHasNoSplitButCanBeAskedFor) {
  auto spec = by_user();
  spec.rules.push_back({{Match({{Field::header("x-tester"), TextTest::exact("yes")}})}, Target::version(1)});
  spec.pin = Pin{};
  const auto plan = *TrafficPlan::build(std::move(spec));
  auto tester = with_header("x-user", "alice");
  tester.headers["x-tester"] = "yes";
  auto pinned = with_header("x-user", "alice");
  pinned.headers["x-sluice-version"] = "v2";
  for (const Request& request : {tester, pinned}) {
    const auto choice = choose_once(plan, request);
    EXPECT_EQ(choice.unit, 0u);
    EXPECT_FALSE(choice.by_split());
    EXPECT_EQ(unit_hash(plan, request.view()), stable_hash("fraud", "s", "alice"));
  }
}

TEST(ChooseUnit, OfAVersionThatHasEverythingIsNotLookedAtEither) {
  auto spec = by_user();
  spec.splits = {{{0, 1}, {1, 0}}};
  const auto choice = choose_once(*TrafficPlan::build(std::move(spec)), with_header("x-user", "alice"));
  EXPECT_EQ(choice.unit, 0u);
  EXPECT_TRUE(choice.by_split());
}

}  // namespace
}  // namespace sluice::traffic
