#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sluice/compare/comparison.hpp"
#include "sluice/compare/hidden_fields.hpp"
#include "sluice/compare/noise_floor.hpp"

namespace sluice::compare {

/// Counts for metrics, of the process; never go back.
struct EvaluationCounts {
  struct Version {
    std::string route;
    std::string version;
    std::uint64_t match = 0;  ///< compared pairs without a difference
    std::uint64_t mismatch = 0;
    std::uint64_t noise = 0;                      ///< they differ only where twins do, as known then
    std::uint64_t not_compared = 0;               ///< both answered, but a body could not be looked into
    std::vector<std::uint64_t> segment_mismatch;  ///< by segment in the order of the policy, first those in none
    std::vector<std::pair<std::string, std::uint64_t>> fields;  ///< mismatches by field, at most 32 and the others
    struct Output {
      std::string name;
      std::vector<std::uint64_t> rows;   ///< whose largest number was looked for, by segment likewise
      std::vector<std::uint64_t> flips;  ///< of these, where it stands elsewhere
    };
    std::vector<Output> outputs;                   ///< at most 32 and the others
    std::vector<double> difference_bounds;         ///< upper ends of buckets of Comparison::relative_difference,
    std::vector<std::uint64_t> difference_counts;  ///< pairs in each, and at last those beyond all; not added up
    double difference_sum = 0;
  };
  std::vector<Version> versions;
  std::uint64_t lost_queue = 0;   ///< pairs that found no room, or were waiting at the end
  std::uint64_t lost_memory = 0;  ///< pairs of which a body was not kept for want of memory
  std::uint64_t lost_over = 0;    ///< pairs of a route, of rules or of a window that is over
  std::uint64_t lost_replay = 0;  ///< decisions whose later outcomes are not followed, for want of room
  std::uint64_t waiting_bytes = 0;
  double busy_seconds = 0;  ///< processor time of the comparing thread
};

/// Counts the pairs of one version for the metrics. Bounded; not thread-safe.
class PairCounts {
 public:
  static constexpr std::size_t kFields = 32;
  static constexpr std::array<double, 8> kBounds{1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 0.5, 1};

  PairCounts(std::string route, std::string version);

  /// Another policy may have another number of them; then they are counted anew.
  void set_segments(std::size_t segments);
  /// Of a pair that both answered; `noise` is what is known of the candidate's fields.
  /// Fields are named as `hidden` allows.
  void add(const Comparison& pair, std::uint8_t segment, const NoiseFloor& noise, const HiddenFields& hidden = {});
  EvaluationCounts::Version read() const;

 private:
  using ByField = std::map<std::string, std::uint64_t, std::less<>>;
  void add_fields(const Comparison& pair, const NoiseFloor& noise, const HiddenFields& hidden);
  void add_rows(const OutputFlips& output, std::string_view name, std::uint8_t segment);

  EvaluationCounts::Version counts_;
  ByField fields_;
  std::map<std::string, EvaluationCounts::Version::Output, std::less<>> outputs_;
};

}  // namespace sluice::compare
