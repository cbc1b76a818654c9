#pragma once

#include <cstddef>
#include <string>

#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/evidence.hpp"
#include "sluice/strategy/rollout_state.hpp"

/// Who wins a bandit for certain: what a bandit says of itself is a probability that holds on average; this bounds how
/// often a worse arm is named.
namespace sluice::strategy {

/// The chance that an arm is ever certified that is not better than every other one, at most.
inline constexpr double certificate_alpha = 0.05;

/// Where it can be told: the reward is a Binary outcome, each request is drawn by itself, and the shares are the same
/// for all requests.
bool can_certify(const policy::Bandit& bandit, const policy::ModelRoute& route);

/// Remembers by which shares is drawn from now on. Before the shares are steered by. A microsecond where they stay.
void note_shares(RolloutState& state, WallTime now);

/// Compares the leader with every other arm by method (a): whose the conversions are, given the shares that the
/// decisions were drawn by. A conversion is weighed by the least favourable share for the leader that was drawn by
/// around the time of its decision, so that neither late reports nor moving shares can make a winner. Conversions of
/// decisions whose attribution window has passed are added up by the shares that they were drawn by, in 24 groups at
/// most; the others are weighed anew at each look.
///
/// The leader is certified when each comparison reaches K / 0.05 of K arms: whoever is certified first stays so. True
/// when this look did. Some fifty microseconds per arm. Nothing where `can_certify` says no.
bool certify(const policy::Bandit& bandit, const policy::ModelRoute& route, RolloutState& state,
             const Evidence& evidence, std::size_t leader, WallTime now);

/// "certified: the chance of another arm being as good was below 5%", "not certified, E 3.1 of 60".
std::string certificate_text(const Certificate& certificate, const std::string& version);

}  // namespace sluice::strategy
