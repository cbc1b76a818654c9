#include "sluice/rollout/succession.hpp"

#include <algorithm>
#include <variant>

#include "sluice/strategy/bandit_shares.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/step.hpp"

namespace sluice::rollout {
namespace {

using strategy::Phase;
using strategy::RolloutState;

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

/// The version that a promotion gives everything; empty where the evidence chooses it.
struct CandidateOf {
  std::string operator()(const policy::Canary& canary) const { return canary.candidate; }
  std::string operator()(const policy::Rolling& rolling) const { return rolling.candidate; }
  std::string operator()(const policy::BlueGreen& blue_green) const { return blue_green.preview; }
  std::string operator()(const policy::Stages& stages) const {
    return stages.stages.empty() ? "" : std::visit(*this, stages.stages.back().strategy);
  }
  template <typename Other>
  std::string operator()(const Other& /*strategy*/) const {
    return {};
  }
};

const policy::Rolling* rolling_of(const policy::Strategy& strategy) {
  const auto* const stages = std::get_if<policy::Stages>(&strategy);
  if (stages == nullptr) return std::get_if<policy::Rolling>(&strategy);
  return stages->stages.empty() ? nullptr : std::get_if<policy::Rolling>(&stages->stages.back().strategy);
}

/// Whether the instances that were exchanged are those that the policy means: two servers that take turns, or one that
/// exchanges its model.
bool are_instances_of(const policy::Rolling* rolling, const std::vector<strategy::SlotState>& slots) {
  if (rolling == nullptr) return slots.empty();
  if (rolling->replace == policy::Replace::Webhook) return !slots.empty();
  const bool in_place = rolling->replace == policy::Replace::ModelRepository;
  return !slots.empty() && std::all_of(slots.begin(), slots.end(), [in_place](const strategy::SlotState& slot) {
    return (!slot.stable.empty() && slot.stable == slot.candidate) == in_place;
  });
}

/// Whether the version that the policy wants tried is the one that was promoted.
bool has_arrived(const policy::ModelRoute& route, const RolloutState& state) {
  return state.phase == Phase::Promoted && state.strategy == policy::strategy_name(route.strategy) &&
         !state.live.empty() && state.live == std::visit(CandidateOf{}, route.strategy) &&
         are_instances_of(rolling_of(route.strategy), state.slots) &&
         std::any_of(route.versions.begin(), route.versions.end(),
                     [&](const auto& version) { return version.name == state.live; });
}

/// The promoted rollout under the new policy: nobody who is served by its version is to lose it for an edit.
Succession keep(const policy::ModelRoute& route, const RolloutState& promoted, std::uint64_t generation) {
  Succession next;
  next.state = promoted;
  next.state.fingerprint = strategy::fingerprint(route);
  const auto* const stages = std::get_if<policy::Stages>(&route.strategy);
  if (stages != nullptr) next.state.stage = static_cast<std::uint32_t>(stages->stages.size() - 1);
  next.events.push_back({"Kept", "the policy's generation " + std::to_string(generation) +
                                     " has nothing to roll out: '" + promoted.live +
                                     "' is live already; to run it anew: sluice undo " + route.name +
                                     ", then sluice retry " + route.name});
  return next;
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
  if (past.state != nullptr && has_arrived(route, *past.state)) return keep(route, *past.state, generation);
  next.begins = true;
  std::uint64_t number = past.last_number + 1;
  if (past.state != nullptr) {
    next.events = superseded(*past.state, "the policy's generation " + std::to_string(generation) + " wants another");
    number = std::max(number, past.state->number + 1);
  }
  next.state = strategy::begin(route, number, generation, now);
  if (next.state.phase == Phase::Idle) return next;
  if (const auto* const bandit = std::get_if<policy::Bandit>(&route.strategy); bandit != nullptr && past.state) {
    strategy::inherit(*bandit, route, *past.state, next.state);
  }
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
