#include "sluice/compare/route_rules.hpp"

#include <gtest/gtest.h>

#include "pair_fixtures.hpp"

namespace sluice::compare {
namespace {

TEST(RouteRules, CandidatesAreWhomTheStrategyCopiesTo) {
  const RouteRules rules(shadow_route());
  EXPECT_EQ(rules.candidates(), (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(rules.place_of("v3"), 2U);
  EXPECT_FALSE(rules.place_of("v9"));
  EXPECT_FALSE(rules.keep());
}

TEST(RouteRules, StagesAndABlueGreensPreviewCount) {
  policy::ModelRoute route = shadow_route();
  policy::BlueGreen blue_green;
  blue_green.active = "v1";
  blue_green.preview = "v3";
  blue_green.pre_promotion.mirror = Ratio{0.1};
  policy::Stages stages;
  stages.stages.emplace_back().strategy = std::get<policy::Shadow>(route.strategy);
  stages.stages.emplace_back().strategy = blue_green;
  std::get<policy::Shadow>(stages.stages.front().strategy).candidates.pop_back();
  route.strategy = stages;
  EXPECT_EQ(RouteRules(route).candidates(), (std::vector<std::uint32_t>{1, 2}));
}

TEST(RouteRules, OnlyOutcomesThatAreReportedAreFollowed) {
  policy::ModelRoute route = shadow_route();
  route.outcomes.resize(2);
  route.outcomes[0].name = "score";
  route.outcomes[0].from = policy::FromAnswer{};
  route.outcomes[1].name = "click";
  const RouteRules rules(route);
  ASSERT_EQ(rules.outcomes().size(), 1U);
  EXPECT_EQ(rules.outcomes().front().name, "click");
  EXPECT_TRUE(rules.outcomes().front().is_binary);
}

TEST(RouteRules, WhatChangesTheMeaningOfPairsIsCountedAnew) {
  const RouteRules rules(shadow_route());
  EXPECT_TRUE(rules.counts_like(RouteRules(shadow_route())));
  policy::ModelRoute other = shadow_route();
  compare_in(other).tolerance = 0.1;
  EXPECT_FALSE(rules.counts_like(RouteRules(other)));
  other = shadow_route();
  other.drift = policy::Drift{};
  EXPECT_FALSE(rules.counts_like(RouteRules(other)));
  other = shadow_route();
  std::swap(other.segments[0], other.segments[1]);
  EXPECT_FALSE(rules.counts_like(RouteRules(other)));
  other = shadow_route();
  other.versions.pop_back();
  EXPECT_FALSE(rules.counts_like(RouteRules(other)));
}

TEST(RouteRules, WhatIsKeptAndHowManyTwinsThereAreIsNot) {
  const RouteRules rules(shadow_route());
  policy::ModelRoute other = shadow_route();
  compare_in(other).keep = policy::KeepPairs{};
  compare_in(other).noise = Ratio{0.05};
  std::get<policy::Shadow>(other.strategy).candidates.front().percent = 5;
  EXPECT_TRUE(rules.counts_like(RouteRules(other)));
}

TEST(RouteRules, RoutesWithoutCopiesAreNotThere) {
  policy::ModelRoute plain = shadow_route("plain");
  plain.strategy = policy::Canary{};
  const RouteTable table = route_table({shadow_route("a"), plain});
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.count(route_hash("a")), 1U);
}

TEST(RouteRules, TheRoutesMirrorCopiesToWhoeverSplits) {
  policy::ModelRoute route = shadow_route();
  policy::Canary canary;
  canary.stable = "v1";
  canary.candidate = "v2";
  route.strategy = canary;
  EXPECT_TRUE(RouteRules(route).candidates().empty());
  route.mirror.emplace().percent = 5;
  EXPECT_EQ(RouteRules(route).candidates(), (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(route_table({route}).size(), 1U);
}

}  // namespace
}  // namespace sluice::compare
