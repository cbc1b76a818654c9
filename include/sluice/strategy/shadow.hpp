#pragma once

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/transition.hpp"
#include "sluice/traffic/plan.hpp"

namespace sluice::strategy {

/// The plan of a shadow: `live` answers everything, every candidate gets a copy of its percentage.
Result<traffic::TrafficPlan> shadow_plan(const policy::ModelRoute& route, const policy::Shadow& shadow);

/// Copies are measured until enough is known; `promote` turns the candidate live.
RolloutState begin(const policy::Shadow& shadow, RolloutState state, const Context& context);
Transition advance(const policy::Shadow& shadow, const RolloutState& state, const Context& context);
Result<Steering> steer(const policy::Shadow& shadow, const policy::ModelRoute& route, const RolloutState& state);

}  // namespace sluice::strategy
