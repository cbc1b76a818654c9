#include "sluice/rollout/synthetic_traffic.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "rollout/simulated.hpp"

namespace sluice::rollout {
namespace {

using namespace std::chrono_literals;

/// A route whose v2 gets this share; with a unit where users stick.
struct Halves {
  explicit Halves(TrafficModel model, bool sticky = false, double share = 0.5) {
    route.name = "fraud";
    route.versions.resize(2);
    route.versions[0].name = "v1";
    route.versions[1].name = "v2";
    route.outcomes.resize(1);
    route.outcomes[0].name = "click";
    if (sticky) route.unit = {policy::UnitSource::Header, "x-user", ""};
    traffic = std::make_unique<SyntheticTraffic>(route, "v1", std::move(model), 11);
    traffic->serve(steering(share), WallTime{});
  }
  static strategy::Steering steering(double share, std::uint64_t window = 1) {
    traffic::PlanSpec spec;
    spec.route = "fraud";
    spec.versions = {"v1", "v2"};
    spec.splits = {{{0, 1 - share}, {1, share}}};
    spec.otherwise = traffic::Target::split(0);
    strategy::Steering made;
    made.plan = traffic::TrafficPlan::build(std::move(spec)).value();
    made.fallbacks = {-1, -1};
    made.window = window;
    return made;
  }
  strategy::VersionEvidence pass(Duration time, std::size_t version) {
    traffic->pass(time);
    return traffic->gather().at("fraud").versions[version];
  }
  policy::ModelRoute route;
  std::unique_ptr<SyntheticTraffic> traffic;
};

TEST(SyntheticTraffic, TellsSharesAssignmentsAndOutcomesOfEveryVersion) {
  TrafficModel model;
  model.rate = 100;
  model.injections["v2"].outcomes["click"].rate = 0.2;
  Halves halves(model, false, 0.25);
  const auto seen = halves.pass(1h, 1);
  EXPECT_DOUBLE_EQ(seen.share, 0.25);
  EXPECT_EQ(seen.assigned, seen.all.requests);
  EXPECT_NEAR(static_cast<double>(seen.assigned), 90'000, 1500);
  EXPECT_FALSE(seen.failing_units_known);
  ASSERT_EQ(seen.outcomes.size(), 1U);
  EXPECT_EQ(seen.outcomes[0].decisions, seen.assigned);
  EXPECT_NEAR(static_cast<double>(seen.outcomes[0].events), 18'000, 800);
  EXPECT_EQ(halves.traffic->tally().versions[1], seen.assigned);
  EXPECT_NEAR(halves.traffic->tally().best_worth[0], 360'000 * 0.2, 1500);
}

TEST(SyntheticTraffic, ABrokenSplitLosesRequestsBeforeTheyAreCounted) {
  TrafficModel model;
  model.rate = 100;
  model.lost["v2"] = 0.5;
  for (const std::size_t units : {0UL, 1000UL}) {
    model.population.units = units;
    const auto seen = Halves(model).pass(1h, 1);
    EXPECT_NEAR(static_cast<double>(seen.assigned), 90'000, 1500);
    EXPECT_DOUBLE_EQ(seen.share, 0.5);
  }
}

TEST(SyntheticTraffic, LiveAnswersTheFirstCopiedRequestsTwiceMoreOftenThanThePolicySays) {
  policy::ModelRoute route;
  route.name = "fraud";
  route.versions.resize(2);
  route.versions[0].name = "v1";
  route.versions[1].name = "v2";
  policy::Shadow shadow;
  shadow.live = "v1";
  shadow.candidates.emplace_back().version = "v2";
  shadow.compare = policy::Compare{};
  route.strategy = shadow;
  TrafficModel model;
  model.rate = 100;
  model.expected = true;
  SyntheticTraffic traffic(route, "v1", model, 11);
  strategy::Steering steering = Halves::steering(0);
  traffic::PlanSpec spec = steering.plan.spec();
  spec.mirrors.resize(1);
  spec.mirrors[0].version = 1;
  spec.mirrors[0].share = 0.1;
  steering.plan = traffic::TrafficPlan::build(std::move(spec)).value();
  traffic.serve(std::move(steering), WallTime{});
  const auto twins_after = [&](Duration time) {
    traffic.pass(time);
    return *traffic.gather().at("fraud").versions[1].pairs;
  };
  EXPECT_EQ(twins_after(10s).twins, 20U) << "of 100 copies";
  EXPECT_TRUE(twins_after(1s).noise_known);
  EXPECT_NEAR(static_cast<double>(twins_after(100s).twins), 32 + 9.5, 1.5);
}

TEST(SyntheticTraffic, DriftsMoveRatesErrorsAndLatencies) {
  TrafficModel model;
  model.rate = 100;
  model.drifts = {parse_drift("rate:x3/1h").value(), parse_drift("error-rate:x5/1h").value(),
                  parse_drift("v2:latency:x4/1h").value()};
  Halves halves(model);
  const auto first = halves.pass(1h, 1);
  EXPECT_NEAR(static_cast<double>(first.all.requests), 360'000.0, 3000) << "twice the rate on average";
  halves.traffic->pass(1h);
  const auto later = halves.traffic->gather().at("fraud").versions;
  const auto requests = static_cast<double>(later[1].all.requests - first.all.requests);
  EXPECT_NEAR(static_cast<double>(later[1].all.failures - first.all.failures) / requests, 0.05, 0.003);
  const auto slow = later[1].all.latency.since(first.all.latency);
  EXPECT_NEAR(std::chrono::duration<double>(slow.quantile(0.5)).count(), 0.080, 0.006);
  EXPECT_NEAR(std::chrono::duration<double>(later[0].all.latency.quantile(0.5)).count(), 0.020, 0.002);
}

TEST(SyntheticTraffic, StickyUsersStayWithTheirVersionAndFailAgain) {
  TrafficModel model;
  model.rate = 100;
  model.error_rate = 0.02;
  model.population = {500, 0.5, 0};
  const auto seen = Halves(model, true).pass(10min, 1);
  EXPECT_TRUE(seen.failing_units_known);
  EXPECT_GT(seen.failing_units[0], 0U);
  EXPECT_GT(seen.failing_units[3], 0U) << "somebody failed eight times";
  EXPECT_LT(seen.failing_units[0], 150U) << "of some 250 users most fail never";
  for (std::size_t i = 1; i < seen.failing_units.size(); ++i) {
    EXPECT_LE(seen.failing_units[i], seen.failing_units[i - 1]);
  }
  EXPECT_LE(seen.failing_units[0], seen.all.failures);
}

TEST(SyntheticTraffic, UsersStayWhereTheyAreWhileAShareGrows) {
  TrafficModel model;
  model.rate = 100;
  model.error_rate = 1;
  model.population = {200, 0, 0};
  Halves halves(model, true, 0.2);
  const auto small = halves.pass(10min, 1);
  ASSERT_TRUE(halves.traffic->steer({{"fraud", Halves::steering(0.4)}}));
  const auto large = halves.pass(10min, 1);
  EXPECT_NEAR(static_cast<double>(small.failing_units[0]), 40, 20);
  EXPECT_NEAR(static_cast<double>(large.failing_units[0]), 80, 25) << "the same and as many more";
  EXPECT_LT(large.failing_units[0], small.failing_units[0] + 70);
}

TEST(SyntheticTraffic, ReportsCountForTheWindowTheirDecisionWasMadeIn) {
  TrafficModel model;
  model.rate = 100;
  model.outcomes["click"].delay = 5min;
  Halves halves(model);
  const auto before = halves.pass(5min, 1);
  EXPECT_GT(before.outcomes[0].reports, 0U);
  ASSERT_TRUE(halves.traffic->steer({{"fraud", Halves::steering(0.5, 2)}}));
  const auto after = halves.pass(1s, 1);
  EXPECT_LT(after.outcomes[0].decisions, 100U);
  EXPECT_LE(after.outcomes[0].reports, 2U) << "hundreds are still to come of the window before";
}

}  // namespace
}  // namespace sluice::rollout
