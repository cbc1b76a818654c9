#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "sluice/strategy/transition.hpp"

/// Whether versions still predict what stable predicted when the rollout began.
namespace sluice::strategy {

/// Of each version and kind of prediction, how much doubt an alarm may leave, over all windows of a rollout.
inline constexpr double drift_alarm_doubt = 0.01;

/// "of scores, PSI 0.31, Jensen–Shannon 0.04, n=2 000, stable n=3 000": effect sizes, which test nothing.
std::string drift_text(const DriftEvidence& evidence, std::span<const std::uint64_t> against, const char* whom);

/// Adds a line `DriftFound` to the journal for each version that predicts otherwise than the frozen reference for
/// certain (stats::log_e_moved), once per version and kind. Nothing else follows from it. Some 10 µs per version.
void watch_drift(const Evidence& evidence, Transition& made);

}  // namespace sluice::strategy
