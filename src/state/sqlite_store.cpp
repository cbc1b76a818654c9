#include <algorithm>
#include <chrono>
#include <future>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>

#include "sluice/base/stable_hash.hpp"
#include "sluice/state/store.hpp"
#include "state_file.hpp"
#include "writer_thread.hpp"

namespace sluice::state {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr const char* kColumns = "SELECT sequence, time_ms, route, rollout, actor, kind, text, hash FROM journal ";
// Old entries go a few thousand at a time, so that no commit waits long for a limit that became much smaller.
constexpr std::int64_t kPruneAtOnce = 4096;

std::int64_t digest_of(std::string_view name, std::string_view value) {
  return static_cast<std::int64_t>(stable_hash(stable_hash(0, name), value));
}

/// A number that no clock can show comes from a damaged file; the entry's hash says so.
WallTime time_of(std::int64_t stored) {
  constexpr std::int64_t kMost = duration_cast<milliseconds>(WallTime::duration::max()).count();
  return WallTime(milliseconds(std::clamp(stored, -kMost, kMost)));
}

JournalEntry read_entry(Statement& row) {
  JournalEntry entry;
  entry.sequence = static_cast<std::uint64_t>(row.number(0));
  entry.time = time_of(row.number(1));
  entry.route = row.text(2);
  entry.rollout = row.text(3);
  entry.actor = row.text(4);
  entry.kind = row.text(5);
  entry.text = row.text(6);
  entry.hash = row.text(7);
  return entry;
}

/// The connection that writes, with its statements. Lives on the writer thread.
class Writer {
 public:
  static Attempt<std::unique_ptr<Writer>> make(Database database);

  Attempt<void> apply(const Change& change, std::int64_t journal_limit);
  Attempt<Contents> load(std::size_t journal);
  bool has_moved() noexcept { return database_.has_moved(); }

 private:
  explicit Writer(Database database) : database_(std::move(database)) {}
  Attempt<void> apply_all(const Change& change, std::int64_t journal_limit);
  Attempt<void> append(const JournalEntry& entry);
  Attempt<void> prune(std::int64_t journal_limit);
  Attempt<void> load_records(Contents& contents);
  Attempt<void> load_journal(Contents& contents, std::size_t journal);

