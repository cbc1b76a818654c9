#pragma once

#include <string>
#include <vector>

#include "sluice/strategy/evidence.hpp"
#include "sluice/strategy/rollout_state.hpp"

/// How a bandit counts and what it makes of it.
namespace sluice::strategy {

/// Adds what was counted since the last time to an arm's totals. Repeated or missed calls change nothing in the end;
/// after a restart, when the counters began at zero again, only what was counted after the last call is lost. True when
/// something was added.
bool absorb(ArmState& arm, const Sample& sample, std::uint64_t counters);

/// Requests per arm before the shares follow the evidence.
inline constexpr std::uint64_t requests_first = 100;

/// What the arms' counts come to.
struct BanditView {
  bool exploring = true;       ///< an arm that takes part has fewer than `requests_first`
  std::size_t leader = 0;      ///< index of the arm that is most likely the best
  double value_remaining = 0;  ///< expected gain of knowing the best, relative to the leader
  std::vector<double> share;   ///< by arm; sums to 1
  std::vector<double> probability_best;
};

/// Thompson sampling by its probabilities: each arm gets the floor, and of the rest its probability of being the best.
/// Equal shares while exploring. Arms that were dropped stay at the floor and are not the best. Pure.
BanditView view_of(const std::vector<ArmState>& arms, double minimum_share);

}  // namespace sluice::strategy
