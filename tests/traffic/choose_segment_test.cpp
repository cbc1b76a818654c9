// Which segment a request is counted in, whoever answers it.
#include <gtest/gtest.h>

#include "request.hpp"
#include "sluice/traffic/choose.hpp"

namespace sluice::traffic {
namespace {

Segment header_segment(std::string name, std::string device) {
  return {std::move(name), {Match({{Field::header("x-device"), TextTest::exact(std::move(device))}})}};
}

PlanSpec by_device() {
  PlanSpec spec;
  spec.route = "fraud";
  spec.versions = {"v1", "v2"};
  spec.splits = {{{0, 50}, {1, 50}}};
  spec.otherwise = Target::split(0);
  spec.segments = {header_segment("mobile", "phone"), header_segment("desktop", "pc")};
  return spec;
}

int segment_in(PlanSpec spec, const Request& request) {
  Random random(1);
  return choose(*TrafficPlan::build(std::move(spec)), request.view(), random).segment;
}

TEST(ChooseSegment, CountsFromOneAndIsZeroForRequestsInNone) {
  EXPECT_EQ(segment_in(by_device(), with_header("x-device", "phone")), 1);
  EXPECT_EQ(segment_in(by_device(), with_header("x-device", "pc")), 2);
  EXPECT_EQ(segment_in(by_device(), with_header("x-device", "tv")), 0);
  EXPECT_EQ(segment_in(by_device(), Request{}), 0);
  auto none = by_device();
  none.segments.clear();
  EXPECT_EQ(segment_in(none, with_header("x-device", "phone")), 0);
}

TEST(ChooseSegment, IsTheFirstThatMatches) {
  auto spec = by_device();
  spec.segments[1].any_of = {Match()};
  EXPECT_EQ(segment_in(spec, with_header("x-device", "phone")), 1);
  EXPECT_EQ(segment_in(spec, with_header("x-device", "tv")), 2) << "a match of nothing matches everything";
}

TEST(ChooseSegment, IsKnownWhateverChoseTheVersion) {
  auto spec = by_device();
  spec.pin = Pin{};
  spec.rules = {{{Match({{Field::header("tier"), TextTest::exact("gold")}})}, Target::version(1)}};
  auto request = with_header("x-device", "pc");
  request.headers["tier"] = "gold";
  EXPECT_EQ(segment_in(spec, request), 2) << "a rule";
  request.headers = {{"x-device", "pc"}, {"x-sluice-version", "v1"}};
  EXPECT_EQ(segment_in(spec, request), 2) << "a pin";
  spec.otherwise = Target::version(0);
  EXPECT_EQ(segment_in(spec, with_header("x-device", "pc")), 2) << "no split";
}

TEST(ChooseSegment, ChangesNobodysVersion) {
  auto spec = by_device();
  spec.unit = Field::header("x-user");
  const auto with = *TrafficPlan::build(spec);
  spec.segments.clear();
  const auto without = *TrafficPlan::build(spec);
  Random random(1);
  for (int i = 0; i < 100; ++i) {
    auto request = with_header("x-user", "user-" + std::to_string(i));
    request.headers["x-device"] = i % 2 == 0 ? "phone" : "pc";
    EXPECT_EQ(choose(with, request.view(), random).version, choose(without, request.view(), random).version);
  }
}

TEST(ChooseSegment, MakesTheBodyNeededWhenItLooksIntoIt) {
  auto spec = by_device();
  EXPECT_FALSE(TrafficPlan::build(spec)->needs_body());
  spec.segments[0].any_of = {Match({{*Field::json_pointer("/device"), TextTest::exact("phone")}})};
  EXPECT_TRUE(TrafficPlan::build(spec)->needs_body());
  EXPECT_EQ(segment_in(spec, with_body(R"({"device":"phone"})")), 1);
}

TEST(ChooseSegment, MayBelongToOneVersionAloneWhichIsNoDraw) {
  auto spec = by_device();
  spec.segments[0].only = VersionIndex{0};
  spec.pin = Pin{};
  const auto plan = *TrafficPlan::build(spec);
  Random random(7);
  int others = 0;
  for (int i = 0; i < 200; ++i) {
    const auto kept = choose(plan, with_header("x-device", "phone").view(), random);
    EXPECT_EQ(kept.version, 0);
    EXPECT_EQ(kept.reason, Reason::Rule);
    EXPECT_EQ(kept.segment, 1);
    EXPECT_FALSE(kept.by_split());
    const auto drawn = choose(plan, with_header("x-device", "pc").view(), random);
    EXPECT_TRUE(drawn.by_split());
    others += drawn.version;
  }
  EXPECT_GT(others, 50);
  auto pinned = with_header("x-device", "phone");
  pinned.headers["x-sluice-version"] = "v2";
  EXPECT_EQ(choose(plan, pinned.view(), random).version, 1) << "a person's wish stands";
  spec.segments[0].only = VersionIndex{2};
  EXPECT_FALSE(TrafficPlan::build(spec).ok());
}

TEST(ChooseSegment, IsRefusedWithoutANameOfItsOwnAndBeyondEight) {
  const auto refusal = [](const PlanSpec& spec) {
    const auto plan = TrafficPlan::build(spec);
    return plan.ok() ? std::string() : plan.error().message;
  };
  auto spec = by_device();
  spec.segments[1].name = "mobile";
  EXPECT_NE(refusal(spec).find("two segments are called 'mobile'"), std::string::npos);
  spec.segments[1].name = "";
  EXPECT_NE(refusal(spec).find("a name"), std::string::npos);
  spec.segments.clear();
  for (std::size_t i = 0; i < max_segments; ++i) spec.segments.push_back(header_segment("s" + std::to_string(i), "x"));
  EXPECT_EQ(refusal(spec), "");
  spec.segments.push_back(header_segment("one-too-many", "x"));
  EXPECT_NE(refusal(spec).find("at most 8"), std::string::npos);
}

}  // namespace
}  // namespace sluice::traffic
