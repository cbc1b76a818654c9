#pragma once

#include <string>
#include <vector>

#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/transition.hpp"

/// What becomes of rollouts when a policy comes: pure.
namespace sluice::rollout {

struct Succession {
  strategy::RolloutState state;
  std::vector<strategy::Event> events;  ///< a "Superseded" among them is about the rollout before
  bool begins = false;                  ///< a rollout starts; otherwise the one before goes on
};

/// What is known of a route's past.
struct Past {
  const strategy::RolloutState* state = nullptr;  ///< null: none
  std::uint64_t last_number = 0;                  ///< of the rollouts so far
  std::string lost;                               ///< why its state is unknown though there was one; empty: it is not
};

/// The same fingerprint goes on, another begins and ends the one before, unless the version that it wants tried was
/// promoted by that one: then there is nothing to do, and the promotion stays. A route whose state was lost begins
/// held, with everything on stable: nobody knows what it had come to.
Succession succeed(const policy::ModelRoute& route, const Past& past, std::uint64_t generation, WallTime now);

/// The event that ends a rollout because the policy does not want it any more; none for one that is over or had nothing
/// to decide.
std::vector<strategy::Event> superseded(const strategy::RolloutState& state, const std::string& by);

}  // namespace sluice::rollout
