#pragma once

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/traffic/plan.hpp"

namespace sluice::strategy {

/// The plan of a route without a strategy: its only version has everything. Fails when there is more than one.
Result<traffic::TrafficPlan> plain_plan(const policy::ModelRoute& route);

}  // namespace sluice::strategy
