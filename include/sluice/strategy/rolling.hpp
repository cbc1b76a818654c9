#pragma once

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/transition.hpp"

namespace sluice::strategy {

/// Instances are replaced one by one; `slots` says where each of them is.
RolloutState begin(const policy::Rolling& rolling, RolloutState state, const Context& context);
Transition advance(const policy::Rolling& rolling, const RolloutState& state, const Context& context);
Result<Steering> steer(const policy::Rolling& rolling, const policy::ModelRoute& route, const RolloutState& state);

}  // namespace sluice::strategy
