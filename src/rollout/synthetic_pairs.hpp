#pragma once

#include "sluice/policy/strategy.hpp"

namespace sluice::rollout {

/// Whether a check on copies compares latencies with those of the version that answers, so that they are to be drawn in
/// pairs; that costs most of what pairs do.
bool compares_latencies(const policy::Strategy& strategy);

}  // namespace sluice::rollout
