#pragma once

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/transition.hpp"

namespace sluice::strategy {

/// The control's name: the one written down, or the first variant's. It gets everyone outside the audience.
const std::string& control_of(const policy::AbTest& test);

/// A random, sticky split that looks for the better variant.
RolloutState begin(const policy::AbTest& test, RolloutState state, const Context& context);
Transition advance(const policy::AbTest& test, const RolloutState& state, const Context& context);
Result<Steering> steer(const policy::AbTest& test, const policy::ModelRoute& route, const RolloutState& state);

}  // namespace sluice::strategy
