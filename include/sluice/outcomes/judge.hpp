#pragma once

#include <span>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/outcomes/catalogue.hpp"
#include "sluice/outcomes/report.hpp"
#include "sluice/outcomes/token.hpp"
#include "sluice/outcomes/verdict.hpp"
#include "sluice/state/ledger.hpp"

namespace sluice::outcomes {

/// A value that may be kept, and where it comes from.
struct JudgedReport {
  state::LedgerReport report;
  Decision decision;
  const KnownRoute* route = nullptr;  ///< the catalogue's
  const KnownOutcome* outcome = nullptr;
  std::size_t version = 0;  ///< its place in the route
  std::size_t index = 0;    ///< of the item
};

/// A refusal as the metrics know it.
struct RefusedReport {
  const KnownRoute* route = nullptr;  ///< nothing: not known
  Refusal refusal = Refusal::Malformed;
};

/// What one post comes to before the ledger has its say: nothing here waits or remembers.
struct Judged {
  std::vector<JudgedReport> reports;
  std::vector<RefusedReport> refused;
  Verdict verdict;
};

/// Checks items against tokens, policy and time. `now` is when the post arrived.
Judged judge(std::span<const ReportItem> items, const TokenKeys& keys, const Catalogue& catalogue, WallTime now);

}  // namespace sluice::outcomes
