#include "sluice/traffic/plan.hpp"

#include <gtest/gtest.h>

#include "refusal.hpp"

namespace sluice::traffic {
namespace {

PlanSpec two_versions() {
  PlanSpec spec;
  spec.route = "fraud";
  spec.versions = {"v1", "v2"};
  spec.splits = {{{0, 95}, {1, 5}}};
  spec.otherwise = Target::split(0);
  return spec;
}

TEST(TrafficPlan, KnowsTheShareOfEveryVersion) {
  auto spec = two_versions();
  spec.versions.push_back("v3");
  spec.mirrors = {{2, 0.25}};
  const auto plan = *TrafficPlan::build(spec);
  EXPECT_DOUBLE_EQ(plan.target_share(0), 0.95);
  EXPECT_DOUBLE_EQ(plan.target_share(1), 0.05);
  EXPECT_DOUBLE_EQ(plan.target_share(2), 0);
  EXPECT_DOUBLE_EQ(plan.mirror_share(2), 0.25);
  EXPECT_DOUBLE_EQ(plan.mirror_share(1), 0);
}

TEST(TrafficPlan, GivesAllToTheOneVersionThatIsNotSplit) {
  auto spec = two_versions();
  spec.splits.clear();
  spec.otherwise = Target::version(1);
  const auto plan = *TrafficPlan::build(spec);
  EXPECT_DOUBLE_EQ(plan.target_share(0), 0);
  EXPECT_DOUBLE_EQ(plan.target_share(1), 1);
}

TEST(TrafficPlan, NeedsTheBodyOnlyWhenSomethingLooksIntoIt) {
  EXPECT_FALSE(TrafficPlan::build(two_versions())->needs_body());
  auto by_unit = two_versions();
  by_unit.unit = *Field::json_pointer("/user");
  EXPECT_TRUE(TrafficPlan::build(by_unit)->needs_body());
  const Match in_body({{Field::model(""), TextTest::exact("m")}});
  auto by_rule = two_versions();
  by_rule.rules = {{{in_body}, Target::version(0)}};
  EXPECT_TRUE(TrafficPlan::build(by_rule)->needs_body());
  auto by_pin = two_versions();
  by_pin.pin = Pin{"x-sluice-version", {in_body}};
  EXPECT_TRUE(TrafficPlan::build(by_pin)->needs_body());
}

TEST(TrafficPlan, RefusesWhatPointsNowhere) {
  auto no_version = two_versions();
  no_version.versions.clear();
  EXPECT_NE(refusal_of(no_version), "");
  auto stable = two_versions();
  stable.stable = 2;
  EXPECT_NE(refusal_of(stable).find("stable"), std::string::npos);
  auto otherwise = two_versions();
  otherwise.otherwise = Target::split(1);
  EXPECT_NE(refusal_of(otherwise).find("split that is not there"), std::string::npos);
  auto rule = two_versions();
  rule.rules = {{{Match()}, Target::version(2)}};
  EXPECT_NE(refusal_of(rule).find("version that is not there"), std::string::npos);
  auto weight = two_versions();
  weight.splits = {{{0, 1}, {2, 1}}};
  EXPECT_NE(refusal_of(weight).find("version that is not there"), std::string::npos);
  auto mirror = two_versions();
  mirror.mirrors = {{2, 1}};
  EXPECT_NE(refusal_of(mirror).find("mirror"), std::string::npos);
}

TEST(TrafficPlan, SaysWhatShareIsMirroredOutsideOversampledSegments) {
  auto spec = two_versions();
  spec.segments = {{"phones", {Match()}}};
  spec.mirrors = {{1, 0.25, {Match()}, {0.75}}};
  EXPECT_DOUBLE_EQ(TrafficPlan::build(spec)->mirror_share(1), 0.25);
}

TEST(TrafficPlan, RefusesNamesThatDoNotTellVersionsApart) {
  auto spec = two_versions();
  spec.versions = {"v1", "v1"};
  EXPECT_NE(refusal_of(spec).find("v1"), std::string::npos);
  spec.versions = {"v1", ""};
  EXPECT_NE(refusal_of(spec), "");
}

TEST(TrafficPlan, RefusesNumbersThatAreNoShares) {
  auto weights = two_versions();
  weights.splits = {{{0, 0}, {1, 0}}};
  EXPECT_NE(refusal_of(weights).find("above 0"), std::string::npos);
  for (const double share : {-0.1, 1.1}) {
    auto spec = two_versions();
    spec.mirrors = {{1, share}};
    EXPECT_NE(refusal_of(spec).find("between 0 and 1"), std::string::npos);
  }
  auto twice = two_versions();
  twice.mirrors = {{1, 0.1}, {1, 0.2}};
  EXPECT_NE(refusal_of(twice).find("twice"), std::string::npos);
}

TEST(TrafficPlan, TakesAsManyVersionsAsItHasBitsForMirrors) {
  auto spec = two_versions();
  spec.versions.clear();
  for (std::size_t i = 0; i < max_versions; ++i) spec.versions.push_back("v" + std::to_string(i));
  EXPECT_EQ(refusal_of(spec), "");
  spec.versions.push_back("one-too-many");
  EXPECT_NE(refusal_of(spec).find("64"), std::string::npos);
}

}  // namespace
}  // namespace sluice::traffic
