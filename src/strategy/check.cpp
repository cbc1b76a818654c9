#include "sluice/strategy/check.hpp"

#include "sluice/policy/scalars.hpp"
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
  Look(const policy::Check& check, const policy::Analysis& analysis, const Subject& subject, const Measured& measured)
      : check_(check), analysis_(analysis), subject_(subject), measured_(measured) {}

  Finding judge() const {
    auto finding = found();
    finding.samples = measured_.n;
    if (measured_.n > 0) finding.value = measured_.value;
    return finding;
  }

 private:
  Finding found() const {
    if (measured_.n == 0) return no_data(check_, analysis_, "no request was counted");
    if (measured_.n < analysis_.min_requests) return undecided(check_.metric + ": " + count(measured_.n) + wanted());
    if (check_.threshold_range) return against_limit(*check_.threshold_range);
    return against_stable(check_.versus_stable.value_or(policy::VersusStable{}));
  }

  Finding against_limit(const policy::ThresholdRange& range) const {
    const Limit limit = nearest_limit(range, measured_.value);
    auto finding = beside(limit);
    if (!limit.broken_by(measured_.value)) return decided(finding, Verdict::Pass, " (" + count(measured_.n) + ")");
    const auto stable = measured_stable();
    if (stable && stable->n * 2 >= analysis_.min_requests && limit.broken_by(stable->value)) {
      return both_sick(std::move(finding), limit, *stable);
    }
    const auto interval = estimated(*subject_.candidate).interval;
    const double near_end = limit.is_min ? interval.upper : interval.lower;
    if (limit.broken_by(near_end)) return decided(finding, Verdict::Fail, " (" + count(measured_.n) + ")");
    return decided(finding, Verdict::Inconclusive,
                   ", but may be " + text(near_end) + " (" + policy::format_ratio(analysis_.confidence) + ", " +
                       count(measured_.n) + ")");
  }

  /// An absolute limit that stable breaks too says nothing about the candidate: the two are compared.
  Finding both_sick(Finding finding, const Limit& limit, const Measured& stable) const {
    finding.reference = stable.value;
    const auto difference = stats::excess(estimated(*subject_.candidate), estimated(*subject_.stable), 1, 0).interval;
    const bool clearly_lower = difference.upper < 0;
    const bool clearly_higher = difference.lower > 0;
    const std::string counts = " (" + count(measured_.n) + ", stable " + count(stable.n) + ")";
    if (limit.is_min ? clearly_higher : clearly_lower) {
      return decided(finding, Verdict::Pass, ", but stable is worse: " + text(stable.value) + counts);
    }
    if (limit.is_min ? clearly_lower : clearly_higher) {
      return decided(finding, Verdict::Fail, ", and stable is better: " + text(stable.value) + counts);
    }
    return decided(finding, Verdict::Inconclusive, ", but stable is sick too: " + text(stable.value) + counts);
  }

  Finding against_stable(const policy::VersusStable& versus) const {
    const auto stable = measured_stable();
    if (!stable) return no_data(check_, analysis_, "there is nothing to compare with");
    if (stable->n < analysis_.min_requests) {
      return undecided(check_.metric + ": stable " + count(stable->n) + wanted() + ", " + count(measured_.n));
    }
    const Limit limit = limit_against(versus, stable->value, measured_.unit);
    auto finding = beside(limit);
    finding.reference = stable->value;
    const std::string counts = ", " + count(measured_.n) + ", stable " + count(stable->n);
    if (!limit.broken_by(measured_.value)) {
      if (both_fail()) return decided(finding, Verdict::Inconclusive, ", but stable is sick itself" + counts);
      return decided(finding, Verdict::Pass, counts);
    }
    const Allowance allowance = allowance_of(versus);
    const auto beyond =
        stats::excess(estimated(*subject_.candidate), estimated(*subject_.stable), allowance.factor, allowance.offset);
    if (beyond.interval.lower > 0) return decided(finding, Verdict::Fail, counts);
    return decided(finding, Verdict::Inconclusive, ", which may be chance" + counts);
  }

  /// To be no worse than a version that fails so often is no merit; to be better is.
  bool both_fail() const {
    if (check_.metric != "error-rate") return false;
    const auto stable = estimated(*subject_.stable);
    if (stable.interval.lower <= sick) return false;
    return stats::excess(estimated(*subject_.candidate), stable, 1, 0).interval.upper >= 0;
  }

  std::optional<Measured> measured_stable() const {
    if (subject_.stable == nullptr) return std::nullopt;
    return measure(check_.metric, *subject_.stable);
  }
  stats::Estimate estimated(const Sample& sample) const {
    return estimate(check_.metric, sample, analysis_.confidence.fraction);
  }

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
  std::string text(double value) const { return quantity_text(value, measured_.unit); }
  static std::string count(std::uint64_t n) { return "n=" + grouped(n); }
  std::string wanted() const { return " of " + grouped(analysis_.min_requests); }

  const policy::Check& check_;
  const policy::Analysis& analysis_;
  const Subject& subject_;
  const Measured& measured_;
};

}  // namespace

const Sample& empty_sample() noexcept {
  static const Sample empty;
  return empty;
}

Finding judge_check(const policy::Check& check, const policy::Analysis& analysis, const Subject& subject,
                    std::size_t index, WallTime now) {
  if (check.prometheus) return judge_prometheus(check, analysis, subject, index, now);
  const auto measured = measure(check.metric, *subject.candidate);
  if (measured) return Look(check, analysis, subject, *measured).judge();
  Finding unknown;
  unknown.verdict = Verdict::Error;
  unknown.message = check.metric + ": not measured by this version of Sluice";
  return unknown;
}

std::string rule_of(const policy::Check& check) {
  if (check.versus_stable && check.versus_stable->margin) {
    return "margin " + quantity_text(check.versus_stable->margin->value, check.versus_stable->margin->unit);
  }
  if (check.versus_stable && check.versus_stable->relative_margin) {
    return "relativeMargin " + policy::format_ratio(*check.versus_stable->relative_margin);
  }
  std::string rule;
  if (!check.threshold_range) return rule;
  if (const auto& min = check.threshold_range->min) rule = "min " + quantity_text(min->value, min->unit);
  if (const auto& max = check.threshold_range->max) {
    rule += (rule.empty() ? "max " : ", max ") + quantity_text(max->value, max->unit);
  }
  return rule;
}

}  // namespace sluice::strategy
