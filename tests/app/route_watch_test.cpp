#include "sluice/app/route_watch.hpp"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

/// One route with the versions v1, which clients get, and v2, which gets copies.
class RouteWatchTest : public ::testing::Test {
 protected:
  RouteWatchTest() {
    metrics::RouteSnapshot& route = snapshot_.routes.emplace_back();
    route.name = "fraud";
    for (const char* name : {"v1", "v2"}) {
      metrics::VersionSnapshot& version = route.versions.emplace_back();
      version.name = name;
    }
    live().target_weight = 1;
  }
  metrics::VersionSnapshot& live() { return snapshot_.routes[0].versions[0]; }
  metrics::VersionSnapshot& shadow() { return snapshot_.routes[0].versions[1]; }
  void answer(std::uint64_t good, std::uint64_t bad, Duration duration) {
    live().totals.responses[metrics::status_slot(200)] += good;
    live().totals.responses[metrics::status_slot(503)] += bad;
    live().totals.request_duration.record(duration, good + bad);
  }
  void sample() { watch_.sample(snapshot_, rollouts_, clock_.now(), clock_.wall_now()); }
  const admin::VersionRates& rates_of_v1() {
    rates_ = watch_.rates(snapshot_, clock_.now());
    return rates_.at(0).versions.at(0);
  }

  ManualClock clock_;
  metrics::Snapshot snapshot_;
  std::vector<rollout::RolloutView> rollouts_;
  std::vector<admin::RouteRates> rates_;
  RouteWatch watch_;
};

TEST_F(RouteWatchTest, RatesAreOfTheLastSecondsNotOfTheWholeLife) {
  answer(1'000'000, 0, 1s);
  EXPECT_TRUE(watch_.rates(snapshot_, clock_.now()).empty()) << "there was no look";
  sample();
  clock_.advance(500ms);
  EXPECT_TRUE(watch_.rates(snapshot_, clock_.now()).empty()) << "half a second says nothing";
  clock_.advance(1500ms);
  answer(15, 5, 10ms);
  const admin::VersionRates& rates = rates_of_v1();
  EXPECT_DOUBLE_EQ(rates.rps, 10);
  EXPECT_DOUBLE_EQ(rates.success.value(), 0.75);
  EXPECT_NEAR(std::chrono::duration<double>(rates.p99.value()).count(), 0.01, 0.001);
}

TEST_F(RouteWatchTest, RatesReachBackOverTwoLooks) {
  sample();
  clock_.advance(5s);
  answer(50, 0, 10ms);
  sample();
  clock_.advance(1s);
  EXPECT_DOUBLE_EQ(rates_of_v1().rps, 50.0 / 6) << "what came before the last look counts";
  clock_.advance(4s);
  sample();
  clock_.advance(2s);
  EXPECT_DOUBLE_EQ(rates_of_v1().rps, 0) << "and no longer after one more";
  EXPECT_FALSE(rates_of_v1().success);
  EXPECT_FALSE(rates_of_v1().p99);
}

TEST_F(RouteWatchTest, OfAShadowItIsTheCopies) {
  sample();
  clock_.advance(10s);
  shadow().totals.shadow_responses[metrics::status_slot(200)] = 40;
  shadow().totals.shadow_duration.record(20ms, 40);
  rates_ = watch_.rates(snapshot_, clock_.now());
  EXPECT_DOUBLE_EQ(rates_.at(0).versions.at(1).rps, 4);
}

TEST_F(RouteWatchTest, OfAShadowThatWasPromotedItIsTheRequestsAtOnce) {
  shadow().totals.shadow_responses[metrics::status_slot(200)] = 100'000;
  shadow().totals.shadow_duration.record(20ms, 100'000);
  sample();
  clock_.advance(10s);
  shadow().totals.responses[metrics::status_slot(200)] = 40;
  shadow().totals.request_duration.record(20ms, 40);
  rates_ = watch_.rates(snapshot_, clock_.now());
  EXPECT_DOUBLE_EQ(rates_.at(0).versions.at(1).rps, 4);
  EXPECT_DOUBLE_EQ(rates_.at(0).versions.at(1).success.value(), 1);
}

TEST_F(RouteWatchTest, WhatAnotherVersionAnsweredForItIsItsFailure) {
  sample();
  clock_.advance(5s);
  answer(60, 0, 10ms);
  live().totals.fallbacks[0] += 30;
  live().totals.fallbacks[1] += 10;
  EXPECT_DOUBLE_EQ(rates_of_v1().success.value(), 0.6);
  sample();
  EXPECT_NEAR(watch_.history().of("fraud", 0)[1].versions[0].failed.value(), 0.4, 1e-4);
}

TEST_F(RouteWatchTest, APointIsDueEveryFiveSeconds) {
  EXPECT_TRUE(watch_.is_due(clock_.wall_now()));
  sample();
  clock_.advance(4900ms);
  EXPECT_FALSE(watch_.is_due(clock_.wall_now()));
  clock_.advance(100ms);
  EXPECT_TRUE(watch_.is_due(clock_.wall_now()));
}

TEST_F(RouteWatchTest, AClockThatWasSetBackDoesNotStopTheLooks) {
  sample();
  EXPECT_TRUE(watch_.is_due(clock_.wall_now() - 30min));
}

TEST_F(RouteWatchTest, ThePastIsKeptInPoints) {
  rollout::RolloutView rollout;
  rollout.route = "fraud";
  rollout.versions.resize(1);
  rollout.versions[0].version = "v2";
  rollout.versions[0].mirrored = 0.5;
  rollout.pairs.resize(1);
  rollout.pairs[0].version = "v2";
  rollout.pairs[0].compared = 10;
  rollout.pairs[0].disagreement = 0.1;
  rollouts_ = {rollout};
  sample();
  clock_.advance(5s);
  answer(90, 10, 10ms);
  live().observed_weight = 0.99;
  live().observed_decisions = 100;
  sample();
  const auto points = watch_.history().of("fraud", 0);
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[1].at, points[0].at + 5);
  const admin::HistorySample& v1 = points[1].versions.at(0);
  EXPECT_FALSE(points[0].versions.at(0).rps) << "there was nothing to compare with";
  EXPECT_NEAR(v1.rps.value(), 20, 1e-6);
  EXPECT_NEAR(v1.failed.value(), 0.1, 1e-4);
  EXPECT_NEAR(v1.observed.value(), 0.99, 1e-4);
  EXPECT_FALSE(v1.mirrored);
  const admin::HistorySample& v2 = points[1].versions.at(1);
  EXPECT_NEAR(v2.mirrored.value(), 0.5, 1e-4);
  EXPECT_NEAR(v2.match_rate.value(), 0.9, 1e-4);
  EXPECT_FALSE(v2.probability_best);
}

TEST_F(RouteWatchTest, OfABanditTheChanceToBeTheBestIsKept) {
  rollout::RolloutView rollout;
  rollout.route = "fraud";
  rollout.arms.resize(1);
  rollout.arms[0].version = "v1";
  rollout.arms[0].probability_best = 0.8;
  rollouts_ = {rollout};
  sample();
  EXPECT_FALSE(watch_.history().of("fraud", 0)[0].versions[0].probability_best) << "an A/B test's arms earn nothing";
  rollouts_[0].arms_earn = true;
  clock_.advance(5s);
  sample();
  EXPECT_NEAR(watch_.history().of("fraud", 0)[1].versions[0].probability_best.value(), 0.8, 1e-4);
}

}  // namespace
}  // namespace sluice::app
