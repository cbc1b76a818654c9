#pragma once

#include <cstdint>
#include <vector>

#include "sluice/policy/model_route.hpp"

namespace sluice::strategy {

/// The parachute: which version answers a request that another one fails, by index and in the order of the policy; -1
/// where none does.
///
/// A canary's candidate has the stable version, a variant of an A/B test the control, an arm of a bandit the first arm.
/// Those themselves have none, and so have versions that the strategy does not name; a version is never its own
/// fallback. Nothing has one with `parachute: false`.
std::vector<std::int32_t> fallbacks(const policy::ModelRoute& route);

}  // namespace sluice::strategy
