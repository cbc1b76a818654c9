#include "sluice/compare/candidate_sums.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "sluice/base/stable_hash.hpp"

namespace sluice::compare {
namespace {

constexpr std::size_t most_told_fields = 32;

Duration from_seconds(float seconds) noexcept {
  constexpr double longest = 1e6;
  const double whole = std::clamp(static_cast<double>(seconds), 0.0, longest);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(whole));
}

double known_weight(float weight) noexcept {
  const auto wide = static_cast<double>(weight);
  return wide > 0 && wide <= 1 ? wide : 1;
}

/// Sets, strata and outcomes are few enough for 32, 16 and 16 bits.
std::uint64_t earned_key(std::size_t outcome, std::size_t stratum, NoiseFloor::Set set) noexcept {
  return std::uint64_t{outcome} << 48 | std::uint64_t{stratum} << 32 | set;
}

}  // namespace

std::size_t CandidateSums::stratum_of(double weight) {
  const auto closer = [weight](const stats::PairStratum& a, const stats::PairStratum& b) {
    return std::abs(a.weight - weight) < std::abs(b.weight - weight);
  };
  const auto nearest = std::min_element(strata_.begin(), strata_.end(), closer);
  const bool is_there = nearest != strata_.end() && nearest->weight == weight;
  if (is_there || strata_.size() >= kStrata) return static_cast<std::size_t>(nearest - strata_.begin());
  strata_.emplace_back().weight = weight;
  return strata_.size() - 1;
}

CandidateSums::Added CandidateSums::add(const AnswerPair& pair, const Comparison& comparison) {
  findings_.reset();
  Added added;
  added.stratum = stratum_of(known_weight(pair.weight));
  stats::PairStratum& stratum = strata_[added.stratum];
  const Answer& live = *pair.live_answer;
  const Answer& other = pair.other_answer;
  ++stratum.pairs;
  if (live.failed() && other.failed()) {
    ++stratum.both_failed;
  } else if (other.failed()) {
    ++stratum.only_candidate_failed;
  } else if (live.failed()) {
    ++stratum.only_live_failed;
  } else {
    add_latencies(live, other, stratum);
    add_contents(comparison, stratum);
    add_predictions(comparison, pair.unit, known_weight(pair.weight));
  }
  if (!comparison.compared) return added;
  ++stratum.compared;
  added.set = noise_.add_pair(comparison, added.stratum, pair.segment);
  added.disagrees = noise_.disagrees(added.set);
  return added;
}

/// A copy has no client that holds it up, so pairs in which live had one would make any candidate look fast.
void CandidateSums::add_latencies(const Answer& live, const Answer& other, stats::PairStratum& stratum) {
  if (live.held_up || other.held_up) return;
  stratum.latency.add(static_cast<double>(other.latency) - static_cast<double>(live.latency));
  stratum.live_latency.add(static_cast<double>(live.latency));
  stratum.joint.add(from_seconds(live.latency), from_seconds(other.latency));
}

void CandidateSums::add_contents(const Comparison& comparison, stats::PairStratum& stratum) {
  rows_ += comparison.rows;
  flips_ += comparison.flips;
  if (comparison.live_score && comparison.other_score) {
    stratum.score.add(*comparison.other_score - *comparison.live_score);
  }
}

/// The draw hangs on nothing that answers say.
bool CandidateSums::is_drawn(double weight) noexcept {
  return weight >= 1 || static_cast<double>(mix_bits(++draws_) >> 11) * 0x1p-53 < weight;
}

/// Distributions are tested by counts, so that these speak of all requests, a pair of a segment that is copied more
/// often is counted with a probability as large as its weight.
void CandidateSums::add_predictions(const Comparison& comparison, std::uint64_t unit, double weight) {
  if (!comparison.other_score && !comparison.other_label) return;
  if (!is_drawn(weight)) return;
  if (comparison.live_score && comparison.other_score) scores_.add(*comparison.live_score, *comparison.other_score);
  if (comparison.live_label && comparison.other_label) labels_.add(*comparison.live_label, *comparison.other_label);
  if (predictions_.size() >= kPredictions) return;
  predictions_.push_back({unit, comparison.other_score, comparison.other_label});
}

