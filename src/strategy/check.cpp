#include "sluice/strategy/check.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "check_counts.hpp"
#include "check_drift.hpp"
#include "check_means.hpp"
#include "check_pairs.hpp"
#include "check_plans.hpp"
#include "check_settled.hpp"
#include "check_words.hpp"
#include "sluice/policy/metrics.hpp"
#include "sluice/stats/combine.hpp"
#include "sluice/stats/interval.hpp"
#include "sluice/stats/relative_risk.hpp"
#include "sluice/strategy/check_evidence.hpp"
#include "sluice/strategy/limit.hpp"
#include "sluice/strategy/measure.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/prometheus_check.hpp"

namespace sluice::strategy {
namespace {

/// A version that fails more often than this is no measure for another.
constexpr double sick = 0.1;

/// One check on what the gateway itself counted.
class Look {
 public:
  Look(const policy::Check& check, const policy::Analysis& analysis, const Subject& subject, const Measured& measured,
       std::optional<Measured> stable, const CountedLook& counted, const CheckEvidence& evidence,
       std::size_t guardrails)
      : check_(check),
        analysis_(analysis),
        subject_(subject),
        measured_(measured),
        stable_(stable),
        counted_(counted),
        evidence_(evidence),
        doubt_(1 - analysis.confidence.fraction) {
    proof_.log_threshold = log_foreseen_ = std::log(static_cast<double>(guardrails) / (doubt_ * subject.part_of_doubt));
    weigh();
  }

  Finding judge() const {
    auto finding = found();
    finding.samples = measured_.n;
    if (measured_.n > 0) finding.value = measured_.value;
    finding.proof = proof_;
    return finding;
  }

 private:
  // ---- what all looks have shown

  bool compares() const { return !check_.threshold_range.has_value(); }
  double log_enough() const { return std::log(1 / doubt_); }

  void weigh() {
    if (counted_.size == 0 && !weigh_means(check_, analysis_, subject_, evidence_, proof_)) return;
    if (counted_.size == 0) {
      // Means have no events to forecast by.
    } else if (!compares()) {
      weigh_against_limit();
    } else {
      weigh_against_stable();
      locate();
      foresee();
    }
    proof_.evidence = std::max(stats::evidence_share(proof_.log_e, proof_.log_threshold),
                               stats::evidence_share(proof_.log_good, log_enough()));
    estimate_what_is_missing();
  }

  void weigh_against_limit() {
    proof_.method = "proportion";
    proof_.log_e = log_e_of(evidence_, 0) - std::log(static_cast<double>(counted_.size));
    proof_.log_good = stats::log_e_good(evidence_.tracks[0].all);
    for (std::size_t i = 1; i < counted_.size; ++i) {
      proof_.log_e = std::max(proof_.log_e, log_e_of(evidence_, i) - std::log(2.0));
      proof_.log_good = std::min(proof_.log_good, stats::log_e_good(evidence_.tracks[i].all));
    }
    take_exact();
  }

  /// Where exact thresholds hold, the kind of event that has come nearest to its own.
  void take_exact() {
    if (!evidence_.tracks[0].plan.opened()) return;
    Weight most;
    for (std::size_t i = 0; i < counted_.size; ++i) {
      const Weight one = weight_of(evidence_, i);
      if (i == 0 || one.log_e - one.log_threshold > most.log_e - most.log_threshold) most = one;
    }
    proof_.log_e = most.log_e;
    proof_.log_threshold = most.log_threshold;
    log_foreseen_ = evidence_.tracks[0].plan.log_threshold;
    proof_.exact = true;
  }

  void weigh_against_stable() {
    const bool by_users = counted_.units_from < counted_.size;
    const bool by_offset = counted_.levels[0].rule.offset > 0;
    proof_.method = evidence_.frozen ? "exceedance" : by_users ? "units" : by_offset ? "difference" : "relative-risk";
    proof_.log_e = log_e_of(evidence_, 0, evidence_.frozen ? counted_.units_from : 1);
    proof_.log_good = stats::log_e_good(evidence_.tracks[counted_.proves].all);
    if (by_users) {
      const double of_users = log_e_of(evidence_, counted_.units_from, counted_.size);
      // Of an offset users know nothing: both have to say so.
      proof_.log_e = by_offset ? std::min(proof_.log_e, of_users) : of_users;
      // Of a slow user one request is counted: whether few are slow, all of them say together.
      if (!evidence_.frozen) proof_.log_good = std::min(proof_.log_good, log_good_of_users());
    } else if (!evidence_.frozen) {
      take_exact();
    }
  }

