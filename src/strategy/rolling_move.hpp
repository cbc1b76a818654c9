#pragma once

#include <cstddef>
#include <string>

#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/transition.hpp"

/// What one instance of a rolling update does next. Everything here changes slots of the transition's state and wishes
/// errands; whether a slot may begin or turn back at all is decided elsewhere.
namespace sluice::strategy {

struct Move {
  enum class Kind : std::uint8_t { Stays, Moved, Finished, Failed };
  Kind kind = Kind::Stays;
  std::string reason;     ///< Failed: one word
  std::string message;    ///< Stays: what is waited for; Failed: why; else what it does now
  bool admitted = false;  ///< the candidate serves from now on
};

/// The slot leaves Old; with `surge` stable's endpoint goes on serving until the candidate's does. Returns what it does
/// now, in words.
std::string start_slot(const policy::Rolling& rolling, SlotState& slot, bool surge, WallTime now);

/// The slot goes back from wherever it is, without losing an endpoint that serves where both can.
void turn_slot(const policy::Rolling& rolling, SlotState& slot, WallTime now);

/// A slot on its way back turns round once more: New at once where the candidate still serves, else replaced again.
void turn_forward(const policy::Rolling& rolling, SlotState& slot, WallTime now);

/// True when the slot's way back can be gone while the candidate's endpoint serves.
bool can_overlap(const policy::Rolling& rolling, const SlotState& slot) noexcept;

/// Moves a slot that is under way as far as the evidence lets it. `proven` says that a candidate that settles has
/// passed what it is checked by, `at_once` that it need not wait for minReady either.
Move move_slot(const policy::Rolling& rolling, const Context& context, std::size_t index, bool proven, bool at_once,
               Transition& transition);

}  // namespace sluice::strategy
