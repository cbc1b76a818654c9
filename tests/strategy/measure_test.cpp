#include "sluice/strategy/measure.hpp"

#include <gtest/gtest.h>

#include "samples.hpp"
#include "sluice/policy/metrics.hpp"

namespace sluice::strategy {
namespace {

using policy::QuantityUnit;

TEST(Measure, KnowsEveryBuiltInMetricOfASample) {
  for (const auto& metric : policy::built_in_metrics()) {
    const auto measured = measure(metric.name, sample_of(200, 2));
    const bool is_an_outcome = metric.name == policy::token_rate_metric;  // read from answers
    EXPECT_EQ(measured.has_value(), !is_an_outcome && !policy::is_difference(metric.name)) << metric.name;
    if (!measured) continue;
    EXPECT_EQ(measured->unit, metric.unit) << metric.name;
  }
  EXPECT_FALSE(measure("click", sample_of(200, 2)));
}

TEST(Measure, CountsAnErrorRateOverAllAndLatenciesOverWhatWasAnswered) {
  const auto sample = sample_of(200, 50, std::chrono::milliseconds(40));
  EXPECT_EQ(measure("error-rate", sample)->n, 200u);
  EXPECT_DOUBLE_EQ(measure("error-rate", sample)->value, 0.25);
  EXPECT_EQ(measure("latency-p50", sample)->n, 150u);
  EXPECT_NEAR(measure("latency-p50", sample)->value, 0.040, 0.003);
  EXPECT_NEAR(measure("latency-p99", sample)->value, 0.0495, 0.003);
  EXPECT_NEAR(measure("ttfb-p95", sample)->value, 0.0245, 0.002);
  EXPECT_NEAR(measure("latency-mean", sample)->value, 0.040, 0.002);
}

TEST(Measure, HasNothingOfAnEmptySample) {
  EXPECT_EQ(measure("error-rate", {})->n, 0u);
  EXPECT_EQ(measure("latency-p99", {})->n, 0u);
}

TEST(Estimate, HoldsItsValueAndNarrowsWithTheCount) {
  for (const auto* metric : {"error-rate", "latency-mean", "latency-p50", "latency-p95", "ttfb-p95"}) {
    const auto few = estimate(metric, sample_of(150, 7), 0.95);
    const auto many = estimate(metric, sample_of(100'000, 5'000), 0.95);
    EXPECT_LE(few.interval.lower, few.value) << metric;
    EXPECT_GE(few.interval.upper, few.value) << metric;
    EXPECT_LE(many.interval.upper - many.interval.lower, few.interval.upper - few.interval.lower) << metric;
    // What is left to a quantile is the grid of its histogram.
    EXPECT_LT(many.interval.upper - many.interval.lower, 0.2 * many.value) << metric;
  }
}

TEST(QuantityText, ShowsThreeDigits) {
  EXPECT_EQ(quantity_text(0.0162, QuantityUnit::Ratio), "1.62%");
  EXPECT_EQ(quantity_text(0.01, QuantityUnit::Ratio), "1%");
  EXPECT_EQ(quantity_text(0, QuantityUnit::Ratio), "0%");
  EXPECT_EQ(quantity_text(0.00004567, QuantityUnit::Ratio), "0.00457%");
  EXPECT_EQ(quantity_text(1, QuantityUnit::Ratio), "100%");
  EXPECT_EQ(quantity_text(0.0554, QuantityUnit::Seconds), "55.4ms");
  EXPECT_EQ(quantity_text(0.048, QuantityUnit::Seconds), "48ms");
  EXPECT_EQ(quantity_text(1.5, QuantityUnit::Seconds), "1.5s");
  EXPECT_EQ(quantity_text(0.0000251, QuantityUnit::Seconds), "25.1us");
  EXPECT_EQ(quantity_text(0.9, QuantityUnit::Number), "0.9");
  EXPECT_EQ(quantity_text(12345, QuantityUnit::Number), "12345");
  EXPECT_EQ(quantity_text(-0.5, QuantityUnit::Number), "-0.5");
}

}  // namespace
}  // namespace sluice::strategy