  /// A user with fifty errors says as much as one with a single error. So "not so many times as frequent" is asked of
  /// users, and the differences, of which users know nothing, count by as much less as a user has events.
  double log_good_of_users() const {
    const RiskTrack& requests = evidence_.tracks[0];
    const RiskTrack& users = evidence_.tracks[counted_.units_from];
    const auto events = static_cast<double>(requests.candidate + requests.stable);
    const auto failing = static_cast<double>(users.candidate + users.stable);
    const double of_each = std::max(1.0, events / std::max(failing, 1.0));
    stats::RiskProcess process = requests.all;
    for (double& good : process.good) good /= of_each;
    process.good[0] = users.all.good[0];
    return stats::log_e_good(process);
  }

  /// Where the truth lies.
  void locate() {
    if (measured_.n < analysis_.min_requests || !stable_ || stable_->n < analysis_.min_requests) return;
    const RiskTrack& track = evidence_.tracks[counted_.proves];
    if (evidence_.frozen) {
      const auto own = estimated(*subject_.candidate).interval;
      const auto other = estimated(*subject_.stable).interval;
      if (!(other.lower > 0) || !std::isfinite(own.upper) || !std::isfinite(other.upper)) return;
      proof_.scale = "ratio";
      proof_.lower = own.lower / other.upper - 1;
      proof_.upper = own.upper / other.lower - 1;
    } else if (counted_.levels[0].rule.offset > 0) {
      const auto lies = stats::excess(proportion(track.candidate, evidence_.candidate),
                                      proportion(track.stable, evidence_.stable), 1, 0)
                            .interval;
      proof_.scale = "difference";
      proof_.lower = lies.lower;
      proof_.upper = lies.upper;
    } else if (track.candidate + track.stable > 0) {
      stats::RelativeRisk risk(stats::RiskPrior::Either);
      risk.add(evidence_.share, track.candidate, track.candidate + track.stable);
      const auto interval = risk.interval(doubt_);
      if (!std::isfinite(interval.upper)) return;
      proof_.scale = "ratio";
      proof_.lower = interval.lower - 1;
      proof_.upper = interval.upper - 1;
    }
  }

  stats::Estimate proportion(std::uint64_t events, std::uint64_t n) const {
    const double value = n == 0 ? 0 : static_cast<double>(events) / static_cast<double>(n);
    const double z = stats::repeated_looks_z(n, analysis_.confidence.fraction);
    return {value, stats::proportion_interval(events, n, z), 0};
  }

  /// Times to decision.
  void foresee() {
    const RiskTrack& track = evidence_.tracks[counted_.proves];
    const auto requests = static_cast<double>(evidence_.candidate + evidence_.stable);
    const double share = evidence_.share;
    if (requests <= 0 || evidence_.stable == 0) return;
    const double rate = static_cast<double>(track.stable) / static_cast<double>(evidence_.stable);
    const auto until = [&](double risk) {
      return static_cast<std::uint64_t>(requests_until_found(risk, share, rate, log_foreseen_));
    };
    proof_.until_half_more = until(1.5);
    proof_.until_twice = until(2);
    proof_.until_five_times = until(5);
    const double smallest = smallest_visible(requests, share, rate, log_foreseen_);
    if (smallest > 0) proof_.smallest = smallest;
  }

  void estimate_what_is_missing() {
    constexpr double least = 0.1;  // below it the pace says nothing
    if (proof_.log_good < least || proof_.log_good >= log_enough()) return;
    const auto requests = static_cast<double>(evidence_.candidate + evidence_.stable);
    proof_.still_needed = static_cast<std::uint64_t>(std::ceil(requests * (log_enough() / proof_.log_good - 1)));
  }

  bool is_broken() const { return !proof_.method.empty() && proof_.log_e >= proof_.log_threshold; }
  bool is_good() const { return !proof_.method.empty() && proof_.log_good >= log_enough(); }

  // ---- the verdict

  Finding found() const {
    if (measured_.n < analysis_.min_requests && counted_.open > 0) {
      return undecided(check_.metric + ": " + count(measured_.n) + wanted() + ", " + grouped(counted_.open) +
                       " may still be reported about");
    }
    if (measured_.n == 0) return no_data(check_, analysis_, "no request was counted");
    if (measured_.n < analysis_.min_requests) return undecided(check_.metric + ": " + count(measured_.n) + wanted());
    if (!compares()) return against_limit(*check_.threshold_range);
    return against_stable(check_.versus_stable.value_or(policy::VersusStable{}));
  }

