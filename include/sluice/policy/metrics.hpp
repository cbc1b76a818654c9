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
  bool acts = true;  ///< whether this version of Sluice measures it
};

/// Is read from answers like an outcome of this name, and so has to be the name of none.
inline constexpr std::string_view token_rate_metric = "tokens-per-second";

std::span<const BuiltInMetric> built_in_metrics() noexcept;

/// The built-in metric of this name, or nullptr.
const BuiltInMetric* find_built_in_metric(std::string_view name) noexcept;

}  // namespace sluice::policy
