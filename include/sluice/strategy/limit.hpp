#pragma once

#include <optional>
#include <string>

#include "sluice/policy/analysis.hpp"
#include "sluice/strategy/check.hpp"

/// What the two kinds of checks, on own counts and on Prometheus' numbers, have in common.
namespace sluice::strategy {

/// One side of a check's limit.
struct Limit {
  double value = 0;
  bool is_min = false;  ///< the value must not fall below; otherwise it must not exceed
  std::string text;     ///< "max 1%", "48ms (stable 40ms + 20%)"

  bool broken_by(double measured) const noexcept { return is_min ? measured < value : measured > value; }
  /// "1.62% > max 1%", "0.4% <= max 1%".
  std::string comparison(const std::string& measured, bool beyond) const;
};

/// The side of an absolute limit that the value is beyond; the first one that is set when it is beyond neither.
Limit nearest_limit(const policy::ThresholdRange& range, double value);

/// What stable's value allows a candidate: factor × stable + offset.
struct Allowance {
  double factor = 1;
  double offset = 0;
};
Allowance allowance_of(const policy::VersusStable& versus) noexcept;
/// `more_is_better`: the margin lies below stable's value, and the limit is one that must not be fallen below.
Limit limit_against(const policy::VersusStable& versus, double stable, policy::QuantityUnit unit,
                    bool more_is_better = false);

/// The unit that a check's limits are written in; that of the numbers of a check on Prometheus.
policy::QuantityUnit unit_of(const policy::Check& check) noexcept;

/// What `onNoData` makes of it; `why` goes into the message.
Finding no_data(const policy::Check& check, const policy::Analysis& analysis, const std::string& why);

}  // namespace sluice::strategy
