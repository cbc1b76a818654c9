#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "sluice/stats/arm_posterior.hpp"

/// How a bandit splits the traffic until it looks again. Every algorithm answers with shares: the arm of a request is a
/// random draw from them, so a share is the exact propensity to be logged.
namespace sluice::stats {

enum class Algorithm : unsigned char { ThompsonSampling, TopTwoThompson, KlUcb, Ucb1, EpsilonGreedy };

/// One arm as a bandit sees it.
struct ArmStanding {
  RewardMoments rewards;
  double requests = 0;    ///< sent to it so far, rewarded yet or not
  bool at_floor = false;  ///< by a guardrail: it gets the floor, and nobody waits for it
};

struct AllocationRules {
  Algorithm algorithm = Algorithm::ThompsonSampling;
  RewardKind kind = RewardKind::Binary;
  double floor = 0.01;          ///< share of every arm, at most one over their number
  double requests_first = 100;  ///< an arm with fewer is explored: it gets an equal share
  double batch = 1;             ///< rewards expected until the shares are set again; the index algorithms plan for it
};

struct Allocation {
  std::vector<double> share;             ///< by arm, each at least the floor; sums to 1
  std::vector<double> probability_best;  ///< by arm; 0 for arms at the floor, otherwise sums to 1
  std::size_t leader = 0;                ///< most likely the best of those that take part
  double value_remaining = 0;            ///< see BestArm
  bool exploring = false;                ///< an arm that takes part has too few requests
};

/// The shares from now on. Arms still explored get an equal share each; the others split what is left by the algorithm:
///
/// - ThompsonSampling: by the probability of being the best. (Thompson 1933; Chapelle and Li 2011)
/// - TopTwoThompson: half by that probability, half by the probability of being the best if the arm drawn first is not.
///   For finding the best soon, not for earning; plain Thompson sampling with two arms. (Russo 2016, arXiv 1602.08448)
/// - KlUcb: the next `batch` rewards go where the bounds are highest: arm k belongs below the level L once it has
///   ln(t) / d(mean, L) rewards, and L is where these wishes add up to the batch. With a batch of 1 that is the arm of
///   the highest bound. d is the Kullback-Leibler divergence of two Bernoulli laws (Garivier and Cappé 2011, with c =
///   0) or of two normal laws with the arm's variance.
/// - Ucb1: the same with d = (L − mean)² / 2 for rewards in 0…1 (Auer, Cesa-Bianchi and Fischer 2002); for real values
///   divided by 4 v, v the pooled variance, which is that of a fair coin for the first.
/// - EpsilonGreedy: the arm with the highest mean, and a share ε = min(1, (K ln t / t)^⅓) of all spread over all K.
///   (Slivkins 2019, theorem 1.4)
///
/// t is the number of rewards of all arms. The floor comes last: an arm with less than that is lifted to it, and the
/// others give what it takes in proportion to their shares. An arm at the floor gets nothing else unless all are. As
/// costly as best_arm(). Empty for no arms.
Allocation allocate(const AllocationRules& rules, std::span<const ArmStanding> arms);

}  // namespace sluice::stats