  Database database_;
  std::optional<Statement> put_, erase_, append_, drop_, first_, last_, prune_;
};

Attempt<std::unique_ptr<Writer>> Writer::make(Database database) {
  std::unique_ptr<Writer> writer(new Writer(std::move(database)));
  const auto prepare = [&writer](std::optional<Statement>& slot, const char* sql) -> Attempt<void> {
    Attempt<Statement> made = writer->database_.prepare(sql);
    if (!made) return fail(made.error());
    slot.emplace(std::move(*made));
    return {};
  };
  Attempt<void> done = prepare(writer->put_, "INSERT OR REPLACE INTO record(name, value, digest) VALUES(?, ?, ?)");
  if (done) done = prepare(writer->erase_, "DELETE FROM record WHERE name = ?");
  if (done) done = prepare(writer->append_, "INSERT OR REPLACE INTO journal VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
  if (done) done = prepare(writer->drop_, "DELETE FROM journal WHERE sequence > ?");
  if (done) done = prepare(writer->first_, "SELECT min(sequence) FROM journal");
  if (done) done = prepare(writer->last_, "SELECT max(sequence) FROM journal");
  if (done) done = prepare(writer->prune_, "DELETE FROM journal WHERE sequence < ?");
  if (!done) return fail(done.error());
  return writer;
}

Attempt<void> Writer::apply(const Change& change, std::int64_t journal_limit) {
  Attempt<void> done = database_.run("BEGIN IMMEDIATE");
  if (done) done = apply_all(change, journal_limit);
  if (done) done = database_.run("COMMIT");
  if (!done && database_.in_transaction()) static_cast<void>(database_.run("ROLLBACK"));
  return done;
}

Attempt<void> Writer::apply_all(const Change& change, std::int64_t journal_limit) {
  if (change.drop_behind) {
    if (auto done = drop_->bind(1, static_cast<std::int64_t>(*change.drop_behind)).run(); !done) return done;
  }
  for (const std::string& name : change.erase) {
    if (auto done = erase_->bind(1, name).run(); !done) return done;
  }
  for (const auto& [name, value] : change.put) {
    if (auto done = put_->bind(1, name).bind(2, value).bind(3, digest_of(name, value)).run(); !done) return done;
  }
  for (const JournalEntry& entry : change.append) {
    if (auto done = append(entry); !done) return done;
  }
  return change.append.empty() ? Attempt<void>{} : prune(journal_limit);
}

Attempt<void> Writer::append(const JournalEntry& entry) {
  append_->bind(1, static_cast<std::int64_t>(entry.sequence))
      .bind(2, duration_cast<milliseconds>(entry.time.time_since_epoch()).count())
      .bind(3, entry.route)
      .bind(4, entry.rollout)
      .bind(5, entry.actor)
      .bind(6, entry.kind)
      .bind(7, entry.text)
      .bind(8, entry.hash);
  return append_->run();
}

Attempt<void> Writer::prune(std::int64_t journal_limit) {
  std::int64_t ends[2] = {0, 0};
  Statement* const both[2] = {&*first_, &*last_};
  for (int i = 0; i < 2; ++i) {
    const Attempt<bool> row = both[i]->step();
    if (!row) return fail(row.error());
    ends[i] = both[i]->number(0);
    both[i]->reset();
  }
  const std::int64_t slack = std::clamp<std::int64_t>(journal_limit / 8, 1, 1024);
  if (ends[1] - ends[0] < journal_limit + slack) return {};
  return prune_->bind(1, std::min(ends[1] - journal_limit + 1, ends[0] + kPruneAtOnce)).run();
}

Attempt<Contents> Writer::load(std::size_t journal) {
  Contents contents;
  if (auto done = load_records(contents); !done) return fail(done.error());
  if (auto done = load_journal(contents, journal); !done) return fail(done.error());
  return contents;
}

void add_alarm(std::string& alarm, const std::string& sentence) {
  if (!alarm.empty()) alarm += "; ";
  alarm += sentence;
}

Attempt<void> Writer::load_records(Contents& contents) {
  Attempt<Statement> rows = database_.prepare("SELECT name, value, digest FROM record");
  if (!rows) return fail(rows.error());
  while (true) {
    const Attempt<bool> row = rows->step();
    if (!row) return fail(row.error());
    if (!*row) return {};
    std::string name = rows->text(0);
    std::string value = rows->text(1);
    if (digest_of(name, value) != rows->number(2)) {
      add_alarm(contents.alarm, "the record " + name + " was changed by somebody else and is not used");
      value.clear();
    }
    contents.records.emplace(std::move(name), std::move(value));
  }
}

Attempt<void> Writer::load_journal(Contents& contents, std::size_t journal) {
  Attempt<Statement> rows = database_.prepare((std::string(kColumns) + "ORDER BY sequence DESC").c_str());
  if (!rows) return fail(rows.error());
  std::optional<JournalEntry> after;
  bool is_whole = true;
  while (true) {
    const Attempt<bool> row = rows->step();
    if (!row) return fail(row.error());
    if (!*row) break;
    JournalEntry entry = read_entry(*rows);
    if (is_whole && after && after->hash != chain(entry.hash, *after)) {
      is_whole = false;  // said once; all entries are kept
      add_alarm(contents.alarm, "the journal was changed by somebody else: entry " + std::to_string(after->sequence) +
                                    " does not follow from the one before it");
    }
    if (contents.journal.size() < journal) contents.journal.push_back(entry);
    after = std::move(entry);
  }
  std::reverse(contents.journal.begin(), contents.journal.end());
  return {};
}

class SqliteStore final : public Store {
 public:
  SqliteStore(const SqliteOptions& options, FileClaim claim)
      : shown_(options.path), claim_(std::move(claim)), patience_(options.patience) {
    constexpr auto kMost = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max() / 2);
    journal_limit_ = static_cast<std::int64_t>(std::clamp<std::size_t>(options.journal_limit, 1, kMost));
  }

  ~SqliteStore() override {
    reader_.reset();  // first, so that the writer is the last and leaves one file only
    thread_.run([this] { writer_.reset(); });
  }

  Result<void> open(const std::string& path) {
    return thread_.run([&]() -> Result<void> {
      Result<OpenedFile> opened = open_state_file(path, shown_);
      if (!opened) return fail(opened.error());
      alarm_ = std::move(opened->alarm);
      Attempt<std::unique_ptr<Writer>> writer = Writer::make(std::move(opened->database));
      if (!writer) return fail(error_of(writer.error()));
      writer_ = std::move(*writer);
      Attempt<Database> reader = Database::open(path, Database::Mode::ReadOnly);
      if (!reader) return fail(error_of(reader.error()));
      reader_.emplace(std::move(*reader));
      return {};
    });
  }

  Result<Contents> load(std::size_t journal) override {
    return thread_.run([&]() -> Result<Contents> {
      Attempt<Contents> contents = writer_->load(journal);
      if (!contents) return fail(error_of(contents.error()));
      if (!alarm_.empty()) add_alarm(contents->alarm, alarm_);
      return std::move(*contents);
    });
  }

  Result<void> commit(const Change& change) override {
    if (change.is_empty()) return {};
    if (late_.valid()) {
      if (late_.wait_for(Duration::zero()) != std::future_status::ready) return fail(unanswered());
      late_ = {};  // whatever it came to: this change is made by one who was told that it failed
    }
    auto done = thread_.begin([this, change] { return apply(change); });
    if (done.wait_for(patience_) == std::future_status::ready) return done.get();
    late_ = std::move(done);
    return fail(unanswered());
  }

  Result<std::vector<JournalEntry>> journal(const JournalQuery& query) const override;

  std::string name() const override { return "sqlite " + shown_; }

 private:
  /// On the writer thread.
  Result<void> apply(const Change& change) {
    if (writer_->has_moved()) return fail(state_error(shown_, "the file was moved or removed while it is in use"));
    if (const Attempt<void> done = writer_->apply(change, journal_limit_); !done) return fail(error_of(done.error()));
    return {};
  }

  Error unanswered() const {
    return state_error(shown_,
                       "the disk has not answered for more than " +
                           std::to_string(duration_cast<milliseconds>(patience_).count()) + " ms",
                       true);
  }

  Error error_of(const Trouble& trouble) const {
    const bool damaged = trouble.is_damage();
    return state_error(shown_, trouble.text + (damaged ? "; it is set aside with the next start" : ""),
                       trouble.is_passing());
  }

  const std::string shown_;
  const FileClaim claim_;
  const Duration patience_;
  std::int64_t journal_limit_ = 1;
  std::string alarm_;
  mutable std::mutex reader_mutex_;
  mutable std::optional<Database> reader_;
  std::future<Result<void>> late_;  // a commit that nobody waits for any more
  std::unique_ptr<Writer> writer_;  // of the writer thread
  WriterThread thread_;
};

Result<std::vector<JournalEntry>> SqliteStore::journal(const JournalQuery& query) const {
  constexpr auto kLast = std::numeric_limits<std::int64_t>::max();
  std::string sql = std::string(kColumns) + "WHERE sequence < ?1 ";
  if (!query.route.empty()) sql += "AND route = ?3 ";
  sql += "ORDER BY sequence DESC LIMIT ?2";

  const std::lock_guard lock(reader_mutex_);
  Attempt<Statement> rows = reader_->prepare(sql.c_str());
  if (!rows) return fail(error_of(rows.error()));
  const auto bounded = [](std::uint64_t number) {
    return static_cast<std::int64_t>(std::min<std::uint64_t>(number, kLast));
  };
  rows->bind(1, query.before == 0 ? kLast : bounded(query.before)).bind(2, bounded(query.limit));
  if (!query.route.empty()) rows->bind(3, query.route);
  std::vector<JournalEntry> found;
  while (true) {
    const Attempt<bool> row = rows->step();
    if (!row) return fail(error_of(row.error()));
    if (!*row) return found;
    found.push_back(read_entry(*rows));
  }
}

}  // namespace

Result<std::unique_ptr<Store>> make_sqlite_store(const SqliteOptions& options) {
  const Result<std::string> path = resolve_state_path(options.path);
  if (!path) return fail(state_error(options.path, path.error().message));
  Result<FileClaim> claim = FileClaim::take(*path);
  if (!claim) return fail(state_error(options.path, claim.error().message));
  auto store = std::make_unique<SqliteStore>(options, std::move(*claim));
  if (const Result<void> opened = store->open(*path); !opened) return fail(opened.error());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace sluice::state
