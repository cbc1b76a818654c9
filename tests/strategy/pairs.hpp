#pragma once

#include <cstdint>
#include <memory>

#include "sluice/strategy/evidence.hpp"

namespace sluice::strategy {

/// What became of so many pairs.
struct PairCount {
  std::uint64_t pairs = 0;
  std::uint64_t both_failed = 0;
  std::uint64_t only_candidate_failed = 0;
  std::uint64_t only_live_failed = 0;
  std::uint64_t disagreements = 0;  ///< of those that both answered, which are all compared
  std::uint64_t twins = 0;
  double weight = 1;
};

/// What was found before, and these. Noise is known from 20 twins on.
inline std::shared_ptr<const PairEvidence> with_pairs(const PairEvidence* before, const PairCount& count) {
  auto made = std::make_shared<PairEvidence>();
  if (before != nullptr) *made = *before;
  auto& stratum = made->tally.stratum(count.weight);
  stratum.pairs += count.pairs;
  stratum.both_failed += count.both_failed;
  stratum.only_candidate_failed += count.only_candidate_failed;
  stratum.only_live_failed += count.only_live_failed;
  stratum.compared += count.pairs - count.both_failed - count.only_candidate_failed - count.only_live_failed;
  stratum.disagreements += count.disagreements;
  made->twins += count.twins;
  made->noise_known = made->twins >= 20;
  if (count.disagreements > 0) made->worst_field = "/outputs/score";
  made->worst_field_pairs += count.disagreements;
  return made;
}

}  // namespace sluice::strategy
