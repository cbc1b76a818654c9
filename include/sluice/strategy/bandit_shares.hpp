#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/evidence.hpp"
#include "sluice/strategy/rollout_state.hpp"

/// How a bandit counts what its arms earn, and what it makes of it.
namespace sluice::strategy {

/// Adds what was counted since the last time to an arm's requests. Repeated or missed calls change nothing in the end;
/// after a restart, when the counters began at zero again, only what was counted after the last call is lost. True when
/// something was added.
bool absorb(ArmState& arm, const Sample& sample, std::uint64_t counters);

/// Requests per arm before the shares follow the evidence.
inline constexpr std::uint64_t requests_first = 100;
/// Requests of all arms after which the shares are set anew before the interval is over.
inline constexpr std::uint64_t requests_between = 1000;

/// What an arm's `tallies` are, in this order.
enum class Purse : std::uint8_t {
  All,        ///< rewards as the posterior takes them: of the two below, and of what is still to come in part
  Inherited,  ///< from the rollout before this one, as they fade
  Own,        ///< of this rollout, as they fade; of late rewards those that are complete
};

/// "success and latency", or the outcome with its type, and what is known of a request: arms keep what is known of them
/// while this stays the same.
std::string reward_key(const policy::Bandit& bandit, const policy::ModelRoute& route);

/// A record of a version that kept no rewards: where they are success and latency, an arm's successes are what it
/// inherits. Any other record stays as it is.
void adopt_successes(const policy::Bandit& bandit, const policy::ModelRoute& route, RolloutState& state);

/// Reads the rewards of every arm.
///
/// - Without `reward`: a request earns 1 when it succeeds, but half of that when its answer took longer than nine of
/// ten
///   answers of the first arm did at the end of the exploration (the limit is frozen then); a failure earns nothing.
/// - A Binary outcome: Kaplan and Meier's rate of conversion at the longest delay that all arms have reached, with as
///   many decisions as would tell it as well; what has not converted yet is no failure.
/// - A Value outcome: the same rate, times what conversions are worth in the mean.
///
/// With `better: Lower` less is earned by more. With `halfLife` older rewards fade with time; `passed` is the time
/// since the last call. Returns whether the rewards may be compared: late ones not before the curves have flattened or
/// the attribution window has passed once.
bool count_rewards(const policy::Bandit& bandit, RolloutState& state, const Evidence& evidence,
                   const policy::ModelRoute& route, Duration passed, WallTime now);

/// What the arms' counts come to.
struct BanditView {
  bool exploring = true;       ///< an arm that takes part has fewer than `requests_first`
  std::size_t leader = 0;      ///< index of the arm that is most likely the best
  double value_remaining = 0;  ///< expected gain of knowing the best, relative to the leader
  std::vector<double> share;   ///< by arm; sums to 1
  std::vector<double> probability_best;
};

/// The shares by the policy's algorithm, each at least the floor; arms that are explored get an equal share each. Arms
/// that were dropped stay at the floor and are not the best. `batch`: rewards expected until the shares are set again.
/// Pure; some ten microseconds, a millisecond for sixteen arms with numbers.
BanditView view_of(const policy::Bandit& bandit, const policy::ModelRoute& route, const std::vector<ArmState>& arms,
                   double batch = 1);

/// Posterior probability that the best of the arms that take part is better than this one by no more than the policy's
/// `valueRemaining`. A millisecond at most.
double chance_within(const policy::Bandit& bandit, const policy::ModelRoute& route, const std::vector<ArmState>& arms,
                     std::size_t leader);

/// By arm.
void set_shares(RolloutState& state, const std::vector<double>& shares);

/// What is known of the arms that stay: their rewards and requests, and with them the shares. For a rollout that has
/// just begun after one that was about the same reward.
void inherit(const policy::Bandit& bandit, const policy::ModelRoute& route, const RolloutState& before,
             RolloutState& begun);

}  // namespace sluice::strategy
