#pragma once

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/traffic/plan.hpp"

namespace sluice::strategy {

/// The plan of a shadow: `live` answers everything, every candidate gets a copy of its percentage.
Result<traffic::TrafficPlan> shadow_plan(const policy::ModelRoute& route, const policy::Shadow& shadow);

}  // namespace sluice::strategy
