#include "sluice/stats/kaplan_meier.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "bandit_trial.hpp"

namespace sluice::stats {
namespace {

std::size_t last_bin() {
  return delay_bins - 1;
}

TEST(DelayTable, BeganWithItsFirstDecisionAlsoWhenAConversionIsToldBefore) {
  DelayTable table(10);
  EXPECT_TRUE(table.add_conversion(1000, 0.1));
  table.add_decisions(1000.2, 100);
  EXPECT_EQ(table.began(), 1000.2);
  EXPECT_FALSE(delayed_rates(std::vector{table}, 1000.3).settled) << "its window has not passed";
}

TEST(DelayEdge, DoublesEveryThreeBinsUpToTheWindow) {
  EXPECT_DOUBLE_EQ(delay_edge(800, last_bin()), 800);
  EXPECT_DOUBLE_EQ(delay_edge(800, last_bin() - 3), 400);
  EXPECT_DOUBLE_EQ(delay_edge(800, last_bin() - 9), 100);
}

TEST(ConversionCurve, IsTheTableByHand) {
  // Window 1000. 100 decisions at 0, of which 10 convert within 250, 9 within 500, 8 within 1000; 50 decisions at 600,
  // of which 5 convert within 250; 30 at 990. Looked at when time is 1090: the second lot is old enough for 250 and not
  // for 500, the third for neither, and the first for all.
  DelayTable table(1000);
  table.add_decisions(0, 100);
  table.add_conversion(0, 200, 1, 10);
  table.add_conversion(0, 450, 1, 9);
  table.add_conversion(0, 900, 1, 8);
  table.add_decisions(600, 50);
  table.add_conversion(600, 240, 1, 5);
  table.add_conversion(600, 430, 1, 3);
  table.add_decisions(990, 30);
  const auto curve = conversion_curve(table, 1090);
  const std::size_t quarter = last_bin() - 6;
  const std::size_t half = last_bin() - 3;
  const double after_quarter = 1 - 15.0 / 150;
  EXPECT_NEAR(curve.at_risk[quarter], 150, 1e-9);
  EXPECT_NEAR(curve.rate[quarter], 1 - after_quarter, 1e-12);
  EXPECT_NEAR(curve.at_risk[half], 90, 1e-9);
  EXPECT_NEAR(curve.rate[half], 1 - after_quarter * (1 - 9.0 / 90), 1e-12);
  EXPECT_NEAR(curve.at_risk[last_bin()], 81, 1e-9);
  const double left = after_quarter * (1 - 9.0 / 90) * (1 - 8.0 / 81);
  EXPECT_NEAR(curve.rate[last_bin()], 1 - left, 1e-12);
  const double greenwood = 15.0 / (150 * 135) + 9.0 / (90 * 81) + 8.0 / (81 * 73);
  EXPECT_NEAR(curve.variance[last_bin()], left * left * greenwood, 1e-12);
}

TEST(DelayedRates, AreThePlainCountsWhenNothingIsCensored) {
  DelayTable table(100);
  for (int i = 0; i < 500; ++i) table.add_decisions(i);
  for (int i = 0; i < 500; i += 10) table.add_conversion(i, 0.7 + i % 90);
  const auto found = delayed_rates(std::vector{table}, 1000);
  EXPECT_TRUE(found.settled);
  EXPECT_DOUBLE_EQ(found.horizon, 100);
  EXPECT_NEAR(found.arms[0].rate, 0.1, 1e-12);
  EXPECT_NEAR(found.arms[0].successes, 50, 1e-6);
  EXPECT_NEAR(found.arms[0].failures, 450, 1e-6);
  const auto matured = matured_rewards(table, 1000);
  EXPECT_DOUBLE_EQ(matured.n, 500);
  EXPECT_DOUBLE_EQ(matured.sum, 50);
}

TEST(DelayedRates, OfAnArmWithoutConversionsAreItsDecisionsAsFailures) {
  DelayTable table(100);
  table.add_decisions(0, 300);
  const auto found = delayed_rates(std::vector{table}, 1000);
  EXPECT_EQ(found.arms[0].successes, 0);
  EXPECT_DOUBLE_EQ(found.arms[0].failures, 300);
}

TEST(DelayedRates, KnowNothingBeforeADecisionIsOldEnough) {
  const auto none = delayed_rates({}, 5);
  EXPECT_FALSE(none.settled);
  DelayTable table(1000);
  table.add_decisions(0, 1000);
  table.add_conversion(0, 0, 1, 50);
  const auto found = delayed_rates(std::vector{table}, 0.1);
  EXPECT_FALSE(found.settled);
  EXPECT_EQ(found.horizon, 0);
  EXPECT_EQ(found.arms[0].failures, 0);
}

TEST(DelayedRates, WaitForACurveThatStillClimbsAndNoLongerThanAWindow) {
  DelayTable slow(1000);
  DelayTable fast(1000);
  for (int i = 0; i < 400; ++i) {
    slow.add_decisions(i);
    fast.add_decisions(i);
    if (i % 4 == 0) slow.add_conversion(i, 2 * i);
    if (i % 4 == 0) fast.add_conversion(i, 1);
  }
  const std::vector both{fast, slow};
  EXPECT_FALSE(delayed_rates(both, 400).settled);
  EXPECT_TRUE(delayed_rates(both, 400).arms[0].settled);
  EXPECT_TRUE(delayed_rates(both, 1000).settled);
}

TEST(DelayedRates, AreNotHeldUpForEverByAnArmOfWhichLittleIsLeft) {
  DelayTable known(100);
  DelayTable rare(100);
  known.add_decisions(0, 1000);
  known.add_conversion(0, 5, 1, 100);
  rare.add_decisions(0, 40);
  rare.add_conversion(0, 5, 1, 4);
  EXPECT_FALSE(delayed_rates(std::vector{known, rare}, 90).settled);
  EXPECT_TRUE(delayed_rates(std::vector{known, rare}, 200).settled);
  rare.fade(0.001);
  const auto found = delayed_rates(std::vector{known, rare}, 200);
  EXPECT_TRUE(found.settled);
  EXPECT_NEAR(found.arms[0].rate, 0.1, 1e-12);
  EXPECT_LT(found.arms[1].failures, 0.1);
}

TEST(DelayedRates, DoNotDependOnHowFastAnArmConverts) {
  // Same rate, mean delay 50 against 2 000 of a window of 20 000; looked at while a third is pending.
  Random random(12);
  RewardMoments gap;
  RewardMoments naive;
  for (int run = 0; run < 60; ++run) {
    std::vector<DelayTable> arms(2, DelayTable(20'000));
    std::vector<double> seen(2);
    for (int i = 0; i < 16'000; ++i) {
      const auto k = static_cast<std::size_t>(i % 2);
      arms[k].add_decisions(i);
      if (random.uniform() >= 0.1) continue;
      const double delay = -(k == 0 ? 50.0 : 2000.0) * std::log1p(-random.uniform());
      if (i + delay > 16'000) continue;
      arms[k].add_conversion(i, delay);
      seen[k] += 1;
    }
    const auto found = delayed_rates(arms, 16'000);
    ASSERT_TRUE(found.settled);
    gap.add(found.arms[1].rate - found.arms[0].rate);
    naive.add((seen[1] - seen[0]) / 8000);
  }
  EXPECT_NEAR(gap.mean(), 0, 3 * std::sqrt(gap.variance() / 60) + 0.0005);
  EXPECT_LT(naive.mean(), -0.008) << "pending ones as failures would lie";
}

TEST(DelayedRates, HaveTheVarianceTheySay) {
  Random random(13);
  RewardMoments rates;
  double said = 0;
  for (int run = 0; run < 200; ++run) {
    DelayTable table(1000);
    for (int i = 0; i < 2000; ++i) {
      table.add_decisions(i);
      const double delay = -150 * std::log1p(-random.uniform());
      if (random.uniform() < 0.2 && i + delay <= 2000 && delay <= 1000) table.add_conversion(i, delay);
    }
    const auto found = delayed_rates(std::vector{table}, 2000);
    rates.add(found.arms[0].rate);
    said += found.arms[0].variance / 200;
  }
  EXPECT_NEAR(rates.variance() / said, 1, 0.3);
}

// ---- the table

TEST(DelayTable, LosesNothingOverAnyStretchOfTimeInBoundedMemory) {
  DelayTable table(5000);
  Random random(14);
  double conversions = 0;
  for (int i = 0; i < 40'000; ++i) {
    table.add_decisions(i);
    if (random.below(20) == 0) conversions += table.add_conversion(i - random.uniform(), 4000 * random.uniform());
  }
  EXPECT_DOUBLE_EQ(table.decisions(), 40'000);
  EXPECT_DOUBLE_EQ(table.conversions(), conversions);
  EXPECT_LE(table.rows().size(), most_decision_rows);
  EXPECT_LE(table.row_width(), 5000 / 48.0 * 1.0001);
  EXPECT_GT(table.complete().decisions, 20'000);
}

TEST(DelayTable, TakesJumpsAndStragglers) {
  DelayTable table(100);
  table.add_decisions(1e9, 5);
  table.add_decisions(1e9 - 30, 2);
  table.add_decisions(1e9 - 1e6, 1);
  table.add_decisions(2e9, 7);
  EXPECT_TRUE(table.add_conversion(1e9, 50));
  EXPECT_DOUBLE_EQ(table.decisions(), 15);
  EXPECT_DOUBLE_EQ(table.conversions(), 1);
  EXPECT_LE(table.rows().size(), most_decision_rows);
  const auto matured = matured_rewards(table, 3e9);
  EXPECT_DOUBLE_EQ(matured.n, 15);
}

TEST(DelayTable, RefusesDelaysBeyondTheWindow) {
  DelayTable table(100);
  table.add_decisions(0, 10);
  EXPECT_FALSE(table.add_conversion(0, 100.5));
  EXPECT_FALSE(table.add_conversion(0, -1));
  EXPECT_FALSE(table.add_conversion(0, std::nan("")));
  EXPECT_TRUE(table.add_conversion(0, 100));
  EXPECT_FALSE(DelayTable().add_conversion(0, 0)) << "no window, no table";
}

TEST(DelayTable, OfTwoReplicasIsTheTableOfBoth) {
  DelayTable first(1000);
  DelayTable second(1000);
  DelayTable both(1000);
  Random random(15);
  for (int i = 0; i < 1500; ++i) {
    DelayTable& one = i < 200 || i % 3 == 0 ? first : second;
    for (DelayTable* table : {&one, &both}) table->add_decisions(i);
    if (random.below(10) != 0) continue;
    const double delay = 900 * random.uniform();
    for (DelayTable* table : {&one, &both}) table->add_conversion(i, delay);
  }
  first.merge(second);
  EXPECT_DOUBLE_EQ(first.decisions(), both.decisions());
  EXPECT_DOUBLE_EQ(first.conversions(), both.conversions());
  const auto merged = conversion_curve(first, 1600);
  const auto whole = conversion_curve(both, 1600);
  for (std::size_t b = 0; b < delay_bins; ++b) EXPECT_NEAR(merged.rate[b], whole.rate[b], 1e-12) << b;
}

TEST(DelayTable, ComesBackFromItsContents) {
  DelayTable table(1000);
  for (int i = 0; i < 3000; ++i) table.add_decisions(i);
  table.add_conversion(2500, 30, 2.5);
  EXPECT_EQ(DelayTable::restore(table.contents()), table);
  auto broken = table.contents();
  broken.rows[0].decisions = std::nan("");
  EXPECT_EQ(DelayTable::restore(broken).decisions(), 0);
  broken = table.contents();
  broken.rows.resize(1000);
  EXPECT_EQ(DelayTable::restore(broken).decisions(), 0);
}

TEST(DelayTable, FadesAsAWhole) {
  DelayTable table(100);
  table.add_decisions(0, 400);
  table.add_conversion(0, 5, 1, 40);
  table.fade(0.5);
  const auto found = delayed_rates(std::vector{table}, 1000);
  EXPECT_NEAR(found.arms[0].rate, 0.1, 1e-12);
  EXPECT_NEAR(found.arms[0].successes, 20, 1e-9);
}

TEST(MaturedRewards, CountOnlyDecisionsWhoseWindowHasPassedWithTheirValues) {
  DelayTable table(100);
  table.add_decisions(0, 4);
  table.add_conversion(0, 10, 30);
  table.add_decisions(150, 4);
  table.add_conversion(150, 10, 70);
  const auto found = matured_rewards(table, 200);
  EXPECT_DOUBLE_EQ(found.n, 4);
  EXPECT_DOUBLE_EQ(found.sum, 30);
  EXPECT_DOUBLE_EQ(found.squares, 900);
}

// ---- what it earns

TEST(DelayedRegret, IsSmallAlsoWhenTheBetterArmConvertsLater) {
  DelayedTrial delayed;
  delayed.trial = {{0.05, 0.055}, 100'000, {}};
  delayed.trial.rules.batch = 1000;
  delayed.delay = {100, 5000};
  delayed.window = 50'000;
  const auto found = regret_of(delayed, 40, 5);
  EXPECT_LT(found.regret, 90 + 3 * found.error);
  EXPECT_LT(found.regret, 120);
  delayed.pending_is_failure = true;
  EXPECT_GT(regret_of(delayed, 10, 6).regret, 300) << "what counting pending ones as failures costs";
}

}  // namespace
}  // namespace sluice::stats
