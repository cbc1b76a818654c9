#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sluice/policy/analysis.hpp"
#include "sluice/strategy/evidence.hpp"

namespace sluice::strategy {

/// How one version's metric stands to another's. Lower is better for all built-in metrics.
struct Comparison {
  enum class Relation : std::uint8_t { Unknown, Better, Worse };
  Relation relation = Relation::Unknown;
  double own = 0;
  double other = 0;
  std::uint64_t own_n = 0;
  std::uint64_t other_n = 0;
  policy::QuantityUnit unit = policy::QuantityUnit::Ratio;
};

/// What is asked before one version is called better.
struct Bar {
  std::uint64_t min_requests = 100;  ///< of each
  double confidence = 0.95;          ///< 0…1, however often it is looked at; already shared among all comparisons
  double minimum_effect = 0;         ///< better by at least this part of the other's value, 0…1
};

/// The two values side by side, with nothing decided. A microsecond.
Comparison beside(std::string_view metric, const Sample& own, const Sample& other);

/// Pure, and the only place that says who is better: Better when the whole interval of the difference lies below the
/// bar, Worse when it lies above zero. Unknown for a metric that is not measured.
Comparison compare(std::string_view metric, const Sample& own, const Sample& other, const Bar& bar);

/// "error-rate 1.2% against v1's 1.5% (n=6 131, v1 n=6 090)".
std::string comparison_text(std::string_view metric, const Comparison& comparison, std::string_view other);

}  // namespace sluice::strategy
