#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sluice/policy/strategy.hpp"
#include "sluice/strategy/rollout_state.hpp"
#include "sluice/strategy/tally.hpp"
#include "sluice/strategy/transition.hpp"

/// The variants of an A/B test: their shares, and what is counted of them.
namespace sluice::strategy {

const ArmState* find_arm(const RolloutState& state, const std::string& version);

/// The weights that are left, by variant: those that were taken out have none.
std::vector<double> weights_left(const policy::AbTest& test, const RolloutState& state);

/// The shares that the policy's weights come to, less those who were taken out.
void refresh_arms(const policy::AbTest& test, RolloutState& state);

/// Other weights since the last look close what was counted under those before, and evidence is counted in a new
/// window; another metric begins the counting anew. True when a window was opened.
bool follow_policy(const policy::AbTest& test, const PrimaryMetric& metric, RolloutState& state,
                   const Context& context);

/// Adds what came since the last look to what is known of every variant that takes part. A latency's limit is frozen
/// once the control has shown enough; counting begins there.
void count_variants(const policy::AbTest& test, const PrimaryMetric& metric, RolloutState& state,
                    const Context& context);

}  // namespace sluice::strategy