  Finding against_limit(const policy::ThresholdRange& range) const {
    const Limit limit = nearest_limit(range, measured_.value);
    auto finding = beside(limit);
    const std::string counts = " (" + count(measured_.n) + ")";
    const bool beyond = limit.broken_by(measured_.value);
    if (beyond && stable_ && stable_->n * 2 >= analysis_.min_requests && limit.broken_by(stable_->value)) {
      return both_sick(std::move(finding), limit);
    }
    if (beyond && is_broken()) return decided(finding, Verdict::Fail, counts + weight());
    if (beyond) return decided(finding, Verdict::Inconclusive, ", which may be chance" + counts + missing());
    if (is_good()) return decided(finding, Verdict::Pass, counts);
    return decided(finding, Verdict::Inconclusive, ", not certain yet" + counts + missing());
  }

  /// An absolute limit that stable breaks too says nothing about the candidate: the two are compared.
  Finding both_sick(Finding finding, const Limit& limit) const {
    finding.reference = stable_->value;
    const auto difference = stats::excess(estimated(*subject_.candidate), estimated(*subject_.stable), 1, 0).interval;
    const bool clearly_lower = difference.upper < 0;
    const bool clearly_higher = difference.lower > 0;
    const std::string counts = " (" + count(measured_.n) + ", stable " + count(stable_->n) + ")";
    if (limit.is_min ? clearly_higher : clearly_lower) {
      return decided(finding, Verdict::Pass, ", but stable is worse: " + text(stable_->value) + counts);
    }
    if (limit.is_min ? clearly_lower : clearly_higher) {
      return decided(finding, Verdict::Fail, ", and stable is better: " + text(stable_->value) + counts);
    }
    return decided(finding, Verdict::Inconclusive, ", but stable is sick too: " + text(stable_->value) + counts);
  }

  Finding against_stable(const policy::VersusStable& versus) const {
    if (!stable_) return no_data(check_, analysis_, "there is nothing to compare with");
    if (stable_->n < analysis_.min_requests) {
      return undecided(check_.metric + ": stable " + count(stable_->n) + wanted() + ", " + count(measured_.n));
    }
    const Limit limit = limit_against(versus, stable_->value, measured_.unit, is_wanted());
    auto finding = beside(limit);
    finding.reference = stable_->value;
    const std::string counts = ", " + count(measured_.n) + ", stable " + count(stable_->n);
    if (is_broken()) return decided(finding, Verdict::Fail, why_broken(limit) + counts + weight());
    const bool beyond = limit.broken_by(measured_.value);
    if (is_good()) {
      if (both_fail()) return decided(finding, Verdict::Inconclusive, ", but stable is sick itself" + counts);
      return decided(finding, Verdict::Pass, (beyond ? ", which is chance" : "") + where() + counts);
    }
    if (counted_.stopped) {
      return decided(finding, Verdict::Inconclusive, ", more users than can be told apart" + where() + counts);
    }
    return decided(finding, Verdict::Inconclusive,
                   (beyond ? ", which may be chance" : ", not certain yet") + where() + counts + missing());
  }

  /// Where the quantile that the check names is not what gives it away.
  std::string why_broken(const Limit& limit) const {
    if (!evidence_.frozen || limit.broken_by(measured_.value)) return "";
    return ", but slower than that for certain at " +
           strongest_quantile(evidence_, counted_.units_from < counted_.size ? counted_.units_from : 0);
  }

  /// To be no worse than a version that fails so often is no merit; to be better is.
  bool both_fail() const {
    if (check_.metric != "error-rate") return false;
    const auto stable = estimated(*subject_.stable);
    if (stable.interval.lower <= sick) return false;
    return stats::excess(estimated(*subject_.candidate), stable, 1, 0).interval.upper >= 0;
  }

  stats::Estimate estimated(const Sample& sample) const {
    return estimate(check_.metric, sample, analysis_.confidence.fraction);
  }

  /// Of an outcome more may be better.
  bool is_wanted() const {
    const policy::Outcome* outcome = outcome_named(subject_, check_.metric);
    return outcome != nullptr && outcome->better == policy::Better::Higher;
  }

  // ---- words

