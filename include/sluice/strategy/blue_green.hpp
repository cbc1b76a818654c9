#pragma once

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/transition.hpp"

namespace sluice::strategy {

/// All traffic flips at once. Step 0: preview is tried; step 1: it has everything and is watched.
RolloutState begin(const policy::BlueGreen& blue_green, RolloutState state, const Context& context);
Transition advance(const policy::BlueGreen& blue_green, const RolloutState& state, const Context& context);
Result<Steering> steer(const policy::BlueGreen& blue_green, const policy::ModelRoute& route, const RolloutState& state);

}  // namespace sluice::strategy
