#include "sluice/stats/arm_posterior.hpp"

#include <algorithm>
#include <cmath>

#include "sluice/stats/beta.hpp"

namespace sluice::stats {

void RewardMoments::add(double reward, double weight) noexcept {
  n += weight;
  sum += weight * reward;
  squares += weight * reward * reward;
}

void RewardMoments::fade(double kept) noexcept {
  n *= kept;
  sum *= kept;
  squares *= kept;
}

void RewardMoments::merge(const RewardMoments& other) noexcept {
  n += other.n;
  sum += other.sum;
  squares += other.squares;
}

double RewardMoments::mean() const noexcept {
  return n > 0 ? sum / n : 0;
}

double RewardMoments::variance() const noexcept {
  if (!(n > 0)) return 0;
  const double center = sum / n;
  return std::max(0.0, squares / n - center * center);
}

RewardMoments binary_rewards(double successes, double failures) noexcept {
  return {successes + failures, successes, successes};
}

double retention(double passed, double half_life) noexcept {
  if (!(half_life > 0)) return 1;
  return std::exp2(-std::max(0.0, passed) / half_life);
}

double BetaPosterior::deviation() const noexcept {
  const double sum = a + b;
  return std::sqrt(a / sum * (b / sum) / (sum + 1));
}

BetaPosterior beta_posterior(const RewardMoments& rewards) noexcept {
  const double n = std::max(0.0, rewards.n);
  const double successes = std::clamp(rewards.sum, 0.0, n);
  return {1 + successes, 1 + n - successes};
}

double NormalInverseGamma::spread() const noexcept {
  return std::sqrt(scale / (shape * weight));
}

double NormalInverseGamma::below(double x) const noexcept {
  return student_cdf((x - mean) / spread(), degrees());
}

NormalInverseGamma pooled_prior(std::span<const RewardMoments> arms) noexcept {
  RewardMoments all;
  for (const auto& arm : arms) all.merge(arm);
  if (!(all.n > 0)) return {};
  // Rewards that are all alike still need a width: less than any double's digits would show.
  const double least = 1e-18 * (all.squares / all.n) + 1e-200;
  return {all.mean(), 1, 1, std::max(all.variance(), least)};
}

NormalInverseGamma updated(const NormalInverseGamma& prior, const RewardMoments& rewards) noexcept {
  if (!(rewards.n > 0)) return prior;
  const double mean = rewards.mean();
  const double weight = prior.weight + rewards.n;
  const double away = mean - prior.mean;
  NormalInverseGamma next;
  next.weight = weight;
  next.mean = prior.mean + away * (rewards.n / weight);
  next.shape = prior.shape + rewards.n / 2;
  next.scale = prior.scale + rewards.n * rewards.variance() / 2 + prior.weight * rewards.n / weight * away * away / 2;
  return next;
}

double student_cdf(double t, double degrees) noexcept {
  const double square = t * t;
  if (!(square < 1e300)) return t > 0 ? 1 : 0;
  // By then the two differ by less than lgamma loses.
  if (degrees > 1e7) return normal_cdf(t);
  // The smaller of the two arguments of the incomplete beta function keeps its digits.
  const double tail = square < degrees ? (1 - beta_cdf(0.5, degrees / 2, square / (degrees + square))) / 2
                                       : beta_cdf(degrees / 2, 0.5, degrees / (degrees + square)) / 2;
  return t > 0 ? 1 - tail : tail;
}

}  // namespace sluice::stats
