#include "sluice/rollout/succession.hpp"

#include <algorithm>

#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/step.hpp"

namespace sluice::rollout {
namespace {

using strategy::Phase;

/// As a person's abort leaves it, which is where every strategy has everything on stable, but still to be decided.
strategy::RolloutState begin_lost(const policy::ModelRoute& route, strategy::RolloutState state, const std::string& why,
                                  WallTime now) {
  const strategy::Command abort{strategy::Verb::Abort, false, "sluice"};
  auto aborted = strategy::advance(route, state, strategy::Evidence{}, &abort, now);
  if (!aborted.refusal) state = std::move(aborted.state);
  for (auto& arm : state.arms) {
    if (arm.version == state.live) continue;
    arm.dropped = true;
    arm.share = 0;
    arm.reason = why;
  }
  strategy::enter(state, Phase::Held, "StateLost", why, now);
  return state;
}

}  // namespace

std::vector<strategy::Event> superseded(const strategy::RolloutState& state, const std::string& by) {
  if (state.phase == Phase::Idle || strategy::is_over(state.phase)) return {};
  return {
      {"Superseded", strategy::id_of(state) + " ends in " + std::string(strategy::to_string(state.phase)) + ": " + by}};
}

Succession succeed(const policy::ModelRoute& route, const Past& past, std::uint64_t generation, WallTime now) {
  Succession next;
  if (past.state != nullptr && past.state->fingerprint == strategy::fingerprint(route)) {
    next.state = *past.state;
    return next;
  }
  next.begins = true;
  std::uint64_t number = past.last_number + 1;
  if (past.state != nullptr) {
    next.events = superseded(*past.state, "the policy's generation " + std::to_string(generation) + " wants another");
    number = std::max(number, past.state->number + 1);
  }
  next.state = strategy::begin(route, number, generation, now);
  if (next.state.phase == Phase::Idle) return next;
  if (!past.lost.empty()) {
    next.state = begin_lost(route, std::move(next.state), past.lost, now);
    next.events.push_back({"Held", past.lost});
    return next;
  }
  next.events.push_back({"Begun", strategy::id_of(next.state) + " begins: " + next.state.strategy +
                                      " of the policy's generation " + std::to_string(generation)});
  return next;
}

}  // namespace sluice::rollout
