#pragma once

#include <string>
#include <vector>

#include "sluice/rollout/view.hpp"
#include "sluice/strategy/transition.hpp"

/// What status says of a route in one word each: pure.
namespace sluice::rollout {

/// How the route serves, apart from what its rollout has come to.
struct Serving {
  std::string word;  ///< "Healthy", "Degraded", "Down", "Unknown"
  std::string message;
};

/// Healthy: every version with traffic has all of its endpoints. Down: one that has traffic has none, and nobody
/// answers for it. Unknown: nobody has looked yet.
Serving serving_of(const strategy::Steering& steering, const strategy::Evidence& evidence);

/// What the conditions are made of besides the state.
struct Facts {
  Serving serving;
  bool kept = true;           ///< the store has this state
  std::string store_problem;  ///< why it does not
  bool in_force = true;       ///< the data plane does what the state says
  std::string damage{};       ///< what was wrong with the store when the process began; empty: nothing
  bool learns_noise = false;  ///< some requests are answered twice, so that noise is known
  const std::vector<PairsView>* pairs = nullptr;  ///< null: there are none
};

/// Serving, Progressing, Paused, ChecksPass, StateKept, StateSound, in this order; then SplitSound, where the split is
/// watched, SegmentsSound, where the route has segments, and NoiseKnown, where pairs are compared and noise is learnt.
std::vector<Condition> conditions_of(const strategy::RolloutState& state, const Facts& facts);

}  // namespace sluice::rollout
