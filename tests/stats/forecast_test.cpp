#include "sluice/stats/forecast.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace sluice::stats {
namespace {

const DecisionSetting canary = {0.05, 0.01, std::log(20)};

TEST(Forecast, SpeedIsTheDivergenceOfTheEventsShare) {
  // r = 3 at ρ = ½: three of four events.
  EXPECT_NEAR(evidence_per_event(0.5, 3), 0.75 * std::log(1.5) + 0.25 * std::log(0.5), 1e-12);
  EXPECT_NEAR(evidence_per_event(0.5, 1), 0, 1e-12);
  EXPECT_NEAR(evidence_per_event(0.5, 0), std::log(2), 1e-12);
}

TEST(Forecast, AgreesWithWhatSimulationsTook) {
  // Means of 300 and of 2 000 simulated releases; first with the exact threshold for 10 000 events.
  auto exact = canary;
  exact.log_threshold = std::log(13.06);
  EXPECT_NEAR(time_to_rejection(exact, 1.5).mean / 79'500, 1, 0.1);
  EXPECT_NEAR(time_to_rejection(exact, 5).mean / 1880, 1, 0.2);
  EXPECT_NEAR(time_to_rejection(canary, 1.5).mean / 91'200, 1, 0.1);
  EXPECT_NEAR(time_to_rejection(canary, 5).mean / 2240, 1, 0.1);
  const auto forecast = time_to_rejection(canary, 2);
  EXPECT_NEAR(forecast.median, 0.8 * forecast.mean, 1e-9);
  EXPECT_NEAR(forecast.p90, 2 * forecast.mean, 1e-9);
}

TEST(Forecast, IsSoonerForMoreTrafficMoreEventsAndLargerDifferences) {
  auto more_share = canary;
  more_share.share = 0.2;
  auto more_events = canary;
  more_events.base_rate = 0.1;
  EXPECT_LT(time_to_rejection(more_share, 2).mean, time_to_rejection(canary, 2).mean);
  EXPECT_NEAR(time_to_rejection(more_events, 2).mean * 10, time_to_rejection(canary, 2).mean, 1e-6);
  EXPECT_LT(time_to_rejection(canary, 3).mean, time_to_rejection(canary, 2).mean);
}

TEST(Forecast, NeverComesForARiskOnTheOtherSide) {
  EXPECT_TRUE(std::isinf(time_to_rejection(canary, 0.5).mean));
  EXPECT_TRUE(std::isinf(time_to_rejection(canary, 1).mean));
  EXPECT_TRUE(std::isinf(time_to_rejection(canary, std::nan("")).mean));
  auto fewer = canary;
  fewer.prior = RiskPrior::Smaller;
  EXPECT_TRUE(std::isfinite(time_to_rejection(fewer, 0.5).mean));
  EXPECT_TRUE(std::isinf(time_to_rejection(fewer, 2).mean));
  EXPECT_TRUE(std::isinf(time_to_rejection({0, 0.01, 3}, 2).mean));
  EXPECT_TRUE(std::isinf(time_to_rejection({0.05, 0, 3}, 2).mean));
}

TEST(Forecast, AcceptsALooseLimitSoonerThanATightOne) {
  EXPECT_LT(time_to_acceptance(canary, 3).mean, time_to_acceptance(canary, 2).mean);
  EXPECT_TRUE(std::isinf(time_to_acceptance(canary, 1).mean));
}

TEST(SmallestVisibleRisk, IsTheOneDecidedInTime) {
  const auto found = smallest_visible_risk(canary, 20'000);
  ASSERT_TRUE(found);
  EXPECT_NEAR(time_to_rejection(canary, *found).mean, 20'000, 1);
  EXPECT_LT(*smallest_visible_risk(canary, 100'000), *found);
  EXPECT_NEAR(*smallest_visible_risk(canary, 1e12), 1.1, 1e-9);
  EXPECT_FALSE(smallest_visible_risk(canary, 10));
  EXPECT_FALSE(smallest_visible_risk(canary, 0));
  auto fewer = canary;
  fewer.prior = RiskPrior::Smaller;
  fewer.share = 0.5;
  EXPECT_LT(*smallest_visible_risk(fewer, 20'000), 1);
}

TEST(ShareThatHalves, HalvesTheTime) {
  const auto share = share_that_halves(canary, 2);
  ASSERT_TRUE(share);
  auto larger = canary;
  larger.share = *share;
  EXPECT_NEAR(time_to_rejection(larger, 2).mean, time_to_rejection(canary, 2).mean / 2, 1);
  auto half = canary;
  half.share = 0.45;
  EXPECT_FALSE(share_that_halves(half, 2));
  EXPECT_FALSE(share_that_halves(canary, 0.5));
}

}  // namespace
}  // namespace sluice::stats