  Finding beside(const Limit& limit) const {
    Finding finding;
    finding.threshold = limit.value;
    finding.message = check_.metric + " " + limit.comparison(text(measured_.value), limit.broken_by(measured_.value));
    return finding;
  }
  static Finding decided(Finding finding, Verdict verdict, const std::string& rest) {
    finding.verdict = verdict;
    finding.message += rest;
    return finding;
  }
  static Finding undecided(std::string message) {
    Finding finding;
    finding.verdict = Verdict::Inconclusive;
    finding.message = std::move(message);
    return finding;
  }
  std::string where() const {
    const std::string lies = interval_text(proof_, analysis_.confidence.fraction);
    return lies.empty() ? "" : ", " + of_all_windows() + lies;
  }
  /// What the interval is about, where that is more than the value beside it: a latency's is of the window, too.
  std::string of_all_windows() const {
    const bool is_more = evidence_.candidate > measured_.n || evidence_.stable > stable_->n;
    if (evidence_.frozen || counted_.size == 0 || !is_more || evidence_.stable == 0) return "";
    const auto share = [&](std::uint64_t events, std::uint64_t n) {
      return text(n == 0 ? 0 : static_cast<double>(events) / static_cast<double>(n)) + " (" + count(n) + ")";
    };
    const RiskTrack& track = evidence_.tracks[counted_.proves];
    return "in all windows " + share(track.candidate, evidence_.candidate) + " against stable's " +
           share(track.stable, evidence_.stable) + ": ";
  }
  std::string weight() const { return ", " + evidence_text(proof_.log_e, proof_.log_threshold); }
  std::string missing() const {
    return proof_.still_needed ? ", about " + rounded(*proof_.still_needed) + " more requests" : "";
  }
  std::string text(double value) const { return quantity_text(value, measured_.unit); }
  static std::string count(std::uint64_t n) { return "n=" + grouped(n); }
  std::string wanted() const { return " of " + grouped(analysis_.min_requests); }

  const policy::Check& check_;
  const policy::Analysis& analysis_;
  const Subject& subject_;
  const Measured& measured_;
  const std::optional<Measured> stable_;
  const CountedLook& counted_;
  const CheckEvidence& evidence_;
  const double doubt_;
  double log_foreseen_ = 0;  ///< ln of the E that the whole rollout's evidence is to reach
  Proof proof_;
};

/// What is counted of one version, as a number; nothing for a metric that is not measured here.
std::optional<Measured> measured_of(const policy::Check& check, const Sample* sample, const VersionEvidence* version,
                                    const Subject& subject, WallTime now) {
  if (metric_of(check.metric) != nullptr) {
    return sample == nullptr ? std::nullopt : measure(check.metric, *sample);
  }
  const policy::Outcome* outcome = outcome_named(subject, check.metric);
  if (outcome == nullptr || version == nullptr) return std::nullopt;
  const OutcomeEvidence* seen = outcome_of(version, check.metric);
  const bool binary = outcome->type == policy::OutcomeType::Binary;
  Measured made;
  made.unit = binary ? policy::QuantityUnit::Ratio : policy::QuantityUnit::Number;
  if (seen == nullptr) return made;
  Conversions conversions{seen->decisions, seen->events};
  if (check.threshold_range) conversions = settled_conversions(*outcome, *seen, now);
  made.n = binary ? conversions.decisions : seen->reports;
  const double sum = binary ? static_cast<double>(conversions.events) : seen->sum;
  made.value = made.n == 0 ? 0 : sum / static_cast<double>(made.n);
  return made;
}

}  // namespace

Finding judge_check(const policy::Check& check, const policy::Analysis& analysis, CheckEvidence& evidence,
                    const Subject& subject, std::size_t index, WallTime now, std::size_t guardrails) {
  if (check.prometheus) return judge_prometheus(check, analysis, subject, index, now);
  if (check.metric == policy::disagreement_metric) {
    return judge_disagreement(check, analysis, evidence, subject, guardrails);
  }
  if (check.metric == policy::score_drift_metric) {
    return judge_score_drift(check, analysis, evidence, subject, guardrails);
  }
  if (is_judged_by_pairs(check, subject, evidence)) {
    return judge_paired(check, analysis, evidence, subject, guardrails);
  }
  const auto measured = measured_of(check, subject.candidate, subject.candidate_version, subject, now);
  if (!measured) {
    Finding unknown;
    unknown.verdict = Verdict::Error;
    unknown.message = check.metric + ": not measured by this version of Sluice";
    return unknown;
  }
  const std::size_t sharing = std::max<std::size_t>(guardrails, 1);
  const double doubt = (1 - analysis.confidence.fraction) * subject.part_of_doubt / static_cast<double>(sharing);
  CountedLook counted = count_look(check, analysis, subject, evidence, now);
  counted.exact_level = exact_level(counted, subject, evidence, doubt);
  counted.enough = static_cast<double>(analysis.min_requests);
  absorb(counted, subject, evidence);
  const auto stable = measured_of(check, subject.stable, subject.stable_version, subject, now);
  return Look(check, analysis, subject, *measured, stable, counted, evidence, sharing).judge();
}

}  // namespace sluice::strategy
