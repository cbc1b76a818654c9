#include "sluice/compare/evaluation_counts.hpp"

#include <algorithm>
#include <utility>

#include "sluice/compare/redaction.hpp"

namespace sluice::compare {

PairCounts::PairCounts(std::string route, std::string version) {
  counts_.route = std::move(route);
  counts_.version = std::move(version);
  counts_.difference_bounds.assign(kBounds.begin(), kBounds.end());
  counts_.difference_counts.assign(kBounds.size() + 1, 0);
}

void PairCounts::set_segments(std::size_t segments) {
  if (counts_.segment_mismatch.size() != segments + 1) counts_.segment_mismatch.assign(segments + 1, 0);
}

void PairCounts::add(const Comparison& pair, std::uint8_t segment, const NoiseFloor& noise) {
  if (!pair.compared) {
    ++counts_.not_compared;
    return;
  }
  for (const OutputFlips& output : pair.outputs) {
    count(rows_, output.field, output.rows);
    count(flips_, output.field, output.flips);
  }
  bool differs = false;
  for (const Difference& difference : pair.differences) {
    if (!noise.counts(difference)) continue;
    differs = true;
    count(fields_, difference.field, 1);
  }
  const auto* const bound = std::lower_bound(kBounds.begin(), kBounds.end(), pair.relative_difference);
  ++counts_.difference_counts[static_cast<std::size_t>(bound - kBounds.begin())];
  counts_.difference_sum += pair.relative_difference;
  ++(differs ? counts_.mismatch : pair.differences.empty() ? counts_.match : counts_.noise);
  if (differs && segment < counts_.segment_mismatch.size()) ++counts_.segment_mismatch[segment];
}

void PairCounts::count(ByField& fields, std::string_view name, std::uint64_t by) {
  name = utf8_prefix(name, NoiseFloor::kNameBytes);
  const auto found = fields.find(name);
  if (found != fields.end()) {
    found->second += by;
  } else {
    fields[std::string(fields.size() < kFields ? name : other_fields)] += by;
  }
}

EvaluationCounts::Version PairCounts::read() const {
  EvaluationCounts::Version counts = counts_;
  counts.fields.assign(fields_.begin(), fields_.end());
  counts.rows.assign(rows_.begin(), rows_.end());
  counts.flips.assign(flips_.begin(), flips_.end());
  return counts;
}

}  // namespace sluice::compare
