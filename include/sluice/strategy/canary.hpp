#pragma once

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/traffic/plan.hpp"

namespace sluice::strategy {

/// The plan of a canary before its first evidence: the weight of its first step, 0 when that is a pause or there is
/// none, within the audience; the stable version for everyone else.
Result<traffic::TrafficPlan> canary_plan(const policy::ModelRoute& route, const policy::Canary& canary);

/// The percentage of the audience that the candidate starts with.
double first_weight(const policy::Canary& canary) noexcept;

}  // namespace sluice::strategy
