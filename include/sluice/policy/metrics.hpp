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

std::span<const BuiltInMetric> built_in_metrics() noexcept;

/// The built-in metric of this name, or nullptr.
const BuiltInMetric* find_built_in_metric(std::string_view name) noexcept;

}  // namespace sluice::policy
