#include "sluice/upstream/health_check.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;

constexpr double kNoJitter = 0.5;

/// Runs a row of checks, 'p' passed and 'f' failed.
HealthCheckStep run(const HealthCheckSettings& settings, std::string_view checks, HealthCheckStatus from = {}) {
  HealthCheckStep step{from};
  for (const char check : checks) step = after_check(settings, step.status, check == 'p', kNoJitter);
  return step;
}

TEST(HealthCheck, TheFirstCheckDecides) {
  EXPECT_EQ(run({}, "p").status.health, Health::Healthy);
  EXPECT_TRUE(run({}, "p").changed);
  EXPECT_EQ(run({}, "f").status.health, Health::Unhealthy);
  EXPECT_TRUE(run({}, "f").changed);
}

TEST(HealthCheck, AHealthyEndpointFallsAfterSoManyFailuresInARow) {
  EXPECT_EQ(run({}, "pff").status.health, Health::Healthy);
  EXPECT_EQ(run({}, "pffpff").status.health, Health::Healthy) << "a pass begins the row anew";
  const HealthCheckStep fallen = run({}, "pfff");
  EXPECT_EQ(fallen.status.health, Health::Unhealthy);
  EXPECT_TRUE(fallen.changed);
  EXPECT_FALSE(run({}, "pffff").changed) << "told once";
}

TEST(HealthCheck, AnUnhealthyEndpointRisesAfterSoManyPassesInARow) {
  EXPECT_EQ(run({}, "fp").status.health, Health::Unhealthy);
  EXPECT_EQ(run({}, "fpfp").status.health, Health::Unhealthy) << "a failure begins the row anew";
  EXPECT_EQ(run({}, "fpp").status.health, Health::Healthy);
  EXPECT_TRUE(run({}, "fpp").changed);
}

TEST(HealthCheck, ThresholdsOfOneFollowEveryCheck) {
  const HealthCheckSettings settings{.healthy_threshold = 1, .unhealthy_threshold = 1};
  EXPECT_EQ(run(settings, "pf").status.health, Health::Unhealthy);
  EXPECT_EQ(run(settings, "pfp").status.health, Health::Healthy);
}

TEST(HealthCheck, AsksFasterWhileTheEndpointIsInDoubt) {
  const HealthCheckSettings settings{.interval = 5s, .unhealthy_interval = 1s};
  EXPECT_EQ(run(settings, "p").next, 5s);
  EXPECT_EQ(run(settings, "pf").next, 1s) << "still healthy, but one check failed";
  EXPECT_EQ(run(settings, "pfff").next, 1s);
  EXPECT_EQ(run(settings, "fp").next, 1s) << "passed, but not healthy yet";
  EXPECT_EQ(run(settings, "fpp").next, 5s);
}

TEST(HealthCheck, JitterVariesTheIntervalBothWays) {
  const HealthCheckSettings settings{.interval = 10s, .jitter = 0.2};
  EXPECT_EQ(after_check(settings, {}, true, 0).next, 8s);
  EXPECT_EQ(after_check(settings, {}, true, 0.5).next, 10s);
  EXPECT_NEAR(std::chrono::duration<double>(after_check(settings, {}, true, 0.999999).next).count(), 12, 0.001);
  EXPECT_EQ(after_check({.interval = 10s, .jitter = 0}, {}, true, 0).next, 10s);
}

TEST(HealthCheck, AStatusPassesWithinItsBounds) {
  const HealthCheckSettings settings{.lowest_status = 200, .highest_status = 299};
  EXPECT_TRUE(passes(settings, 200));
  EXPECT_TRUE(passes(settings, 299));
  EXPECT_FALSE(passes(settings, 199));
  EXPECT_FALSE(passes(settings, 300));
  EXPECT_FALSE(passes(settings, 0)) << "no answer";
}

}  // namespace
}  // namespace sluice::upstream
