#include "check_means.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "check_counts.hpp"
#include "sluice/stats/mean_confidence.hpp"
#include "sluice/strategy/limit.hpp"
#include "sluice/strategy/measure.hpp"

namespace sluice::strategy {
namespace {

using stats::Moments;

/// By what part a mean must certainly not be worse before the candidate is promoted, where its margin is less.
constexpr double tolerated_part = 0.25;

/// The requests of a usual step: where the sequences are tightest.
constexpr double usual_requests = 5000;

/// A number that is known for certain.
Moments constant(double value) noexcept {
  constexpr std::uint64_t beyond_doubt = 1'000'000'000'000;
  Moments known;
  known.count = known.events = beyond_doubt;
  known.mean = value;
  return known;
}

Moments moments_of(const stats::Histogram& histogram) {
  Moments made;
  made.count = made.events = histogram.count();
  if (made.count == 0) return made;
  made.mean = std::chrono::duration<double>(histogram.mean()).count();
  double low = 0;
  for (std::size_t bucket = 0; bucket + 1 < stats::kBuckets; ++bucket) {
    const double high = static_cast<double>(stats::bucket_bound(bucket)) * 1e-9;
    const auto times = static_cast<double>(histogram.bucket_count(bucket));
    const double off = (low + high) / 2 - made.mean;
    made.squares += times * off * off;
    low = high;
  }
  return made;
}

/// Of one version's reported values. Where users stick, users vary more than independent reports would: so much more
/// doubt there is.
Moments moments_of(const OutcomeEvidence& outcome) {
  Moments made;
  made.count = outcome.reports;
  made.events = outcome.events;
  if (made.count == 0) return made;
  const auto n = static_cast<double>(outcome.reports);
  made.mean = outcome.sum / n;
  made.squares = std::max(0.0, outcome.sum_squares - outcome.sum * made.mean);
  if (outcome.units > 1 && made.squares > 0) {
    const auto units = static_cast<double>(outcome.units);
    const double of_units = outcome.unit_sum_squares - outcome.sum * outcome.sum / units;
    made.squares *= std::max(1.0, of_units / made.squares);
  }
  return made;
}

struct Two {
  Moments candidate;
  std::optional<Moments> stable;
  bool higher_is_better = false;
};

std::optional<Two> means_of(const policy::Check& check, const Subject& subject) {
  if (const Metric* metric = metric_of(check.metric)) {
    if (metric->kind != Metric::Kind::Mean) return std::nullopt;
    Two found{moments_of(subject.candidate->*metric->histogram), {}, false};
    if (subject.stable != nullptr) found.stable = moments_of(subject.stable->*metric->histogram);
    return found;
  }
  const policy::Outcome* outcome = outcome_named(subject, check.metric);
  if (outcome == nullptr || outcome->type != policy::OutcomeType::Value) return std::nullopt;
  const OutcomeEvidence* candidate = outcome_of(subject.candidate_version, check.metric);
  const OutcomeEvidence* stable = outcome_of(subject.stable_version, check.metric);
  if (candidate == nullptr) return std::nullopt;
  Two found{moments_of(*candidate), {}, outcome->better == policy::Better::Higher};
  if (stable != nullptr) found.stable = moments_of(*stable);
  return found;
}

double log_e_above(const Moments& worse, const Moments& better, double by) noexcept {
  return stats::log_e_mean_above(worse, better, by, usual_requests);
}

void weigh_limit(const policy::ThresholdRange& range, const Moments& candidate, Proof& proof) {
  if (range.max) {
    const double limit = range.max->value;
    proof.log_e = log_e_above(candidate, constant(limit), 0);
    proof.log_good = log_e_above(constant(limit), candidate, -tolerated_part * std::abs(limit));
  }
  if (range.min) {
    const double limit = range.min->value;
    const double below = log_e_above(constant(limit), candidate, 0);
    const double good = log_e_above(candidate, constant(limit), -tolerated_part * std::abs(limit));
    proof.log_e = range.max ? std::max(proof.log_e, below) - std::log(2.0) : below;
    proof.log_good = range.max ? std::min(proof.log_good, good) : good;
  }
}

void weigh_difference(const policy::VersusStable& versus, const Two& means, Proof& proof) {
  const Allowance allowance = allowance_of(versus);
  const double margin = (allowance.factor - 1) * std::abs(means.stable->mean) + allowance.offset;
  const double tolerated = std::max(2 * margin, tolerated_part * std::abs(means.stable->mean));
  const Moments& worse = means.higher_is_better ? *means.stable : means.candidate;
  const Moments& better = means.higher_is_better ? means.candidate : *means.stable;
  proof.log_e = log_e_above(worse, better, margin);
  proof.log_good = log_e_above(better, worse, -tolerated);
}

/// Half of the evidence bets on the first window, the rest on all later ones.
double log_weight(std::uint32_t window) noexcept {
  const double later = window < 2 ? 1 : static_cast<double>(window) * static_cast<double>(window - 1);
  return std::log(0.5 / later);
}

}  // namespace

bool weigh_means(const policy::Check& check, const policy::Analysis& analysis, const Subject& subject,
                 const CheckEvidence& evidence, Proof& proof) {
  const auto means = means_of(check, subject);
  if (!means) return false;
  proof.method = "mean";
  const double doubt = 1 - analysis.confidence.fraction;
  if (check.threshold_range) {
    weigh_limit(*check.threshold_range, means->candidate, proof);
    if (const auto lies = stats::mean_confidence(means->candidate, doubt, usual_requests)) {
      proof.scale = "value";
      proof.lower = lies->lower;
      proof.upper = lies->upper;
    }
  } else if (means->stable) {
    weigh_difference(check.versus_stable.value_or(policy::VersusStable{}), *means, proof);
    const auto lies = stats::mean_difference(means->candidate, *means->stable, doubt, usual_requests);
    if (lies && means->stable->mean > 0) {
      proof.scale = "ratio";
      proof.lower = lies->lower / means->stable->mean;
      proof.upper = lies->upper / means->stable->mean;
    }
  }
  proof.log_e = std::max(0.0, proof.log_e + log_weight(evidence.windows));
  return true;
}

}  // namespace sluice::strategy
