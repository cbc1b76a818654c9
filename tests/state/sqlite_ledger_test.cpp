#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cmath>

#include "sluice/base/random.hpp"
#include "sluice/state/ledger.hpp"
#include "state/file_fixture.hpp"
#include "state/ledger_fixture.hpp"

namespace sluice::state {
namespace {

using Taken = Ledger::Taken;

class SqliteLedgerTest : public FileFixture {};

TEST_F(SqliteLedgerTest, WhatItHoldsIsThereAfterARestart) {
  const LedgerKey key{3, 1000, {7, 8, 9}};
  {
    const auto store = open_store(path);
    const auto ledger = make_sqlite_ledger({path}).value();
    put_reports(*ledger, {report(1, 1000, 2), report(2, 5000, 3)});
    ASSERT_TRUE(ledger->commit({{}, {{11, 5, 33, 1000, 7}}}));
    ASSERT_TRUE(ledger->keep_keys({key}));
    expire(*ledger, 2000);
  }
  const auto store = open_store(path);
  const auto ledger = make_sqlite_ledger({path}).value();
  EXPECT_EQ(ledger->size(), 1U);
  EXPECT_EQ(held_by(*ledger).value(), 5);
  EXPECT_EQ(held_by(*ledger).decisions.size(), 1U);
  EXPECT_EQ(ledger->keys().value(), std::vector{key});
  EXPECT_EQ(put_reports(*ledger, {report(1, 1000), report(2, 5000), report(3, 999)}),
            (std::vector{Taken::Expired, Taken::Duplicate, Taken::Expired}));
}

TEST_F(SqliteLedgerTest, OfAFileWithInfiniteSumsGoesOn) {
  const auto store = open_store(path);
  const auto ledger = make_sqlite_ledger({path}).value();
  put_reports(*ledger, {report(1, 1000, 2)});
  EXPECT_EQ(expire(*ledger, 2000), 1U);
  meddle(path, "UPDATE outcome_sum SET sum = -9e999, squares = 9e999");
  put_reports(*ledger, {report(2, 2000, 3)});
  EXPECT_EQ(expire(*ledger, 3000), 1U);
  const Held held = held_by(*ledger);
  ASSERT_EQ(held.sums.size(), 1U);
  EXPECT_TRUE(std::isfinite(held.sums[0].sum * held.sums[0].sum));
  EXPECT_TRUE(std::isfinite(held.sums[0].squares));
}

TEST_F(SqliteLedgerTest, StandsBesideAStoreThatGoesOnKeeping) {
  const auto store = open_store(path);
  const auto ledger = make_sqlite_ledger({path}).value();
  Chained chained;
  for (std::uint64_t i = 0; i < 20; ++i) {
    expect_commit(*store, chained.change(1));
    EXPECT_EQ(put_reports(*ledger, {report(i, 1000)}), std::vector{Taken::New});
  }
  EXPECT_EQ(contents_of(*store).journal.size(), 20U);
  EXPECT_EQ(held_by(*ledger).reports.size(), 20U);
}

TEST_F(SqliteLedgerTest, ABatchThatFailsLeavesNothing) {
  const auto store = open_store(path);
  const auto ledger = make_sqlite_ledger({path}).value();
  put_reports(*ledger, {report(1, 1000)});
  std::filesystem::rename(path, path + ".away");
  const auto failed = ledger->commit({{report(2, 1000)}, {}});
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("the file was moved or removed"), std::string::npos);
  std::filesystem::rename(path + ".away", path);
  EXPECT_EQ(ledger->size(), 1U);
  EXPECT_EQ(put_reports(*ledger, {report(2, 1000)}), std::vector{Taken::New});
}

TEST_F(SqliteLedgerTest, OfAFileThatIsNotThereSaysSo) {
  EXPECT_FALSE(make_sqlite_ledger({path}));
  EXPECT_EQ(names(), std::vector<std::string>{}) << "and makes none";
}

TEST_F(SqliteLedgerTest, WhatWasTakenSurvivesSigkill) {
  Random random(5);
  std::uint64_t round_base = 0;
  for (int round = 0; round < 5; ++round, round_base += 1'000'000) {
    std::array<int, 2> said{};
    ASSERT_EQ(::pipe(said.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const auto store = open_store(path);
      const auto ledger = make_sqlite_ledger({path}).value();
      for (std::uint64_t i = 1;; ++i) {
        if (!ledger->commit({{report(round_base + 2 * i, 1000), report(round_base + 2 * i + 1, 1000)}, {}})) ::_exit(1);
        if (::write(said[1], &i, sizeof(i)) != sizeof(i)) ::_exit(2);
      }
    }
    ::close(said[1]);
    std::uint64_t heard = 0;
    for (std::uint64_t i = 0, wanted = 1 + random.below(20); i < wanted; ++i) {
      ASSERT_EQ(::read(said[0], &heard, sizeof(heard)), static_cast<ssize_t>(sizeof(heard)));
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    for (std::uint64_t more = 0; ::read(said[0], &more, sizeof(more)) == sizeof(more);) heard = more;
    ::close(said[0]);
    const auto store = open_store(path);
    const auto ledger = make_sqlite_ledger({path}).value();
    std::uint64_t count = 0;
    for (const LedgerReport& kept : held_by(*ledger).reports) count += kept.nonce >= round_base ? 1 : 0;
    EXPECT_GE(count, 2 * heard);
    EXPECT_EQ(count % 2, 0U) << "a batch is there whole or not at all";
  }
}

}  // namespace
}  // namespace sluice::state
