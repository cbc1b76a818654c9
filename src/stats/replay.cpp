#include "sluice/stats/replay.hpp"

#include <algorithm>
#include <cmath>

#include "sluice/stats/pairs.hpp"

namespace sluice::stats {
namespace {

bool can_count(double weight, double value) noexcept {
  return weight > 0 && weight <= 1 && std::isfinite(value);
}

ReplayStratum& stratum_of(std::vector<ReplayStratum>& strata, double weight) {
  auto place =
      std::find_if(strata.begin(), strata.end(), [&](const auto& stratum) { return stratum.weight <= weight; });
  if (place == strata.end() || place->weight != weight) {
    place = strata.insert(place, ReplayStratum{});
    place->weight = weight;
  }
  return *place;
}

/// The differing requests as if the candidate had earned nothing there, or 1 each.
Interval bounds_of(const ReplayTally& tally, double alpha) noexcept {
  std::vector<WeightedPairs> nothing;
  std::vector<WeightedPairs> everything;
  for (const auto& stratum : tally.strata) {
    const std::uint64_t all = stratum.agreeing.count + stratum.differing.count;
    nothing.push_back({stratum.weight, all, stratum.agreeing.events});
    everything.push_back({stratum.weight, all, stratum.agreeing.events + stratum.differing.count});
  }
  return {disagreement_confidence(nothing, alpha).lower, disagreement_confidence(everything, alpha).upper};
}

Interval rate_of_agreeing(const ReplayTally& tally, double alpha) noexcept {
  std::vector<WeightedPairs> events;
  for (const auto& stratum : tally.strata) {
    events.push_back({stratum.weight, stratum.agreeing.count, stratum.agreeing.events});
  }
  return disagreement_confidence(events, alpha);
}

/// A binary outcome's moments are those of whether it happened.
Moments as_binary(const Moments& values) noexcept {
  if (values.count == 0) return {};
  const double share = static_cast<double>(values.events) / static_cast<double>(values.count);
  return {values.count, values.events, share, static_cast<double>(values.events) * (1 - share)};
}

}  // namespace

void ReplayTally::note(double weight, bool agrees, double value) {
  if (!can_count(weight, value)) return;
  ReplayStratum& stratum = stratum_of(strata, weight);
  (agrees ? stratum.agreeing : stratum.differing).add(value);
}

void ReplayTally::merge(const ReplayTally& other) {
  for (const auto& theirs : other.strata) {
    if (!can_count(theirs.weight, 0)) continue;
    ReplayStratum& stratum = stratum_of(strata, theirs.weight);
    stratum.agreeing.merge(theirs.agreeing);
    stratum.differing.merge(theirs.differing);
  }
}

std::uint64_t ReplayTally::agreeing() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& stratum : strata) sum += stratum.agreeing.count;
  return sum;
}

std::uint64_t ReplayTally::differing() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& stratum : strata) sum += stratum.differing.count;
  return sum;
}

ReplayEstimate replay_estimate(const ReplayTally& tally, bool binary, double alpha, double tightest_at) noexcept {
  std::vector<Moments> agreeing;
  std::vector<Moments> all;
  std::vector<double> weights;
  double covered = 0;
  double whole = 0;
  for (const auto& stratum : tally.strata) {
    agreeing.push_back(binary ? as_binary(stratum.agreeing) : stratum.agreeing);
    all.push_back(agreeing.back());
    all.back().merge(binary ? as_binary(stratum.differing) : stratum.differing);
    weights.push_back(stratum.weight);
    covered += stratum.weight * static_cast<double>(agreeing.back().count);
    whole += stratum.weight * static_cast<double>(all.back().count);
  }
  const PairedMean mean = paired_mean(agreeing, weights);
  ReplayEstimate found;
  found.value = mean.mean;
  found.covered = whole > 0 ? covered / whole : 0;
  found.served = paired_mean(all, weights).mean;
  found.agreeing = tally.agreeing();
  found.differing = tally.differing();
  if (binary) {
    if (found.agreeing > 0) found.interval = rate_of_agreeing(tally, alpha);
    if (whole > 0) found.bounds = bounds_of(tally, alpha);
  } else {
    found.interval = paired_mean_confidence(mean, alpha, tightest_at);
  }
  return found;
}

}  // namespace sluice::stats
