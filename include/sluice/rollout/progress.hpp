#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
  std::optional<WallTime> ends;          ///< when what is under way ends by itself; nothing: not by the clock
  std::vector<std::string> step_texts;   ///< all steps in words; empty: none, or instances that look alike
  std::vector<std::string> stage_texts;  ///< the strategies of the stages
};

Progress progress_of(const policy::Strategy& strategy, const strategy::RolloutState& state, WallTime now);

}  // namespace sluice::rollout
