#include "sluice/stats/allocation.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sluice/stats/best_arm.hpp"

namespace sluice::stats {
namespace {

using Shares = std::vector<double>;

/// Of the arms that share by the algorithm, in their own order.
struct Field {
  const AllocationRules& rules;
  std::vector<RewardMoments> arms;
  BestArm best;
};

double rewards_of(const Field& field) noexcept {
  double all = 0;
  for (const auto& arm : field.arms) all += arm.n;
  return all;
}

// ---- top two

/// The chance of each arm to be the best of all but `out`.
Shares best_without(const Field& field, std::size_t out) {
  auto others = field.arms;
  others.erase(others.begin() + static_cast<std::ptrdiff_t>(out));
  auto probability = best_arm(field.rules.kind, others).probability;
  probability.insert(probability.begin() + static_cast<std::ptrdiff_t>(out), 0);
  return probability;
}

Shares top_two(const Field& field) {
  const Shares& best = field.best.probability;
  if (best.size() < 3) return best;
  Shares shares(best.size(), 0);
  for (std::size_t j = 0; j < best.size(); ++j) {
    shares[j] += 0.5 * best[j];
    double others = 0;
    for (std::size_t i = 0; i < best.size(); ++i) others += i == j ? 0 : best[i];
    // What is left beside an arm that is all but certain drowns in the quadrature's error.
    const Shares second = others > 1e-4 ? Shares{} : best_without(field, j);
    for (std::size_t i = 0; i < best.size(); ++i) {
      if (i == j) continue;
      shares[i] += 0.5 * best[j] * (second.empty() ? best[i] / others : second[i]);
    }
  }
  return shares;
}

// ---- upper confidence bounds

/// ln(q / p) p and the like, 0 where p is.
double entropy_part(double p, double q) noexcept {
  return p > 0 ? p * std::log(p / q) : 0;
}

/// How far a mean lies below a level, in the algorithm's own measure.
class Divergence {
 public:
  explicit Divergence(const Field& field) : rules_(field.rules) {
    RewardMoments all;
    for (const auto& arm : field.arms) all.merge(arm);
    pooled_ = std::max(all.variance(), 1e-12 * (1e-12 + std::abs(all.mean())));
  }
  double operator()(const RewardMoments& arm, double level) const noexcept {
    const double mean = arm.mean();
    const double away = level - mean;
    if (away <= 0) return 0;
    if (rules_.kind == RewardKind::Real) {
      // An arm's own variance counts once there is something to tell it from.
      const double own = (pooled_ + arm.n * arm.variance()) / (1 + arm.n);
      return away * away / (rules_.algorithm == Algorithm::KlUcb ? 2 * own : 8 * pooled_);
    }
    if (rules_.algorithm == Algorithm::Ucb1) return away * away / 2;
    const double q = std::min(level, 1 - 1e-12);
    const double p = std::clamp(mean, 0.0, q);
    return entropy_part(p, q) + entropy_part(1 - p, 1 - q);
  }
  /// A level that no bound of an arm with one reward or more exceeds.
  double highest(double mean, double log_t) const noexcept {
    if (rules_.kind == RewardKind::Binary && rules_.algorithm == Algorithm::KlUcb) return 1;
    if (rules_.kind == RewardKind::Binary) return mean + std::sqrt(2 * log_t) + 1;
    return mean + std::sqrt(8 * pooled_ * log_t * 4);
  }

