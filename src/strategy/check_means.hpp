#pragma once

#include "sluice/strategy/check.hpp"
#include "sluice/strategy/check_state.hpp"

namespace sluice::strategy {

/// Method (e): a mean of latencies or of an outcome's values against a limit or against stable's mean. Of the window
/// alone, because means of windows with other shares do not add up; a window's evidence counts for the less the later
/// it comes. Returns false for a check that is on no mean; otherwise fills the proof in. Some microseconds.
bool weigh_means(const policy::Check& check, const policy::Analysis& analysis, const Subject& subject,
                 const CheckEvidence& evidence, Proof& proof);

}  // namespace sluice::strategy
