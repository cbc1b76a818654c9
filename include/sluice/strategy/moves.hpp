#pragma once

#include <string>

#include "sluice/strategy/rollout_state.hpp"
#include "sluice/strategy/transition.hpp"

/// What all strategies do to a state, so that it reads the same everywhere.
namespace sluice::strategy {

/// Another phase, with why; `phase_since` moves only when the phase does. Sets `ended` for phases that are over.
void enter(RolloutState& state, Phase phase, std::string reason, std::string message, WallTime now);

/// Evidence counts from now on: another window, checks forgotten.
void open_window(RolloutState& state, WallTime now);

/// The next step began: resets its clock, the person's approval, and the progress deadline.
void begin_step(RolloutState& state, std::int32_t step, WallTime now);

/// Everything goes to `live`, in a phase that is over.
void end_with(RolloutState& state, const std::string& live, Phase phase, std::string reason, std::string message,
              WallTime now);

/// "10m", "6m12s", "1d 4h": for people.
std::string short_duration(Duration duration);
/// "6 131".
std::string grouped(std::uint64_t number);
/// "25%", "0.5%", "99.91%": of a ratio.
std::string percent(double ratio);

}  // namespace sluice::strategy
