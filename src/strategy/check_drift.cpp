#include "check_drift.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "check_words.hpp"
#include "sluice/stats/drift.hpp"
#include "sluice/stats/pairs.hpp"
#include "sluice/strategy/check_evidence.hpp"
#include "sluice/strategy/drift_watch.hpp"
#include "sluice/strategy/limit.hpp"
#include "sluice/strategy/measure.hpp"
#include "sluice/strategy/moves.hpp"

namespace sluice::strategy {
namespace {

using Drifts = std::vector<std::shared_ptr<const DriftEvidence>>;

const Drifts& drifts_of(const Subject& subject) {
  static const Drifts none;
  if (subject.drifts != nullptr) return *subject.drifts;
  return subject.candidate_version == nullptr ? none : subject.candidate_version->drifts;
}

std::uint64_t sum_of(std::span<const std::uint64_t> counts) noexcept {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

/// Pairs in which exactly one of the two lies in a set of bins: up to a bound of scores, or one class.
stats::DiscordantPairs apart_at(std::span<const std::uint64_t> moves, std::size_t bins, std::size_t at, bool by_class) {
  stats::DiscordantPairs made;
  for (std::size_t live = 0; live < bins; ++live) {
    for (std::size_t other = 0; other < bins; ++other) {
      const std::uint64_t pairs = moves[live * bins + other];
      const bool live_in = by_class ? live == at : live <= at;
      const bool other_in = by_class ? other == at : other <= at;
      made.pairs += pairs;
      if (other_in && !live_in) made.only_candidate += pairs;
      if (live_in && !other_in) made.only_stable += pairs;
    }
  }
  return made;
}

/// Where the distance lies by pairs: the differences at all bounds (or of all classes), each with its part of the
/// doubt. What both versions predict alike leaves no doubt behind, so it takes far fewer answers than two samples.
stats::Interval paired_distance(std::span<const std::uint64_t> moves, std::size_t bins, bool by_class, double alpha) {
  const std::size_t places = by_class ? bins : bins - 1;
  stats::Interval distance{0, 0};
  for (std::size_t at = 0; at < places; ++at) {
    const stats::DiscordantPairs one = apart_at(moves, bins, at, by_class);
    const stats::Interval lies = stats::paired_difference({&one, 1}, alpha / static_cast<double>(places));
    distance.lower = std::max({distance.lower, lies.lower, -lies.upper});
    distance.upper = std::max({distance.upper, std::abs(lies.lower), std::abs(lies.upper)});
  }
  return distance;
}

/// One kind of prediction, as it is seen now.
struct Distance {
  const DriftEvidence* evidence = nullptr;
  std::uint64_t own = 0;
  std::uint64_t stable = 0;
  double value = 0;
  stats::Interval lies{0, 1};
  double log_e_unlike = 0;
};

std::size_t bins_of(std::size_t moves) noexcept {
  return static_cast<std::size_t>(std::llround(std::sqrt(static_cast<double>(moves))));
}

Distance distance_of(const DriftEvidence& evidence, double alpha) {
  Distance made;
  made.evidence = &evidence;
  made.own = sum_of(evidence.own);
  made.stable = sum_of(evidence.stable);
  if (made.own == 0 || made.stable == 0 || evidence.own.size() != evidence.stable.size()) return made;
  made.value = evidence.by_class ? stats::largest_difference(evidence.own, evidence.stable)
                                 : stats::kolmogorov_smirnov(evidence.own, evidence.stable);
  const std::size_t bins = bins_of(evidence.moves.size());
  if (bins > 1 && bins * bins == evidence.moves.size() && sum_of(evidence.moves) > 0) {
    made.lies = paired_distance(evidence.moves, bins, evidence.by_class, alpha);
    made.log_e_unlike = stats::log_e_unlike_pairs(evidence.moves, bins);
    return made;
  }
  made.lies = stats::distance_confidence(evidence.own, evidence.stable, alpha, evidence.by_class);
  // Not what the split drew: not every answer has a value, and not as often in both versions.
  const double read = static_cast<double>(made.own) / static_cast<double>(made.own + made.stable);
  made.log_e_unlike = stats::log_e_unlike(evidence.own, evidence.stable, read);
  return made;
}

/// Windows and processes that were looked at, this one among them: each has a part of the doubt.
double part_of_stretch(const Subject& subject, bool counted, CheckEvidence& evidence) {
  const bool other =
      evidence.windows == 0 || evidence.window != window_of(subject) || evidence.counters != counters_of(subject);
  if (other && counted) {
    ++evidence.windows;
    evidence.window = window_of(subject);
    evidence.counters = counters_of(subject);
  }
  const auto stretch = static_cast<double>(std::max<std::uint32_t>(evidence.windows, 1));
  return 1 / (stretch * (stretch + 1));
}

/// How much of the way to a verdict the interval has shrunk: its width goes with the root of the answers.
double way_of(const Distance& distance, double max) {
  const bool beyond = distance.value > max;
  const double left = beyond ? distance.value - max : max - distance.value;
  const double width = beyond ? distance.value - distance.lies.lower : distance.lies.upper - distance.value;
  if (!(width > 0)) return 1;
  return std::clamp(left * left / (width * width), 0.0, 1.0);
}

std::string distance_number(double value) {
  return quantity_text(value, policy::QuantityUnit::Number);
}

/// "score-drift 0.23 (0.11…0.34) > max 0.1: of scores, PSI 0.31, Jensen–Shannon 0.04, n=2 000, stable n=3 000".
std::string text_of(const policy::Check& check, const Distance& distance, const Limit& limit, const char* doubt) {
  return check.metric + " " + distance_number(distance.value) + " (" + distance_number(distance.lies.lower) + "…" +
         distance_number(distance.lies.upper) + ")" + (limit.broken_by(distance.value) ? " > " : " <= ") + limit.text +
         doubt + ": " + drift_text(*distance.evidence, distance.evidence->stable, "stable");
}

/// What is beside the reference alone is watched, and no check's.
bool is_beside_stable(const std::shared_ptr<const DriftEvidence>& evidence) noexcept {
  return evidence != nullptr && !evidence->stable.empty();
}

/// All kinds of predictions at one look.
struct Distances {
  Distance worst;                    ///< nearest to being too far for certain, or else furthest from being near
  bool all_near = true;              ///< for certain
  bool one_far = false;              ///< for certain
  std::uint64_t least = UINT64_MAX;  ///< answers, of either version
};

Distances distances_of(const Drifts& drifts, double max, double alpha) {
  Distances seen;
  for (const auto& one : drifts) {
    if (!is_beside_stable(one)) continue;
    const Distance found = distance_of(*one, alpha);
    const bool far = found.lies.lower > max;
    const stats::Interval& known = seen.worst.lies;
    const bool first = seen.worst.evidence == nullptr;
    const bool further =
        far ? !seen.one_far || found.lies.lower > known.lower : !seen.one_far && found.lies.upper > known.upper;
    seen.least = std::min({seen.least, found.own, found.stable});
    seen.all_near = seen.all_near && found.lies.upper <= max;
    seen.one_far = seen.one_far || far;
    if (first || further) seen.worst = found;
  }
  return seen;
}

/// The verdict and its sentence.
void decide_drift(const policy::Check& check, const Limit& limit, const Distances& seen, Finding& finding) {
  Proof& proof = finding.proof;
  if (seen.one_far) {
    finding.verdict = Verdict::Fail;
    finding.message = text_of(check, seen.worst, limit, "") + ", " + evidence_text(proof.log_e, proof.log_threshold) +
                      " that they differ";
    return;
  }
  if (seen.all_near) {
    finding.verdict = Verdict::Pass;
    finding.message = text_of(check, seen.worst, limit, "");
    return;
  }
  const bool beyond = limit.broken_by(seen.worst.value);
  finding.message = text_of(check, seen.worst, limit, beyond ? ", which may be chance" : ", not certain yet");
  constexpr double least = 0.05;  // below it the pace says nothing
  if (proof.evidence <= least || proof.evidence >= 1) return;
  const auto both = static_cast<double>(seen.worst.own + seen.worst.stable);
  proof.still_needed = static_cast<std::uint64_t>(std::ceil(both * (1 / proof.evidence - 1)));
}

}  // namespace

Finding judge_score_drift(const policy::Check& check, const policy::Analysis& analysis, CheckEvidence& evidence,
                          const Subject& subject, std::size_t guardrails) {
  if (!check.threshold_range) return no_data(check, analysis, "it has no limit");
  const Drifts& drifts = drifts_of(subject);
  const Limit limit = nearest_limit(*check.threshold_range, 0);
  const bool counted = std::any_of(drifts.begin(), drifts.end(), [](const auto& one) {
    return one != nullptr && sum_of(one->own) > 0 && sum_of(one->stable) > 0;
  });
  if (!counted) return no_data(check, analysis, "nothing was read from the answers of both versions");

  const double sharing = static_cast<double>(std::max<std::size_t>(guardrails, 1)) / subject.part_of_doubt;
  const double doubt = (1 - analysis.confidence.fraction) * part_of_stretch(subject, counted, evidence);
  const auto kinds = std::count_if(drifts.begin(), drifts.end(), is_beside_stable);
  const double alpha = doubt / (static_cast<double>(kinds) * sharing);
  const Distances seen = distances_of(drifts, limit.value, alpha);
  Finding finding;
  finding.verdict = Verdict::Inconclusive;
  finding.threshold = limit.value;
  finding.samples = seen.worst.own;
  finding.value = seen.worst.value;
  finding.proof.method = "distribution";
  finding.proof.log_e = seen.worst.log_e_unlike;
  finding.proof.log_threshold = std::log(1 / alpha);
  finding.proof.exact = true;  // the interval has used up its part of the doubt
  finding.proof.scale = "value";
  finding.proof.lower = seen.worst.lies.lower;
  finding.proof.upper = seen.worst.lies.upper;
  finding.proof.evidence = seen.one_far || seen.all_near ? 1 : way_of(seen.worst, limit.value);
  if (seen.least < analysis.min_requests) {
    finding.message =
        check.metric + ": n=" + grouped(seen.least) + " of " + grouped(analysis.min_requests) + " of each version";
    return finding;
  }
  decide_drift(check, limit, seen, finding);
  return finding;
}

}  // namespace sluice::strategy
