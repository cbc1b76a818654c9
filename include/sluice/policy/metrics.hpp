#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "sluice/policy/analysis.hpp"

namespace sluice::policy {

/// A metric that every version has without any configuration.
struct BuiltInMetric {
  std::string_view name;
  QuantityUnit unit;  ///< what its limits are written in
  std::string_view help;
};

/// Is read from answers like an outcome of this name, and so has to be the name of none.
inline constexpr std::string_view token_rate_metric = "tokens-per-second";

/// How far the predictions of two versions lie apart; see ModelRoute::drift.
inline constexpr std::string_view score_drift_metric = "score-drift";
/// How many answers to copies differ from those that clients got.
inline constexpr std::string_view disagreement_metric = "disagreement";
/// One of these two: a distance, of which less is never worse.
constexpr bool is_difference(std::string_view metric) noexcept {
  return metric == score_drift_metric || metric == disagreement_metric;
}

std::span<const BuiltInMetric> built_in_metrics() noexcept;

/// The built-in metric of this name, or nullptr.
const BuiltInMetric* find_built_in_metric(std::string_view name) noexcept;

}  // namespace sluice::policy
