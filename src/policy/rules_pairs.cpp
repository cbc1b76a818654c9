// The metrics that say how far two versions differ, and not which is better.
#include <string>

#include "sluice/policy/metrics.hpp"
#include "sluice/policy/rules.hpp"

namespace sluice::policy {
namespace {

/// Only a largest value that is neither certain nor impossible limits such a metric.
void check_largest(const Check& check, const BuiltInMetric& metric, const Cursor& at) {
  const std::string name(metric.name);
  if (at.at("versusStable").written()) {
    at.at("versusStable")
        .error(Code::NotTogether, name + " is a difference already; limit it by thresholdRange: {max}");
  }
  const Cursor range = at.at("thresholdRange");
  if (range.at("min").written()) {
    range.at("min").error(Code::NotTogether, "less " + name + " is never worse; limit it by max alone");
  }
  if (!check.threshold_range || !check.threshold_range->max || !range.at("max").written()) return;
  const Quantity max = *check.threshold_range->max;
  if (max.unit != metric.unit) return;  // has been reported
  if (!(max.value > 0 && max.value < 1)) {
    const bool ratio = metric.unit == QuantityUnit::Ratio;
    range.at("max").error(Code::OutOfBounds, std::string("must lie between ") + (ratio ? "0% and 100%" : "0 and 1") +
                                                 ": no evidence could ever decide at the ends");
  }
}

void check_score_drift(const CheckReference& reference, const ModelRoute& route, const Cursor& drift) {
  const Cursor at = reference.at.at("metric");
  if (!route.drift) {
    if (!drift.meant()) at.error(Code::NeedsAnother, "score-drift needs the route's drift, which says what is watched");
  } else if (reference.after_the_flip) {
    at.error(Code::Unreachable, "after the flip no other version serves to compare with");
  }
}

void check_disagreement(const CheckReference& reference, const ModelRoute& route) {
  const Cursor at = reference.at.at("metric");
  const bool copied = reference.of_copies || (route.mirror && route.mirror->percent > 0);
  if (reference.after_the_flip) {
    at.error(Code::Unreachable, "after the flip no other version serves to compare with");
  } else if (!copied) {
    at.error(Code::NeedsAnother,
             "answers are compared only where copies are made: in a shadow, in prePromotion of blueGreen with mirror, "
             "or elsewhere by spec.mirror with a percent");
  } else if (compare_of(route) == nullptr) {
    at.warning(Code::NoEffect, "without compare two answers differ by their status alone, whatever they say");
  }
}

}  // namespace

void check_difference(const CheckReference& reference, const ModelRoute& route, const Cursor& drift) {
  const BuiltInMetric* metric = find_built_in_metric(reference.check->metric);
  if (metric == nullptr || !is_difference(metric->name)) return;
  if (metric->name == score_drift_metric) {
    check_score_drift(reference, route, drift);
  } else {
    check_disagreement(reference, route);
  }
  check_largest(*reference.check, *metric, reference.at);
}

void refuse_difference_as_aim(const std::string& metric, const Cursor& at) {
  if (!is_difference(metric)) return;
  at.error(Code::NotTogether, metric + " says how far two versions differ, not which one is better");
}

}  // namespace sluice::policy
