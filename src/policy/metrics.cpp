#include "sluice/policy/metrics.hpp"

#include <algorithm>
#include <array>

namespace sluice::policy {
namespace {

constexpr std::array metrics{
    BuiltInMetric{"error-rate", QuantityUnit::Ratio, "Share of requests that failed: 5xx, timeouts, lost connections."},
    BuiltInMetric{"latency-mean", QuantityUnit::Seconds, "Mean time until the answer was complete."},
    BuiltInMetric{"latency-p50", QuantityUnit::Seconds, "Median of that time."},
    BuiltInMetric{"latency-p90", QuantityUnit::Seconds, "The time that 90 % of the requests stay within."},
    BuiltInMetric{"latency-p95", QuantityUnit::Seconds, "The time that 95 % of the requests stay within."},
    BuiltInMetric{"latency-p99", QuantityUnit::Seconds, "The time that 99 % of the requests stay within."},
    BuiltInMetric{"ttfb-p95", QuantityUnit::Seconds,
                  "The time to the first byte that 95 % of the requests stay within."},
    BuiltInMetric{
        score_drift_metric, QuantityUnit::Number,
        "How far the distribution of what the route's `drift` reads lies from stable's, 0 to 1: Kolmogorov and "
        "Smirnov's distance of scores, the largest difference of a class's share."},
    BuiltInMetric{disagreement_metric, QuantityUnit::Ratio,
                  "Share of the copied requests that the candidate answers otherwise than `live` did, beyond noise."},
    BuiltInMetric{token_rate_metric, QuantityUnit::Number,
                  "Output tokens per second and request, with `protocol: OpenAI`; more is better."},
};

}  // namespace

std::span<const BuiltInMetric> built_in_metrics() noexcept {
  return metrics;
}

const BuiltInMetric* find_built_in_metric(std::string_view name) noexcept {
  const auto found = std::find_if(metrics.begin(), metrics.end(), [&](const auto& m) { return m.name == name; });
  return found == metrics.end() ? nullptr : found;
}

}  // namespace sluice::policy
