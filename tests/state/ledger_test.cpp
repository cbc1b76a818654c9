#include "sluice/state/ledger.hpp"

#include <cmath>
#include <map>
#include <tuple>

#include "sluice/base/random.hpp"
#include "state/file_fixture.hpp"
#include "state/ledger_fixture.hpp"

namespace sluice::state {
namespace {

using Taken = Ledger::Taken;

/// What every ledger does, whatever stands behind it.
class AnyLedger : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Ledger> make(std::size_t capacity = 1000) {
    if (GetParam() == "memory") return make_memory_ledger(capacity);
    store_ = open_store(path_);
    auto made = make_sqlite_ledger({path_, capacity});
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return std::move(*made);
  }

  test::TempDir dir_;
  const std::string path_ = (dir_ / "sluice.db").string();
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Ledgers, AnyLedger, testing::Values("memory", "sqlite"),
                         [](const auto& info) { return info.param; });

TEST_P(AnyLedger, IsEmptyAtFirstAndSaysWhatItIs) {
  const auto ledger = make();
  EXPECT_EQ(held_by(*ledger).report_count(), 0U);
  EXPECT_EQ(ledger->size(), 0U);
  EXPECT_TRUE(ledger->name().starts_with(GetParam()));
  EXPECT_TRUE(ledger->commit({}).value().empty());
}

TEST_P(AnyLedger, GivesBackWhatWasReportedFieldForField) {
  const auto ledger = make();
  LedgerReport extreme = report(~std::uint64_t{0}, 1'700'000'000'123, -1.5e14);
  extreme.route = extreme.outcome = extreme.version = extreme.unit = 0x8000000000000001;
  extreme.split = false;
  EXPECT_EQ(put_reports(*ledger, {report(1, 1'700'000'000'000), extreme}), (std::vector{Taken::New, Taken::New}));
  EXPECT_EQ(held_by(*ledger).reports, (std::vector{report(1, 1'700'000'000'000), extreme}));
}

TEST_P(AnyLedger, TheFirstReportOfAnOutcomeOfADecisionCounts) {
  const auto ledger = make();
  put_reports(*ledger, {report(1, 1000, 3)});
  LedgerReport other_outcome = report(1, 1000, 7);
  other_outcome.outcome = 23;
  EXPECT_EQ(put_reports(*ledger, {report(1, 1000, 4), other_outcome, report(1, 1000, 5), report(2, 1000, 6)}),
            (std::vector{Taken::Duplicate, Taken::New, Taken::Duplicate, Taken::New}));
  EXPECT_EQ(held_by(*ledger).value(), 3 + 7 + 6);
  EXPECT_EQ(ledger->size(), 3U);
}

TEST_P(AnyLedger, OneThatIsFullStillKnowsWhatItHas) {
  const auto ledger = make(2);
  EXPECT_EQ(put_reports(*ledger, {report(1, 1000), report(2, 1000), report(3, 1000), report(1, 1000)}),
            (std::vector{Taken::New, Taken::New, Taken::Full, Taken::Duplicate}));
  EXPECT_EQ(expire(*ledger, 1001), 2U);
  EXPECT_EQ(put_reports(*ledger, {report(3, 1001)}), std::vector{Taken::New}) << "there is room again";
}

TEST_P(AnyLedger, NoSumChangesWhenReportsExpire) {
  const auto ledger = make();
  std::vector<LedgerReport> reports;
  Random random(7);
  for (std::uint64_t i = 0; i < 500; ++i) {
    LedgerReport made = report(i, static_cast<std::int64_t>(random.below(50)), static_cast<double>(random.below(4)));
    made.unit = random.below(3);
    made.split = random.below(2) == 0;
    made.delay_ms = static_cast<std::int64_t>(random.below(100'000));
    reports.push_back(made);
  }
  put_reports(*ledger, reports);
  const double before = held_by(*ledger).value();
  for (std::int64_t now = 0; now < 60; now += 7) {
    while (expire(*ledger, now, 20) > 0) {
    }
    const Held held = held_by(*ledger);
    EXPECT_EQ(held.report_count(), 500U);
    EXPECT_EQ(held.value(), before);
    EXPECT_EQ(held.reports.size(), ledger->size());
    for (const LedgerReport& kept : held.reports) EXPECT_GE(kept.decided_ms, now);
  }
  EXPECT_EQ(ledger->size(), 0U);
  std::map<std::pair<std::uint64_t, bool>, double> by_unit;
  for (const LedgerReport& one : reports) by_unit[{one.unit, one.split}] += one.value;
  for (const LedgerSum& sum : held_by(*ledger).sums) by_unit[{sum.unit, sum.split}] -= sum.sum;
  for (const auto& [unit, left] : by_unit) EXPECT_EQ(left, 0) << "each unit keeps its own";
}

TEST_P(AnyLedger, AReportThatMayHaveBeenAddedUpIsRefused) {
  const auto ledger = make();
  put_reports(*ledger, {report(1, 1000), report(2, 2000)});
  EXPECT_EQ(expire(*ledger, 1500), 1U);
  EXPECT_EQ(put_reports(*ledger, {report(1, 1000), report(3, 999), report(4, 1001), report(2, 2000)}),
            (std::vector{Taken::Expired, Taken::Expired, Taken::New, Taken::Duplicate}));
  EXPECT_EQ(expire(*ledger, 500), 0U) << "time does not go back";
  EXPECT_EQ(put_reports(*ledger, {report(5, 1000)}), std::vector{Taken::Expired});
}

TEST_P(AnyLedger, AClockThatWasFarAheadForbidsNothing) {
  const auto ledger = make();
  put_reports(*ledger, {report(1, 1000)});
  EXPECT_EQ(expire(*ledger, 4'000'000'000'000), 1U);
  EXPECT_EQ(put_reports(*ledger, {report(2, 1001)}), std::vector{Taken::New});
}

TEST_P(AnyLedger, ManyReportsOfOneMillisecondExpireAsWell) {
  const auto ledger = make();
  std::vector<LedgerReport> reports;
  for (std::uint64_t i = 0; i < 100; ++i) reports.push_back(report(i, 1000));
  put_reports(*ledger, reports);
  std::size_t gone = 0;
  for (int i = 0; i < 100 && gone < 100; ++i) gone += expire(*ledger, 5000, 10);
  EXPECT_EQ(gone, 100U);
  EXPECT_EQ(held_by(*ledger).report_count(), 100U);
}

TEST_P(AnyLedger, SumsStayNumbersWhateverWasReported) {
  const auto ledger = make();
  put_reports(*ledger, {report(1, 1000, 1e308), report(2, 1000, 1e308)});
  EXPECT_EQ(expire(*ledger, 2000), 2U);
  put_reports(*ledger, {report(3, 2000, -1e308), report(4, 2000, -1e308)});
  EXPECT_EQ(expire(*ledger, 3000), 2U);
  const Held held = held_by(*ledger);
  ASSERT_EQ(held.sums.size(), 1U);
  EXPECT_EQ(held.sums[0].reports, 4U);
  EXPECT_TRUE(std::isfinite(held.sums[0].sum));
  EXPECT_TRUE(std::isfinite(held.sums[0].squares));
}

TEST_P(AnyLedger, DecisionsOfOneMomentAreAddedUp) {
  const auto ledger = make();
  ASSERT_TRUE(ledger->commit({{}, {{11, 5, 33, 1000, 7}, {11, 5, 33, 2000, 1}}}));
  ASSERT_TRUE(ledger->commit({{}, {{11, 5, 33, 1000, 3}}}));
  EXPECT_EQ(held_by(*ledger).decisions, (std::vector<LedgerDecisions>{{11, 5, 33, 1000, 10}, {11, 5, 33, 2000, 1}}));
}

TEST_P(AnyLedger, WhatNobodyAsksAboutAnyMoreIsFolded) {
  const auto ledger = make();
  std::vector<LedgerReport> reports;
  for (std::uint64_t i = 0; i < 40; ++i) {
    LedgerReport made = report(i, 1000 + static_cast<std::int64_t>(i), 2);
    made.unit = i;
    made.window = i % 2;
    reports.push_back(made);
  }
  put_reports(*ledger, reports);
  ASSERT_TRUE(ledger->commit({{},
                              {{11, 0, 33, 1000, 1},
                               {11, 0, 33, 2000, 2},
                               {11, 1, 33, 3000, 4},
                               {11, 1, 33, 3500, 8},
                               {11, 1, 33, 4000, 16},
                               {12, 0, 33, 1000, 32},
                               {12, 0, 33, 2000, 64}}}));
  expire(*ledger, 5000);
  ASSERT_TRUE(ledger->fold(11, 1, 3600));
  const Held held = held_by(*ledger);
  EXPECT_EQ(held.decisions, (std::vector<LedgerDecisions>{{11, 0, 33, 1000, 3},
                                                          {11, 1, 33, 3000, 12},
                                                          {11, 1, 33, 4000, 16},
                                                          {12, 0, 33, 1000, 32},
                                                          {12, 0, 33, 2000, 64}}));
  EXPECT_EQ(held.sums.size(), 1U + 20U) << "the old window is one sum, the other one keeps its units";
  EXPECT_EQ(held.report_count(), 40U);
  EXPECT_EQ(held.value(), 80);
  ASSERT_TRUE(ledger->fold(11, 1, 3600));
  EXPECT_EQ(held_by(*ledger).decisions, held.decisions);
  EXPECT_EQ(held_by(*ledger).sums, held.sums);
}

TEST_P(AnyLedger, ThereAreNoMoreSumsThanReportsAndNoneIsLost) {
  const auto ledger = make(100);
  std::uint64_t nonce = 0;
  for (std::int64_t round = 0; round < 10; ++round) {
    std::vector<LedgerReport> reports;
    for (int i = 0; i < 50; ++i) {
      LedgerReport made = report(++nonce, 1000 * round, 2);
      made.unit = nonce;
      reports.push_back(made);
      if (round == 0) {
        made.outcome = 23;
        made.delay_ms = 1 << i / 2;
        reports.push_back(made);
      }
    }
    EXPECT_EQ(put_reports(*ledger, reports), std::vector(reports.size(), Taken::New));
    while (expire(*ledger, 1000 * round + 1, 30) > 0) {
    }
  }
  const Held held = held_by(*ledger);
  EXPECT_LE(held.sums.size(), 100U + 2U);
  EXPECT_EQ(held.report_count(), 550U);
  EXPECT_EQ(held.value(), 1100);
  std::map<std::int64_t, int> by_delay;
  for (const LedgerSum& sum : held.sums) {
    ++by_delay[std::min<std::int64_t>(sum.delay_ms, 0)];
    EXPECT_EQ(sum.delay_ms == forgotten_unit, sum.unit == 0);
  }
  EXPECT_EQ(by_delay[0], 50) << "as many as half the room have everything";
  EXPECT_EQ(by_delay[forgotten_delay], 50) << "then delays are given up,";
  EXPECT_EQ(by_delay[forgotten_unit], 1) << "and then units";
}

TEST_P(AnyLedger, ManySumsAreFoldedAPortionAtATime) {
  const auto ledger = make(100'000);
  std::vector<LedgerReport> reports;
  for (std::uint64_t i = 0; i < 25'000; ++i) {
    reports.push_back(report(i, 1000));
    reports.back().unit = i;
  }
  put_reports(*ledger, reports);
  expire(*ledger, 5000, 30'000);
  ASSERT_TRUE(ledger->commit({{}, {{11, 5, 33, 1000, 7}, {11, 5, 33, 2000, 1}}}));
  int portions = 1;
  for (std::size_t before = 25'000; ledger->fold(11, 6, 5000).value(); ++portions) {
    const std::size_t left = held_by(*ledger).sums.size();
    EXPECT_LT(left, before);
    EXPECT_GE(left + 10'001, before);
    before = left;
  }
  EXPECT_EQ(portions, 3);
  EXPECT_EQ(held_by(*ledger).sums.size(), 1U);
  EXPECT_EQ(held_by(*ledger).report_count(), 25'000U);
  EXPECT_EQ(held_by(*ledger).decisions.size(), 1U);
}

TEST_P(AnyLedger, KeepsTheseKeysAndNoOthers) {
  const auto ledger = make();
  LedgerKey first{1, 1000, {}};
  LedgerKey second{255, 2000, {}};
  second.secret.fill(0);
  for (std::size_t i = 0; i < first.secret.size(); ++i) first.secret[i] = static_cast<std::uint8_t>(i * 8);
  ASSERT_TRUE(ledger->keep_keys({first}));
  ASSERT_TRUE(ledger->keep_keys({first, second}));
  EXPECT_EQ(ledger->keys().value(), (std::vector{first, second}));
  ASSERT_TRUE(ledger->keep_keys({second}));
  EXPECT_EQ(ledger->keys().value(), std::vector{second});
}

TEST(RoundedDelay, IsAtMostAQuarterMoreAndStaysWhatItIs) {
  EXPECT_EQ(rounded_delay(0), 0);
  EXPECT_EQ(rounded_delay(-5), 0);
  for (std::int64_t delay = 1; delay < 8'000'000'000; delay = delay * 5 / 4 + 1) {
    const std::int64_t rounded = rounded_delay(delay);
    EXPECT_GE(rounded, delay);
    EXPECT_LE(static_cast<double>(rounded), 1.26 * static_cast<double>(delay) + 1);
  }
}

}  // namespace
}  // namespace sluice::state
