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

/// What its candidates must prove: the policy's analysis; where that wants an end and says nothing else, the usual one.
/// Null: nothing is judged. Lives as long as the policy.
const policy::Analysis* shadow_analysis(const policy::Shadow& shadow);

/// The shadow that is under way, be it a stage's; null: another strategy is.
const policy::Shadow* shadow_under_way(const policy::Strategy& strategy, const RolloutState& state) noexcept;

}  // namespace sluice::strategy
