#pragma once

#include <string>
#include <utility>

#include "rig.hpp"
#include "sluice/policy/analysis.hpp"

namespace sluice::strategy {

inline policy::Quantity ratio(double value) {
  return {value, policy::QuantityUnit::Ratio};
}
inline policy::Quantity in_seconds(double value) {
  return {value, policy::QuantityUnit::Seconds};
}
inline policy::Quantity number(double value) {
  return {value, policy::QuantityUnit::Number};
}

inline policy::Check at_most(std::string metric, policy::Quantity max) {
  policy::Check check;
  check.metric = std::move(metric);
  check.threshold_range = policy::ThresholdRange{{}, max};
  return check;
}
inline policy::Check at_least(std::string metric, policy::Quantity min) {
  policy::Check check;
  check.metric = std::move(metric);
  check.threshold_range = policy::ThresholdRange{min, {}};
  return check;
}
inline policy::Check no_worse_by(std::string metric, policy::Quantity margin) {
  policy::Check check;
  check.metric = std::move(metric);
  check.versus_stable = policy::VersusStable{margin, {}};
  return check;
}
inline policy::Check no_worse_by_part(std::string metric, double part) {
  policy::Check check;
  check.metric = std::move(metric);
  check.versus_stable = policy::VersusStable{{}, Ratio{part}};
  return check;
}
inline policy::Check from_prometheus(policy::Check check) {
  check.prometheus = policy::PrometheusQuery{"http://127.0.0.1:9090", "up{version=\"{{version}}\"}"};
  return check;
}

}  // namespace sluice::strategy
