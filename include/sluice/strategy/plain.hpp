#pragma once

#include <variant>

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/transition.hpp"
#include "sluice/traffic/plan.hpp"

namespace sluice::strategy {

/// The plan of a route without a strategy: its only version has everything. Fails when there is more than one.
Result<traffic::TrafficPlan> plain_plan(const policy::ModelRoute& route);

/// No strategy: idle for ever, the only version has everything.
RolloutState begin(const std::monostate& none, RolloutState state, const Context& context);
Transition advance(const std::monostate& none, const RolloutState& state, const Context& context);
Result<Steering> steer(const std::monostate& none, const policy::ModelRoute& route, const RolloutState& state);

}  // namespace sluice::strategy
