#include "sluice/stats/pair_tally.hpp"

#include <algorithm>

namespace sluice::stats {
namespace {

template <typename Count>
std::uint64_t strata_sum(const std::vector<PairStratum>& strata, Count count) noexcept {
  std::uint64_t sum = 0;
  for (const auto& stratum : strata) sum += count(stratum);
  return sum;
}

/// Weighted share of the pairs that `part` counts among those that `whole` counts.
template <typename Part, typename Whole>
double weighted_share(const std::vector<PairStratum>& strata, Part part, Whole whole) noexcept {
  double parts = 0;
  double all = 0;
  for (const auto& stratum : strata) {
    parts += stratum.weight * static_cast<double>(part(stratum));
    all += stratum.weight * static_cast<double>(whole(stratum));
  }
  return all > 0 ? parts / all : 0;
}

template <typename Counts>
Duration weighted_quantile(const std::vector<PairStratum>& strata, double quantile, Counts counts) noexcept {
  std::array<double, kBuckets> weights{};
  for (const auto& stratum : strata) {
    const auto of_stratum = counts(stratum.joint);
    for (std::size_t i = 0; i < kBuckets; ++i) weights[i] += stratum.weight * static_cast<double>(of_stratum[i]);
  }
  return bucket_quantile(weights, quantile);
}

template <typename Values>
PairedMean weighted_mean(const std::vector<PairStratum>& strata, Values values) noexcept {
  std::vector<Moments> moments;
  std::vector<double> weights;
  for (const auto& stratum : strata) {
    moments.push_back(values(stratum));
    weights.push_back(stratum.weight);
  }
  return paired_mean(moments, weights);
}

std::uint64_t pairs_of(const PairStratum& stratum) noexcept {
  return stratum.pairs;
}

std::uint64_t compared_of(const PairStratum& stratum) noexcept {
  return stratum.compared;
}

std::uint64_t disagreements_of(const PairStratum& stratum) noexcept {
  return stratum.disagreements;
}

}  // namespace

void PairStratum::merge(const PairStratum& other) {
  pairs += other.pairs;
  both_failed += other.both_failed;
  only_candidate_failed += other.only_candidate_failed;
  only_live_failed += other.only_live_failed;
  compared += other.compared;
  disagreements += other.disagreements;
  latency.merge(other.latency);
  live_latency.merge(other.live_latency);
  score.merge(other.score);
  joint.merge(other.joint);
}

std::uint64_t PairTally::pairs() const noexcept {
  return strata_sum(strata, pairs_of);
}

std::uint64_t PairTally::compared() const noexcept {
  return strata_sum(strata, compared_of);
}

std::uint64_t PairTally::disagreements() const noexcept {
  return strata_sum(strata, disagreements_of);
}

std::uint64_t PairTally::both_failed() const noexcept {
  return strata_sum(strata, [](const PairStratum& stratum) { return stratum.both_failed; });
}

std::uint64_t PairTally::only_candidate_failed() const noexcept {
  return strata_sum(strata, [](const PairStratum& stratum) { return stratum.only_candidate_failed; });
}

std::uint64_t PairTally::only_live_failed() const noexcept {
  return strata_sum(strata, [](const PairStratum& stratum) { return stratum.only_live_failed; });
}

std::uint64_t PairTally::timed() const noexcept {
  return strata_sum(strata, [](const PairStratum& stratum) { return stratum.joint.pairs(); });
}

std::uint64_t PairTally::timed_lost() const noexcept {
  return strata_sum(strata, [](const PairStratum& stratum) { return stratum.joint.lost(); });
}

double PairTally::disagreement() const noexcept {
  return weighted_share(strata, disagreements_of, compared_of);
}

double PairTally::candidate_failures() const noexcept {
  return weighted_share(
      strata, [](const PairStratum& stratum) { return stratum.both_failed + stratum.only_candidate_failed; }, pairs_of);
}

double PairTally::live_failures() const noexcept {
  return weighted_share(
      strata, [](const PairStratum& stratum) { return stratum.both_failed + stratum.only_live_failed; }, pairs_of);
}

std::vector<WeightedPairs> PairTally::comparisons() const {
  std::vector<WeightedPairs> found;
  for (const auto& stratum : strata) found.push_back({stratum.weight, stratum.compared, stratum.disagreements});
  return found;
}

std::vector<DiscordantPairs> PairTally::failures() const {
  std::vector<DiscordantPairs> found;
  for (const auto& stratum : strata) {
    found.push_back({stratum.weight, stratum.pairs, stratum.only_candidate_failed, stratum.only_live_failed});
  }
  return found;
}

std::vector<DiscordantPairs> PairTally::slower(Duration live_limit, Duration candidate_limit) const {
  std::vector<DiscordantPairs> found;
  for (const auto& stratum : strata) {
    const auto beyond = stratum.joint.beyond(live_limit, candidate_limit);
    found.push_back({stratum.weight, stratum.joint.pairs(), beyond.only_candidate, beyond.only_stable});
  }
  return found;
}

Duration PairTally::live_quantile(double quantile) const noexcept {
  return weighted_quantile(strata, quantile, [](const JointLatency& joint) { return joint.stable_counts(); });
}

Duration PairTally::candidate_quantile(double quantile) const noexcept {
  return weighted_quantile(strata, quantile, [](const JointLatency& joint) { return joint.candidate_counts(); });
}

PairedMean PairTally::latency_difference() const noexcept {
  return weighted_mean(strata, [](const PairStratum& stratum) { return stratum.latency; });
}

PairedMean PairTally::score_difference() const noexcept {
  return weighted_mean(strata, [](const PairStratum& stratum) { return stratum.score; });
}

double PairTally::live_latency() const noexcept {
  return weighted_mean(strata, [](const PairStratum& stratum) { return stratum.live_latency; }).mean;
}

PairStratum& PairTally::stratum(double weight) {
  const double sane = weight > 0 && weight <= 1 ? weight : 1;
  auto place = std::find_if(strata.begin(), strata.end(), [&](const auto& stratum) { return stratum.weight <= sane; });
  if (place == strata.end() || place->weight != sane) {
    place = strata.insert(place, PairStratum{});
    place->weight = sane;
  }
  return *place;
}

void PairTally::merge(const PairTally& other) {
  for (const auto& theirs : other.strata) stratum(theirs.weight).merge(theirs);
}

}  // namespace sluice::stats
