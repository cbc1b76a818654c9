#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sluice/base/result.hpp"

/// What applications reported about decisions, each report once, for as long as it counts and as a sum for ever after.
/// Names are told by their hashes; nothing here knows what a report means.
namespace sluice::state {

/// The largest value of a report, either way: any number of them has sums and squares that can be reckoned with.
inline constexpr double most_reported_value = 1e15;

/// In place of a sum's delay: that is not known any more.
inline constexpr std::int64_t forgotten_delay = -1;
/// In place of a sum's delay: nor is it known whose the reports were.
inline constexpr std::int64_t forgotten_unit = -2;

/// What was reported about one decision by one outcome. The first four say which it is.
struct LedgerReport {
  std::int64_t decided_ms = 0;  ///< when the decision was made, since 1970
  std::uint64_t nonce = 0;      ///< of the decision
  std::uint64_t route = 0;
  std::uint64_t outcome = 0;
  std::uint64_t version = 0;
  std::uint64_t unit = 0;  ///< 0: none
  std::uint64_t window = 0;
  bool split = true;
  std::int64_t delay_ms = 0;  ///< from the decision to the report, 0 or more
  double value = 0;           ///< within ±most_reported_value; what is beyond counts as that

  friend bool operator==(const LedgerReport&, const LedgerReport&) = default;
};

/// Reports that are no longer kept one by one. The fields up to the delay say which.
struct LedgerSum {
  std::uint64_t route = 0;
  std::uint64_t window = 0;
  std::uint64_t version = 0;
  std::uint64_t outcome = 0;
  bool split = true;
  std::uint64_t unit = 0;
  std::int64_t delay_ms = 0;  ///< rounded, see rounded_delay; or forgotten_delay, forgotten_unit
  std::uint64_t reports = 0;
  std::uint64_t events = 0;  ///< with a value other than 0
  double sum = 0;            ///< within ±1e150
  double squares = 0;        ///< up to 1e300

  void add(double value) noexcept;
  void add(const LedgerSum& other) noexcept;
  /// Within its limits, also when somebody else wrote it.
  void limit() noexcept;
  friend bool operator==(const LedgerSum&, const LedgerSum&) = default;
};

/// How many decisions were made for a version from a moment on.
struct LedgerDecisions {
  std::uint64_t route = 0;
  std::uint64_t window = 0;
  std::uint64_t version = 0;
  std::int64_t at_ms = 0;  ///< since 1970
  std::uint64_t count = 0;

  friend bool operator==(const LedgerDecisions&, const LedgerDecisions&) = default;
};

/// A secret that tokens are signed with.
struct LedgerKey {
  std::uint8_t id = 0;
  std::int64_t made_ms = 0;  ///< since 1970
  std::array<std::uint8_t, 32> secret{};

  friend bool operator==(const LedgerKey&, const LedgerKey&) = default;
};

/// Everything that belongs together: all of it is kept, or nothing.
struct LedgerBatch {
  std::vector<LedgerReport> reports;
  std::vector<LedgerDecisions> decisions;  ///< are added to what is known of the same moment
  bool is_empty() const noexcept { return reports.empty() && decisions.empty(); }
};

/// Who is told what a ledger holds, in order of time. What nobody is to be told is not read.
struct LedgerReader {
  std::function<void(const LedgerDecisions&)> decisions;
  std::function<void(const LedgerSum&)> sum;
  std::function<void(const LedgerReport&)> report;
};

/// One thread at a time, and never one that serves: it waits for the storage.
class Ledger {
 public:
  enum class Taken : std::uint8_t {
    New,
    Duplicate,  ///< this outcome of this decision is known; its first value stays
    Full,       ///< no more reports are kept
    Expired,    ///< of a decision whose reports may have been added up already
  };

  virtual ~Ledger() = default;

  /// All that is kept; a second or so per million reports.
  virtual Result<void> read(const LedgerReader& reader) const = 0;
  /// What became of each report of the batch, in order; durable when it returns without an error. About 3 µs a report.
  virtual Result<std::vector<Taken>> commit(const LedgerBatch& batch) = 0;
  /// Adds up reports about decisions made before this, the oldest first and a few more than `at_most` of them if need
  /// be; from then on no report about a decision is taken that is not younger than all of these. Returns how many went.
  /// No sum over all that is kept changes. From half of `capacity` sums on, new ones are kept without their delay, and
  /// beyond `capacity` also without their unit, so that there are never more than a few per window beyond that.
  virtual Result<std::size_t> expire(std::int64_t before_ms, std::size_t at_most) = 0;
  /// Forgets units and delays in the sums of a route's windows before this one, and when their decisions were made;
  /// in every window, what was decided before `before_ms` is of one moment. Some ten thousand sums at a time: true when
  /// there are more, for another call.
  virtual Result<bool> fold(std::uint64_t route, std::uint64_t window, std::int64_t before_ms) = 0;

  virtual Result<std::vector<LedgerKey>> keys() const = 0;
  /// These, and no others.
  virtual Result<void> keep_keys(const std::vector<LedgerKey>& keys) = 0;

  /// Reports that are kept one by one.
  virtual std::size_t size() const noexcept = 0;
  virtual std::size_t capacity() const noexcept = 0;
  /// "memory", "sqlite ./sluice.db".
  virtual std::string name() const = 0;
};

/// Up to the next power of 2^⅓: at most 26 % more. 0 stays 0.
std::int64_t rounded_delay(std::int64_t delay_ms) noexcept;

/// What a report is once it is added up.
LedgerSum to_sum(const LedgerReport& report) noexcept;

/// Forgets everything with the process. About 200 bytes a report, and as much for each of as many sums.
std::unique_ptr<Ledger> make_memory_ledger(std::size_t capacity = 500'000);

struct SqliteLedgerOptions {
  std::string path;
  std::size_t capacity = 5'000'000;  ///< reports, and as many sums; about 90 bytes each in the file
};

/// In the file of a store that this process has open, and that outlives the ledger. Fails when it cannot be read.
Result<std::unique_ptr<Ledger>> make_sqlite_ledger(const SqliteLedgerOptions& options);

}  // namespace sluice::state
