#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "sluice/state/ledger.hpp"

/// Reports to put into a ledger, and what it holds, for every test of one.
namespace sluice::state {

inline LedgerReport report(std::uint64_t nonce, std::int64_t decided_ms, double value = 1) {
  LedgerReport made;
  made.decided_ms = decided_ms;
  made.nonce = nonce;
  made.route = 11;
  made.outcome = 22;
  made.version = 33;
  made.unit = 44;
  made.window = 5;
  made.delay_ms = 1000;
  made.value = value;
  return made;
}

struct Held {
  std::vector<LedgerDecisions> decisions;
  std::vector<LedgerSum> sums;
  std::vector<LedgerReport> reports;

  std::uint64_t report_count() const {
    std::uint64_t count = reports.size();
    for (const LedgerSum& sum : sums) count += sum.reports;
    return count;
  }
  double value() const {
    double value = 0;
    for (const LedgerReport& one : reports) value += one.value;
    for (const LedgerSum& sum : sums) value += sum.sum;
    return value;
  }
};

inline Held held_by(const Ledger& ledger) {
  Held held;
  const auto done = ledger.read({[&](const auto& one) { held.decisions.push_back(one); },
                                 [&](const auto& one) { held.sums.push_back(one); },
                                 [&](const auto& one) { held.reports.push_back(one); }});
  EXPECT_TRUE(done) << (done ? "" : done.error().message);
  return held;
}

inline std::vector<Ledger::Taken> put_reports(Ledger& ledger, const std::vector<LedgerReport>& reports) {
  auto taken = ledger.commit({reports, {}});
  EXPECT_TRUE(taken) << (taken ? "" : taken.error().message);
  return taken ? *taken : std::vector<Ledger::Taken>{};
}

inline std::size_t expire(Ledger& ledger, std::int64_t before_ms, std::size_t at_most = 1000) {
  auto gone = ledger.expire(before_ms, at_most);
  EXPECT_TRUE(gone) << (gone ? "" : gone.error().message);
  return gone ? *gone : 0;
}

}  // namespace sluice::state
