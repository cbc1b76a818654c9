#include "sluice/admin/route_history.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::admin {
namespace {

HistorySample sample(std::string version, double target) {
  HistorySample out;
  out.version = std::move(version);
  out.target = target;
  return out;
}

TEST(RouteHistory, GivesBackWhatWasKept) {
  RouteHistory history;
  HistorySample full = sample("v2", 0.25);
  full.observed = 0.2494;
  full.mirrored = 1;
  full.rps = 30.7;
  full.failed = 0.0009;
  full.p99 = 0.055;
  full.probability_best = 0;
  full.match_rate = 0.995;
  ASSERT_TRUE(history.begin(1000));
  history.add("fraud", {sample("v1", 0.75), full});
  const auto points = history.of("fraud", 0);
  ASSERT_EQ(points.size(), 1U);
  EXPECT_EQ(points[0].at, 1000);
  ASSERT_EQ(points[0].versions.size(), 2U);
  EXPECT_FALSE(points[0].versions[0].rps);
  const HistorySample& kept = points[0].versions[1];
  constexpr double close = 1.0 / 60000;
  EXPECT_EQ(kept.version, "v2");
  EXPECT_NEAR(kept.target.value(), 0.25, close);
  EXPECT_NEAR(kept.observed.value(), 0.2494, close);
  EXPECT_EQ(kept.mirrored, 1.0);
  EXPECT_FLOAT_EQ(static_cast<float>(kept.rps.value()), 30.7F);
  EXPECT_NEAR(kept.failed.value(), 0.0009, close);
  EXPECT_FLOAT_EQ(static_cast<float>(kept.p99.value()), 0.055F);
  EXPECT_EQ(kept.probability_best, 0.0);
  EXPECT_NEAR(kept.match_rate.value(), 0.995, close);
}

TEST(RouteHistory, KeepsNoMoreThanItsPoints) {
  RouteHistory history({.points = 3, .versions = 8});
  for (int i = 1; i <= 5; ++i) {
    ASSERT_TRUE(history.begin(i * 5));
    history.add("fraud", {sample("v1", i / 10.0)});
  }
  const auto points = history.of("fraud", 0);
  ASSERT_EQ(points.size(), 3U);
  EXPECT_EQ(points[0].at, 15);
  EXPECT_NEAR(points[0].versions[0].target.value(), 0.3, 1e-4);
  EXPECT_EQ(points[2].at, 25);
  ASSERT_EQ(history.of("fraud", 20).size(), 1U);
  EXPECT_EQ(history.of("fraud", 20)[0].at, 25);
  EXPECT_TRUE(history.of("frau", 0).empty());
}

TEST(RouteHistory, AClockThatWasSetBackGivesNoPoint) {
  RouteHistory history;
  EXPECT_TRUE(history.begin(100));
  EXPECT_FALSE(history.begin(100));
  EXPECT_FALSE(history.begin(95));
  EXPECT_TRUE(history.begin(105));
}

TEST(RouteHistory, AVersionThatWasAwayHasAGap) {
  RouteHistory history({.points = 4, .versions = 8});
  const auto target_at = [&](std::int64_t at) -> std::optional<double> {
    for (const HistoryPoint& point : history.of("fraud", 0)) {
      for (const HistorySample& version : point.versions) {
        if (point.at == at && version.version == "v2") return version.target;
      }
    }
    return std::nullopt;
  };
  for (int i = 1; i <= 8; ++i) {
    history.begin(i);
    std::vector<HistorySample> versions{sample("v1", 1)};
    if (i == 4 || i == 7) versions.push_back(sample("v2", 0.5));
    history.add("fraud", versions);
  }
  EXPECT_EQ(history.of("fraud", 0).size(), 4U);
  EXPECT_EQ(target_at(5), std::nullopt);
  EXPECT_EQ(target_at(6), std::nullopt);
  EXPECT_NEAR(target_at(7).value(), 0.5, 1e-4);
  EXPECT_EQ(target_at(8), std::nullopt) << "not what stood in its place four points ago";
}

TEST(RouteHistory, OneVersionTooManyIsNotRecordedUntilAnotherIsForgotten) {
  RouteHistory history({.points = 2, .versions = 2});
  history.begin(1);
  history.add("a", {sample("v1", 1)});
  history.add("b", {sample("v1", 1)});
  history.add("c", {sample("v1", 1)});
  EXPECT_EQ(history.of("b", 0).size(), 1U);
  EXPECT_TRUE(history.of("c", 0).empty());
  for (int i = 2; i <= 4; ++i) {
    history.begin(i);
    history.add("a", {sample("v1", 1)});
    history.add("c", {sample("v1", 1)});
  }
  EXPECT_FALSE(history.of("c", 0).empty());
  EXPECT_TRUE(history.of("b", 0).empty());
}

TEST(RouteHistory, WhatIsNotKnownIsLeftOut) {
  RouteHistory history;
  history.begin(1790000000);
  history.add("fraud", {sample("v1", 0.1)});
  const auto json = to_json(history.of("fraud", 0));
  EXPECT_EQ(json.dump(), R"({"seconds":5,"points":[{"at":1790000000,"versions":{"v1":{"target":0.1}}}]})");
}

}  // namespace
}  // namespace sluice::admin
