#include "sluice/stats/replay.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sluice/base/random.hpp"

namespace sluice::stats {
namespace {

TEST(Replay, IsTheMeanOfWhatFollowedEqualAnswers) {
  ReplayTally tally;
  for (int i = 0; i < 800; ++i) tally.note(1, true, i % 4 == 0 ? 1 : 0);
  for (int i = 0; i < 200; ++i) tally.note(1, false, i % 2 == 0 ? 1 : 0);
  const auto found = replay_estimate(tally, true, 0.05, 1000);
  EXPECT_NEAR(found.value, 0.25, 1e-12);
  EXPECT_NEAR(found.covered, 0.8, 1e-12);
  EXPECT_NEAR(found.served, 0.3, 1e-12);
  EXPECT_EQ(found.agreeing, 800U);
  EXPECT_EQ(found.differing, 200U);
  ASSERT_TRUE(found.interval && found.bounds);
  EXPECT_LT(found.interval->lower, 0.25);
  EXPECT_GT(found.interval->upper, 0.25);
  EXPECT_LT(found.interval->upper - found.interval->lower, 0.15);
  EXPECT_LT(found.bounds->lower, 0.2) << "the differing ones earned nothing";
  EXPECT_GT(found.bounds->lower, 0.14);
  EXPECT_GT(found.bounds->upper, 0.4) << "… all of them did";
  EXPECT_LT(found.bounds->upper, 0.48);
}

TEST(Replay, WeighsWhatIsCopiedMoreOftenBack) {
  // 10 % of the requests are copied nine times as often, all agree there and all convert; of the others half agree.
  ReplayTally tally;
  for (int i = 0; i < 900; ++i) tally.note(1, i % 2 == 0, 0);
  for (int i = 0; i < 900; ++i) tally.note(1.0 / 9, true, 1);
  ASSERT_EQ(tally.strata.size(), 2U);
  EXPECT_EQ(tally.strata.front().weight, 1);
  const auto found = replay_estimate(tally, true, 0.05, 1000);
  EXPECT_NEAR(found.covered, 0.55, 1e-12);
  EXPECT_NEAR(found.value, 100 / 550.0, 1e-12);
  EXPECT_NEAR(found.served, 0.1, 1e-12);
}

TEST(Replay, OfAValueHasAnIntervalOnceThereIsEnough) {
  Random random(41);
  ReplayTally tally;
  for (int i = 0; i < 99; ++i) tally.note(1, true, 10 * random.uniform());
  EXPECT_FALSE(replay_estimate(tally, false, 0.05, 1000).interval);
  for (int i = 0; i < 2000; ++i) tally.note(1, true, 10 * random.uniform());
  const auto found = replay_estimate(tally, false, 0.05, 1000);
  ASSERT_TRUE(found.interval);
  EXPECT_NEAR(found.value, 5, 0.3);
  EXPECT_LT(found.interval->lower, 5);
  EXPECT_GT(found.interval->upper, 5);
  EXPECT_FALSE(found.bounds) << "a value has no largest one";
}

TEST(Replay, TakesBinaryOutcomesForWhatTheyAre) {
  ReplayTally tally;
  for (int i = 0; i < 10; ++i) tally.note(1, true, i < 4 ? 7 : 0);
  const auto found = replay_estimate(tally, true, 0.05, 1000);
  EXPECT_NEAR(found.value, 0.4, 1e-12);
  EXPECT_NEAR(found.served, 0.4, 1e-12);
}

TEST(Replay, LeavesOutWhatIsNoNumber) {
  ReplayTally tally;
  tally.note(1, true, std::nan(""));
  tally.note(1, true, std::numeric_limits<double>::infinity());
  for (const double weight : {0.0, -1.0, 2.0, std::nan("")}) tally.note(weight, true, 1);
  EXPECT_EQ(tally, ReplayTally{});
  for (const bool binary : {false, true}) {
    const auto nothing = replay_estimate(tally, binary, 0.05, 1000);
    EXPECT_EQ(nothing.value, 0);
    EXPECT_EQ(nothing.covered, 0);
    EXPECT_FALSE(nothing.interval);
    EXPECT_FALSE(nothing.bounds);
  }
}

TEST(Replay, AddsUp) {
  ReplayTally all;
  ReplayTally parts[2];
  for (int i = 0; i < 100; ++i) {
    const double weight = i % 3 == 0 ? 0.5 : 1;
    all.note(weight, i % 5 != 0, i % 7 == 0 ? 1 : 0);
    parts[i % 2].note(weight, i % 5 != 0, i % 7 == 0 ? 1 : 0);
  }
  parts[0].merge(parts[1]);
  EXPECT_EQ(parts[0].agreeing(), all.agreeing());
  EXPECT_EQ(parts[0].differing(), all.differing());
  const auto one = replay_estimate(parts[0], true, 0.05, 100);
  const auto other = replay_estimate(all, true, 0.05, 100);
  EXPECT_NEAR(one.value, other.value, 1e-12);
  EXPECT_NEAR(one.bounds->lower, other.bounds->lower, 1e-8);
}

TEST(Replay, HoldsTheTruthAtAllLooksWhereItsAssumptionDoes) {
  // The candidate agrees on 90 %, which convert at 20 %; on the rest it would have earned 30 %, live earns 10 %.
  int lost = 0;
  int lost_bounds = 0;
  for (int run = 0; run < 150; ++run) {
    Random random(static_cast<std::uint64_t>(run) + 40);
    ReplayTally tally;
    bool missed = false;
    bool missed_bounds = false;
    for (int request = 1; request <= 3000; ++request) {
      const bool agrees = random.uniform() < 0.9;
      tally.note(1, agrees, random.uniform() < (agrees ? 0.2 : 0.1) ? 1 : 0);
      if (request % 300 != 0) continue;
      const auto found = replay_estimate(tally, true, 0.05, 3000);
      missed = missed || found.interval->lower > 0.2 || found.interval->upper < 0.2;
      const double truth = 0.9 * 0.2 + 0.1 * 0.3;
      missed_bounds = missed_bounds || found.bounds->lower > truth || found.bounds->upper < truth;
    }
    lost += missed ? 1 : 0;
    lost_bounds += missed_bounds ? 1 : 0;
  }
  EXPECT_LE(lost, 12);
  EXPECT_EQ(lost_bounds, 0);
}

}  // namespace
}  // namespace sluice::stats
