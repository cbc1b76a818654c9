#include "ab_test_arms.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sluice/stats/buckets.hpp"
#include "sluice/strategy/ab_test.hpp"
#include "sluice/strategy/comparison.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/reading.hpp"

namespace sluice::strategy {
namespace {

/// More changes of the weights than anybody makes; then the oldest part of the evidence is let go.
constexpr std::size_t most_tallies = 16;
/// Answers beyond a quantile that the control must have shown before its limit is frozen.
constexpr double least_beyond = 20;

/// What is remembered of each variant, as the policy lists them now.
void line_up_variants(const policy::AbTest& test, RolloutState& state) {
  const bool fits = std::equal(test.variants.begin(), test.variants.end(), state.arms.begin(), state.arms.end(),
                               [](const auto& variant, const auto& arm) { return variant.version == arm.version; });
  if (fits) return;
  std::vector<ArmState> arms;
  for (const auto& variant : test.variants) {
    const ArmState* before = find_arm(state, variant.version);
    arms.push_back(before == nullptr ? ArmState{} : *before);
    arms.back().version = variant.version;
  }
  state.arms = std::move(arms);
}

/// A fresh page for everyone: what was counted stays, what comes is counted beside it.
void open_tallies(const policy::AbTest& test, RolloutState& state) {
  for (std::size_t i = 0; i < state.arms.size(); ++i) {
    ArmState& arm = state.arms[i];
    arm.tallies.emplace_back().weight = static_cast<double>(test.variants[i].weight);
    if (arm.tallies.size() > most_tallies) arm.tallies.erase(arm.tallies.begin());
    arm.seen = {};
  }
}

/// The bound of a bucket at which the share beyond is nearest to what the quantile says: on one of its two sides.
double limit_at(const stats::Histogram& histogram, double quantile) {
  const std::size_t bucket = stats::bucket_of(histogram.quantile(quantile));
  const auto n = static_cast<double>(histogram.count());
  double best = 0;
  double best_distance = 0;
  for (const std::size_t bound : {bucket, bucket > 0 ? bucket - 1 : bucket}) {
    const auto nanoseconds = stats::bucket_bound(std::min(bound, stats::kBuckets - 2));
    const Duration at(static_cast<std::int64_t>(nanoseconds));
    const double beyond = (n - static_cast<double>(histogram.count_at_most(at))) / n;
    const double distance = beyond > 0 ? std::abs(std::log(beyond / (1 - quantile))) : 1e9;
    if (best != 0 && distance >= best_distance) continue;
    best = static_cast<double>(nanoseconds) * 1e-9;
    best_distance = distance;
  }
  return best;
}

/// Freezes the limit, so that nothing that decided about it is judged by it.
void freeze_limit(const policy::AbTest& test, const PrimaryMetric& metric, RolloutState& state,
                  const Context& context) {
  const auto& histogram = evidence_of(context.evidence, state, control_of(test)).all.*metric.histogram;
  const auto n = static_cast<double>(histogram.count());
  if (n < least_of_each || n * (1 - metric.quantile) < least_beyond) return;
  state.experiment.limit = limit_at(histogram, metric.quantile);
  for (auto& arm : state.arms) {
    if (arm.tallies.empty()) continue;
    Tally& tally = arm.tallies.back();
    Tally fresh;
    fresh.weight = tally.weight;
    tally = fresh;
    arm.seen = count(metric, evidence_of(context.evidence, state, arm.version), state.experiment.limit,
                     Counting::Requests, arm.seen);
    arm.tally_counters = context.evidence.counters;
  }
}

Counting counting_of(const PrimaryMetric& metric, const RolloutState& state, const Context& context) {
  if (!metric.by_units) return Counting::Requests;
  bool known = true;
  bool were_known = false;
  for (const auto& arm : state.arms) {
    if (arm.dropped) continue;
    known = known && units_known(metric, evidence_of(context.evidence, state, arm.version));
    were_known = were_known || std::any_of(arm.tallies.begin(), arm.tallies.end(),
                                           [](const Tally& tally) { return tally.events.size() > 1; });
  }
  if (known) return Counting::Units;
  return were_known ? Counting::Stopped : Counting::Requests;
}

}  // namespace

const ArmState* find_arm(const RolloutState& state, const std::string& version) {
  const auto found =
      std::find_if(state.arms.begin(), state.arms.end(), [&](const ArmState& arm) { return arm.version == version; });
  return found == state.arms.end() ? nullptr : &*found;
}

std::vector<double> weights_left(const policy::AbTest& test, const RolloutState& state) {
  std::vector<double> weights;
  for (const auto& variant : test.variants) {
    const ArmState* arm = find_arm(state, variant.version);
    weights.push_back(arm != nullptr && arm->dropped ? 0 : static_cast<double>(variant.weight));
  }
  return weights;
}

void refresh_arms(const policy::AbTest& test, RolloutState& state) {
  line_up_variants(test, state);
  const auto weights = weights_left(test, state);
  double sum = 0;
  for (const double weight : weights) sum += weight;
  state.weight = 0;
  for (std::size_t i = 0; i < state.arms.size(); ++i) {
    ArmState& arm = state.arms[i];
    const bool is_control = arm.version == control_of(test);
    arm.share = sum > 0 ? weights[i] / sum : (is_control ? 1 : 0);
    if (!is_control) state.weight += arm.share;
  }
}

bool follow_policy(const policy::AbTest& test, const PrimaryMetric& metric, RolloutState& state,
                   const Context& context) {
  line_up_variants(test, state);
  const std::string key = key_of(metric);
  const bool begins = state.experiment.metric.empty();
  if (state.experiment.metric != key) {
    state.experiment = {};
    state.experiment.metric = key;
    for (auto& arm : state.arms) {
      arm.tallies.clear();
      arm.value = arm.lift = arm.lift_lower = arm.lift_upper = std::nullopt;
      arm.certainty = 0;
    }
    open_tallies(test, state);
    if (!begins) open_window(state, context.now);
    return !begins;
  }
  bool same = true;
  for (std::size_t i = 0; i < state.arms.size(); ++i) {
    const auto& tallies = state.arms[i].tallies;
    same = same && !tallies.empty() && tallies.back().weight == static_cast<double>(test.variants[i].weight);
  }
  if (same) return false;
  count_variants(test, metric, state, context);
  open_tallies(test, state);
  open_window(state, context.now);
  return true;
}

void count_variants(const policy::AbTest& test, const PrimaryMetric& metric, RolloutState& state,
                    const Context& context) {
  const bool exceeds = metric.kind == PrimaryMetric::Kind::Exceeds;
  if (exceeds && !state.experiment.limit) freeze_limit(test, metric, state, context);
  const Counting counting = counting_of(metric, state, context);
  for (auto& arm : state.arms) {
    const auto& evidence = evidence_of(context.evidence, state, arm.version);
    if (!arm.dropped) {
      absorb(arm, metric, count(metric, evidence, state.experiment.limit, counting, arm.seen),
             context.evidence.counters);
    }
    arm.value = value_of(metric, arm, evidence);
  }
}

}  // namespace sluice::strategy
