#pragma once

#include <cstdint>
#include <string>

#include "sluice/policy/strategy.hpp"
#include "sluice/strategy/rollout_state.hpp"

/// Where a rollout stands in its policy, in words: pure.
namespace sluice::rollout {

struct Progress {
  std::int32_t step = 0;  ///< 1…steps; 0: there are none
  std::int32_t steps = 0;
  std::string text;         ///< "pause 10m, 6m12s left"
  std::string next;         ///< "setWeight 50"; empty: nothing follows
  std::uint32_t stage = 0;  ///< 1…stages; 0: there are none
  std::uint32_t stages = 0;
};

Progress progress_of(const policy::Strategy& strategy, const strategy::RolloutState& state, WallTime now);

}  // namespace sluice::rollout
