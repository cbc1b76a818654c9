#pragma once

#include "sluice/base/result.hpp"
#include "sluice/gateway/config.hpp"
#include "sluice/policy/policy_set.hpp"

namespace sluice::app {

/// Turns a policy that was read without errors into what the data plane runs on. Names are not resolved and no
/// certificate is read; the only I/O is a look at the limit of the process's control group, for `memory: auto`.
///
/// Fails, with one sentence that names the route or the place in the file, on what only the data plane can know: a
/// regular expression that does not compile, a strategy that does not act yet, weights that make no split.
Result<gateway::Config> compile(const policy::PolicySet& set);

}  // namespace sluice::app
