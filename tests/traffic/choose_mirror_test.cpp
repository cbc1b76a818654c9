// Which requests are copied where a mirror selects them or takes more of some segments. All seeds are fixed; bounds are
// five standard deviations.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "allocations.hpp"
#include "refusal.hpp"
#include "request.hpp"
#include "sluice/traffic/choose.hpp"

namespace sluice::traffic {
namespace {

Match device_is(std::string device) {
  return Match({{Field::header("x-device"), TextTest::exact(std::move(device))}});
}

/// v1 answers, v2 and v3 are mirrors; phones and tablets are segments.
PlanSpec mirrored_spec(std::vector<Mirror> mirrors) {
  PlanSpec spec;
  spec.route = "fraud";
  spec.versions = {"v1", "v2", "v3"};
  spec.otherwise = Target::version(0);
  spec.segments = {{"phones", {device_is("phone")}}, {"tablets", {device_is("tablet")}}};
  spec.mirrors = std::move(mirrors);
  return spec;
}

TrafficPlan plan_with_mirrors(std::vector<Mirror> mirrors) {
  return *TrafficPlan::build(mirrored_spec(std::move(mirrors)));
}

/// How many of so many requests of a device each of the two mirrors gets.
std::array<int, 2> copies_of(const TrafficPlan& plan, const Request& request, int requests, std::uint64_t seed) {
  Random random(seed);
  std::array<int, 2> copies{};
  for (int i = 0; i < requests; ++i) {
    const auto mirrors = choose(plan, request.view(), random).mirrors;
    copies[0] += (mirrors >> 1 & 1) != 0 ? 1 : 0;
    copies[1] += (mirrors >> 2 & 1) != 0 ? 1 : 0;
  }
  return copies;
}

double tolerated(double share, int requests) {
  return 5 * std::sqrt(share * (1 - share) * requests) + 1e-9;
}

TEST(ChooseMirrors, TakeOnlyRequestsThatMatch) {
  const auto plan = plan_with_mirrors({{1, 1, {device_is("phone"), device_is("pc")}}, {2, 1}});
  Random random(1);
  const auto mirrors_for = [&](const std::string& device) {
    return choose(plan, with_header("x-device", device).view(), random).mirrors;
  };
  EXPECT_EQ(mirrors_for("phone"), 0b110u);
  EXPECT_EQ(mirrors_for("pc"), 0b110u);
  EXPECT_EQ(mirrors_for("tablet"), 0b100u);
  EXPECT_EQ(choose(plan, Request{}.view(), random).mirrors, 0b100u);
}

TEST(ChooseMirrors, TakeTheirShareOfWhatMatchesAndNothingElse) {
  constexpr int requests = 40000;
  const auto plan = plan_with_mirrors({{1, 0.3, {device_is("phone")}}});
  const auto phones = copies_of(plan, with_header("x-device", "phone"), requests, 1);
  EXPECT_NEAR(phones[0], 0.3 * requests, tolerated(0.3, requests));
  EXPECT_EQ(copies_of(plan, with_header("x-device", "tablet"), requests, 2)[0], 0);
}

TEST(ChooseMirrors, TakeAShareOfItsOwnFromEachSegment) {
  constexpr int requests = 60000;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto plan = plan_with_mirrors({{1, 0.05, {}, {0.4, -1}}, {2, 0.1, {}, {-1, 1}}});
    const auto phones = copies_of(plan, with_header("x-device", "phone"), requests, seed);
    EXPECT_NEAR(phones[0], 0.4 * requests, tolerated(0.4, requests));
    EXPECT_NEAR(phones[1], 0.1 * requests, tolerated(0.1, requests));
    const auto tablets = copies_of(plan, with_header("x-device", "tablet"), requests, seed + 10);
    EXPECT_NEAR(tablets[0], 0.05 * requests, tolerated(0.05, requests));
    EXPECT_EQ(tablets[1], requests);
    const auto others = copies_of(plan, Request{}, requests, seed + 20);
    EXPECT_NEAR(others[0], 0.05 * requests, tolerated(0.05, requests));
    EXPECT_NEAR(others[1], 0.1 * requests, tolerated(0.1, requests));
  }
}

TEST(ChooseMirrors, WeighACopyByHowRareItIs) {
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    const auto share = [&] { return 0.001 + 0.999 * random.uniform(); };
    const std::vector<double> shares{share(), share()};
    const double base = share();
    const auto plan = plan_with_mirrors({{1, base, {}, shares}});
    const double rarest = std::min({base, shares[0], shares[1]});
    EXPECT_NEAR(plan.mirror_weight(1, 0) * base, rarest, 1e-6);
    EXPECT_NEAR(plan.mirror_weight(1, 1) * shares[0], rarest, 1e-6);
    EXPECT_NEAR(plan.mirror_weight(1, 2) * shares[1], rarest, 1e-6);
    for (std::uint8_t segment = 0; segment <= 2; ++segment) {
      EXPECT_GT(plan.mirror_weight(1, segment), 0);
      EXPECT_LE(plan.mirror_weight(1, segment), 1);
    }
  }
}

