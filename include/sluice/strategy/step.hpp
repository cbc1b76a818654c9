#pragma once

#include <string>

#include "sluice/base/result.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/transition.hpp"

/// The strategies as one: the only place that knows all of them. Each has one file with the functions
///
///   RolloutState begin(const policy::S&, RolloutState state, const Context&);
///   Transition   advance(const policy::S&, const RolloutState&, const Context&);
///   Result<Steering> steer(const policy::S&, const policy::ModelRoute&, const RolloutState&);
///
/// `begin` gets a state with who, phase Pending and times filled in, and says what is particular. `advance` makes at
/// most one change. All are pure.
namespace sluice::strategy {

/// A new rollout of the route's strategy. `number` counts the route's rollouts.
RolloutState begin(const policy::ModelRoute& route, std::uint64_t number, std::uint64_t generation, WallTime now);

/// One look at the world: obeys the command, or else does what the strategy says comes next; nothing is advanced or
/// promoted while a person's pause lasts, though things may still be rolled back.
Transition advance(const policy::ModelRoute& route, const RolloutState& state, const Evidence& evidence,
                   const Command* command, WallTime now);

/// What the traffic does in this state. Fails with one sentence on what the policy's own checks let through but no plan
/// can be made of, such as a regular expression that does not compile.
Result<Steering> steer(const policy::ModelRoute& route, const RolloutState& state);

/// 16 hexadecimal digits over the strategy's key, the names of the versions and all fields that start a new rollout.
std::string fingerprint(const policy::ModelRoute& route);

/// The same over what gives counted pairs and distributions their meaning: how answers are compared, what is read for
/// drift, which requests are copied, and the weights of oversampled ones. Where it changes the rollout goes on, and
/// what was counted before says nothing of what comes: a new window begins. `shadow`: the one under way; null: another
/// strategy, whose copies nothing selects.
std::string pair_fingerprint(const policy::ModelRoute& route, const policy::Shadow* shadow);

}  // namespace sluice::strategy
