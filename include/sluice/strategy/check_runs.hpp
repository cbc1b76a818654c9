#pragma once

#include "sluice/strategy/analysis.hpp"
#include "sluice/strategy/rollout_state.hpp"

namespace sluice::strategy {

/// Adds the look to what the rollout counts of its checks, which outlives the window: a look that ends its window would
/// otherwise be seen by nobody. Nothing where the interval had not passed; a check whose value is still on its way was
/// not looked at.
void count_looks(const Assessment& found, RolloutState& state);

}  // namespace sluice::strategy