TEST(ChooseMirrors, WeighWhereverNothingIsTakenMoreOftenAllAlike) {
  const auto plan = plan_with_mirrors({{1, 0.3}, {2, 0, {}, {0.5, -1}}});
  for (int segment = 0; segment < 256; ++segment) {
    EXPECT_EQ(plan.mirror_weight(1, static_cast<std::uint8_t>(segment)), 1);
  }
  EXPECT_EQ(plan.mirror_weight(2, 1), 1) << "only phones are copied at all";
  EXPECT_EQ(plan.mirror_weight(0, 0), 1) << "no mirror";
}

TEST(ChooseMirrors, MayTakeOneSegmentAlone) {
  const auto plan = plan_with_mirrors({{1, 0, {}, {1, -1}}});
  EXPECT_EQ(copies_of(plan, with_header("x-device", "phone"), 100, 1)[0], 100);
  EXPECT_EQ(copies_of(plan, with_header("x-device", "tablet"), 100, 1)[0], 0);
  EXPECT_EQ(copies_of(plan, Request{}, 100, 1)[0], 0);
}

TEST(ChooseMirrors, DrawOneNumberAtMostAndNoneWhereAllIsTaken) {
  const auto numbers_drawn = [](const TrafficPlan& plan) {
    Random used(5);
    Random untouched(5);
    choose(plan, with_header("x-device", "phone").view(), used);
    const auto next = used.next();
    for (int drawn = 0; drawn < 3; ++drawn) {
      if (next == untouched.next()) return drawn;
    }
    return 3;
  };
  EXPECT_EQ(numbers_drawn(plan_with_mirrors({{1, 0.5, {}, {0.7, 0.9}}, {2, 0.5, {device_is("phone")}}})), 1);
  EXPECT_EQ(numbers_drawn(plan_with_mirrors({{1, 1, {device_is("phone")}}, {2, 0, {}, {1, 1}}})), 0);
  EXPECT_EQ(numbers_drawn(plan_with_mirrors({})), 0);
}

TEST(ChooseMirrors, AllocateNothing) {
  const auto plan = plan_with_mirrors({{1, 0.5, {device_is("pc"), device_is("phone")}, {0.9, -1}}, {2, 0.5}});
  const Request request = with_header("x-device", "phone");
  const auto view = request.view();
  Random random(3);
  choose(plan, view, random);
  const auto before = allocations_of_this_thread();
  for (int i = 0; i < 100; ++i) choose(plan, view, random);
  EXPECT_EQ(allocations_of_this_thread(), before);
}

TEST(ChooseMirrors, MakeTheBodyNeededWhereTheyLookIntoIt) {
  const Match in_body({{*Field::json_pointer("/tier"), TextTest::exact("gold")}});
  EXPECT_FALSE(plan_with_mirrors({{1, 1, {device_is("phone")}}}).needs_body());
  const auto plan = plan_with_mirrors({{1, 1, {in_body}}});
  EXPECT_TRUE(plan.needs_body());
  Random random(1);
  EXPECT_EQ(choose(plan, with_body(R"({"tier":"gold"})").view(), random).mirrors, 0b010u);
  EXPECT_EQ(choose(plan, with_body(R"({"tier":"lead"})").view(), random).mirrors, 0u);
}

TEST(ChooseMirrors, RefuseSharesOfOtherSegmentsThanThereAre) {
  EXPECT_EQ(refusal_of(mirrored_spec({{1, 0.5, {}, {0.5, -1}}})), "");
  EXPECT_NE(refusal_of(mirrored_spec({{1, 0.5, {}, {0.5}}})).find("2"), std::string::npos);
  EXPECT_NE(refusal_of(mirrored_spec({{1, 0.5, {}, {0.5, 1.1}}})).find("between 0 and 1"), std::string::npos);
  EXPECT_NE(refusal_of(mirrored_spec({{1, 0.5, {}, {0.5, std::nan("")}}})).find("between 0 and 1"), std::string::npos);
}

TEST(ChooseMirrors, OfOneVersionCopiesOnlyWhatItAnswers) {
  PlanSpec spec = mirrored_spec({{1, 0.5, {}, {}, VersionIndex{0}}, {2, 1, {}, {}, VersionIndex{1}}});
  spec.splits = {{{0, 0.5}, {1, 0.5}}};
  spec.otherwise = Target::split(0);
  const auto plan = *TrafficPlan::build(std::move(spec));
  Random random(3);
  constexpr int requests = 20'000;
  std::array<int, 2> answered{};
  std::array<int, 2> copied{};
  for (int i = 0; i < requests; ++i) {
    const auto choice = choose(plan, Request().view(), random);
    ++answered.at(choice.version);
    EXPECT_TRUE(choice.version == 0 ? choice.mirrors <= 0b010u : choice.mirrors == 0b100u);
    copied[0] += choice.mirrors == 0b010u ? 1 : 0;
    copied[1] += choice.mirrors == 0b100u ? 1 : 0;
  }
  EXPECT_NEAR(copied[0], 0.5 * answered[0], tolerated(0.5, answered[0])) << "whom the split chose says nothing";
  EXPECT_EQ(copied[1], answered[1]);
}

TEST(ChooseMirrors, OfAVersionThatIsNotThereIsRefused) {
  EXPECT_FALSE(TrafficPlan::build(mirrored_spec({{1, 1, {}, {}, VersionIndex{9}}})).ok());
}

}  // namespace
}  // namespace sluice::traffic
