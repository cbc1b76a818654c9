#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// What the metrics page says about what applications report and what stands in answers: plain data from the control
/// side.
namespace sluice::metrics {

/// Durations in buckets of the sender's choice.
struct DurationBuckets {
  std::vector<double> bounds;         ///< upper ends, seconds
  std::vector<std::uint64_t> counts;  ///< not cumulative; one more than bounds
  double sum = 0;                     ///< seconds
  friend bool operator==(const DurationBuckets&, const DurationBuckets&) = default;
};

/// Reports that count, or values that were read, since the process started.
struct OutcomeSnapshot {
  std::string route;
  std::string version;
  std::string outcome;
  std::uint64_t reports = 0;
  double value = 0;        ///< sum
  DurationBuckets delays;  ///< without bounds: read from answers, at once
  friend bool operator==(const OutcomeSnapshot&, const OutcomeSnapshot&) = default;
};

struct UnmatchedSnapshot {
  std::string route;  ///< empty: of none that is known
  std::string reason;
  std::uint64_t count = 0;
  friend bool operator==(const UnmatchedSnapshot&, const UnmatchedSnapshot&) = default;
};

/// Answers that a value was looked for in and not read from.
struct UnreadSnapshot {
  std::string route;
  std::string outcome;
  std::string reason;
  std::uint64_t count = 0;
  friend bool operator==(const UnreadSnapshot&, const UnreadSnapshot&) = default;
};

struct OutcomesSnapshot {
  std::vector<OutcomeSnapshot> outcomes;     ///< all that the policy names
  std::vector<UnmatchedSnapshot> unmatched;  ///< every reason of every route
  std::vector<UnreadSnapshot> unread;        ///< every reason of every outcome that stands in answers
  std::uint64_t duplicates = 0;
  std::uint64_t turned_away = 0;        ///< posts
  std::size_t ledger_reports = 0;       ///< kept one by one
  std::size_t ledger_capacity = 0;      ///< of them
  std::uint64_t decision_log_lost = 0;  ///< lines
  std::uint64_t observations_lost = 0;  ///< requests whose observation found no room
};

}  // namespace sluice::metrics
