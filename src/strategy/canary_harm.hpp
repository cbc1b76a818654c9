#pragma once

#include "sluice/policy/strategy.hpp"
#include "sluice/strategy/evidence.hpp"
#include "sluice/strategy/harm.hpp"
#include "sluice/strategy/rollout_state.hpp"

/// A canary's harm budget over the windows of its rollout: what `state.harm` and `state.harm_seen` hold.
namespace sluice::strategy {

/// What the window says now.
struct HarmCounts {
  Counts candidate;
  Counts control;
  std::uint64_t audience = 0;  ///< requests of both versions
};
HarmCounts harm_counts(const policy::Canary& canary, const RolloutState& state, const Evidence& evidence);

/// Where counting began anew without a new window (a restart), what was counted at the last look is kept.
void notice_restart(RolloutState& state, const HarmCounts& counts);

/// Expected extra failures of the whole rollout so far, at least 0.
double harm_so_far(const RolloutState& state, const HarmCounts& counts);

/// The budget is used up, and the candidate fails more often for certain: noise alone spends nothing.
bool budget_is_spent(const policy::Canary& canary, const RolloutState& state, const HarmCounts& counts);

/// A look: what is kept for a restart, and how many requests come per second.
void remember_harm(RolloutState& state, const HarmCounts& counts, WallTime now);

/// Before a new window: what this one counted goes to those before.
void carry_harm(RolloutState& state, const HarmCounts& counts);

/// What the candidate may get until the next look, given what is left of the budget.
Exposure exposure_of(const policy::Canary& canary, const RolloutState& state, const HarmCounts& counts,
                     Duration interval);

}  // namespace sluice::strategy