 private:
  const AllocationRules& rules_;
  double pooled_ = 0;
};

/// How many more rewards each arm takes until its bound falls to `level`.
Shares wishes(const Field& field, const Divergence& divergence, double level, double log_t) {
  Shares wished;
  for (const auto& arm : field.arms) {
    const double apart = divergence(arm, level);
    wished.push_back(apart > 0 ? std::max(0.0, log_t / apart - arm.n) : 1e18);
  }
  return wished;
}

double sum_of(const Shares& shares) noexcept {
  double sum = 0;
  for (const double share : shares) sum += share;
  return sum;
}

/// Fills the batch from the highest bound downwards, as water fills a vessel.
Shares by_upper_bounds(const Field& field) {
  const double batch = std::max(1.0, field.rules.batch);
  const double log_t = std::log(std::max(2.0, rewards_of(field) + batch));
  const Divergence divergence(field);
  double low = field.arms.front().mean();
  for (const auto& arm : field.arms) low = std::max(low, arm.mean());
  double high = divergence.highest(low, log_t);
  for (int i = 0; i < 100; ++i) {
    const double level = (low + high) / 2;
    (sum_of(wishes(field, divergence, level, log_t)) > batch ? low : high) = level;
  }
  Shares shares = wishes(field, divergence, low, log_t);
  // Where a step of the level is worth more than the batch (a mean of 1 has no level above it) all is for the best.
  const double sum = sum_of(shares);
  for (double& share : shares) share /= sum;
  return shares;
}

Shares by_index(const Field& field) {
  Shares shares(field.arms.size(), 0);
  // An arm without a reward has an endless bound.
  double without = 0;
  for (const auto& arm : field.arms) without += arm.n < 1 ? 1 : 0;
  if (without == 0) return by_upper_bounds(field);
  for (std::size_t i = 0; i < shares.size(); ++i) shares[i] = field.arms[i].n < 1 ? 1 / without : 0;
  return shares;
}

// ---- ε-greedy

Shares epsilon_greedy(const Field& field) {
  const auto k = static_cast<double>(field.arms.size());
  const double t = rewards_of(field);
  const double epsilon = t > 1 ? std::min(1.0, std::cbrt(k * std::log(t) / t)) : 1;
  std::size_t highest = 0;
  for (std::size_t i = 1; i < field.arms.size(); ++i) {
    if (field.arms[i].mean() > field.arms[highest].mean()) highest = i;
  }
  Shares shares(field.arms.size(), epsilon / k);
  shares[highest] += 1 - epsilon;
  return shares;
}

Shares by_algorithm(const Field& field) {
  switch (field.rules.algorithm) {
    case Algorithm::ThompsonSampling:
      return field.best.probability;
    case Algorithm::TopTwoThompson:
      return top_two(field);
    case Algorithm::KlUcb:
    case Algorithm::Ucb1:
      return by_index(field);
    case Algorithm::EpsilonGreedy:
      return epsilon_greedy(field);
  }
  return field.best.probability;
}

std::vector<std::size_t> taking_part(std::span<const ArmStanding> arms) {
  std::vector<std::size_t> part;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (!arms[i].at_floor) part.push_back(i);
  }
  if (part.empty()) {
    for (std::size_t i = 0; i < arms.size(); ++i) part.push_back(i);
  }
  return part;
}

/// Equal parts for the explored ones, the algorithm's for the others.
Shares shares_of(const AllocationRules& rules, std::span<const ArmStanding> arms, const std::vector<std::size_t>& part,
                 const BestArm& best) {
  const double equal = 1 / static_cast<double>(part.size());
  Shares shares(part.size(), equal);
  std::vector<std::size_t> known;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (arms[part[i]].requests >= rules.requests_first) known.push_back(i);
  }
  if (known.size() < 2) return shares;
  Field field{rules, {}, {}};
  for (const std::size_t i : known) field.arms.push_back(arms[part[i]].rewards);
  field.best = known.size() == part.size() ? best : best_arm(rules.kind, field.arms);
  const Shares split = by_algorithm(field);
  for (std::size_t i = 0; i < known.size(); ++i) {
    shares[known[i]] = split[i] * equal * static_cast<double>(known.size());
  }
  return shares;
}

/// What is wished, but nobody less than the floor: the others give it in proportion to what they have.
Shares lifted(Shares shares, double floor) {
  std::vector<bool> low(shares.size(), false);
  for (std::size_t round = 0; round < shares.size(); ++round) {
    double rest = 1;
    double above = 0;
    for (std::size_t i = 0; i < shares.size(); ++i) (low[i] ? rest : above) += low[i] ? -floor : shares[i];
    bool done = true;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      if (low[i] || shares[i] * rest >= floor * above) continue;
      low[i] = true;
      done = false;
    }
    if (!done) continue;
    for (std::size_t i = 0; i < shares.size(); ++i) shares[i] = low[i] ? floor : shares[i] * rest / above;
    break;
  }
  return shares;
}

}  // namespace

Allocation allocate(const AllocationRules& rules, std::span<const ArmStanding> arms) {
  Allocation made;
  if (arms.empty()) return made;
  const auto part = taking_part(arms);
  const auto k = static_cast<double>(arms.size());
  const double floor = std::clamp(rules.floor, 0.0, 1 / k);
  made.share.assign(arms.size(), 0);
  made.probability_best.assign(arms.size(), 0);

  std::vector<RewardMoments> rewards;
  for (const std::size_t i : part) {
    rewards.push_back(arms[i].rewards);
    made.exploring = made.exploring || arms[i].requests < rules.requests_first;
  }
  const BestArm best = best_arm(rules.kind, rewards);
  made.leader = part[best.leader];
  made.value_remaining = best.value_remaining;
  const Shares shares = shares_of(rules, arms, part, best);
  for (std::size_t i = 0; i < part.size(); ++i) {
    made.share[part[i]] = shares[i];
    made.probability_best[part[i]] = best.probability[i];
  }
  made.share = lifted(std::move(made.share), floor);
  return made;
}

}  // namespace sluice::stats
