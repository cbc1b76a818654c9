#include "sluice/traffic/choose.hpp"

#include <gtest/gtest.h>

#include "allocations.hpp"
#include "request.hpp"
#include "sluice/base/stable_hash.hpp"

namespace sluice::traffic {
namespace {

PlanSpec three_versions() {
  PlanSpec spec;
  spec.route = "fraud";
  spec.versions = {"v1", "v2", "v3"};
  spec.splits = {{{0, 50}, {1, 50}}};
  spec.otherwise = Target::split(0);
  return spec;
}

Match header_is(std::string_view name, std::string value) {
  return Match({{Field::header(name), TextTest::exact(std::move(value))}});
}

TrafficPlan build(PlanSpec spec) {
  return *TrafficPlan::build(std::move(spec));
}

/// True when `choose` left the generator as it was, and fails the test when it drew more than once.
bool drew_nothing(const TrafficPlan& plan, const Request& request) {
  Random used(5);
  Random untouched(5);
  choose(plan, request.view(), used);
  const auto next = used.next();
  if (next == untouched.next()) return true;
  EXPECT_EQ(next, untouched.next()) << "more than one number was drawn";
  return false;
}

TEST(Choose, GivesEverythingToTheOnlyVersion) {
  PlanSpec spec;
  spec.versions = {"v1"};
  const auto plan = build(spec);
  Random random(1);
  const auto choice = choose(plan, Request{}.view(), random);
  EXPECT_EQ(choice.version, 0);
  EXPECT_EQ(choice.reason, Reason::Weight);
  EXPECT_EQ(choice.propensity, 1);
  EXPECT_EQ(choice.mirrors, 0u);
  EXPECT_TRUE(drew_nothing(plan, Request{}));
}

TEST(Choose, GivesEverythingToVersionZeroBeforeAPlanIsThere) {
  Random random(1);
  EXPECT_EQ(choose(TrafficPlan(), Request{}.view(), random).version, 0);
}

TEST(Choose, FollowsTheHashOfTheUnit) {
  auto spec = three_versions();
  spec.salt = "s";
  spec.unit = Field::header("x-user");
  const auto plan = build(spec);
  Random random(1);
  for (int i = 0; i < 200; ++i) {
    const auto user = "user-" + std::to_string(i);
    const auto choice = choose(plan, with_header("x-user", user).view(), random);
    const bool low_half = stable_hash("fraud", "s", user) >> 63 == 0;
    EXPECT_EQ(choice.version, low_half ? 1 : 0) << user;
    EXPECT_EQ(choice.reason, Reason::Weight);
    EXPECT_DOUBLE_EQ(choice.propensity, 0.5);
  }
  EXPECT_TRUE(drew_nothing(plan, with_header("x-user", "anna")));
}

// Who is where under a policy that users may have in production today.
TEST(Choose, SendsTheseUsersToTheSameVersionsForEver) {
  auto spec = three_versions();
  spec.splits = {{{0, 75}, {1, 25}}};
  spec.unit = Field::header("x-user");
  const auto plan = build(spec);
  Random random(1);
  std::string versions;
  for (int i = 0; i < 24; ++i) {
    const auto request = with_header("x-user", "user-" + std::to_string(i));
    versions += plan.versions()[choose(plan, request.view(), random).version].back();
  }
  EXPECT_EQ(versions, "221112121122112122111112");
}

TEST(Choose, DrawsForARequestWithoutTheUnitAndSaysSo) {
  auto spec = three_versions();
  spec.unit = Field::header("x-user");
  const auto plan = build(spec);
  Random random(1);
  EXPECT_EQ(choose(plan, Request{}.view(), random).reason, Reason::NoUnit);
  EXPECT_EQ(choose(plan, with_header("x-user", "").view(), random).reason, Reason::NoUnit);
  EXPECT_FALSE(drew_nothing(plan, Request{}));
  int candidates = 0;
  for (int i = 0; i < 1000; ++i) candidates += choose(plan, Request{}.view(), random).version;
  EXPECT_NEAR(candidates, 500, 80);
}

TEST(Choose, DrawsOncePerRequestWithoutAnyUnit) {
  auto spec = three_versions();
  spec.mirrors = {{2, 0.5}};
  const auto plan = build(spec);
  Random random(1);
  EXPECT_EQ(choose(plan, Request{}.view(), random).reason, Reason::Weight);
  EXPECT_FALSE(drew_nothing(plan, Request{}));
}

TEST(Choose, ReadsTheUnitWhereverThePolicySaysItIs) {
  Request request;
  request.query = "u=anna";
  request.headers = {{"u", "anna"}, {"cookie", "u=anna"}};
  request.client_address = "anna";
  request.body = R"({"u":"anna"})";
  Random random(1);
  for (const auto& unit : {Field::header("u"), Field::cookie("u"), Field::query_param("u"), Field::client_address(),
                           *Field::json_pointer("/u")}) {
    auto spec = three_versions();
    spec.unit = unit;
    const auto choice = choose(build(spec), request.view(), random);
    EXPECT_EQ(choice.reason, Reason::Weight);
    EXPECT_EQ(choice.version, stable_hash("fraud", "", "anna") >> 63 == 0 ? 1 : 0);
  }
}

TEST(Choose, LetsTheFirstRuleThatMatchesDecide) {
  auto spec = three_versions();
  spec.rules = {{{header_is("tier", "gold")}, Target::version(2)},
                {{header_is("tier", "gold"), header_is("tier", "silver")}, Target::version(0)}};
  const auto plan = build(spec);
  Random random(1);
  const auto gold = choose(plan, with_header("tier", "gold").view(), random);
  EXPECT_EQ(gold.version, 2);
  EXPECT_EQ(gold.reason, Reason::Rule);
  EXPECT_EQ(gold.propensity, 1);
  EXPECT_EQ(choose(plan, with_header("tier", "silver").view(), random).version, 0);
  EXPECT_EQ(choose(plan, Request{}.view(), random).reason, Reason::Weight);
}

TEST(Choose, SplitsTheAudienceAndLeavesTheOthersAlone) {
  auto spec = three_versions();
  spec.splits = {{{0, 0}, {1, 100}}};
  spec.rules = {{{header_is("country", "de")}, Target::split(0)}};
  spec.otherwise = Target::version(0);
  const auto plan = build(spec);
  Random random(1);
  const auto inside = choose(plan, with_header("country", "de").view(), random);
  EXPECT_EQ(inside.version, 1);
  EXPECT_EQ(inside.reason, Reason::Weight);
  const auto outside = choose(plan, with_header("country", "fr").view(), random);
  EXPECT_EQ(outside.version, 0);
  EXPECT_EQ(outside.reason, Reason::Rule);
}

TEST(Choose, HonoursAPinWhereItIsAllowed) {
  auto spec = three_versions();
  const auto request = with_header("x-sluice-version", "v3");
  Random random(1);
  EXPECT_NE(choose(build(spec), request.view(), random).reason, Reason::Pin);
  spec.pin = Pin{};
  const auto pinned = choose(build(spec), request.view(), random);
  EXPECT_EQ(pinned.version, 2);
  EXPECT_EQ(pinned.reason, Reason::Pin);
  EXPECT_EQ(pinned.propensity, 1);
}

TEST(Choose, TreatsAPinToNothingAsNoPin) {
  auto spec = three_versions();
  spec.pin = Pin{};
  const auto plan = build(spec);
  Random random(1);
  for (const auto* name : {"", "v4", "V1", "v1 ", "v"}) {
    EXPECT_EQ(choose(plan, with_header("x-sluice-version", name).view(), random).reason, Reason::Weight) << name;
  }
}

TEST(Choose, HonoursAPinOnlyOfThoseWhoMay) {
  auto spec = three_versions();
  spec.pin = Pin{"x-sluice-version", {header_is("x-tester", "yes")}};
  const auto plan = build(spec);
  Random random(1);
  auto request = with_header("x-sluice-version", "v3");
  EXPECT_EQ(choose(plan, request.view(), random).reason, Reason::Weight);
  request.headers["x-tester"] = "yes";
  EXPECT_EQ(choose(plan, request.view(), random).reason, Reason::Pin);
}

TEST(Choose, PutsARuleThatNamesAVersionBeforeThePin) {
  auto spec = three_versions();
  spec.pin = Pin{};
  spec.rules = {{{header_is("tier", "gold")}, Target::version(0)}};
  const auto plan = build(spec);
  auto request = with_header("x-sluice-version", "v3");
  request.headers["tier"] = "gold";
  Random random(1);
  const auto choice = choose(plan, request.view(), random);
  EXPECT_EQ(choice.version, 0);
  EXPECT_EQ(choice.reason, Reason::Rule);
}

TEST(Choose, LetsThoseOutsideTheAudiencePin) {
  auto spec = three_versions();
  spec.pin = Pin{};
  spec.rules = {{{header_is("country", "de")}, Target::split(0)}};
  spec.otherwise = Target::version(0);
  Random random(1);
  EXPECT_EQ(choose(build(spec), with_header("x-sluice-version", "v2").view(), random).reason, Reason::Pin);
}

TEST(Choose, MirrorsToEveryCandidateButTheOneThatAnswers) {
  auto spec = three_versions();
  spec.otherwise = Target::version(0);
  spec.mirrors = {{1, 1}, {2, 1}};
  spec.pin = Pin{};
  const auto plan = build(spec);
  Random random(1);
  EXPECT_EQ(choose(plan, Request{}.view(), random).mirrors, 0b110u);
  EXPECT_EQ(choose(plan, with_header("x-sluice-version", "v3").view(), random).mirrors, 0b010u);
  EXPECT_TRUE(drew_nothing(plan, Request{})) << "a mirror of every request needs no luck";
}

TEST(Choose, NeverMirrorsAShareOfZero) {
  auto spec = three_versions();
  spec.mirrors = {{2, 0}};
  const auto plan = build(spec);
  Random random(1);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(choose(plan, Request{}.view(), random).mirrors, 0u);
}

TEST(Choose, AllocatesNothingOnceTheThreadIsWarm) {
  auto spec = three_versions();
  spec.unit = *Field::json_pointer("/user");
  spec.mirrors = {{2, 0.5}};
  spec.pin = Pin{};
  spec.rules = {{{Match({{Field::query_param("q"), TextTest::exact("a b")}}),
                  Match({{Field::cookie("sid"), *TextTest::regular_expression("[a-f]+[0-9]*x")}})},
                 Target::version(2)}};
  const auto plan = build(spec);
  Request request;
  request.query = "q=a+c";
  request.headers = {{"cookie", "sid=abc123"}};
  request.body = R"({"user":"anna","inputs":[1,2,3]})";
  const auto view = request.view();
  Random random(1);
  choose(plan, view, random);
  const auto before = allocations_of_this_thread();
  for (int i = 0; i < 1000; ++i) choose(plan, view, random);
  EXPECT_EQ(allocations_of_this_thread(), before);
}

TEST(Choose, SurvivesHostileRequests) {
  auto spec = three_versions();
  spec.unit = *Field::json_pointer("/user");
  spec.rules = {{{Match({{Field::query_param("q"), *TextTest::regular_expression("(a|aa)+b")}}),
                  Match({{Field::cookie("sid"), *TextTest::range(0, 1)}}),
                  Match({{Field::header("x-huge"), *TextTest::regular_expression("(x*)*y")}})},
                 Target::version(2)}};
  const auto plan = build(spec);
  Random random(1);
  Request request;
  request.path = std::string(60000, '/');
  request.query = "q=" + std::string(60000, '%');
  request.headers = {{"cookie", std::string(60000, '=')}, {"x-huge", std::string(60000, 'x')}};
  for (const auto& body : {std::string(100000, '['), std::string("\xff\xff\0", 3), std::string(), std::string("{"),
                           std::string(300000, '{')}) {
    request.body = body;
    EXPECT_EQ(choose(plan, request.view(), random).reason, Reason::NoUnit);
  }
}

TEST(Reason, HasTheNameOfItsMetricLabel) {
  EXPECT_EQ(to_string(Reason::Weight), "weight");
  EXPECT_EQ(to_string(Reason::Rule), "rule");
  EXPECT_EQ(to_string(Reason::Pin), "pin");
  EXPECT_EQ(to_string(Reason::Bandit), "bandit");
  EXPECT_EQ(to_string(Reason::NoUnit), "no_unit");
}

}  // namespace
}  // namespace sluice::traffic
