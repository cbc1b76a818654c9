#pragma once

#include "sluice/rollout/timeline.hpp"

namespace sluice::rollout {

/// Adds what a canary's segments can show before the rollout is over: a note, or a blind spot where it is nothing.
void add_segment_sight(const Scenario& scenario, Timeline& timeline);

}  // namespace sluice::rollout
