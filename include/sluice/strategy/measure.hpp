#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sluice/policy/analysis.hpp"
#include "sluice/stats/interval.hpp"
#include "sluice/strategy/evidence.hpp"

namespace sluice::strategy {

/// What a built-in metric comes to in one sample. Lower is better for all of them.
struct Measured {
  double value = 0;     ///< a ratio or seconds
  std::uint64_t n = 0;  ///< what it is taken from: requests, or those of them that were answered
  policy::QuantityUnit unit = policy::QuantityUnit::Ratio;
};

/// How a built-in metric is taken from a sample.
struct Metric {
  enum class Kind : std::uint8_t { ErrorRate, Mean, Quantile };
  std::string_view name;
  Kind kind = Kind::ErrorRate;
  double quantile = 0;                                  ///< 0…1
  const stats::Histogram Sample::*histogram = nullptr;  ///< null: the error rate
};
/// Null for a metric that is not measured here.
const Metric* metric_of(std::string_view name) noexcept;

/// Nothing for a metric that is not measured here; n = 0 where nothing was counted. A microsecond or less.
std::optional<Measured> measure(std::string_view metric, const Sample& sample) noexcept;

/// The same with the interval that holds the truth at this confidence (0…1) however often it is looked at; `metric` is
/// one that measure() knows. Some microseconds.
stats::Estimate estimate(std::string_view metric, const Sample& sample, double confidence) noexcept;

/// "1.62%", "55ms", "0.93": three digits are shown.
std::string quantity_text(double value, policy::QuantityUnit unit);

}  // namespace sluice::strategy
