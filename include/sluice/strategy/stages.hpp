#pragma once

#include <optional>
#include <string>

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/transition.hpp"

namespace sluice::strategy {

/// Several strategies in a row: the state is that of the stage under way.
RolloutState begin(const policy::Stages& stages, RolloutState state, const Context& context);
Transition advance(const policy::Stages& stages, const RolloutState& state, const Context& context);
/// Why another attempt cannot begin at the first stage: servers do not have the model any more that it starts from.
std::optional<std::string> why_no_retry(const policy::Stages& stages, const RolloutState& state);
Result<Steering> steer(const policy::Stages& stages, const policy::ModelRoute& route, const RolloutState& state);

}  // namespace sluice::strategy
