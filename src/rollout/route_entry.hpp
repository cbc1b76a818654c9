#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sluice/policy/model_route.hpp"
#include "sluice/rollout/ports.hpp"
#include "sluice/rollout/view.hpp"
#include "sluice/strategy/transition.hpp"

namespace sluice::rollout {

/// One route as the controller holds it.
struct RouteEntry {
  policy::ModelRoute policy;
  strategy::RolloutState state;
  strategy::Steering steering;            ///< by policy and state
  bool in_force = true;                   ///< the data plane does it
  bool kept = true;                       ///< the store has the state
  strategy::Evidence evidence;            ///< of the last look
  std::vector<strategy::Errand> errands;  ///< wished since the last look, with bodies
  std::vector<strategy::Query> queries;
  std::string problem;  ///< why the last transition could not be steered; empty: it could
};

/// A transition on its way: decided, neither kept nor in force.
struct Move {
  /// What a store that is down does to it.
  enum class Kind : std::uint8_t {
    Remember,  ///< the traffic stays as it is: done
    Retreat,   ///< back to stable, or no further: done
    Advance,   ///< not done
  };
  std::size_t entry = 0;
  Kind kind = Kind::Remember;
  strategy::RolloutState state;
  std::optional<strategy::Steering> steering;  ///< none: the traffic stays as it is
  std::vector<strategy::Event> events;
  std::vector<strategy::Errand> errands;  ///< of one that is not done nothing is wished: the old wishes stay
  std::vector<strategy::Query> queries;
  std::string actor;
};

/// "rollout/fraud": the record of a route's state.
std::string record_of(const std::string& route);

/// Whether two states may differ in what the traffic does. Says no only for what no strategy steers by.
bool steers_alike(const strategy::RolloutState& one, const strategy::RolloutState& other) noexcept;

/// What kind of move leads from a state to another. `from` and `to` are what the traffic does.
Move::Kind kind_of(const strategy::RolloutState& before, const strategy::RolloutState& after,
                   const strategy::Steering& from, const strategy::Steering* to);

}  // namespace sluice::rollout
