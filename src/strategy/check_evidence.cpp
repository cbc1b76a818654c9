#include "sluice/strategy/check_evidence.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "sluice/stats/combine.hpp"
#include "sluice/stats/excess_risk.hpp"
#include "sluice/stats/risk_prior.hpp"
#include "sluice/strategy/check.hpp"

namespace sluice::strategy {
namespace {

/// Beyond the threshold, what an e-process needs on average.
constexpr double event_overshoot = 1.5;

/// A candidate that is worse by more is found out at once.
constexpr double most_risk = 100;

/// What one event tells about the risk, in nats.
double information(double risk, double share) noexcept {
  const double q = stats::event_share(share, risk);
  return q * std::log(q / share) + (1 - q) * std::log((1 - q) / (1 - share));
}

/// ln of the evidence of the windows from the second on; those to come have 1.
double log_e_of_windows(const CheckEvidence& evidence, const RiskTrack& track) noexcept {
  const double windows = std::max<std::uint32_t>(evidence.windows, 1);
  const double certain = std::log(track.over + 1 / windows);
  if (evidence.windows < 2) return certain;
  const std::array<double, 2> terms{certain, stats::log_e_against(track.window) - std::log((windows - 1) * windows)};
  return stats::log_sum_exp(terms.data(), terms.size());
}

}  // namespace

std::uint64_t window_of(const Subject& subject) noexcept {
  return subject.evidence == nullptr ? 0 : subject.evidence->window;
}
std::uint64_t counters_of(const Subject& subject) noexcept {
  return subject.evidence == nullptr ? 0 : subject.evidence->counters;
}

void go_past(EvidenceOfChecks& evidence) {
  if (evidence.empty()) return;
  for (CheckEvidence& check : evidence.change()) {
    check.windows = std::min<std::uint32_t>(check.windows, 1);
    check.candidate = check.stable = 0;
    check.share = 0;
    for (RiskTrack& track : check.tracks) {
      track.candidate = track.stable = 0;
      track.all = {};
      track.window = {};
      track.over = 0;
      track.plan = {};
    }
    check.pairs = {};
  }
}

void go_past(Kept<SplitEvidence>& split) {
  if (split.empty()) return;
  SplitEvidence& kept = split.change();
  kept.packed.clear();
  kept.log_e = 0;
  kept.suspect.clear();
  kept.received = 1;
}

double log_e_of(const CheckEvidence& evidence, std::size_t track) noexcept {
  if (track >= evidence.tracks.size()) return 0;
  const RiskTrack& one = evidence.tracks[track];
  const std::array<double, 2> terms{std::log(kBetOnAll) + stats::log_e_against(one.all.against),
                                    std::log(1 - kBetOnAll) + log_e_of_windows(evidence, one)};
  return stats::log_sum_exp(terms.data(), terms.size());
}

Weight weight_of(const CheckEvidence& evidence, std::size_t track) noexcept {
  if (track >= evidence.tracks.size()) return {};
  const RiskTrack& one = evidence.tracks[track];
  const Weight all{stats::log_e_against(one.all.against), one.plan.log_threshold};
  const Weight windows{log_e_of_windows(evidence, one), std::log(kBetOnAll / (1 - kBetOnAll)) - one.plan.log_alpha};
  return windows.log_e - windows.log_threshold > all.log_e - all.log_threshold && evidence.windows >= 2 ? windows : all;
}

double log_e_of(const CheckEvidence& evidence, std::size_t first, std::size_t last) noexcept {
  std::array<double, 8> log_e{};
  const std::size_t count = std::min(last > first ? last - first : 0, log_e.size());
  for (std::size_t i = 0; i < count; ++i) log_e[i] = log_e_of(evidence, first + i);
  return count == 0 ? 0 : stats::log_mean_e({log_e.data(), count});
}

double requests_until_found(double risk, double share, double rate, double log_threshold) noexcept {
  if (!(share > 0 && share < 1) || !(rate > 0) || !(risk > 1)) return 0;
  // Events come more often when the candidate has more of them.
  const double events = rate * (1 + share * (risk - 1));
  return (log_threshold + event_overshoot) / (information(risk, share) * std::min(events, 1.0));
}

double smallest_visible(double requests, double share, double rate, double log_threshold) noexcept {
  double low = 1;
  double high = most_risk;
  const double at_most = requests_until_found(high, share, rate, log_threshold);
  if (at_most == 0 || at_most > requests) return 0;
  for (int i = 0; i < 40; ++i) {
    const double middle = std::sqrt(low * high);
    (requests_until_found(middle, share, rate, log_threshold) > requests ? low : high) = middle;
  }
  return high;
}

}  // namespace sluice::strategy
