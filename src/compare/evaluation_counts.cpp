#include "sluice/compare/evaluation_counts.hpp"

#include <algorithm>
#include <utility>

#include "sluice/compare/redaction.hpp"

namespace sluice::compare {
namespace {

/// What is counted under this name; beyond so many names under that of all others.
template <typename Named>
typename Named::mapped_type& place_of(Named& all, std::string_view name) {
  name = utf8_prefix(name, NoiseFloor::kNameBytes);
  const auto found = all.find(name);
  return found != all.end() ? found->second : all[std::string(all.size() < PairCounts::kFields ? name : other_fields)];
}

}  // namespace

PairCounts::PairCounts(std::string route, std::string version) {
  counts_.route = std::move(route);
  counts_.version = std::move(version);
  counts_.difference_bounds.assign(kBounds.begin(), kBounds.end());
  counts_.difference_counts.assign(kBounds.size() + 1, 0);
  set_segments(0);
}

void PairCounts::set_segments(std::size_t segments) {
  if (counts_.segment_mismatch.size() == segments + 1) return;
  counts_.segment_mismatch.assign(segments + 1, 0);
  outputs_.clear();
}

void PairCounts::add(const Comparison& pair, std::uint8_t segment, const NoiseFloor& noise,
                     const HiddenFields& hidden) {
  if (!pair.compared) {
    ++counts_.not_compared;
    return;
  }
  for (const OutputFlips& output : pair.outputs) {
    add_rows(output, hidden.shown(output.field), segment);
  }
  const bool differs = noise.disagrees(pair);
  if (differs) add_fields(pair, noise, hidden);
  const auto* const bound = std::lower_bound(kBounds.begin(), kBounds.end(), pair.relative_difference);
  ++counts_.difference_counts[static_cast<std::size_t>(bound - kBounds.begin())];
  counts_.difference_sum += pair.relative_difference;
  ++(differs ? counts_.mismatch : pair.differences.empty() ? counts_.match : counts_.noise);
  if (differs && segment < counts_.segment_mismatch.size()) ++counts_.segment_mismatch[segment];
}

/// Each once, also where several are called alike because no more of them is shown.
void PairCounts::add_fields(const Comparison& pair, const NoiseFloor& noise, const HiddenFields& hidden) {
  std::vector<std::string_view> names;
  for (const Difference& difference : pair.differences) {
    if (!noise.counts(difference)) continue;
    const std::string_view name = hidden.shown(difference.field);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  for (const std::string_view name : names) ++place_of(fields_, name);
}

void PairCounts::add_rows(const OutputFlips& output, std::string_view name, std::uint8_t segment) {
  if (segment >= counts_.segment_mismatch.size()) return;
  EvaluationCounts::Version::Output& counts = place_of(outputs_, name);
  counts.rows.resize(counts_.segment_mismatch.size());
  counts.flips.resize(counts_.segment_mismatch.size());
  counts.rows[segment] += output.rows;
  counts.flips[segment] += output.flips;
}

EvaluationCounts::Version PairCounts::read() const {
  EvaluationCounts::Version counts = counts_;
  counts.fields.assign(fields_.begin(), fields_.end());
  for (const auto& [name, output] : outputs_) {
    counts.outputs.push_back(output);
    counts.outputs.back().name = name;
  }
  return counts;
}

}  // namespace sluice::compare
