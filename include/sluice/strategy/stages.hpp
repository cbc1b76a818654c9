#pragma once

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/transition.hpp"

namespace sluice::strategy {

/// Several strategies in a row: the state is that of the stage under way.
RolloutState begin(const policy::Stages& stages, RolloutState state, const Context& context);
Transition advance(const policy::Stages& stages, const RolloutState& state, const Context& context);
Result<Steering> steer(const policy::Stages& stages, const policy::ModelRoute& route, const RolloutState& state);

}  // namespace sluice::strategy
