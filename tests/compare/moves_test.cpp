#include "sluice/compare/moves.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "sluice/base/random.hpp"

namespace sluice::compare {
namespace {

template <typename Moves>
std::uint64_t counted(const Moves& moves) {
  return std::accumulate(moves.moves().begin(), moves.moves().end(), std::uint64_t{0});
}

template <typename Moves>
std::uint64_t off_diagonal(const Moves& moves) {
  std::uint64_t sum = counted(moves);
  for (std::size_t i = 0; i < moves.bins(); ++i) sum -= moves.moves()[i * moves.bins() + i];
  return sum;
}

TEST(ScoreMoves, BinsAreFrozenWithTheFirstHundredPairsWhichCountToo) {
  ScoreMoves moves;
  for (int i = 0; i < 99; ++i) moves.add(i, i);
  EXPECT_EQ(moves.bins(), 0U);
  EXPECT_TRUE(moves.moves().empty());
  moves.add(99, 99);
  EXPECT_EQ(moves.bins(), stats::ScoreBins::kBins);
  EXPECT_EQ(counted(moves), 100U);
  EXPECT_EQ(off_diagonal(moves), 0U);
  moves.add(0, 99);
  EXPECT_EQ(moves.moves()[moves.bins() - 1], 1U) << "from the first bin to the last";
  for (int i = 0; i < 1000; ++i) moves.add(1e6, 1e6);
  EXPECT_EQ(moves.bins(), stats::ScoreBins::kBins) << "they do not move";
}

TEST(ScoreMoves, LiveAndOtherAreNotMixedUp) {
  ScoreMoves moves;
  for (int i = 0; i < 100; ++i) moves.add(0.2 + i * 1e-6, 0.8 + i * 1e-6);
  ASSERT_GE(moves.bins(), 2U);
  for (std::size_t live = 0; live < moves.bins(); ++live) {
    for (std::size_t other = 0; other <= live && other < moves.bins(); ++other) {
      EXPECT_EQ(moves.moves()[live * moves.bins() + other], 0U) << live << " " << other;
    }
  }
  EXPECT_GT(stats::log_e_unlike_pairs(moves.moves(), moves.bins()), std::log(1000.0));
}

TEST(ScoreMoves, ExchangingTheTwoIsNoMove) {
  int alarms = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    ScoreMoves moves;
    for (int i = 0; i < 400; ++i) {
      const double one = random.uniform();
      const double two = one + 0.2 * random.uniform();
      const bool swaps = random.uniform() < 0.5;
      moves.add(swaps ? two : one, swaps ? one : two);
    }
    if (stats::log_e_unlike_pairs(moves.moves(), moves.bins()) > std::log(20.0)) ++alarms;
  }
  EXPECT_LE(alarms, 10) << "one in twenty at most";
}

TEST(ScoreMoves, WhatIsNotFiniteIsLeftOut) {
  ScoreMoves moves;
  for (int i = 0; i < 300; ++i) moves.add(std::numeric_limits<double>::quiet_NaN(), 1);
  for (int i = 0; i < 300; ++i) moves.add(1, std::numeric_limits<double>::infinity());
  EXPECT_EQ(moves.bins(), 0U);
}

TEST(ScoreMoves, ScoresThatAreAllTheSameDoNotMove) {
  ScoreMoves moves;
  for (int i = 0; i < 1000; ++i) moves.add(0.5, 0.5);
  EXPECT_EQ(off_diagonal(moves), 0U);
}

TEST(LabelMoves, ClassesOfTheFirstHundredPairsHaveABinEach) {
  LabelMoves moves;
  for (std::uint64_t i = 0; i < 99; ++i) moves.add(i % 3, i % 3);
  EXPECT_EQ(moves.bins(), 0U);
  moves.add(0, 1);
  EXPECT_EQ(moves.bins(), 4U);
  EXPECT_EQ(counted(moves), 100U);
  EXPECT_EQ(off_diagonal(moves), 1U);
  EXPECT_EQ(moves.moves()[0 * 4 + 1], 1U);
  moves.add(77, 2);
  EXPECT_EQ(moves.moves()[3 * 4 + 2], 1U) << "one that came later is of the others";
  moves.add(78, 77);
  EXPECT_EQ(moves.moves()[3 * 4 + 3], 1U);
}

TEST(LabelMoves, BeyondTheCommonestAllAreOne) {
  LabelMoves moves;
  for (std::uint64_t i = 0; i < 50; ++i) moves.add(1000, 1001);
  for (std::uint64_t i = 0; i < 50; ++i) moves.add(i, i);
  EXPECT_EQ(moves.bins(), LabelMoves::kClasses + 1);
  EXPECT_EQ(counted(moves), 100U);
  EXPECT_EQ(moves.moves().back(), 50U - (LabelMoves::kClasses - 2));
}

}  // namespace
}  // namespace sluice::compare
