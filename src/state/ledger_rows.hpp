#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "database.hpp"
#include "sluice/state/ledger.hpp"

/// A ledger's rows as SQLite has them.
namespace sluice::state {

extern const std::string report_columns;  ///< SELECT … FROM, in the order of report_of
extern const std::string sum_columns;

inline std::int64_t as_stored(std::uint64_t number) noexcept {
  return static_cast<std::int64_t>(number);
}
inline std::uint64_t as_number(std::int64_t stored) noexcept {
  return static_cast<std::uint64_t>(stored);
}

LedgerReport report_of(Statement& row);
LedgerSum sum_of(Statement& row);
LedgerDecisions decisions_of(Statement& row);

/// The first seven parameters.
Statement& bind_identity(Statement& statement, const LedgerSum& sum) noexcept;
/// All eleven.
Statement& bind_sum(Statement& statement, const LedgerSum& sum) noexcept;

/// What the ledger does over and over again, prepared once.
struct LedgerStatements {
  Statement put, has, oldest, remove, grow_sum, put_sum, remove_sum, add_decisions, mark, first;

  static Attempt<std::unique_ptr<LedgerStatements>> prepare(Database& database);
};

}  // namespace sluice::state
