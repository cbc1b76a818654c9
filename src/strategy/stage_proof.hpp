#pragma once

#include <string>

#include "sluice/strategy/transition.hpp"

namespace sluice::strategy {

/// What a stage that has passed has shown, with its numbers, and without what its strategy would have done about it by
/// itself: a promotion that is not to come. `by_evidence`: no person said that it may end. Empty where nothing was
/// checked.
std::string proof_of(const Transition& passed, bool by_evidence);

}  // namespace sluice::strategy
