#pragma once

#include <cstddef>
#include <cstdint>

#include "sluice/policy/analysis.hpp"
#include "sluice/stats/excess_risk.hpp"
#include "sluice/stats/histogram.hpp"
#include "sluice/strategy/check_state.hpp"

/// What counts as a slow answer, in the buckets of a histogram, and how many there are.
namespace sluice::strategy {

struct CountedLook;
struct Metric;
struct Subject;

/// What a split may show of answers that are slower than stable's at this quantile.
stats::RiskRule slow_rule(double quantile) noexcept;
/// Of a limit in seconds; nothing is below 0.
std::uint64_t nanoseconds(double seconds) noexcept;
/// In later buckets than this one.
std::uint64_t count_above(const stats::Histogram& histogram, std::size_t limit) noexcept;
/// The first bucket that ends at this duration (nanoseconds) or later.
std::size_t bucket_not_below(std::uint64_t duration) noexcept;
/// The last bucket that ends at this duration or earlier; the first one where none does.
std::size_t bucket_not_above(std::uint64_t duration) noexcept;

/// Slow answers of both versions, by five quantiles of stable's, which are read off once it has `min_requests`: what
/// was counted before is then no evidence, and nothing is counted until then. Where users stick and are told apart,
/// levels of users follow, which hold one request of each against the candidate.
void count_slower(const policy::VersusStable& versus, const policy::Analysis& analysis, const Metric& metric,
                  const Subject& subject, CheckEvidence& evidence, CountedLook& look);

}  // namespace sluice::strategy
