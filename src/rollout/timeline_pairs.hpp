#pragma once

#include "sluice/rollout/timeline.hpp"

namespace sluice::rollout {

/// Adds how many pairs a shadow's checks need where nothing differs, and how long that takes at this rate; and from
/// when on noise is known.
void add_pair_sight(const Scenario& scenario, Timeline& timeline);

}  // namespace sluice::rollout
