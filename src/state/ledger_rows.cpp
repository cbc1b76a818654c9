#include "ledger_rows.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace sluice::state {

const std::string report_columns =
    "SELECT decided_ms, nonce, route, outcome, version, unit, window, split, delay_ms, value FROM outcome ";
const std::string sum_columns =
    "SELECT route, window, version, outcome, split, unit, delay_ms, reports, events, sum, squares FROM outcome_sum";

LedgerReport report_of(Statement& row) {
  LedgerReport report;
  report.decided_ms = row.number(0);
  report.nonce = as_number(row.number(1));
  report.route = as_number(row.number(2));
  report.outcome = as_number(row.number(3));
  report.version = as_number(row.number(4));
  report.unit = as_number(row.number(5));
  report.window = as_number(row.number(6));
  report.split = row.number(7) != 0;
  report.delay_ms = row.number(8);
  report.value = std::clamp(row.real(9), -most_reported_value, most_reported_value);
  return report;
}

LedgerSum sum_of(Statement& row) {
  LedgerSum sum;
  sum.route = as_number(row.number(0));
  sum.window = as_number(row.number(1));
  sum.version = as_number(row.number(2));
  sum.outcome = as_number(row.number(3));
  sum.split = row.number(4) != 0;
  sum.unit = as_number(row.number(5));
  sum.delay_ms = row.number(6);
  sum.reports = as_number(row.number(7));
  sum.events = as_number(row.number(8));
  sum.sum = row.real(9);
  sum.squares = row.real(10);
  sum.limit();
  return sum;
}

LedgerDecisions decisions_of(Statement& row) {
  return {as_number(row.number(0)), as_number(row.number(1)), as_number(row.number(2)), row.number(3),
          as_number(row.number(4))};
}

Statement& bind_identity(Statement& statement, const LedgerSum& sum) noexcept {
  return statement.bind(1, as_stored(sum.route))
      .bind(2, as_stored(sum.window))
      .bind(3, as_stored(sum.version))
      .bind(4, as_stored(sum.outcome))
      .bind(5, std::int64_t{sum.split})
      .bind(6, as_stored(sum.unit))
      .bind(7, sum.delay_ms);
}

Statement& bind_sum(Statement& statement, const LedgerSum& sum) noexcept {
  return bind_identity(statement, sum)
      .bind(8, as_stored(sum.reports))
      .bind(9, as_stored(sum.events))
      .bind_real(10, sum.sum)
      .bind_real(11, sum.squares);
}

Attempt<std::unique_ptr<LedgerStatements>> LedgerStatements::prepare(Database& database) {
  const std::string sum_key =
      " WHERE route = ?1 AND window = ?2 AND version = ?3 AND outcome = ?4 AND split = ?5 AND unit = ?6 AND "
      "delay_ms = ?7";
  std::vector<Statement> made;
  for (const std::string& sql : {
           std::string("INSERT OR IGNORE INTO outcome VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
           std::string("SELECT 1 FROM outcome WHERE decided_ms = ? AND nonce = ? AND route = ? AND outcome = ?"),
           report_columns + "WHERE decided_ms < ? ORDER BY decided_ms LIMIT ?",
           std::string("DELETE FROM outcome WHERE decided_ms < ?"),
           // Limits as LedgerSum has them: what is infinite once would be no number the next time.
           "UPDATE outcome_sum SET reports = reports + ?8, events = events + ?9, "
           "sum = max(-1e150, min(1e150, sum + ?10)), squares = min(1e300, squares + ?11)" +
               sum_key,
           std::string("INSERT INTO outcome_sum VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
           "DELETE FROM outcome_sum" + sum_key,
           std::string("INSERT INTO outcome_decisions VALUES(?, ?, ?, ?, ?) "
                       "ON CONFLICT DO UPDATE SET count = count + excluded.count"),
           std::string("UPDATE outcome_mark SET expired_before_ms = ?"),
           std::string("SELECT 1 FROM outcome WHERE decided_ms < ? LIMIT 1"),
       }) {
    Attempt<Statement> statement = database.prepare(sql.c_str());
    if (!statement) return fail(statement.error());
    made.push_back(std::move(*statement));
  }
  return std::make_unique<LedgerStatements>(LedgerStatements{
      std::move(made[0]), std::move(made[1]), std::move(made[2]), std::move(made[3]), std::move(made[4]),
      std::move(made[5]), std::move(made[6]), std::move(made[7]), std::move(made[8]), std::move(made[9])});
}

}  // namespace sluice::state
