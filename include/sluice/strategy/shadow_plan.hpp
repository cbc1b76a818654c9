#pragma once

#include <string>

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/rollout_state.hpp"
#include "sluice/strategy/transition.hpp"
#include "sluice/traffic/plan.hpp"

namespace sluice::strategy {

/// `live` answers everything; each candidate gets copies of this part of its percentage of the requests that `select`
/// names, and of the percentage that an oversampled segment has instead. `weight`: 0…1; 0: no copies. Fails on versions
/// and segments that are not there, and on a match that does not compile.
Result<traffic::TrafficPlan> shadow_plan(const policy::Shadow& shadow, const policy::ModelRoute& route,
                                         const std::string& live, double weight);

/// What the copies of all candidates may cost from where the window of evidence began.
CopyBudget shadow_budget(const policy::Shadow& shadow, const RolloutState& state);

}  // namespace sluice::strategy
