#pragma once

#include <cstddef>
#include <span>

#include "sluice/base/clock.hpp"
#include "sluice/stats/arm_posterior.hpp"

/// When a bandit has learnt enough. These are Bayesian statements: they hold on average over the prior, and do not
/// bound how often a worse arm wins. Who needs that asks for an e-value beside it.
namespace sluice::stats {

struct StopRules {
  double confidence = 0.95;       ///< posterior probability asked for
  double value_remaining = 0.01;  ///< what may be left to gain, relative to the leader
  Duration cycle{0};              ///< a day or a week that the bandit has to have seen once; zero: none
  Duration cap{0};                ///< learning ends at the latest after this; zero: never
};

enum class StopVerdict : unsigned char { KeepLearning, Enough, CapReached };

struct StopView {
  StopVerdict verdict = StopVerdict::KeepLearning;
  std::size_t leader = 0;
  double probability_best = 0;  ///< of the leader
  double chance_enough = 0;     ///< posterior probability that no more than `value_remaining` is left
  bool cycle_seen = false;
};

/// Posterior probability that the best arm is at most (1 + gain) times the leader; for real values, that it is above
/// the leader by at most `gain` times the size of the leader's expected mean. By quadrature, to about 1e-4; up to a
/// millisecond for 16 arms that are close, otherwise much less.
double chance_value_within(RewardKind kind, std::span<const RewardMoments> arms, std::size_t leader, double gain);

/// The value remaining that the truth stays below with probability `q`. (Scott 2015, "Multi-armed bandit experiments in
/// the online service economy", section 3.2: a bandit may end when the 95 % quantile is below 1 %.) Some twenty times
/// the cost of chance_value_within(). Infinite when not even a thousandfold gain is excluded.
double value_remaining_quantile(RewardKind kind, std::span<const RewardMoments> arms, std::size_t leader, double q);

/// Of the arms that take part, `elapsed` after the first request. Two arms that are equally good end it as well: to
/// choose between them gains nothing.
StopView stop_view(const StopRules& rules, RewardKind kind, std::span<const RewardMoments> arms, Duration elapsed);

}  // namespace sluice::stats
