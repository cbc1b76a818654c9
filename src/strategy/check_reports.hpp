#pragma once

#include <optional>

#include "check_counts.hpp"
#include "sluice/stats/kaplan_meier.hpp"

/// Evidence of outcomes, which come long after the decisions that they are of.
namespace sluice::strategy {

/// The candidate's part of the events of both, were both equally good: each event is dealt out as the decisions of its
/// time were, not as those of the time when it came. Nothing while there is no event, or of other windows. 5 µs.
std::optional<double> dealt_share(const stats::DelayTable& candidate, const stats::DelayTable& stable);

/// Puts the window's evidence, as it is known now, in the place of what the last look made of the same window: the
/// share that all its events have to be weighed by is known better with every look.
void absorb_reports(const CountedLook& look, const Subject& subject, CheckEvidence& evidence);

/// Ends the window under way of every track.
void close_window(CheckEvidence& evidence);

}  // namespace sluice::strategy
