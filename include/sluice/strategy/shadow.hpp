#pragma once

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/transition.hpp"

namespace sluice::strategy {

/// `live` answers everything, every candidate gets a copy of its percentage. Copies are measured until enough is known;
/// `promote` turns the candidate live.
RolloutState begin(const policy::Shadow& shadow, RolloutState state, const Context& context);
Transition advance(const policy::Shadow& shadow, const RolloutState& state, const Context& context);
Result<Steering> steer(const policy::Shadow& shadow, const policy::ModelRoute& route, const RolloutState& state);

}  // namespace sluice::strategy
