#include "synthetic_pairs.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <variant>

#include "first_twins.hpp"
#include "sluice/rollout/synthetic_traffic.hpp"

/// Copies beside what live answered to the same requests.
namespace sluice::rollout {
namespace {

struct ComparesLatencies {
  static bool in(const std::optional<policy::Analysis>& analysis) {
    return analysis && std::any_of(analysis->checks.begin(), analysis->checks.end(), [](const policy::Check& check) {
             return check.versus_stable && check.metric.starts_with("latency-");
           });
  }
  bool operator()(const policy::Shadow& shadow) const { return in(shadow.analysis); }
  bool operator()(const policy::BlueGreen& blue_green) const { return in(blue_green.pre_promotion.analysis); }
  bool operator()(const policy::Stages& stages) const {
    return std::any_of(stages.stages.begin(), stages.stages.end(),
                       [this](const policy::Stage& stage) { return std::visit(*this, stage.strategy); });
  }
  template <typename Other>
  bool operator()(const Other& /*other*/) const {
    return false;
  }
};

/// The k-th of an evenly spread sequence in [0, 1).
double spread_evenly(std::uint64_t k) {
  const double x = static_cast<double>(k) * 0.6180339887498949;
  return x - std::floor(x);
}

}  // namespace

bool compares_latencies(const policy::Strategy& strategy) {
  return std::visit(ComparesLatencies{}, strategy);
}

/// That share of so many, by chance or as expected.
std::uint64_t SyntheticTraffic::some(double& owed, std::uint64_t of, double share) {
  const double probability = std::clamp(share, 0.0, 1.0);
  if (!model_.expected) return draw_binomial(random_, of, probability);
  owed += static_cast<double>(of) * probability;
  const double whole = std::floor(owed + 1e-9);
  owed -= whole;
  return std::min(of, static_cast<std::uint64_t>(whole));
}

void SyntheticTraffic::pair(std::size_t index, const Count& copies) {
  const Version& candidate = versions_[index];
  const Version& live = versions_[steering_.plan.spec().stable];
  PairStream& stream = versions_[index].streams.pairs;
  const double common = model_.shared_difficulty * std::min(live.error_rate, candidate.error_rate);
  const double of_failed = candidate.error_rate > 0 ? common / candidate.error_rate : 0;
  const double of_answered = candidate.error_rate < 1 ? (live.error_rate - common) / (1 - candidate.error_rate) : 0;
  const std::uint64_t both = some(stream.both, copies.failures, of_failed);
  const std::uint64_t only_live = some(stream.only_live, copies.requests - copies.failures, of_answered);
  const std::uint64_t answered = copies.requests - copies.failures - only_live;

  if (stream.found == nullptr) stream.found = std::make_shared<strategy::PairEvidence>();
  strategy::PairEvidence& found = *stream.found;
  auto& stratum = found.tally.stratum(1);
  stratum.pairs += copies.requests;
  stratum.both_failed += both;
  stratum.only_candidate_failed += copies.failures - both;
  stratum.only_live_failed += only_live;
  stratum.compared += answered;
  if (compare_ != nullptr) {
    const std::uint64_t differing = some(stream.differing, answered, candidate.manner->disagreement);
    stratum.disagreements += differing;
    found.worst_field_pairs += differing;
    if (differing > 0) found.worst_field = "a field";
    found.twins += twins_of(stream, copies.requests);
  }
  found.noise_known = found.twins >= enough_twins;
  if (times_pairs_) time_pairs(index, answered, stratum);
  if (route_.drift) predict_pairs(index, answered);
  evidence_.versions[index].pairs = stream.found;
}

/// Of so many copied requests, those that live answers twice.
std::uint64_t SyntheticTraffic::twins_of(PairStream& stream, std::uint64_t copies) {
  const double noise = compare_->noise.fraction;
  const double share = twin_share(noise, stream.found->twins);
  std::uint64_t early = 0;
  if (share > noise) {
    const auto missing = static_cast<double>(first_twins - stream.found->twins);
    early = std::min(copies, static_cast<std::uint64_t>(std::ceil(missing / share)));
  }
  const std::uint64_t made = some(stream.twins, early, share);
  return made + some(stream.twins, copies - early, noise);
}

/// A request that takes one version long takes the other one long too, mostly.
void SyntheticTraffic::time_pairs(std::size_t index, std::uint64_t pairs, stats::PairStratum& stratum) {
  const Version& candidate = versions_[index];
  const Version& live = versions_[steering_.plan.spec().stable];
  PairStream& stream = versions_[index].streams.pairs;
  for (std::uint64_t i = 0; i < pairs; ++i) {
    const double difficulty = model_.expected ? spread_evenly(++stream.timed) : random_.uniform();
    const bool shares = model_.expected || random_.uniform() < model_.shared_difficulty;
    const Duration fast = live.shape->at(difficulty);
    const Duration other = candidate.shape->at(shares ? difficulty : random_.uniform());
    stratum.joint.add(fast, other);
    stratum.live_latency.add(std::chrono::duration<double>(fast).count());
    stratum.latency.add(std::chrono::duration<double>(other - fast).count());
  }
}

}  // namespace sluice::rollout
