#pragma once

#include <cstddef>
#include <string>

#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/transition.hpp"

/// What a rolling update asks of the outside to have an instance replaced.
namespace sluice::strategy {

/// How far something is that somebody else does.
struct Progress {
  enum class Kind : std::uint8_t { Done, Waiting, Failed };
  Kind kind = Kind::Done;
  std::string message;  ///< what is waited for, or who failed how
};

/// The instance's name in the keys of what is asked about it, which does not change when others come or go.
const std::string& name_of(const SlotState& slot) noexcept;

/// Has slot `index` of the transition's state replaced: forwards by the candidate, on its way back by stable. Wishes
/// the errands of the slot's phase and try and reads what came of them. Done at once where the endpoints only take
/// turns.
Progress replace_instance(const policy::Rolling& rolling, const Context& context, std::size_t index,
                          Transition& transition);

/// Asks the server itself whether the model is ready, where it loaded one; never Failed.
Progress model_is_ready(const policy::Rolling& rolling, const Context& context, std::size_t index,
                        Transition& transition);

}  // namespace sluice::strategy
