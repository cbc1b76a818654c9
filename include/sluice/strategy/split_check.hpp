#pragma once

#include <string>
#include <vector>

#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/evidence.hpp"
#include "sluice/strategy/rollout_state.hpp"

/// Whether versions get the requests that the split draws for them. One that does not is compared with requests of
/// another kind, whatever the comparison says.
namespace sluice::strategy {

/// What a look at the split found.
struct SplitLook {
  bool broken = false;  ///< E ≥ 1000: nothing may be promoted
  std::string news;     ///< a sentence for the journal, when it has just become doubtful (E ≥ 20) or broken
};

/// Adds what was assigned since the last look, and judges it (method g). `versions`: those of the split, always in the
/// same order. What came since a look at which shares had moved by more than 0.01 is left out. Where users
/// stick to a version their requests come in lumps, and no ratio of requests is too unlikely; there users are counted,
/// each once in a window, and windows and processes share the doubt, because the same users come again. A microsecond.
SplitLook look_at_split(const policy::ModelRoute& route, const std::vector<std::string>& versions,
                        const Evidence& evidence, RolloutState& state);

/// As it was found at the last look.
bool is_split_broken(const RolloutState& state) noexcept;
bool is_split_doubtful(const RolloutState& state) noexcept;

/// "v2 got 52% of the requests that were drawn for it, E 4.1e+05".
std::string split_text(const SplitEvidence& split);

}  // namespace sluice::strategy
