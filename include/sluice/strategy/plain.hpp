#pragma once

#include <variant>

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/transition.hpp"

namespace sluice::strategy {

/// No strategy: idle for ever, the only version has everything. No steering where there are several.
RolloutState begin(const std::monostate& none, RolloutState state, const Context& context);
Transition advance(const std::monostate& none, const RolloutState& state, const Context& context);
Result<Steering> steer(const std::monostate& none, const policy::ModelRoute& route, const RolloutState& state);

}  // namespace sluice::strategy
