#pragma once

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/transition.hpp"

namespace sluice::strategy {

/// Shares follow what each arm earns.
RolloutState begin(const policy::Bandit& bandit, RolloutState state, const Context& context);
Transition advance(const policy::Bandit& bandit, const RolloutState& state, const Context& context);
Result<Steering> steer(const policy::Bandit& bandit, const policy::ModelRoute& route, const RolloutState& state);

}  // namespace sluice::strategy
