#include "sluice/strategy/tally.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "sluice/stats/buckets.hpp"
#include "sluice/strategy/measure.hpp"

namespace sluice::strategy {
namespace {

struct Latency {
  std::string_view name;
  double quantile;  ///< 0: the mean
  const stats::Histogram Sample::*histogram;
};

constexpr std::array latencies{
    Latency{"latency-mean", 0, &Sample::latency},   Latency{"latency-p50", 0.5, &Sample::latency},
    Latency{"latency-p90", 0.9, &Sample::latency},  Latency{"latency-p95", 0.95, &Sample::latency},
    Latency{"latency-p99", 0.99, &Sample::latency}, Latency{"ttfb-p95", 0.95, &Sample::first_byte},
};

double whole(std::uint64_t number) noexcept {
  return static_cast<double>(number);
}

double seconds_of(Duration duration) noexcept {
  return std::chrono::duration<double>(duration).count();
}

std::vector<double> levels(const UnitCounts& counts) {
  return {counts.begin(), counts.end()};
}

/// By the middles of the buckets, so that it fits a sum that is exact.
double sum_of_squares(const stats::Histogram& histogram) noexcept {
  double sum = 0;
  double lower = 0;
  for (std::size_t bucket = 0; bucket < stats::kBuckets; ++bucket) {
    const double upper = whole(stats::bucket_bound(bucket)) * 1e-9;
    const std::uint64_t times = histogram.bucket_count(bucket);
    const double middle = bucket + 1 < stats::kBuckets ? (lower + upper) / 2 : lower;
    if (times > 0) sum += whole(times) * middle * middle;
    lower = upper;
  }
  const double mean = seconds_of(histogram.mean());
  return std::max(sum, whole(histogram.count()) * mean * mean);
}

std::vector<double> events_of(Counting counting, double events, const UnitCounts& units) {
  if (counting == Counting::Requests) return {events};
  return counting == Counting::Units ? levels(units) : std::vector<double>{};
}

void count_requests(const VersionEvidence& evidence, Counting counting, Tally& made) {
  made.n = whole(evidence.all.requests);
  made.sum = made.squares = whole(std::min(evidence.all.failures, evidence.all.requests));
  made.events = events_of(counting, made.sum, evidence.failing_units);
}

void count_outcome(const PrimaryMetric& metric, const OutcomeEvidence& seen, Counting counting, const Tally& before,
                   Tally& made) {
  made.n = whole(seen.decisions);
  made.sum = seen.sum;
  made.squares = seen.sum_squares;
  made.unit_squares = counting == Counting::Stopped ? before.unit_squares : seen.unit_sum_squares;
  made.events = {whole(seen.events)};
  if (metric.kind == PrimaryMetric::Kind::RealMean) return;
  made.sum = made.squares = whole(seen.events);
  made.events = events_of(counting, made.sum, seen.unit_events);
}

void count_latency(const PrimaryMetric& metric, const Sample& sample, std::optional<double> limit, Tally& made) {
  const stats::Histogram& histogram = sample.*metric.histogram;
  made.n = whole(histogram.count());
  if (metric.kind == PrimaryMetric::Kind::Exceeds) {
    const auto bound = std::chrono::nanoseconds(std::llround(limit.value_or(0) * 1e9));
    const std::uint64_t over =
        limit ? histogram.count() - std::min(histogram.count(), histogram.count_at_most(bound)) : 0;
    made.sum = made.squares = whole(over);
  } else {
    made.sum = seconds_of(histogram.sum());
    made.squares = sum_of_squares(histogram);
  }
  made.events = {metric.kind == PrimaryMetric::Kind::Exceeds ? made.sum : made.n};
}

void add(double& total, double now, double before) noexcept {
  total = std::max(0.0, total + now - before);
}

}  // namespace

std::optional<PrimaryMetric> primary_metric(std::string_view name, const policy::ModelRoute& route) {
  PrimaryMetric made;
  made.name = name;
  made.by_units = route.unit.source != policy::UnitSource::Request;
  for (const auto& outcome : route.outcomes) {
    if (outcome.name != name) continue;
    const bool binary = outcome.type == policy::OutcomeType::Binary;
    made.outcome = &outcome;
    made.kind = binary ? PrimaryMetric::Kind::Events : PrimaryMetric::Kind::RealMean;
    made.unit = binary ? policy::QuantityUnit::Ratio : policy::QuantityUnit::Number;
    made.higher_is_better = outcome.better == policy::Better::Higher;
    return made;
  }
  if (name == "error-rate") return made;
  const auto* const found =
      std::find_if(latencies.begin(), latencies.end(), [&](auto& one) { return one.name == name; });
  if (found == latencies.end()) return std::nullopt;
  made.kind = found->quantile > 0 ? PrimaryMetric::Kind::Exceeds : PrimaryMetric::Kind::RealMean;
  made.unit = policy::QuantityUnit::Seconds;
  made.by_units = false;
  made.quantile = found->quantile;
  made.histogram = found->histogram;
  return made;
}

std::string key_of(const PrimaryMetric& metric) {
  if (metric.outcome == nullptr) return metric.name;
  return metric.name + (metric.kind == PrimaryMetric::Kind::Events ? " Binary" : " Value");
}

const OutcomeEvidence* find_outcome(const VersionEvidence& evidence, std::string_view name) noexcept {
  const auto found = std::find_if(evidence.outcomes.begin(), evidence.outcomes.end(),
                                  [&](const OutcomeEvidence& one) { return one.name == name; });
  return found == evidence.outcomes.end() ? nullptr : &*found;
}

bool units_known(const PrimaryMetric& metric, const VersionEvidence& evidence) noexcept {
  if (!metric.by_units) return false;
  if (metric.outcome == nullptr) return evidence.failing_units_known;
  const OutcomeEvidence* const seen = find_outcome(evidence, metric.name);
  return seen != nullptr && seen->units_known;
}

Tally count(const PrimaryMetric& metric, const VersionEvidence& evidence, std::optional<double> limit,
            Counting counting, const Tally& before) {
  Tally made;
  if (metric.outcome != nullptr) {
    const OutcomeEvidence* const seen = find_outcome(evidence, metric.name);
    // An outcome that could not be read must not pass for one that nobody reported.
    if (seen == nullptr) return before;
    count_outcome(metric, *seen, counting, before, made);
  } else if (metric.histogram != nullptr) {
    count_latency(metric, evidence.all, limit, made);
  } else {
    count_requests(evidence, counting, made);
  }
  return made;
}

void absorb(ArmState& arm, const PrimaryMetric& metric, const Tally& now, std::uint64_t counters) {
  // Nothing counted may also mean that nothing could be read: it must not pass for counters that began anew.
  if (now.n == 0) return;
  if (arm.tallies.empty()) arm.tallies.emplace_back();
  Tally& total = arm.tallies.back();
  Tally& seen = arm.seen;
  const bool anew = counters != arm.tally_counters;
  // Reports outlive the process, what it counts by itself does not; a little less of reports is just that.
  const bool is_reported = metric.outcome != nullptr && !metric.outcome->from;
  if (!is_reported && (anew || now.n < seen.n)) seen = Tally{};
  // Units became known: what was counted of requests before says nothing about them.
  if (now.events.size() > 1 && total.events.size() == 1) total.events.clear(), seen.events.clear();
  total.events.resize(std::max(total.events.size(), now.events.size()));
  for (std::size_t i = 0; i < now.events.size(); ++i) {
    add(total.events[i], now.events[i], i < seen.events.size() ? seen.events[i] : 0);
  }
  add(total.n, now.n, seen.n);
  total.sum += now.sum - seen.sum;
  add(total.squares, now.squares, seen.squares);
  add(total.unit_squares, now.unit_squares, seen.unit_squares);
  const auto events = now.events.empty() ? std::move(seen.events) : now.events;
  seen = now;
  seen.events = events;
  arm.tally_counters = counters;
}

std::optional<double> value_of(const PrimaryMetric& metric, const ArmState& arm, const VersionEvidence& evidence) {
  if (metric.kind == PrimaryMetric::Kind::Exceeds) {
    const auto seen = measure(metric.name, evidence.all);
    return seen && seen->n > 0 ? std::optional(seen->value) : std::nullopt;
  }
  double sum = 0;
  for (const auto& tally : arm.tallies) sum += tally.sum;
  const double n = counted(arm);
  return n > 0 ? std::optional(sum / n) : std::nullopt;
}

double counted(const ArmState& arm) noexcept {
  double n = 0;
  for (const auto& tally : arm.tallies) n += tally.n;
  return n;
}

}  // namespace sluice::strategy
