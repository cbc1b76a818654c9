#pragma once

#include "sluice/strategy/check.hpp"

namespace sluice::strategy {

/// `score-drift`: how far what the candidate predicts lies from what stable does, by distribution: Kolmogorov–Smirnov's
/// distance of the scores, the largest difference of a share of the classes. It fails or passes by where the distance
/// lies for certain. Each window (and process) is looked at by itself and has a part of the doubt, because times of the
/// day differ and what one window has seen is no measure for the next. Some milliseconds for pairs with many classes.
Finding judge_score_drift(const policy::Check& check, const policy::Analysis& analysis, CheckEvidence& evidence,
                          const Subject& subject, std::size_t guardrails);

}  // namespace sluice::strategy
