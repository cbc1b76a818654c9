#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/result.hpp"

/// What survives a restart: named records, and a journal of lines that are only ever added. Free of any product's ways,
/// so that memory, a local file or a shared server can stand behind it.
namespace sluice::state {

/// One decision, chained to the one before it, so that a line that was changed or taken out later shows.
struct JournalEntry {
  std::uint64_t sequence = 0;  ///< 1, 2, 3… over all routes
  WallTime time{};             ///< whole milliseconds
  std::string route;
  std::string rollout;  ///< "fraud-3"; empty: about none
  std::string actor;    ///< "sluice", or the person
  std::string kind;     ///< "Advanced"
  std::string text;
  std::string hash;  ///< SHA-256 in hexadecimal over the hash before and all fields above
  friend bool operator==(const JournalEntry&, const JournalEntry&) = default;
};

/// The hash that an entry must have behind `previous` (empty before the first).
std::string chain(const std::string& previous, const JournalEntry& entry);

/// The first entry that does not follow from the one before it, by index; the size when all do. The first one of the
/// list is believed.
std::size_t first_break(const std::vector<JournalEntry>& entries);

/// Everything that belongs together: all of it is kept, or nothing.
struct Change {
  std::map<std::string, std::string> put;  ///< records by name; replaces
  std::vector<std::string> erase;
  std::vector<JournalEntry> append;  ///< in order, with sequence and hash; one that is there already is replaced
  /// First of all every entry with a larger sequence goes: what a commit may have left there that came to its end after
  /// its caller had been told that it failed.
  std::optional<std::uint64_t> drop_behind;
  bool is_empty() const noexcept { return put.empty() && erase.empty() && append.empty() && !drop_behind; }
};

/// What was kept.
struct Contents {
  std::map<std::string, std::string> records;  ///< one that was found damaged is there with an empty value
  std::vector<JournalEntry> journal;           ///< the newest ones, oldest first
  std::string alarm;  ///< what was found damaged or changed by somebody else, in plain words; empty: all well
};

struct JournalQuery {
  std::string route{};       ///< empty: all
  std::uint64_t before = 0;  ///< only entries with a smaller sequence; 0: from the newest
  std::size_t limit = 100;
};

class Store {
 public:
  virtual ~Store() = default;

  /// All records and the newest `journal` entries. Once, at the start.
  virtual Result<Contents> load(std::size_t journal) = 0;

  /// Durable when it returns without an error; waits for the storage, so never on an event loop, and for a few seconds
  /// at most: an error then says that the storage does not answer. Such a change may be kept all the same, later; the
  /// next one that is not refused comes behind it and has the last word. One thread at a time.
  virtual Result<void> commit(const Change& change) = 0;

  /// Entries, newest first. Any thread.
  virtual Result<std::vector<JournalEntry>> journal(const JournalQuery& query) const = 0;

  /// "memory", "sqlite ./sluice.db".
  virtual std::string name() const = 0;
};

/// Forgets everything with the process. Keeps the newest `journal_limit` entries.
std::unique_ptr<Store> make_memory_store(std::size_t journal_limit = 10'000);

struct SqliteOptions {
  std::string path;
  std::size_t journal_limit = 100'000;  ///< older entries are dropped
  /// How long a commit waits for the disk; a little longer than for somebody else's transaction.
  Duration patience = std::chrono::milliseconds(2500);
};

/// A local file. Makes it when there is none; sets a damaged one aside as `PATH.corrupt-TIME` and starts empty, with
/// `Contents::alarm` saying so. Fails when the file can neither be read nor made, is of a newer schema, or belongs to
/// another process that runs.
Result<std::unique_ptr<Store>> make_sqlite_store(const SqliteOptions& options);

}  // namespace sluice::state
