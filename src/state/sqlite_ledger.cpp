#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include "database.hpp"
#include "ledger_key.hpp"
#include "state_file.hpp"

namespace sluice::state {

namespace {

constexpr const char* kReports =
    "SELECT decided_ms, nonce, route, outcome, version, unit, window, split, delay_ms, value FROM outcome ";

std::int64_t as_stored(std::uint64_t number) noexcept {
  return static_cast<std::int64_t>(number);
}
std::uint64_t as_number(std::int64_t stored) noexcept {
  return static_cast<std::uint64_t>(stored);
}

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
  report.value = row.real(9);
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
  return sum;
}

LedgerDecisions decisions_of(Statement& row) {
  return {as_number(row.number(0)), as_number(row.number(1)), as_number(row.number(2)), row.number(3),
          as_number(row.number(4))};
}

/// What the ledger does over and over again, prepared once.
struct Statements {
  Statement put, has, oldest, remove, add_sum, add_decisions, mark, first;

  static Attempt<std::unique_ptr<Statements>> prepare(Database& database);
};

Attempt<std::unique_ptr<Statements>> Statements::prepare(Database& database) {
  std::vector<Statement> made;
  for (const std::string& sql : {
           std::string("INSERT OR IGNORE INTO outcome VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
           std::string("SELECT 1 FROM outcome WHERE decided_ms = ? AND nonce = ? AND route = ? AND outcome = ?"),
           kReports + std::string("WHERE decided_ms < ? ORDER BY decided_ms LIMIT ?"),
           std::string("DELETE FROM outcome WHERE decided_ms < ?"),
           std::string("INSERT INTO outcome_sum VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                       "reports = reports + excluded.reports, events = events + excluded.events, "
                       "sum = sum + excluded.sum, squares = squares + excluded.squares"),
           std::string("INSERT INTO outcome_decisions VALUES(?, ?, ?, ?, ?) "
                       "ON CONFLICT DO UPDATE SET count = count + excluded.count"),
           std::string("UPDATE outcome_mark SET expired_before_ms = ?"),
           std::string("SELECT 1 FROM outcome WHERE decided_ms < ? LIMIT 1"),
       }) {
    Attempt<Statement> statement = database.prepare(sql.c_str());
    if (!statement) return fail(statement.error());
    made.push_back(std::move(*statement));
  }
  return std::make_unique<Statements>(Statements{std::move(made[0]), std::move(made[1]), std::move(made[2]),
                                                 std::move(made[3]), std::move(made[4]), std::move(made[5]),
                                                 std::move(made[6]), std::move(made[7])});
}

class SqliteLedger final : public Ledger {
 public:
  SqliteLedger(const SqliteLedgerOptions& options, Database database)
      : shown_(options.path), capacity_(options.capacity), database_(std::move(database)) {}

  Attempt<void> open();

  Result<void> read(const LedgerReader& reader) const override;
  Result<std::vector<Taken>> commit(const LedgerBatch& batch) override;
  Result<std::size_t> expire(std::int64_t before_ms, std::size_t at_most) override;
  Result<void> fold(std::uint64_t route, std::uint64_t window, std::int64_t before_ms) override;
  Result<std::vector<LedgerKey>> keys() const override;
  Result<void> keep_keys(const std::vector<LedgerKey>& keys) override;
  std::size_t size() const noexcept override { return size_; }
  std::size_t capacity() const noexcept override { return capacity_; }
  std::string name() const override { return "sqlite " + shown_; }

  Error error_of(const Trouble& trouble) const {
    return state_error(shown_, trouble.text + (trouble.is_damage() ? "; it is set aside with the next start" : ""),
                       trouble.is_passing());
  }

 private:
  /// All of it, or nothing.
  template <typename Work>
  Result<void> in_one(Work work) {
    if (database_.has_moved()) return fail(state_error(shown_, "the file was moved or removed while it is in use"));
    Attempt<void> done = database_.run("BEGIN IMMEDIATE");
    if (done) done = work();
    if (done) done = database_.run("COMMIT");
    if (done) return {};
    if (database_.in_transaction()) static_cast<void>(database_.run("ROLLBACK"));
    return fail(error_of(done.error()));
  }
  template <typename Visit>
  Attempt<void> each(const std::string& sql, Visit visit) const;

  Attempt<Taken> take(const LedgerReport& report, std::size_t already);
  Attempt<void> add(const LedgerSum& sum);
  Attempt<void> add(const LedgerDecisions& decisions);
  Attempt<std::size_t> add_up_oldest(std::int64_t before_ms, std::size_t at_most, std::int64_t& expired_before);
  Attempt<void> fold_sums(std::uint64_t route, std::uint64_t window);
  Attempt<void> fold_decisions(std::uint64_t route, std::uint64_t window, std::int64_t before_ms);

  const std::string shown_;
  const std::size_t capacity_;
  mutable Database database_;
  std::unique_ptr<Statements> statements_;
  std::size_t size_ = 0;
  std::int64_t expired_before_ = 0;
};

Attempt<void> SqliteLedger::open() {
  // As the store's own connection; with room for the leaves that reports of some hours lie in.
  if (auto done = database_.run("PRAGMA synchronous=FULL; PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF;"
                                "PRAGMA cache_size=-16384");
      !done) {
    return done;
  }
  Attempt<std::unique_ptr<Statements>> statements = Statements::prepare(database_);
  if (!statements) return fail(statements.error());
  statements_ = std::move(*statements);
  const Attempt<std::int64_t> size = database_.number("SELECT count(*) FROM outcome");
  if (!size) return fail(size.error());
  size_ = static_cast<std::size_t>(*size);
  const Attempt<std::int64_t> mark = database_.number("SELECT expired_before_ms FROM outcome_mark");
  if (!mark) return fail(mark.error());
  expired_before_ = *mark;
  return {};
}

template <typename Visit>
Attempt<void> SqliteLedger::each(const std::string& sql, Visit visit) const {
  Attempt<Statement> rows = database_.prepare(sql.c_str());
  if (!rows) return fail(rows.error());
  while (true) {
    const Attempt<bool> row = rows->step();
    if (!row) return fail(row.error());
    if (!*row) return {};
    visit(*rows);
  }
}

Result<void> SqliteLedger::read(const LedgerReader& reader) const {
  Attempt<void> done =
      each("SELECT route, window, version, at_ms, count FROM outcome_decisions ORDER BY route, window, version, at_ms",
           [&](Statement& row) { reader.decisions(decisions_of(row)); });
  if (done) {
    done = each(
        "SELECT route, window, version, outcome, split, unit, delay_ms, reports, events, sum, squares FROM outcome_sum",
        [&](Statement& row) { reader.sum(sum_of(row)); });
  }
  if (done) done = each(kReports, [&](Statement& row) { reader.report(report_of(row)); });
  if (!done) return fail(error_of(done.error()));
  return {};
}

Result<std::vector<Ledger::Taken>> SqliteLedger::commit(const LedgerBatch& batch) {
  std::vector<Taken> taken;
  if (batch.is_empty()) return taken;
  taken.reserve(batch.reports.size());
  std::size_t added = 0;
  const Result<void> done = in_one([&]() -> Attempt<void> {
    for (const LedgerReport& report : batch.reports) {
      const Attempt<Taken> one = take(report, added);
      if (!one) return fail(one.error());
      taken.push_back(*one);
      added += *one == Taken::New ? 1 : 0;
    }
    for (const LedgerDecisions& decisions : batch.decisions) {
      if (auto one = add(decisions); !one) return one;
    }
    return {};
  });
  if (!done) return fail(done.error());
  size_ += added;
  return taken;
}

Attempt<Ledger::Taken> SqliteLedger::take(const LedgerReport& report, std::size_t already) {
  if (report.decided_ms < expired_before_) return Taken::Expired;
  if (size_ + already >= capacity_) {
    statements_->has.bind(1, report.decided_ms)
        .bind(2, as_stored(report.nonce))
        .bind(3, as_stored(report.route))
        .bind(4, as_stored(report.outcome));
    const Attempt<bool> known = statements_->has.step();
    if (!known) return fail(known.error());
    statements_->has.reset();
    return *known ? Taken::Duplicate : Taken::Full;
  }
  statements_->put.bind(1, report.decided_ms)
      .bind(2, as_stored(report.nonce))
      .bind(3, as_stored(report.route))
      .bind(4, as_stored(report.outcome))
      .bind(5, as_stored(report.version))
      .bind(6, as_stored(report.unit))
      .bind(7, as_stored(report.window))
      .bind(8, std::int64_t{report.split})
      .bind(9, report.delay_ms)
      .bind_real(10, report.value);
  if (auto done = statements_->put.run(); !done) return fail(done.error());
  return database_.changes() == 1 ? Taken::New : Taken::Duplicate;
}

Attempt<void> SqliteLedger::add(const LedgerSum& sum) {
  return statements_->add_sum.bind(1, as_stored(sum.route))
      .bind(2, as_stored(sum.window))
      .bind(3, as_stored(sum.version))
      .bind(4, as_stored(sum.outcome))
      .bind(5, std::int64_t{sum.split})
      .bind(6, as_stored(sum.unit))
      .bind(7, sum.delay_ms)
      .bind(8, as_stored(sum.reports))
      .bind(9, as_stored(sum.events))
      .bind_real(10, sum.sum)
      .bind_real(11, sum.squares)
      .run();
}

Attempt<void> SqliteLedger::add(const LedgerDecisions& decisions) {
  return statements_->add_decisions.bind(1, as_stored(decisions.route))
      .bind(2, as_stored(decisions.window))
      .bind(3, as_stored(decisions.version))
      .bind(4, decisions.at_ms)
      .bind(5, as_stored(decisions.count))
      .run();
}

Result<std::size_t> SqliteLedger::expire(std::int64_t before_ms, std::size_t at_most) {
  std::size_t gone = 0;
  std::int64_t expired_before = expired_before_;
  if (before_ms <= expired_before_ || at_most == 0) return gone;
  // Mostly there is nothing to do, and then nothing is written.
  const Attempt<bool> any = statements_->first.bind(1, before_ms).step();
  if (!any) return fail(error_of(any.error()));
  statements_->first.reset();
  if (!*any) return gone;
  const Result<void> done = in_one([&]() -> Attempt<void> {
    const Attempt<std::size_t> went = add_up_oldest(before_ms, at_most, expired_before);
    if (!went) return fail(went.error());
    gone = *went;
    return statements_->mark.bind(1, expired_before).run();
  });
  if (!done) return fail(done.error());
  expired_before_ = expired_before;
  size_ -= std::min(gone, size_);
  return gone;
}

Attempt<std::size_t> SqliteLedger::add_up_oldest(std::int64_t before_ms, std::size_t at_most,
                                                 std::int64_t& expired_before) {
  // Whole milliseconds only: what is behind the mark must all have been added up.
  std::vector<LedgerReport> oldest;
  statements_->oldest.bind(1, before_ms).bind(2, static_cast<std::int64_t>(at_most) + 1);
  while (true) {
    const Attempt<bool> row = statements_->oldest.step();
    if (!row) return fail(row.error());
    if (!*row) break;
    oldest.push_back(report_of(statements_->oldest));
  }
  expired_before = oldest.size() <= at_most ? oldest.back().decided_ms + 1 : oldest.back().decided_ms;
  if (oldest.size() > at_most && oldest.front().decided_ms == expired_before) {
    return add_up_oldest(expired_before + 1, at_most * 2, expired_before);
  }
  std::erase_if(oldest, [&](const LedgerReport& report) { return report.decided_ms >= expired_before; });
  ByIdentity<LedgerSum> sums;
  for (const LedgerReport& report : oldest) add_up(sums, to_sum(report));
  for (const auto& [key, sum] : sums) {
    if (auto done = add(sum); !done) return fail(done.error());
  }
  if (auto done = statements_->remove.bind(1, expired_before).run(); !done) return fail(done.error());
  return oldest.size();
}

Result<void> SqliteLedger::fold(std::uint64_t route, std::uint64_t window, std::int64_t before_ms) {
  return in_one([&]() -> Attempt<void> {
    if (auto done = fold_sums(route, window); !done) return done;
    return fold_decisions(route, window, before_ms);
  });
}

Attempt<void> SqliteLedger::fold_sums(std::uint64_t route, std::uint64_t window) {
  const std::string which = "FROM outcome_sum WHERE route = " + std::to_string(as_stored(route)) + " AND window < " +
                            std::to_string(as_stored(window)) + " AND (unit <> 0 OR delay_ms <> 0)";
  ByIdentity<LedgerSum> sums;
  Attempt<void> done =
      each("SELECT route, window, version, outcome, split, unit, delay_ms, reports, events, sum, squares " + which,
           [&](Statement& row) { add_up(sums, without_detail(sum_of(row))); });
  if (done && !sums.empty()) done = database_.run(("DELETE " + which).c_str());
  for (const auto& [key, sum] : sums) {
    if (done) done = add(sum);
  }
  return done;
}

Attempt<void> SqliteLedger::fold_decisions(std::uint64_t route, std::uint64_t window, std::int64_t before_ms) {
  const std::string which = "FROM outcome_decisions WHERE route = " + std::to_string(as_stored(route)) +
                            " AND (window < " + std::to_string(as_stored(window)) + " OR at_ms < " +
                            std::to_string(before_ms) + ")";
  const std::string groups = " GROUP BY window, version";
  ByIdentity<LedgerDecisions> folded;
  std::int64_t rows = 0;
  Attempt<void> done =
      each("SELECT route, window, version, min(at_ms), sum(count), count(*) " + which + groups, [&](Statement& row) {
        rows += row.number(5);
        add_up(folded, decisions_of(row));
      });
  if (rows == static_cast<std::int64_t>(folded.size())) return done;
  if (done) done = database_.run(("DELETE " + which).c_str());
  for (const auto& [key, decisions] : folded) {
    if (done) done = add(decisions);
  }
  return done;
}

Result<std::vector<LedgerKey>> SqliteLedger::keys() const {
  std::vector<LedgerKey> keys;
  const Attempt<void> done =
      each("SELECT id, made_ms, secret FROM outcome_key ORDER BY made_ms, id", [&](Statement& row) {
        LedgerKey key;
        const std::string secret = row.text(2);
        // One that somebody cut short signs nothing and is replaced.
        if (secret.size() != key.secret.size()) return;
        key.id = static_cast<std::uint8_t>(row.number(0));
        key.made_ms = row.number(1);
        std::memcpy(key.secret.data(), secret.data(), secret.size());
        keys.push_back(key);
      });
  if (!done) return fail(error_of(done.error()));
  return keys;
}

Result<void> SqliteLedger::keep_keys(const std::vector<LedgerKey>& keys) {
  return in_one([&]() -> Attempt<void> {
    if (auto done = database_.run("DELETE FROM outcome_key"); !done) return done;
    Attempt<Statement> put = database_.prepare("INSERT INTO outcome_key VALUES(?, ?, CAST(? AS BLOB))");
    if (!put) return fail(put.error());
    for (const LedgerKey& key : keys) {
      const std::string secret(key.secret.begin(), key.secret.end());
      if (auto done = put->bind(1, std::int64_t{key.id}).bind(2, key.made_ms).bind(3, secret).run(); !done) return done;
    }
    return {};
  });
}

}  // namespace

Result<std::unique_ptr<Ledger>> make_sqlite_ledger(const SqliteLedgerOptions& options) {
  const Result<std::string> path = resolve_state_path(options.path);
  if (!path) return fail(state_error(options.path, path.error().message));
  Attempt<Database> database = Database::open(*path, Database::Mode::ReadWrite);
  if (!database) return fail(state_error(options.path, database.error().text));
  auto ledger = std::make_unique<SqliteLedger>(options, std::move(*database));
  if (const Attempt<void> opened = ledger->open(); !opened) return fail(ledger->error_of(opened.error()));
  return std::unique_ptr<Ledger>(std::move(ledger));
}

}  // namespace sluice::state
