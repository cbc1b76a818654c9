#include "sluice/stats/proportion_confidence.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "sluice/base/random.hpp"

namespace sluice::stats {
namespace {

void expect_interval(std::uint64_t k, std::uint64_t n, double tightest_at, double lower, double upper) {
  const auto found = proportion_confidence(k, n, 0.05, tightest_at);
  EXPECT_NEAR(found.lower, lower, 2e-6);
  EXPECT_NEAR(found.upper, upper, 2e-6);
}

TEST(ProportionConfidence, IsTheKnownSequence) {
  expect_interval(700, 1000, 100, 0.651629, 0.745949);
  expect_interval(15, 50, 50, 0.129556, 0.511896);
  expect_interval(5, 50, 50, 0.013021, 0.269264);
  expect_interval(1, 50, 50, 0, 0.13489);
}

TEST(ProportionConfidence, IsTunedLikeTheNormalMixture) {
  EXPECT_NEAR(100 / mixture_constant(0.05), 12.60056, 1e-5);
}

TEST(ProportionConfidence, HasTheKnownDirichletEvidence) {
  EXPECT_NEAR(log_e_not(0.5, 156, 368, 100), 2.592075, 1e-6);
  EXPECT_NEAR(log_e_not(0.5, 212, 368, 100), 2.592075, 1e-6);
}

TEST(ProportionConfidence, KnowsNothingWithoutData) {
  EXPECT_EQ(proportion_confidence(0, 0, 0.05, 100).lower, 0);
  EXPECT_EQ(proportion_confidence(0, 0, 0.05, 100).upper, 1);
  EXPECT_EQ(log_e_above(0.01, 0, 0, 10), 0);
  EXPECT_EQ(proportion_lower(0, 10, 0.05, 100), 0);
  EXPECT_EQ(proportion_upper(10, 10, 0.05, 100), 1);
}

TEST(ProportionConfidence, OneSidedLimitsLieInsideTheTwoSidedOnes) {
  for (const std::uint64_t k : {3U, 40U, 200U, 399U}) {
    const auto both = proportion_confidence(k, 400, 0.05, 400);
    EXPECT_GT(proportion_lower(k, 400, 0.05, 400), both.lower);
    EXPECT_LT(proportion_upper(k, 400, 0.05, 400), both.upper);
    EXPECT_LT(proportion_lower(k, 400, 0.05, 400), static_cast<double>(k) / 400);
  }
}

TEST(ProportionConfidence, OneSidedEvidenceAgreesWithItsLimit) {
  const double precision = proportion_precision(1000, 0.1);
  for (const std::uint64_t k : {5U, 20U, 60U}) {
    const double lower = proportion_lower(k, 1000, 0.05, 1000);
    EXPECT_GE(log_e_above(lower, k, 1000, precision), std::log(20) - 1e-6);
    EXPECT_LT(log_e_above(lower * 1.001, k, 1000, precision), std::log(20));
  }
}

TEST(ProportionConfidence, EvidenceGrowsOnItsOwnSideOnly) {
  for (std::uint64_t k = 0; k < 100; ++k) {
    EXPECT_GT(log_e_above(0.2, k + 1, 200, 50), log_e_above(0.2, k, 200, 50));
    EXPECT_LT(log_e_below(0.2, k + 1, 200, 50), log_e_below(0.2, k, 200, 50));
  }
  EXPECT_LT(log_e_above(0.2, 0, 200, 50), 0);
  EXPECT_GT(log_e_below(0.2, 0, 200, 50), 10);
}

TEST(ProportionConfidence, KeepsItsPromiseOverAThousandLooks) {
  Random random(21);
  constexpr int runs = 1000;
  int lost = 0;
  int alarms = 0;
  const double precision = proportion_precision(2000, 0.1);
  for (int run = 0; run < runs; ++run) {
    std::uint64_t k = 0;
    bool out = false;
    bool alarm = false;
    for (std::uint64_t look = 1; look <= 1000; ++look) {
      for (int i = 0; i < 4; ++i) k += random.uniform() < 0.05 ? 1 : 0;
      out = out || log_e_not(0.05, k, 4 * look, precision) >= std::log(20);
      // The tail is dear: only where the likelihood is on its side.
      alarm = alarm || (k > look / 5 && log_e_above(0.05, k, 4 * look, precision) >= std::log(20));
    }
    lost += out ? 1 : 0;
    alarms += alarm ? 1 : 0;
  }
  // Three standard errors beyond 5 % would be 71.
  EXPECT_LE(lost, 50);
  EXPECT_LE(alarms, 50);
  EXPECT_GE(lost + alarms, 5) << "so loose that the test could not fail";
}

TEST(ProportionConfidence, NeverAnswersWithoutANumber) {
  for (const std::uint64_t n : {1ULL, 1000ULL, 1'000'000'000ULL}) {
    for (const std::uint64_t k : {std::uint64_t{0}, std::uint64_t{1}, n / 2, n}) {
      for (const double p0 : {1e-9, 0.01, 0.5, 1 - 1e-9}) {
        EXPECT_TRUE(std::isfinite(log_e_not(p0, k, n, 100)));
        EXPECT_FALSE(std::isnan(log_e_above(p0, k, n, 100)));
        EXPECT_FALSE(std::isnan(log_e_below(p0, k, n, 0)));
      }
      const auto found = proportion_confidence(k, n, 0.05, 1000);
      const double share = static_cast<double>(k) / static_cast<double>(n);
      EXPECT_TRUE(found.lower >= 0 && found.lower <= share && share <= found.upper && found.upper <= 1)
          << k << '/' << n;
      EXPECT_GE(proportion_upper(k, n, 0.05, 1000), proportion_lower(k, n, 0.05, 1000));
    }
  }
}

}  // namespace
}  // namespace sluice::stats
