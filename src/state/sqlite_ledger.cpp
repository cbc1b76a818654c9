#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include "database.hpp"
#include "ledger_key.hpp"
#include "ledger_rows.hpp"
#include "state_file.hpp"

namespace sluice::state {

namespace {

class SqliteLedger final : public Ledger {
 public:
  SqliteLedger(const SqliteLedgerOptions& options, Database database)
      : shown_(options.path), capacity_(options.capacity), database_(std::move(database)) {}

  Attempt<void> open();

  Result<void> read(const LedgerReader& reader) const override;
  Result<std::vector<Taken>> commit(const LedgerBatch& batch) override;
  Result<std::size_t> expire(std::int64_t before_ms, std::size_t at_most) override;
  Result<bool> fold(std::uint64_t route, std::uint64_t window, std::int64_t before_ms) override;
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
    const std::size_t sum_rows = sum_rows_;
    Attempt<void> done = database_.run("BEGIN IMMEDIATE");
    if (done) done = work();
    if (done) done = database_.run("COMMIT");
    if (done) return {};
    sum_rows_ = sum_rows;
    if (database_.in_transaction()) static_cast<void>(database_.run("ROLLBACK"));
    return fail(error_of(done.error()));
  }
  template <typename Visit>
  Attempt<void> each(const std::string& sql, Visit visit) const;

  Attempt<Taken> take(const LedgerReport& report, std::size_t already);
  Attempt<void> add(LedgerSum sum);
  Attempt<bool> grow(const LedgerSum& sum);
  Attempt<void> add(const LedgerDecisions& decisions);
  Attempt<std::size_t> add_up_oldest(std::int64_t before_ms, std::size_t at_most, std::int64_t& expired_before);
  Attempt<std::size_t> fold_sums(std::uint64_t route, std::uint64_t window);
  Attempt<void> fold_decisions(std::uint64_t route, std::uint64_t window, std::int64_t before_ms);

  const std::string shown_;
  const std::size_t capacity_;
  mutable Database database_;
  std::unique_ptr<LedgerStatements> statements_;
  std::size_t size_ = 0;
  std::size_t sum_rows_ = 0;
  std::int64_t expired_before_ = 0;
};

Attempt<void> SqliteLedger::open() {
  // As the store's own connection; with room for the leaves that reports of some hours lie in.
  if (auto done = database_.run("PRAGMA synchronous=FULL; PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF;"
                                "PRAGMA cache_size=-16384");
      !done) {
    return done;
  }
  Attempt<std::unique_ptr<LedgerStatements>> statements = LedgerStatements::prepare(database_);
  if (!statements) return fail(statements.error());
  statements_ = std::move(*statements);
  const Attempt<std::int64_t> size = database_.number("SELECT count(*) FROM outcome");
  if (!size) return fail(size.error());
  size_ = static_cast<std::size_t>(*size);
  const Attempt<std::int64_t> sums = database_.number("SELECT count(*) FROM outcome_sum");
  if (!sums) return fail(sums.error());
  sum_rows_ = static_cast<std::size_t>(*sums);
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
  Attempt<void> done;
  if (reader.decisions) {
    done = each(
        "SELECT route, window, version, at_ms, count FROM outcome_decisions ORDER BY route, window, version, at_ms",
        [&](Statement& row) { reader.decisions(decisions_of(row)); });
  }
  if (done && reader.sum) done = each(sum_columns, [&](Statement& row) { reader.sum(sum_of(row)); });
  if (done && reader.report) done = each(report_columns, [&](Statement& row) { reader.report(report_of(row)); });
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

/// With less detail the more there are.
Attempt<void> SqliteLedger::add(LedgerSum sum) {
  sum.limit();
  Attempt<bool> has_grown = grow(sum);
  if (has_grown && !*has_grown && sum_rows_ >= capacity_ / 2) has_grown = grow(sum = without_delay(sum));
  if (has_grown && !*has_grown && sum_rows_ >= capacity_) has_grown = grow(sum = without_detail(sum));
  if (!has_grown) return fail(has_grown.error());
  if (*has_grown) return {};
  Attempt<void> done = bind_sum(statements_->put_sum, sum).run();
  if (done) ++sum_rows_;
  return done;
}

Attempt<bool> SqliteLedger::grow(const LedgerSum& sum) {
  if (auto done = bind_sum(statements_->grow_sum, sum).run(); !done) return fail(done.error());
  return database_.changes() == 1;
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

Result<bool> SqliteLedger::fold(std::uint64_t route, std::uint64_t window, std::int64_t before_ms) {
  bool is_more = false;
  const Result<void> done = in_one([&]() -> Attempt<void> {
    const Attempt<std::size_t> folded = fold_sums(route, window);
    if (!folded) return fail(folded.error());
    is_more = *folded == folded_at_once;
    return is_more ? Attempt<void>() : fold_decisions(route, window, before_ms);
  });
  if (!done) return fail(done.error());
  return is_more;
}

Attempt<std::size_t> SqliteLedger::fold_sums(std::uint64_t route, std::uint64_t window) {
  const std::string which = " WHERE route = " + std::to_string(as_stored(route)) + " AND window < " +
                            std::to_string(as_stored(window)) + " AND delay_ms <> " + std::to_string(forgotten_unit) +
                            " LIMIT " + std::to_string(folded_at_once);
  std::vector<LedgerSum> found;
  Attempt<void> done = each(sum_columns + which, [&](Statement& row) { found.push_back(sum_of(row)); });
  ByIdentity<LedgerSum> sums;
  for (const LedgerSum& sum : found) {
    if (done) done = bind_identity(statements_->remove_sum, sum).run();
    add_up(sums, without_detail(sum));
  }
  if (done) sum_rows_ -= std::min(found.size(), sum_rows_);
  for (const auto& [key, sum] : sums) {
    if (done) done = add(sum);
  }
  if (!done) return fail(done.error());
  return found.size();
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
