#pragma once

#include <vector>

#include "sluice/rollout/experiment.hpp"

/// Where the experiments are written down.
namespace sluice::rollout {

/// The tests of `stats` on their own.
void add_test_experiments(std::vector<Experiment>& list);
/// The algorithms that deal shares, on their own and in the controller.
void add_bandit_experiments(std::vector<Experiment>& list);
/// A bandit that looks at its requests.
void add_context_experiments(std::vector<Experiment>& list);
/// Whole rollouts.
void add_rollout_experiments(std::vector<Experiment>& list);

}  // namespace sluice::rollout
