#pragma once

#include <string>

#include "sluice/strategy/transition.hpp"

namespace sluice::strategy {

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
