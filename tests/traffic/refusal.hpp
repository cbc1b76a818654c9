#pragma once

#include <string>

#include "sluice/traffic/plan.hpp"

namespace sluice::traffic {

/// Why no plan can be made of this; empty when one can.
inline std::string refusal_of(const PlanSpec& spec) {
  const auto plan = TrafficPlan::build(spec);
  return plan.ok() ? "" : plan.error().message;
}

}  // namespace sluice::traffic
