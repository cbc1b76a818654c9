#pragma once

#include <string>
#include <vector>

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/traffic/plan.hpp"

namespace sluice::strategy {

/// The traffic plan a route starts with: what its strategy does before any evidence is in.
///
/// Fails with one sentence on a strategy that does not act yet and on what the policy's own checks let through but no
/// plan can be made of, such as a regular expression that does not compile.
Result<traffic::TrafficPlan> initial_plan(const policy::ModelRoute& route);

/// What each version is in its strategy, in the order of the policy: "stable", "candidate", "control", "variant",
/// "live", "shadow", or "idle" for a version the strategy does not name. The `role` of `sluice_version_info`.
std::vector<std::string> initial_roles(const policy::ModelRoute& route);

}  // namespace sluice::strategy
