#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sluice/metrics/outcomes.hpp"

/// What the metrics page says about answers that were compared, and about how predictions are distributed: plain data
/// from the control side.
namespace sluice::metrics {

using NamedCounts = std::vector<std::pair<std::string, std::uint64_t>>;

/// Rows of one output whose largest number was looked for, in the answers to one segment's requests.
struct RowCounts {
  std::string segment;  ///< "": in none
  std::string output;
  std::uint64_t rows = 0;
  std::uint64_t flips = 0;  ///< of these, where it stands elsewhere
  friend bool operator==(const RowCounts&, const RowCounts&) = default;
};

/// Pairs of one candidate since the process started, but for what is said to be of the window.
struct ComparisonSnapshot {
  std::string route;
  std::string version;
  NamedCounts results;          ///< "match", "mismatch", "noise", "not_compared"
  NamedCounts fields;           ///< mismatches by field; bounded by whoever fills it
  NamedCounts segments;         ///< mismatches by segment; "": in none
  std::vector<RowCounts> rows;  ///< bounded likewise
  DurationBuckets differences;  ///< largest relative difference of each pair; no seconds
  double disagreement = 0;      ///< of the window: weighted share of the compared pairs, 0…1
  bool noise_known = false;
  std::uint64_t noisy_fields = 0;
  friend bool operator==(const ComparisonSnapshot&, const ComparisonSnapshot&) = default;
};

/// One version's score or class beside another distribution, within the window.
struct DriftSnapshot {
  std::string route;
  std::string version;
  std::string of;       ///< "score", "label"
  std::string against;  ///< "stable", "reference"
  double stability_index = 0;
  double jensen_shannon = 0;
  double distance = 0;  ///< Kolmogorov–Smirnov or, of classes, L-infinity
  double e_value = 0;   ///< that they are not alike
  friend bool operator==(const DriftSnapshot&, const DriftSnapshot&) = default;
};

/// How a version's values are distributed within the window.
struct DistributionSnapshot {
  std::string route;
  std::string version;
  std::string of;
  NamedCounts bins;
  friend bool operator==(const DistributionSnapshot&, const DistributionSnapshot&) = default;
};

struct ComparisonsSnapshot {
  std::vector<ComparisonSnapshot> comparisons;
  std::vector<DriftSnapshot> drifts;
  std::vector<DistributionSnapshot> distributions;
  std::vector<UnreadSnapshot> unread;  ///< of score and label; `outcome` says which
  std::uint64_t lost_queue = 0;        ///< pairs
  std::uint64_t lost_memory = 0;       ///< pairs of which a body was not kept
  std::uint64_t lost_over = 0;         ///< pairs of rules or of a window that is over
  std::uint64_t lost_replay = 0;       ///< decisions whose later outcomes are not followed
  std::uint64_t waiting_bytes = 0;
  double busy_seconds = 0;
};

}  // namespace sluice::metrics
