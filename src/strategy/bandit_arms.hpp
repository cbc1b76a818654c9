#pragma once

#include <string>
#include <vector>

#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/rollout_state.hpp"

/// What a bandit remembers of its arms.
namespace sluice::strategy {

/// One for each arm of the policy, in its order.
void line_up(const policy::Bandit& bandit, RolloutState& state);

/// The largest difference of a share in force to what it would be.
double largest_move(const std::vector<ArmState>& arms, const std::vector<double>& shares);
/// The same to what the journal last spoke of.
double untold_move(const std::vector<ArmState>& arms);

/// Of all arms, as of the last update.
double requests_of(const std::vector<ArmState>& arms);
/// Whether more is known of the rewards than that time went by.
bool earned_anew(const std::vector<ArmState>& before, const std::vector<ArmState>& now);
/// Begins to count another reward.
void forget_rewards(RolloutState& state, const std::string& reward);

}  // namespace sluice::strategy
