#pragma once

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/transition.hpp"

/// The strategies that can be a stage, as one: which file's functions act is found here and nowhere else.
namespace sluice::strategy {

RolloutState begin(const policy::StageStrategy& strategy, RolloutState state, const Context& context);
Transition advance(const policy::StageStrategy& strategy, const RolloutState& state, const Context& context);
Result<Steering> steer(const policy::StageStrategy& strategy, const policy::ModelRoute& route,
                       const RolloutState& state);

}  // namespace sluice::strategy
