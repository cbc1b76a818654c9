#include "schema.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace sluice::state {

namespace {

using Kind = SchemaVerdict::Kind;

// "SLUI": so that the file says whose it is, and another program's is never touched.
constexpr std::int64_t kApplication = 0x534c5549;

// Each step makes schema i + 1 of schema i. Steps that were released never change; new ones go to the end.
constexpr std::array kSteps = {
    "CREATE TABLE record(name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL, digest INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE journal(sequence INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, route TEXT NOT NULL,"
    "  rollout TEXT NOT NULL, actor TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, hash TEXT NOT NULL);"
    "PRAGMA application_id = 1397511497; PRAGMA user_version = 1;",
    // The pages of one route's entries, however many the others wrote in between.
    "CREATE INDEX journal_by_route ON journal(route, sequence); PRAGMA user_version = 2;",
    // What is reported about decisions, in order of their time: what comes in together lies together, and what expires
    // goes from one end. Sums of what went, decisions per moment, the keys that sign, and from when on reports count.
    "CREATE TABLE outcome(decided_ms INTEGER NOT NULL, nonce INTEGER NOT NULL, route INTEGER NOT NULL,"
    "  outcome INTEGER NOT NULL, version INTEGER NOT NULL, unit INTEGER NOT NULL, window INTEGER NOT NULL,"
    "  split INTEGER NOT NULL, delay_ms INTEGER NOT NULL, value REAL NOT NULL,"
    "  PRIMARY KEY(decided_ms, nonce, route, outcome)) WITHOUT ROWID;"
    "CREATE TABLE outcome_sum(route INTEGER NOT NULL, window INTEGER NOT NULL, version INTEGER NOT NULL,"
    "  outcome INTEGER NOT NULL, split INTEGER NOT NULL, unit INTEGER NOT NULL, delay_ms INTEGER NOT NULL,"
    "  reports INTEGER NOT NULL, events INTEGER NOT NULL, sum REAL NOT NULL, squares REAL NOT NULL,"
    "  PRIMARY KEY(route, window, version, outcome, split, unit, delay_ms)) WITHOUT ROWID;"
    "CREATE TABLE outcome_decisions(route INTEGER NOT NULL, window INTEGER NOT NULL, version INTEGER NOT NULL,"
    "  at_ms INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY(route, window, version, at_ms)) WITHOUT ROWID;"
    "CREATE TABLE outcome_key(id INTEGER PRIMARY KEY, made_ms INTEGER NOT NULL, secret BLOB NOT NULL);"
    "CREATE TABLE outcome_mark(expired_before_ms INTEGER NOT NULL); INSERT INTO outcome_mark VALUES(0);"
    "PRAGMA user_version = 3;",
};
static_assert(kApplication == 1397511497);

// Every file was made by somebody who had just these; a file whose tables do not have them is no longer whole.
constexpr std::array kProbes = {
    "SELECT name, value, digest FROM record LIMIT 1",
    "SELECT sequence, time_ms, route, rollout, actor, kind, text, hash FROM journal LIMIT 1",
    "SELECT decided_ms, nonce, route, outcome, version, unit, window, split, delay_ms, value FROM outcome LIMIT 1",
    "SELECT route, window, version, outcome, split, unit, delay_ms, reports, events, sum, squares FROM outcome_sum "
    "LIMIT 1",
    "SELECT route, window, version, at_ms, count FROM outcome_decisions LIMIT 1",
    "SELECT id, made_ms, secret FROM outcome_key LIMIT 1",
    "SELECT expired_before_ms FROM outcome_mark LIMIT 1",
};

/// Our own statements are right; SQLite refuses one of them only when the tables are not what they should be.
SchemaVerdict judge(const Trouble& trouble) {
  const bool is_damage = trouble.is_damage() || trouble.code == SQLITE_ERROR;
  return {is_damage ? Kind::Damaged : Kind::Failed, trouble.text};
}

/// SQLite puts a heading on a line of its own before what it found; a message is one line.
std::string in_one_line(const std::string& found) {
  std::string line;
  for (std::size_t at = 0; at < found.size();) {
    const std::size_t end = std::min(found.find('\n', at), found.size());
    const std::string part = found.substr(at, end - at);
    if (!part.empty() && !part.starts_with("***")) line += (line.empty() ? "" : "; ") + part;
    at = end + 1;
  }
  return line.empty() ? "it is not whole" : line;
}

SchemaVerdict whose(Database& database, std::int64_t& version) {
  const auto application = database.number("PRAGMA application_id");
  if (!application) return judge(application.error());
  const auto found = database.number("PRAGMA user_version");
  if (!found) return judge(found.error());
  const auto tables = database.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return judge(tables.error());
  version = *found;
  if (*application != kApplication && (*application != 0 || *tables != 0)) {
    return {Kind::Refused, "it is a database of another program"};
  }
  const auto newest = static_cast<std::int64_t>(kSteps.size());
  if (version > newest) {
    return {Kind::Refused, "it is of schema " + std::to_string(version) + " and this program knows up to " +
                               std::to_string(newest) + ": a newer Sluice wrote it"};
  }
  if (version < 0 || (version == 0 && *tables != 0)) return {Kind::Damaged, "its schema has no number"};
  return {};
}

SchemaVerdict migrate(Database& database, std::int64_t version) {
  for (auto step = static_cast<std::size_t>(version); step < kSteps.size(); ++step) {
    Attempt<void> done = database.run("BEGIN IMMEDIATE");
    if (done) done = database.run(kSteps[step]);
    if (done) done = database.run("COMMIT");
    if (done) continue;
    const SchemaVerdict verdict = judge(done.error());
    if (database.in_transaction()) static_cast<void>(database.run("ROLLBACK"));
    return verdict;
  }
  return {};
}

}  // namespace

SchemaVerdict prepare_schema(Database& database) {
  const auto checked = database.text("PRAGMA quick_check(1)");
  if (!checked) return judge(checked.error());
  if (*checked != "ok") return {Kind::Damaged, in_one_line(*checked)};
  std::int64_t version = 0;
  if (SchemaVerdict verdict = whose(database, version); verdict.kind != Kind::Ready) return verdict;
  if (SchemaVerdict verdict = migrate(database, version); verdict.kind != Kind::Ready) return verdict;
  for (const char* const probe : kProbes) {
    Attempt<Statement> statement = database.prepare(probe);
    if (!statement) return judge(statement.error());
    if (const Attempt<bool> row = statement->step(); !row) return judge(row.error());
  }
  return {};
}

}  // namespace sluice::state
