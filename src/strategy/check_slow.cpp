#include "check_slow.hpp"

#include <algorithm>
#include <cmath>

#include "check_counts.hpp"
#include "sluice/stats/exceedance.hpp"
#include "sluice/stats/excess_risk.hpp"
#include "sluice/strategy/check.hpp"
#include "sluice/strategy/limit.hpp"
#include "sluice/strategy/measure.hpp"

namespace sluice::strategy {
namespace {

/// Where stable's answers count as slow, and the candidate's.
void freeze(const policy::VersusStable& versus, const stats::Histogram& stable, CheckEvidence& evidence) {
  const Allowance allowance = allowance_of(versus);
  const auto limits = stats::freeze_slow_limits(stable, 0);
  if (!limits) return;
  evidence.tracks.assign(limits->stable.size(), {});
  for (std::size_t i = 0; i < limits->stable.size(); ++i) {
    const std::uint64_t bound = stats::bucket_bound(limits->stable[i]);
    const double allowed = allowance.factor * static_cast<double>(bound) * 1e-9 + allowance.offset;
    // What the grid of the histogram hides is no difference.
    const std::uint64_t most = std::max(nanoseconds(allowed * (1 + stats::Histogram::kMaxRelativeError)), bound);
    RiskTrack& track = evidence.tracks[i];
    track.stable_limit = static_cast<std::uint32_t>(limits->stable[i]);
    track.candidate_limit = static_cast<std::uint32_t>(bucket_not_below(most));
    track.good_limit = static_cast<std::uint32_t>(bucket_not_above(most));
  }
  evidence.frozen = true;
}

void count_levels(const stats::Histogram& candidate, const stats::Histogram& stable, const CheckEvidence& evidence,
                  CountedLook& look) {
  const auto& quantiles = stats::SlowLimits::kQuantiles;
  for (std::size_t i = 0; i < evidence.tracks.size() && i < quantiles.size(); ++i) {
    const RiskTrack& track = evidence.tracks[i];
    look.push({slow_rule(quantiles[i]), count_above(candidate, track.candidate_limit),
               count_above(candidate, track.good_limit), count_above(stable, track.stable_limit)});
  }
}

/// One slow user's thousand requests are no thousand slow requests: of each user one is held against the candidate.
void count_slower_units(const Metric& metric, const Subject& subject, const CheckEvidence& evidence,
                        CountedLook& look) {
  if (!subject.users_stick || subject.candidate_version == nullptr || subject.stable_version == nullptr) return;
  const VersionEvidence& candidate = *subject.candidate_version;
  const VersionEvidence& stable = *subject.stable_version;
  const bool were_counted = evidence.tracks.size() > stats::SlowLimits::kQuantiles.size();
  if (!were_counted && candidate.units.requests + stable.units.requests == 0) return;
  look.units_from = look.size;
  count_levels(candidate.units.*metric.histogram, stable.units.*metric.histogram, evidence, look);
}

/// The level that speaks for the quantile that the check names.
std::size_t level_of(const Metric& metric) noexcept {
  const auto& quantiles = stats::SlowLimits::kQuantiles;
  std::size_t level = 0;
  while (level + 1 < quantiles.size() && quantiles[level + 1] <= metric.quantile) ++level;
  return level;
}

}  // namespace

stats::RiskRule slow_rule(double quantile) noexcept {
  const double share = 1 - quantile;
  stats::RiskRule rule;
  rule.tolerated_factor = doubled_odds(share) / share;
  rule.tolerated_offset = share / 2;
  return rule;
}

std::uint64_t nanoseconds(double seconds) noexcept {
  return static_cast<std::uint64_t>(std::llround(std::max(seconds, 0.0) * 1e9));
}

std::uint64_t count_above(const stats::Histogram& histogram, std::size_t limit) noexcept {
  std::uint64_t sum = 0;
  for (std::size_t bucket = limit + 1; bucket < stats::kBuckets; ++bucket) sum += histogram.bucket_count(bucket);
  return sum;
}

std::size_t bucket_not_below(std::uint64_t duration) noexcept {
  return stats::bucket_of(Duration(static_cast<std::int64_t>(duration)));
}

std::size_t bucket_not_above(std::uint64_t duration) noexcept {
  const std::size_t bucket = bucket_not_below(duration);
  return bucket > 0 && stats::bucket_bound(bucket) > duration ? bucket - 1 : bucket;
}

void count_slower(const policy::VersusStable& versus, const policy::Analysis& analysis, const Metric& metric,
                  const Subject& subject, CheckEvidence& evidence, CountedLook& look) {
  const stats::Histogram& stable = subject.stable->*metric.histogram;
  const std::uint64_t enough = std::max<std::uint64_t>(analysis.min_requests, 20);
  if (!evidence.frozen && stable.count() >= enough) freeze(versus, stable, evidence);
  if (!evidence.frozen) return;
  count_levels(subject.candidate->*metric.histogram, stable, evidence, look);
  look.proves = level_of(metric);
  count_slower_units(metric, subject, evidence, look);
}

}  // namespace sluice::strategy
