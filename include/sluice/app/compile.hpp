#pragma once

#include <vector>

#include "sluice/base/result.hpp"
#include "sluice/gateway/config.hpp"
#include "sluice/policy/policy_set.hpp"
#include "sluice/rollout/ports.hpp"

namespace sluice::app {

/// Turns a policy that was read without errors, and what its rollouts do at the moment, into what the data plane runs
/// on. `steerings` has one entry per route, in order. Names are not resolved and no certificate is read; the only I/O
/// is a look at the limit of the process's control group, for `memory: auto`.
///
/// Fails, with one sentence that names the route or the place in the file, on what only the data plane can know, such
/// as a regular expression that does not compile.
Result<gateway::Config> compile(const policy::PolicySet& set, const std::vector<rollout::RouteSteering>& steerings);

/// The same with every rollout at its beginning: what a gateway would do that never saw this policy.
Result<gateway::Config> compile(const policy::PolicySet& set);

}  // namespace sluice::app