void CandidateSums::add_twin(const Comparison& twin) {
  findings_.reset();
  noise_.add_twin(twin);
}

void CandidateSums::add_outcome(const ReplayDecision& decision, std::size_t outcome, double value) {
  const std::uint64_t key = earned_key(outcome, decision.stratum, decision.set);
  if (earned_.size() >= kEarned && earned_.find(key) == earned_.end()) return;
  findings_.reset();
  earned_[key].add(value);
}

void CandidateSums::forget_outcomes() {
  findings_.reset();
  earned_.clear();
}

std::shared_ptr<const Findings> CandidateSums::findings(std::size_t segments,
                                                        const std::vector<ReplayOutcome>& outcomes,
                                                        const HiddenFields& hidden) {
  if (findings_) return findings_;
  auto made = std::make_shared<Findings>();
  fill_pairs(*made);
  fill_noise(*made, hidden);
  for (std::size_t i = 1; i <= segments; ++i) {
    const auto segment = static_cast<std::uint8_t>(i);
    made->segments.push_back({noise_.segment_pairs(segment), noise_.segment_disagreements(segment)});
  }
  made->rows = rows_;
  made->flips = flips_;
  made->score_moves = scores_.moves();
  made->score_bins = scores_.bins();
  made->label_moves = labels_.moves();
  made->label_bins = labels_.bins();
  fill_replays(*made, outcomes);
  findings_ = std::move(made);
  return findings_;
}

void CandidateSums::fill_pairs(Findings& made) const {
  std::vector<std::size_t> order(strata_.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [this](std::size_t a, std::size_t b) { return strata_[a].weight > strata_[b].weight; });
  for (const std::size_t i : order) {
    made.pairs.strata.push_back(strata_[i]);
    made.pairs.strata.back().disagreements = noise_.disagreements(i);
    made.unsettled.push_back(noise_.unsettled(i));
  }
}

void CandidateSums::fill_noise(Findings& made, const HiddenFields& hidden) const {
  made.twins = noise_.twins();
  made.refused_twins = noise_.refused_twins();
  made.noise_known = noise_.is_known();
  made.noisy_fields = noise_.noisy_fields();
  made.fields = noise_.fields();
  const auto worst = std::find_if(made.fields.begin(), made.fields.end(),
                                  [](const NoiseFloor::Field& field) { return field.counts && field.pairs > 0; });
  if (worst != made.fields.end()) {
    made.worst_field = hidden.shown(worst->name);
    made.worst_field_pairs = worst->pairs;
  }
  if (made.fields.size() > most_told_fields) made.fields.resize(most_told_fields);
  for (NoiseFloor::Field& field : made.fields) field.name = std::string(hidden.shown(field.name));
}

void CandidateSums::fill_replays(Findings& made, const std::vector<ReplayOutcome>& outcomes) const {
  for (const ReplayOutcome& outcome : outcomes) made.replays.push_back({outcome.name, outcome.is_binary, {}});
  for (const auto& [key, moments] : earned_) {
    const std::size_t outcome = key >> 48;
    const std::size_t stratum = key >> 32 & 0xFFFF;
    if (outcome >= made.replays.size() || stratum >= strata_.size()) continue;
    stats::ReplayTally one;
    one.strata.emplace_back().weight = strata_[stratum].weight;
    const bool differs = noise_.disagrees(static_cast<NoiseFloor::Set>(key));
    (differs ? one.strata.back().differing : one.strata.back().agreeing) = moments;
    made.replays[outcome].tally.merge(one);
  }
}

}  // namespace sluice::compare
