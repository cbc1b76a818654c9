#include "check_pairs.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "sluice/stats/combine.hpp"
#include "sluice/stats/interval.hpp"
#include "sluice/stats/risk_prior.hpp"
#include "sluice/strategy/check_evidence.hpp"
#include "sluice/strategy/measure.hpp"

namespace sluice::strategy {
namespace {

PairSums* find_weight(std::vector<PairSums>& sums, double weight) noexcept {
  const auto found = std::find_if(sums.begin(), sums.end(), [&](const PairSums& one) { return one.weight == weight; });
  return found == sums.end() ? nullptr : &*found;
}

void add_pairs(std::vector<PairSums>& into, const std::vector<PairSums>& more) {
  for (const PairSums& one : more) {
    PairSums* sums = find_weight(into, one.weight);
    if (sums == nullptr) {
      into.push_back(one);
      continue;
    }
    sums->pairs += one.pairs;
    sums->both += one.both;
    sums->only_candidate += one.only_candidate;
    sums->only_stable += one.only_stable;
    sums->difference.merge(one.difference);
    sums->reference.merge(one.reference);
  }
}

std::uint64_t without(std::uint64_t all, std::uint64_t part) noexcept {
  return all - std::min(all, part);
}

/// Without those that the limits were read off. Means have no limits.
std::vector<PairSums> evident(const PairTrack& track) {
  std::vector<PairSums> made = track.seen;
  for (const PairSums& one : track.skipped) {
    PairSums* sums = find_weight(made, one.weight);
    if (sums == nullptr) continue;
    sums->pairs = without(sums->pairs, one.pairs);
    sums->both = without(sums->both, one.both);
    sums->only_candidate = without(sums->only_candidate, one.only_candidate);
    sums->only_stable = without(sums->only_stable, one.only_stable);
  }
  return made;
}

void close_stretch(PairRecord& record) {
  for (PairTrack& track : record.tracks) {
    if (!record.unsound) add_pairs(track.before, evident(track));
    track.seen.clear();
    track.skipped.clear();
  }
}

std::uint64_t pairs_of(const PairLook& look) noexcept {
  std::uint64_t most = 0;
  for (const auto& sums : look) most = std::max(most, count_of(sums));
  return most;
}

std::uint64_t seen_pairs(const PairRecord& record) noexcept {
  std::uint64_t most = 0;
  for (const PairTrack& track : record.tracks) most = std::max(most, count_of(track.seen));
  return most;
}

/// Σ w x / Σ w n.
double weighted_share(const std::vector<PairSums>& sums, std::uint64_t PairSums::*only) noexcept {
  double all = 0;
  double with = 0;
  for (const PairSums& one : sums) {
    all += one.weight * static_cast<double>(one.pairs);
    with += one.weight * static_cast<double>(one.both + one.*only);
  }
  return all > 0 ? std::min(1.0, with / all) : 0;
}

}  // namespace

void absorb_pairs(PairLook look, const Subject& subject, bool sound, PairRecord& record) {
  const std::uint64_t pairs = pairs_of(look);
  if (pairs == 0 || subject.pairs == nullptr) return;
  const std::uint64_t window = window_of(subject);
  const std::uint64_t counters = counters_of(subject);
  const bool other =
      record.stretches == 0 || record.window != window || record.counters != counters || pairs < seen_pairs(record);
  if (other) {
    // Of the first one there is nothing to close, only what limits were read off.
    if (record.stretches > 0) close_stretch(record);
    ++record.stretches;
    // What live answered twice is known from one window to the next, and counted on in a process that goes on.
    const bool counts_on = record.counters == counters && subject.pairs->twins >= record.twins_seen;
    if (!counts_on) record.twins += std::exchange(record.twins_seen, 0);
  }
  record.twins_seen = subject.pairs->twins;
  record.window = window;
  record.counters = counters;
  record.unsound = !sound;
  if (record.tracks.size() < look.size()) record.tracks.resize(look.size());
  for (std::size_t i = 0; i < look.size(); ++i) record.tracks[i].seen = std::move(look[i]);
}

std::vector<PairSums> all_pairs(const PairRecord& record, std::size_t track, bool with_unsound) {
  if (track >= record.tracks.size()) return {};
  std::vector<PairSums> made = record.tracks[track].before;
  if (!record.unsound || with_unsound) add_pairs(made, evident(record.tracks[track]));
  return made;
}

double log_e_of_pairs(const PairRecord& record, std::size_t track,
                      const std::function<double(const std::vector<PairSums>&)>& log_e) {
  const double all = log_e(all_pairs(record, track, false));
  if (record.stretches < 2 || record.unsound || track >= record.tracks.size()) return all + std::log(kBetOnAll);
  const auto stretch = static_cast<double>(record.stretches);
  const std::array<double, 2> terms{std::log(kBetOnAll) + all, std::log((1 - kBetOnAll) / (stretch * (stretch - 1))) +
                                                                   log_e(evident(record.tracks[track]))};
  return stats::log_sum_exp(terms.data(), terms.size());
}

std::vector<stats::DiscordantPairs> discordant(const std::vector<PairSums>& sums) {
  std::vector<stats::DiscordantPairs> made;
  made.reserve(sums.size());
  for (const PairSums& one : sums) made.push_back({one.weight, one.pairs, one.only_candidate, one.only_stable});
  return made;
}

std::vector<stats::WeightedPairs> disagreeing(const std::vector<PairSums>& sums, bool with_unsettled) {
  std::vector<stats::WeightedPairs> made;
  made.reserve(sums.size());
  for (const PairSums& one : sums)
    made.push_back({one.weight, one.pairs, one.only_candidate + (with_unsettled ? one.both : 0)});
  return made;
}

std::uint64_t count_of(const std::vector<PairSums>& sums) noexcept {
  std::uint64_t count = 0;
  for (const PairSums& one : sums) count += one.pairs;
  return count;
}

double candidate_share(const std::vector<PairSums>& sums) noexcept {
  return weighted_share(sums, &PairSums::only_candidate);
}

double stable_share(const std::vector<PairSums>& sums) noexcept {
  return weighted_share(sums, &PairSums::only_stable);
}

stats::Interval stable_interval(const std::vector<PairSums>& sums, double confidence) noexcept {
  double weights = 0;
  double squares = 0;
  for (const PairSums& one : sums) {
    weights += one.weight * static_cast<double>(one.pairs);
    squares += one.weight * one.weight * static_cast<double>(one.pairs);
  }
  if (!(squares > 0)) return {0, 1};
  // As many pairs of one weight as say the same.
  const auto n = static_cast<std::uint64_t>(std::max(1.0, std::floor(weights * weights / squares)));
  const auto events = static_cast<std::uint64_t>(std::llround(stable_share(sums) * static_cast<double>(n)));
  return stats::proportion_interval(events, n, stats::repeated_looks_z(n, confidence));
}

std::optional<std::uint64_t> requests_of_split(const stats::RiskRule& rule, double candidate, double stable, bool fails,
                                               double log_threshold) noexcept {
  constexpr double halves = 0.5;
  constexpr std::uint64_t most = std::uint64_t{1} << 44;
  const auto is_enough = [&](std::uint64_t requests) {
    const double each = static_cast<double>(requests) * halves;
    const auto own = static_cast<std::uint64_t>(std::llround(each * candidate));
    const auto other = static_cast<std::uint64_t>(std::llround(each * stable));
    stats::RiskProcess process;
    process.add(rule, halves, {own, other, requests - std::min(requests, own + other)});
    return (fails ? stats::log_e_against(process.against) : stats::log_e_good(process)) >= log_threshold;
  };
  std::uint64_t high = 64;
  while (high < most && !is_enough(high)) high *= 2;
  if (high >= most) return std::nullopt;
  std::uint64_t low = high / 2;
  // Two digits are all that anybody reads.
  for (int i = 0; i < 7; ++i) {
    const std::uint64_t middle = low + (high - low) / 2;
    (is_enough(middle) ? high : low) = middle;
  }
  return high;
}

std::uint64_t enough_pairs(std::uint64_t pairs, double log_e, double log_threshold, std::uint64_t least) noexcept {
  const double part = log_e > log_threshold ? log_threshold / log_e : 1;
  const auto enough = static_cast<std::uint64_t>(std::ceil(static_cast<double>(pairs) * part));
  return std::min(pairs, std::max(enough, least));
}

bool is_judged_by_pairs(const policy::Check& check, const Subject& subject, const CheckEvidence& evidence) noexcept {
  if (check.threshold_range || check.prometheus || !subject.pairs_decide) return false;
  const Metric* metric = metric_of(check.metric);
  if (metric == nullptr) return false;
  // Of the first byte nothing is known in pairs.
  const bool is_known = metric->histogram == nullptr || metric->histogram == &Sample::latency;
  return is_known && (subject.pairs != nullptr || evidence.pairs.stretches > 0);
}

}  // namespace sluice::strategy
