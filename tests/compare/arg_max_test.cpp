#include "sluice/compare/arg_max.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace sluice::compare {
namespace {

const double kNothing = std::numeric_limits<double>::quiet_NaN();

bool flips(const std::vector<double>& live, const std::vector<double>& other, std::size_t piece = 100) {
  RowMaxima maxima;
  maxima.begin();
  for (std::size_t at = 0; at < live.size(); at += piece) {
    maxima.add(live.data() + at, other.data() + at, std::min(piece, live.size() - at));
  }
  return maxima.flipped();
}

double overlap(std::size_t top, const std::vector<double>& live, const std::vector<double>& other) {
  RowTop row;
  row.begin(top);
  for (std::size_t at = 0; at < live.size(); ++at) row.add(live.data() + at, other.data() + at, 1);
  return row.overlap();
}

TEST(RowMaxima, FlipWhenTheLargestStandsElsewhere) {
  EXPECT_FALSE(flips({0.1, 0.7, 0.2}, {0.3, 0.4, 0.3}));
  EXPECT_TRUE(flips({0.1, 0.7, 0.2}, {0.5, 0.4, 0.1}));
  EXPECT_TRUE(flips({0.1, 0.7, 0.2}, {0.5, 0.4, 0.1}, 1));
  EXPECT_TRUE(flips({-3, -1}, {-1, -3}));
}

TEST(RowMaxima, DoNotFlipOnATie) {
  EXPECT_FALSE(flips({0.5, 0.5}, {0.4, 0.6}));
  EXPECT_FALSE(flips({0.4, 0.6}, {0.5, 0.5}));
  EXPECT_TRUE(flips({0.5, 0.5, 0.1}, {0.1, 0.2, 0.9}));
}

TEST(RowMaxima, NeverTakeWhatIsNoNumber) {
  EXPECT_FALSE(flips({kNothing, 1, 2}, {kNothing, 0, 5}));
  EXPECT_FALSE(flips({kNothing, kNothing}, {kNothing, kNothing}));
  EXPECT_TRUE(flips({kNothing, kNothing}, {1, 0}));
}

TEST(RowTop, CountsPlacesThatBothHave) {
  const std::vector<double> live = {9, 8, 7, 1, 2, 3};
  EXPECT_DOUBLE_EQ(overlap(3, live, {7, 9, 8, 1, 2, 3}), 1);
  EXPECT_DOUBLE_EQ(overlap(3, live, {7, 9, 0, 1, 2, 8}), 2.0 / 3);
  EXPECT_DOUBLE_EQ(overlap(1, live, {8, 9, 7, 1, 2, 3}), 0);
  EXPECT_DOUBLE_EQ(overlap(100, live, {1, 2, 3, 4, 5, 6}), 1);
  EXPECT_DOUBLE_EQ(overlap(2, {kNothing, 1, 2}, {5, 1, kNothing}), 0.5);
}

TEST(RowTop, OfEqualNumbersTakesTheFirst) {
  EXPECT_DOUBLE_EQ(overlap(2, {1, 1, 1, 1}, {2, 2, 0, 0}), 1);
  EXPECT_DOUBLE_EQ(overlap(2, {1, 1, 1, 1}, {0, 0, 2, 2}), 0);
}

}  // namespace
}  // namespace sluice::compare
