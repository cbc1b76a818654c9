#pragma once

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/transition.hpp"
#include "sluice/traffic/plan.hpp"

namespace sluice::strategy {

/// The plan of a canary before its first evidence: the weight of its first step, 0 when that is a pause or there is
/// none, within the audience; the stable version for everyone else.
Result<traffic::TrafficPlan> canary_plan(const policy::ModelRoute& route, const policy::Canary& canary);

/// The percentage of the audience that the candidate starts with.
double first_weight(const policy::Canary& canary) noexcept;

/// A stable group of units moves to the candidate step by step. `step` is the index into the policy's steps; with
/// `pace: Evidence` it counts the shares so far.
RolloutState begin(const policy::Canary& canary, RolloutState state, const Context& context);
Transition advance(const policy::Canary& canary, const RolloutState& state, const Context& context);
Result<Steering> steer(const policy::Canary& canary, const policy::ModelRoute& route, const RolloutState& state);

}  // namespace sluice::strategy
