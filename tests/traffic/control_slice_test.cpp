// The stable version's control slice: as large as it shall be, of stable's own traffic, and the same units as it grows.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "request.hpp"
#include "sluice/base/random.hpp"
#include "sluice/traffic/choose.hpp"
#include "sluice/traffic/split.hpp"

namespace sluice::traffic {
namespace {

constexpr std::uint64_t kWhole = std::uint64_t{1} << 32;

Split split_with_control(const std::vector<double>& weights, double control, VersionIndex stable = 0) {
  std::vector<Weight> list;
  for (const double weight : weights) list.push_back({static_cast<VersionIndex>(list.size()), weight});
  return *Split::build(list, stable, control);
}

/// Every so many positions one, both ends included.
std::vector<std::uint32_t> places_on_the_line() {
  std::vector<std::uint32_t> all;
  for (std::uint64_t at = 0; at < kWhole; at += 42949) all.push_back(static_cast<std::uint32_t>(at));
  all.push_back(static_cast<std::uint32_t>(kWhole - 1));
  return all;
}

double control_share(const Split& split) {
  std::size_t in = 0;
  const auto all = places_on_the_line();
  for (const auto at : all) in += split.place(at).control ? 1 : 0;
  return static_cast<double>(in) / static_cast<double>(all.size());
}

std::set<std::uint32_t> control_of(const Split& split) {
  std::set<std::uint32_t> in;
  for (const auto at : places_on_the_line()) {
    if (split.place(at).control) in.insert(at);
  }
  return in;
}

bool contains(const std::set<std::uint32_t>& larger, const std::set<std::uint32_t>& smaller) {
  return std::includes(larger.begin(), larger.end(), smaller.begin(), smaller.end());
}

TEST(ControlSlice, IsOnlyThereWhenItIsAskedFor) {
  const Split plain = split_with_control({75, 25}, 0);
  EXPECT_TRUE(control_of(plain).empty());
  EXPECT_EQ(plain.piece_count(), 2u) << "no piece more than without it";
}

TEST(ControlSlice, IsExactlyAsLargeAsAskedFor) {
  const Split split = split_with_control({75, 25}, 0.25);
  const auto first = static_cast<std::uint32_t>(kWhole - kWhole / 4);
  EXPECT_FALSE(split.place(first - 1).control);
  EXPECT_TRUE(split.place(first).control);
  EXPECT_TRUE(split.place(static_cast<std::uint32_t>(kWhole - 1)).control);
  EXPECT_NEAR(control_share(split_with_control({60, 20, 20}, 0.2)), 0.2, 1e-4);
  EXPECT_NEAR(control_share(split_with_control({70, 10, 10, 10}, 0.1)), 0.1, 1e-4);
}

TEST(ControlSlice, IsOfStablesPositionsAndChangesNobodysVersion) {
  for (const double control : {0.05, 0.3, 1.0}) {
    for (const auto& weights : {std::vector<double>{90, 10}, {40, 30, 30}, {10, 60, 30}, {25, 0, 75}}) {
      const Split with = split_with_control(weights, control);
      const Split without = split_with_control(weights, 0);
      for (const auto at : places_on_the_line()) {
        const Place place = with.place(at);
        ASSERT_EQ(place.version, without.at(at));
        ASSERT_TRUE(!place.control || place.version == 0);
      }
      EXPECT_DOUBLE_EQ(with.share(0), without.share(0));
    }
  }
}

TEST(ControlSlice, GetsAtMostWhatStableHas) {
  EXPECT_NEAR(control_share(split_with_control({20, 80}, 0.8)), 0.2, 1e-4);
  EXPECT_NEAR(control_share(split_with_control({10, 60, 30}, 0.6)), 0.1, 1e-4);
  EXPECT_EQ(control_share(split_with_control({0, 100}, 0.5)), 0);
  const Split whole = split_with_control({100, 0}, 1);
  EXPECT_TRUE(whole.single());
  EXPECT_TRUE(whole.place(0).control);
}

TEST(ControlSlice, WhoIsInStaysInWhileBothGrow) {
  std::set<std::uint32_t> before;
  for (const double percent : {1., 5., 10., 25., 40., 50.}) {
    const auto now = control_of(split_with_control({100 - percent, percent}, percent / 100));
    EXPECT_TRUE(contains(now, before)) << percent;
    before = now;
  }
  before.clear();
  for (const double percent : {1., 5., 10., 20., 25.}) {  // three candidates: up to a quarter each
    const auto now = control_of(split_with_control({100 - 3 * percent, percent, percent, percent}, percent / 100));
    EXPECT_TRUE(contains(now, before)) << percent;
    before = now;
  }
}

TEST(ControlSlice, AShareOutsideZeroToOneIsRefused) {
  const std::vector<Weight> weights{{0, 90}, {1, 10}};
  EXPECT_FALSE(Split::build(weights, 0, -0.1));
  EXPECT_FALSE(Split::build(weights, 0, 1.1));
  EXPECT_FALSE(Split::build(weights, 0, std::numeric_limits<double>::quiet_NaN()));
}

/// A plan over stable and one candidate, users stick.
TrafficPlan plan_with(double candidate, double control) {
  PlanSpec spec;
  spec.route = "fraud";
  spec.salt = "salt";
  spec.versions = {"v1", "v2"};
  spec.splits = {{{0, 1 - candidate}, {1, candidate}}};
  spec.control = control;
  spec.otherwise = Target::split(0);
  spec.unit = Field::header("x-user-id");
  return *TrafficPlan::build(std::move(spec));
}

TrafficChoice choice_of(const TrafficPlan& plan, int user) {
  Random random(1);
  return choose(plan, with_header("x-user-id", "user-" + std::to_string(user)).view(), random);
}

TEST(ControlSlice, AUnitIsDrawnIntoItByItsHashAndStaysWhileItGrows) {
  const TrafficPlan small = plan_with(0.05, 0.05);
  const TrafficPlan large = plan_with(0.25, 0.25);
  int in_small = 0;
  int in_large = 0;
  for (int user = 0; user < 20000; ++user) {
    const TrafficChoice at_five = choice_of(small, user);
    const TrafficChoice at_25 = choice_of(large, user);
    ASSERT_EQ(at_five.control, choice_of(small, user).control);
    ASSERT_TRUE(!at_five.control || at_25.control) << user;
    ASSERT_TRUE(!at_25.control || at_25.version == 0) << user;
    in_small += at_five.control ? 1 : 0;
    in_large += at_25.control ? 1 : 0;
  }
  EXPECT_NEAR(in_small, 1000, 120);
  EXPECT_NEAR(in_large, 5000, 250);
}

TEST(ControlSlice, APlanRefusesAShareThatIsNone) {
  PlanSpec spec;
  spec.route = "fraud";
  spec.versions = {"v1", "v2"};
  spec.splits = {{{0, 1}, {1, 1}}};
  spec.control = 2;
  spec.otherwise = Target::split(0);
  const auto plan = TrafficPlan::build(std::move(spec));
  ASSERT_FALSE(plan);
  EXPECT_NE(plan.error().message.find("control"), std::string::npos) << plan.error().message;
}

}  // namespace
}  // namespace sluice::traffic
