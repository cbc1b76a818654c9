#pragma once

#include <string>

#include "sluice/strategy/transition.hpp"

namespace sluice::strategy {

/// The reason of a promotion that gave everything to the version that had everything before: the control, the first
/// arm. There is nothing to undo, and `retry` begins again.
inline constexpr const char* stable_stays = "StableStays";

/// What a verb comes to in a phase; the whole table is in docs/rollouts.md and in its test.
struct Permission {
  enum class Kind : std::uint8_t {
    Act,      ///< it changes something
    Already,  ///< it has been done: nothing to do, and no error
    Refuse,
  };
  Kind kind = Kind::Refuse;
  std::string reason;  ///< why it is refused, or what already holds
};

Permission judge(const Command& command, const RolloutState& state);

}  // namespace sluice::strategy
