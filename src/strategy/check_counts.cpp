#include "check_counts.hpp"

#include <algorithm>
#include <cmath>

#include "check_plans.hpp"
#include "check_reports.hpp"
#include "check_settled.hpp"
#include "check_slow.hpp"
#include "sluice/strategy/check_evidence.hpp"
#include "sluice/strategy/limit.hpp"
#include "sluice/strategy/measure.hpp"

namespace sluice::strategy {
namespace {

/// How many times as bad a candidate must certainly not be before it is promoted: in errors, in odds of a slow answer
/// or of breaking a fixed limit; and in lost conversions, which come in larger numbers.
constexpr double tolerated_times = 2;
constexpr double tolerated_times_outcome = 1.25;

/// No rate is asked to be proven below half a percent: versions that hardly ever fail have no events to compare.
constexpr double tolerated_least = 0.005;

constexpr double nearly_never = 1e-6;

/// Conversions may be as rare as that and still be what a version is for.
constexpr double tolerated_least_outcome = nearly_never;

stats::RiskRule limit_rule(double limit, double least) noexcept {
  stats::RiskRule rule;
  rule.alone = true;
  rule.offset = std::clamp(limit, nearly_never, 1 - nearly_never);
  rule.tolerated_offset = std::clamp(std::max(doubled_odds(rule.offset), least), 0.0, 1 - nearly_never / 2);
  return rule;
}

stats::RiskRule versus_rule(const policy::VersusStable& versus, double times, double least) noexcept {
  const Allowance allowance = allowance_of(versus);
  stats::RiskRule rule;
  rule.factor = allowance.factor;
  rule.offset = std::clamp(allowance.offset, 0.0, 1 - 2 * tolerated_least);
  rule.tolerated_factor = std::max(times, 2 * allowance.factor - 1);
  rule.tolerated_offset = std::min(std::max(2 * rule.offset, least), 1 - tolerated_least);
  return rule;
}

// ---- against a fixed limit

void count_errors(const policy::ThresholdRange& range, double least, std::uint64_t events, std::uint64_t requests,
                  CountedLook& look) {
  if (range.max) look.push({limit_rule(range.max->value, least), events, events, 0});
  const std::uint64_t without = requests - std::min(events, requests);
  if (range.min) look.push({limit_rule(1 - range.min->value, least), without, without, 0});
}

void count_slow(const policy::ThresholdRange& range, const Metric& metric, const stats::Histogram& latency,
                CountedLook& look) {
  if (range.max) {
    const std::uint64_t limit = nanoseconds(range.max->value);
    look.push({limit_rule(1 - metric.quantile, tolerated_least), count_above(latency, bucket_not_below(limit)),
               count_above(latency, bucket_not_above(limit)), 0});
  }
  if (range.min) {
    const std::uint64_t limit = nanoseconds(range.min->value);
    look.push({limit_rule(metric.quantile, tolerated_least),
               latency.count() - count_above(latency, bucket_not_above(limit)),
               latency.count() - count_above(latency, bucket_not_below(limit)), 0});
  }
}

// ---- against stable

void count_units(const Subject& subject, const stats::RiskRule& rule, CheckEvidence& evidence, CountedLook& look) {
  if (subject.candidate_version == nullptr || subject.stable_version == nullptr) return;
  const VersionEvidence& candidate = *subject.candidate_version;
  const VersionEvidence& stable = *subject.stable_version;
  const bool known = candidate.failing_units_known && stable.failing_units_known;
  const bool were_known = evidence.tracks.size() > 1;
  if (!known && !were_known) return;
  // Users that could not be told apart once would be missing for ever.
  if (!known && look.candidate + look.stable > 0) evidence.units_unknown = true;
  look.stopped = evidence.units_unknown;
  // Users with an error are compared as such: how many errors more a request may have is not about them.
  stats::RiskRule by_unit = rule;
  by_unit.offset = 0;
  look.units_from = look.size;
  for (std::size_t i = 0; i < candidate.failing_units.size(); ++i) {
    look.push({by_unit, candidate.failing_units[i], candidate.failing_units[i], stable.failing_units[i]});
  }
}

// ---- outcomes

/// Users, once one was seen: what their requests alone say must not decide because a look shows none of one version.
void count_converting_units(const OutcomeEvidence& candidate, const OutcomeEvidence& stable,
                            const stats::RiskRule& rule, CheckEvidence& evidence, CountedLook& look) {
  const bool known = candidate.units_known && stable.units_known;
  const bool were_known = evidence.tracks.size() > 1;
  if (!were_known && (!known || candidate.units + stable.units == 0)) return;
  if (!known) evidence.units_unknown = true;
  look.stopped = evidence.units_unknown;
  stats::RiskRule by_unit = rule;
  by_unit.offset = 0;
  look.units_from = look.size;
  for (std::size_t i = 0; i < candidate.unit_events.size(); ++i) {
    look.push({by_unit, candidate.unit_events[i], candidate.unit_events[i], stable.unit_events[i]});
  }
}

void count_settled(const policy::ThresholdRange& range, const policy::Outcome& outcome,
                   const OutcomeEvidence& candidate, const OutcomeEvidence* stable, WallTime now, CountedLook& look) {
  const Conversions settled = settled_conversions(outcome, candidate, now);
  look.candidate = settled.decisions;
  look.stable = stable == nullptr ? 0 : settled_conversions(outcome, *stable, now).decisions;
  look.open = candidate.decisions - std::min(candidate.decisions, settled.decisions);
  count_errors(range, tolerated_least_outcome, settled.events, settled.decisions, look);
}

void count_conversions(const policy::Check& check, const policy::Outcome& outcome, const Subject& subject, WallTime now,
                       CheckEvidence& evidence, CountedLook& look) {
  const OutcomeEvidence* candidate = outcome_of(subject.candidate_version, check.metric);
  if (candidate == nullptr) return;
  const OutcomeEvidence* stable = outcome_of(subject.stable_version, check.metric);
  look.candidate = candidate->decisions;
  look.stable = stable == nullptr ? 0 : stable->decisions;
  look.of_answers = outcome.from.has_value();
  look.reported = !outcome.from;  // what is read from answers is counted by this process, like errors
  if (stable != nullptr && candidate->delays && stable->delays) {
    look.dealt = dealt_share(*candidate->delays, *stable->delays);
  }
  if (outcome.type != policy::OutcomeType::Binary) return;
  if (check.threshold_range) return count_settled(*check.threshold_range, outcome, *candidate, stable, now, look);
  if (stable == nullptr || !check.versus_stable) return;
  auto versus = *check.versus_stable;
  look.mirrored = outcome.better == policy::Better::Higher;
  // "At most 20 % fewer" is "stable has at most 25 % more".
  if (look.mirrored && versus.relative_margin) {
    const double kept = std::max(1 - versus.relative_margin->fraction, nearly_never);
    versus.relative_margin = Ratio{1 / kept - 1};
  }
  const stats::RiskRule rule = versus_rule(versus, tolerated_times_outcome, tolerated_least_outcome);
  look.push({rule, candidate->events, candidate->events, stable->events});
  count_converting_units(*candidate, *stable, rule, evidence, look);
}

CountedLook count_metric(const policy::Check& check, const policy::Analysis& analysis, const Metric& metric,
                         const Subject& subject, CheckEvidence& evidence) {
  CountedLook look;
  const Sample& candidate = *subject.candidate;
  const Sample& stable = subject.stable == nullptr ? empty_sample() : *subject.stable;
  if (metric.kind == Metric::Kind::ErrorRate) {
    look.candidate = candidate.requests;
    look.stable = stable.requests;
    if (check.threshold_range) {
      count_errors(*check.threshold_range, tolerated_least, candidate.failures, candidate.requests, look);
    } else if (subject.stable != nullptr) {
      const auto rule = rule_against_stable(check.versus_stable.value_or(policy::VersusStable{}));
      look.push({rule, candidate.failures, candidate.failures, stable.failures});
      count_units(subject, rule, evidence, look);
    }
  } else {
    const stats::Histogram& slow = candidate.*metric.histogram;
    const stats::Histogram& reference = stable.*metric.histogram;
    look.candidate = slow.count();
    look.stable = reference.count();
    if (metric.kind == Metric::Kind::Mean) return look;
    if (check.threshold_range) {
      count_slow(*check.threshold_range, metric, slow, look);
    } else if (subject.stable != nullptr) {
      count_slower(check.versus_stable.value_or(policy::VersusStable{}), analysis, metric, subject, evidence, look);
    }
  }
  return look;
}

// ---- what is new

/// Weights of the windows from the second on: 1/2, 1/6, 1/12 … of what is set aside for them.
double weight_of_window(std::uint32_t number) noexcept {
  return number < 2 ? 0 : 1 / (static_cast<double>(number - 1) * static_cast<double>(number));
}

/// More than anybody asks for; beyond it sums would leave the numbers.
constexpr double most_log_e = 200;

/// Counts may be read a moment apart: none goes backwards.
std::uint64_t grown(std::uint64_t now, std::uint64_t& seen) noexcept {
  const std::uint64_t more = now > seen ? now - seen : 0;
  seen = std::max(now, seen);
  return more;
}

void forget_seen(CheckEvidence& evidence) noexcept {
  evidence.seen_candidate = evidence.seen_stable = 0;
  for (RiskTrack& track : evidence.tracks) track.seen_candidate = track.seen_good = track.seen_stable = 0;
}

}  // namespace

double doubled_odds(double probability) noexcept {
  return tolerated_times * probability / (1 + (tolerated_times - 1) * probability);
}

stats::RiskRule rule_against_stable(const policy::VersusStable& versus) noexcept {
  return versus_rule(versus, tolerated_times, tolerated_least);
}

void close_window(CheckEvidence& evidence) {
  for (RiskTrack& track : evidence.tracks) {
    if (evidence.windows >= 2) {
      const double log_e = std::min(stats::log_e_against(track.window), most_log_e);
      track.over += weight_of_window(evidence.windows) * std::exp(log_e);
    }
    track.window = {};
  }
}

const policy::Outcome* outcome_named(const Subject& subject, std::string_view name) noexcept {
  if (subject.outcomes == nullptr) return nullptr;
  const auto found = std::find_if(subject.outcomes->begin(), subject.outcomes->end(),
                                  [&](const policy::Outcome& one) { return one.name == name; });
  return found == subject.outcomes->end() ? nullptr : &*found;
}

const OutcomeEvidence* outcome_of(const VersionEvidence* version, std::string_view name) noexcept {
  if (version == nullptr) return nullptr;
  const auto found = std::find_if(version->outcomes.begin(), version->outcomes.end(),
                                  [&](const OutcomeEvidence& outcome) { return outcome.name == name; });
  return found == version->outcomes.end() ? nullptr : &*found;
}

CountedLook count_look(const policy::Check& check, const policy::Analysis& analysis, const Subject& subject,
                       CheckEvidence& evidence, WallTime now) {
  CountedLook look;
  const bool was_frozen = evidence.frozen;
  if (const Metric* metric = metric_of(check.metric)) {
    look = count_metric(check, analysis, *metric, subject, evidence);
  } else if (const policy::Outcome* outcome = outcome_named(subject, check.metric)) {
    count_conversions(check, *outcome, subject, now, evidence, look);
  }
  if (look.units_from == 0) look.units_from = look.size;
  if (evidence.tracks.size() < look.size) evidence.tracks.resize(look.size);
  if (evidence.frozen && !was_frozen) {
    // The limits were read off these very answers.
    evidence.seen_candidate = look.candidate;
    evidence.seen_stable = look.stable;
    for (std::size_t i = 0; i < look.size; ++i) {
      RiskTrack& track = evidence.tracks[i];
      track.seen_candidate = look.levels[i].candidate;
      track.seen_good = look.levels[i].good;
      track.seen_stable = look.levels[i].stable;
    }
    evidence.window = window_of(subject);
    evidence.counters = counters_of(subject);
    evidence.windows = 1;
    evidence.candidate = evidence.stable = 0;
    evidence.share = 0;
  }
  return look;
}

void absorb(const CountedLook& look, const Subject& subject, CheckEvidence& evidence) {
  if (look.reported) return absorb_reports(look, subject, evidence);
  // Nothing counted may also mean that nothing could be read: it must not pass for counters that began anew.
  if (look.candidate + look.stable == 0) return;
  const bool other_window = evidence.window != window_of(subject) || evidence.windows == 0;
  const bool anew = other_window || evidence.counters != counters_of(subject) ||
                    look.candidate < evidence.seen_candidate || look.stable < evidence.seen_stable;
  if (other_window) {
    close_window(evidence);
    ++evidence.windows;
  }
  if (anew) forget_seen(evidence);
  evidence.window = window_of(subject);
  evidence.counters = counters_of(subject);

  const std::uint64_t candidate = grown(look.candidate, evidence.seen_candidate);
  const std::uint64_t stable = grown(look.stable, evidence.seen_stable);
  const auto requests = static_cast<double>(candidate + stable);
  const double seen_share = requests > 0 ? static_cast<double>(candidate) / requests : 0;
  const double drawn_share = subject.share > 0 ? subject.share : seen_share;
  const double share = subject.users_stick || look.of_answers ? seen_share : drawn_share;
  const auto before = static_cast<double>(evidence.candidate + evidence.stable);
  if (requests > 0) evidence.share = (evidence.share * before + share * requests) / (before + requests);
  const bool steady = share == evidence.last_share;
  if (requests > 0) evidence.last_share = share;
  evidence.candidate += candidate;
  evidence.stable += stable;

  const std::size_t counted = look.stopped ? look.units_from : look.size;
  for (std::size_t i = 0; i < counted; ++i) {
    RiskTrack& track = evidence.tracks[i];
    const Counted& level = look.levels[i];
    const std::uint64_t events = grown(level.candidate, track.seen_candidate);
    const std::uint64_t good = grown(level.good, track.seen_good);
    const std::uint64_t of_stable = grown(level.stable, track.seen_stable);
    track.candidate += events;
    track.stable += of_stable;
    const auto others = [&](std::uint64_t of_candidate) {
      const std::uint64_t all = level.rule.alone ? candidate : candidate + stable;
      return all - std::min(all, of_candidate + of_stable);
    };
    const stats::RiskCounts against = look.mirrored ? stats::RiskCounts{of_stable, events, others(events)}
                                                    : stats::RiskCounts{events, of_stable, others(events)};
    const stats::RiskCounts proven = look.mirrored ? stats::RiskCounts{of_stable, good, others(good)}
                                                   : stats::RiskCounts{good, of_stable, others(good)};
    const double of_level = i < look.units_from ? share : drawn_share;
    const double drawn = look.mirrored ? 1 - of_level : of_level;
    const bool alone = level.rule.alone;
    const Drawn steps{drawn,
                      steady,
                      std::abs(evidence.share - share) <= 1e-9 * share,
                      static_cast<double>(look.candidate + look.stable) * drawn_share,
                      alone ? candidate : events + of_stable,
                      alone ? evidence.candidate : track.candidate + track.stable};
    before_counts(look, level.rule, steps, track);
    stats::add_risk(track.all.against, level.rule, drawn, against);
    if (evidence.windows >= 2) stats::add_risk(track.window, level.rule, drawn, against);
    stats::add_good(track.all.good, level.rule, drawn, proven);
    after_counts(look, level.rule, steps, track);
  }
}

}  // namespace sluice::strategy
