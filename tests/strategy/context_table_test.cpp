#include "sluice/strategy/context_table.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

namespace sluice::strategy {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const WallTime new_year(hours(24 * 365));

stats::Context one_feature(float value) {
  stats::Context context;
  context.size = 1;
  context.value[0] = value;
  return context;
}

ContextTable table_of(Duration window = Duration(0), std::optional<Duration> half_life = {}) {
  return ContextTable({7, 1, window, half_life});
}

/// Of one feature: n, Σx, Σx², Σy, Σxy, Σy².
void expect_moments(const stats::LinearMoments& seen, std::array<double, 6> wanted, double within = 1e-9) {
  EXPECT_NEAR(seen.matrix[0], wanted[0], within);
  EXPECT_NEAR(seen.matrix[1], wanted[1], within);
  EXPECT_NEAR(seen.matrix[2], wanted[2], within);
  EXPECT_NEAR(seen.products[0], wanted[3], within);
  EXPECT_NEAR(seen.products[1], wanted[4], within);
  EXPECT_NEAR(seen.squares, wanted[5], within);
}

TEST(ContextTable, ARequestEarnsOneWhenItSucceeds) {
  auto table = table_of();
  table.add_request(one_feature(2), false, milliseconds(10));
  table.add_request(one_feature(3), true, milliseconds(10));
  EXPECT_EQ(table.counters(), 7u);
  expect_moments(table.read({}, new_year), {2, 5, 13, 1, 2, 1});
}

TEST(ContextTable, ASlowSuccessEarnsLessOnceTheLimitIsKnown) {
  auto table = table_of();
  table.add_request(one_feature(2), false, milliseconds(10));
  table.add_request(one_feature(4), false, milliseconds(900));
  expect_moments(table.read({{}, 0.5, {}}, new_year), {2, 6, 20, 2, 6, 2});
  expect_moments(table.read({milliseconds(100), 0.5, {}}, new_year), {2, 6, 20, 1.5, 4, 1.25});
}

TEST(ContextTable, AnAnswerOfExactlyTheLimitIsNotSlow) {
  auto table = table_of();
  table.add_request(one_feature(1), false, milliseconds(100));
  expect_moments(table.read({milliseconds(100), 0.5, {}}, new_year), {1, 1, 1, 1, 1, 1});
}

TEST(ContextTable, ContextsOfAnotherSizeAreLeftOut) {
  auto table = table_of(hours(1));
  stats::Context other;
  other.size = 2;
  table.add_request(other, false, milliseconds(1));
  table.add_reward(other, 1);
  table.add_decision(other, new_year);
  table.add_report(other, 1, new_year);
  EXPECT_EQ(table.decisions(), 0);
}

TEST(ContextTable, WhatIsReportedIsWeighedByWhatHasCome) {
  auto table = table_of(hours(1));
  table.add_decision(one_feature(2), new_year);
  table.add_decision(one_feature(4), new_year);
  table.add_report(one_feature(4), 10, new_year);
  const ContextTable::Come half = [](Duration) { return 0.5; };
  expect_moments(table.read({{}, 1, half}, new_year + minutes(1)), {1, 3, 10, 10, 40, 100});
  expect_moments(table.read({}, new_year + minutes(1)), {2, 6, 20, 10, 40, 100});
}

TEST(ContextTable, TheShareThatHasComeIsTheMeanOverTheRowsAges) {
  auto table = table_of(hours(1));
  table.add_decision(one_feature(1), new_year);
  table.add_decision(one_feature(1), new_year + minutes(2));
  const ContextTable::Come linear = [](Duration age) { return age / std::chrono::duration<double>(minutes(10)); };
  EXPECT_NEAR(table.read({{}, 1, linear}, new_year + minutes(4)).n(), 2 * 0.3, 1e-3);
}

TEST(ContextTable, ADecisionWhoseWindowHasPassedCountsWhole) {
  auto table = table_of(hours(1));
  table.add_decision(one_feature(2), new_year);
  table.age(new_year + hours(1));
  const ContextTable::Come none = [](Duration) { return 0.0; };
  EXPECT_EQ(table.read({{}, 1, none}, new_year + hours(1)).n(), 1);
  table.add_report(one_feature(2), 1, new_year);
  EXPECT_EQ(table.read({{}, 1, none}, new_year + hours(1)).products[1], 2) << "one that was under way when it passed";
}

TEST(ContextTable, ReportsOfDecisionsFromBeforeAreLeftOut) {
  auto table = table_of(hours(1));
  table.add_report(one_feature(1), 1, new_year);
  table.add_decision(one_feature(1), new_year + seconds(5));
  table.add_report(one_feature(1), 1, new_year + seconds(4));
  EXPECT_EQ(table.read({}, new_year + minutes(1)).products[0], 0);
  table.add_report(one_feature(1), 1, new_year + seconds(5));
  EXPECT_EQ(table.read({}, new_year + minutes(1)).products[0], 1);
}

TEST(ContextTable, RowsAreBoundedAndLoseNothing) {
  auto table = table_of(hours(1));
  for (int i = 0; i < 10'000; ++i) {
    const WallTime decided = new_year + minutes(i);
    if (i % 3 == 0) table.age(decided);
    table.add_decision(one_feature(1), decided);
    table.add_report(one_feature(1), 1, decided);
  }
  EXPECT_EQ(table.decisions(), 10'000);
  EXPECT_EQ(table.read({}, new_year + minutes(10'000)).products[0], 10'000);
}

TEST(ContextTable, WithoutAnybodyAgeingItRowsAreBoundedToo) {
  auto table = table_of(hours(1));
  for (int i = 0; i < 1'000; ++i) table.add_decision(one_feature(1), new_year + minutes(i));
  const ContextTable::Come none = [](Duration) { return 0.0; };
  EXPECT_NEAR(table.read({{}, 1, none}, new_year + minutes(1'000)).n(), 1'000 - 17 * 4, 4) << "the others are complete";
}

TEST(ContextTable, RewardsFadeByHalfPerHalfLife) {
  auto requests = table_of({}, hours(1));
  requests.age(new_year);
  requests.add_request(one_feature(2), false, milliseconds(900));
  requests.age(new_year + minutes(30));
  const ContextTable::Reading slow{milliseconds(100), 0.5, {}};
  expect_moments(requests.read(slow, new_year + hours(1)), {0.5, 1, 2, 0.25, 0.5, 0.125});

  auto reports = table_of(hours(4), hours(1));
  reports.age(new_year);
  reports.add_decision(one_feature(2), new_year);
  reports.add_report(one_feature(2), 1, new_year);
  expect_moments(reports.read({}, new_year + hours(1)), {0.5, 1, 2, 0.5, 1, 0.5});
  reports.age(new_year + hours(5));
  expect_moments(reports.read({}, new_year + hours(5)), {0.03125, 0.0625, 0.125, 0.03125, 0.0625, 0.03125}, 1e-4);
}

TEST(ContextTable, WhatIsNoNumberCountsAsZero) {
  auto table = table_of(hours(1));
  table.add_decision(one_feature(std::nanf("")), new_year);
  table.add_report(one_feature(INFINITY), 1, new_year);
  table.add_report(one_feature(1), std::nan(""), new_year);
  expect_moments(table.read({}, new_year), {1, 0, 0, 1, 0, 1});
}

}  // namespace
}  // namespace sluice::strategy
