#pragma once

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/transition.hpp"

namespace sluice::strategy {

/// A stable group of units moves to the candidate step by step. `step` is the index into the policy's steps; with
/// `pace: Evidence` it counts the shares so far.
RolloutState begin(const policy::Canary& canary, RolloutState state, const Context& context);
Transition advance(const policy::Canary& canary, const RolloutState& state, const Context& context);
Result<Steering> steer(const policy::Canary& canary, const policy::ModelRoute& route, const RolloutState& state);

}  // namespace sluice::strategy
