#include "sluice/stats/combine.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

namespace sluice::stats {
namespace {

constexpr double nothing = -std::numeric_limits<double>::infinity();

TEST(MeanE, IsTheMean) {
  const std::array<double, 3> log_e = {std::log(1), std::log(2), std::log(9)};
  EXPECT_NEAR(log_mean_e(log_e), std::log(4), 1e-12);
  const std::array<double, 3> weights = {0.5, 0.5, 0};
  EXPECT_NEAR(log_mean_e(log_e, weights), std::log(1.5), 1e-12);
}

TEST(MeanE, BearsWhatNoNumberCanHold) {
  const std::array<double, 2> large = {5000, 5000};
  EXPECT_NEAR(log_mean_e(large), 5000, 1e-9);
  const std::array<double, 2> one_sided = {nothing, 3};
  EXPECT_NEAR(log_mean_e(one_sided), 3 - std::log(2), 1e-12);
  EXPECT_EQ(log_mean_e(std::array{nothing, nothing}), nothing);
  EXPECT_EQ(log_mean_e(std::span<const double>{}), nothing);
  const std::array<double, 2> weights = {0, 1};
  EXPECT_NEAR(log_mean_e(one_sided, weights), 3, 1e-12);
}

TEST(Holm, AsksLessOfEveryFurtherOne) {
  EXPECT_NEAR(holm_log_threshold(1, 3, 0.05), std::log(60), 1e-12);
  EXPECT_NEAR(holm_log_threshold(2, 3, 0.05), std::log(40), 1e-12);
  EXPECT_NEAR(holm_log_threshold(3, 3, 0.05), std::log(20), 1e-12);
}

TEST(Holm, StopsAtTheFirstThatFallsShort) {
  const std::array<double, 4> log_e = {std::log(45), std::log(85), std::log(15), std::log(1000)};
  EXPECT_EQ(holm_rejections(log_e, 0.05), (std::vector<std::size_t>{3, 1, 0}));
  // 59 would do for the third and the fourth, but nobody takes the second step.
  const std::array<double, 4> stuck = {std::log(59), std::log(59), std::log(59), std::log(1000)};
  EXPECT_EQ(holm_rejections(stuck, 0.05), (std::vector<std::size_t>{3}));
  const std::array<double, 2> neither = {std::log(39), std::log(39)};
  EXPECT_TRUE(holm_rejections(neither, 0.05).empty());
  EXPECT_TRUE(holm_rejections({}, 0.05).empty());
}

TEST(EvidenceShare, IsHowFarTheLogarithmHasCome) {
  EXPECT_NEAR(evidence_share(std::log(20) / 2, std::log(20)), 0.5, 1e-12);
  EXPECT_EQ(evidence_share(-3, std::log(20)), 0);
  EXPECT_EQ(evidence_share(nothing, std::log(20)), 0);
  EXPECT_EQ(evidence_share(std::nan(""), std::log(20)), 0);
  EXPECT_EQ(evidence_share(5, std::log(20)), 1);
}

}  // namespace
}  // namespace sluice::stats
