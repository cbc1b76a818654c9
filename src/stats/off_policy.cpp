#include "sluice/stats/off_policy.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::stats {
namespace {

constexpr double most_clipped_weight = 0.1;
/// Shares are logged with a few digits only.
constexpr double weight_rounding = 0.01;

bool is_distribution(std::span<const double> target) noexcept {
  double sum = 0;
  for (const double share : target) {
    if (!(share >= 0)) return false;
    sum += share;
  }
  return std::abs(sum - 1) < 1e-6;
}

}  // namespace

void OffPolicyEstimator::Running::add(double value) noexcept {
  n += 1;
  const double away = value - mean;
  mean += away / n;
  off += away * (value - mean);
}

double OffPolicyEstimator::Running::variance() const noexcept {
  return n > 1 ? off / (n - 1) : 0;
}

OffPolicyEstimator::OffPolicyEstimator(std::size_t versions, OffPolicyRules rules)
    : rules_(rules), versions_(versions) {}

void OffPolicyEstimator::add(std::size_t version, double propensity, std::span<const double> target, double reward,
                             std::span<const double> predicted) {
  const bool usable = version < versions_.size() && target.size() == versions_.size() && propensity > 0 &&
                      propensity <= 1 && std::isfinite(reward) && is_distribution(target) &&
                      (predicted.empty() || predicted.size() == versions_.size());
  if (!usable) {
    ++unusable_;
    return;
  }
  const double whole = target[version] / propensity;
  const double weight = std::min(whole, rules_.largest_weight);
  heaviest_ = std::max(heaviest_, whole);
  clipped_ += whole > rules_.largest_weight ? 1 : 0;

  const auto expected = [&](std::size_t v) {
    if (!predicted.empty()) return predicted[v];
    return versions_[v].reward.n > 0 ? versions_[v].reward.mean : rewards_.mean;
  };
  double under_target = 0;
  for (std::size_t v = 0; v < versions_.size(); ++v) under_target += target[v] * expected(v);
  robust_.add(under_target + weight * (reward - expected(version)));

  rewards_.add(reward);
  weights_.add(weight);
  uncut_.add(whole);
  weighted_.add(weight * reward);
  weight_squares_ += weight * weight;
  cross_ += weight * weight * reward;
  reward_squares_ += weight * weight * reward * reward;
  versions_[version].reward.add(reward);
  for (std::size_t v = 0; v < versions_.size(); ++v) versions_[v].wanted += target[v];
}

OffPolicyEstimate OffPolicyEstimator::estimate_of(const Running& terms) const noexcept {
  if (!(terms.n > 0)) return {};
  const double z = repeated_looks_z(static_cast<std::uint64_t>(terms.n), rules_.confidence);
  const double half = z * std::sqrt(terms.variance() / terms.n);
  return {terms.mean, {terms.mean - half, terms.mean + half}};
}

OffPolicyEstimate OffPolicyEstimator::self_normalised() const noexcept {
  const double sum = weights_.mean * weights_.n;
  if (!(sum > 0)) return {};
  const double value = weighted_.mean / weights_.mean;
  // Σ w² (r − value)², from its three parts.
  const double squares = reward_squares_ - value * (2 * cross_ - value * weight_squares_);
  const double z = repeated_looks_z(static_cast<std::uint64_t>(weights_.n), rules_.confidence);
  const double half = z * std::sqrt(std::max(0.0, squares)) / sum;
  return {value, {value - half, value + half}};
}

OffPolicyRefusal OffPolicyEstimator::refusal_of(const OffPolicyAnswer& answer) const noexcept {
  if (answer.decisions == 0) return OffPolicyRefusal::NoDecisions;
  // The whole weights average to one whatever the rewards, unless the log could not have made some of the choices.
  const OffPolicyEstimate weight = estimate_of(uncut_);
  const bool balanced = weight.interval.lower <= 1 + weight_rounding && weight.interval.upper >= 1 - weight_rounding;
  if (answer.unsupported > rules_.most_unsupported || !balanced) return OffPolicyRefusal::NoSupport;
  if (answer.effective < rules_.least_effective) return OffPolicyRefusal::TooFewMatching;
  if (answer.clipped_weight > most_clipped_weight) return OffPolicyRefusal::TooMuchClipped;
  return OffPolicyRefusal::None;
}

OffPolicyAnswer OffPolicyEstimator::answer() const {
  OffPolicyAnswer found;
  found.decisions = static_cast<std::uint64_t>(rewards_.n);
  found.unusable = unusable_;
  found.logged = estimate_of(rewards_);
  found.ips = estimate_of(weighted_);
  found.snips = self_normalised();
  found.doubly_robust = estimate_of(robust_);
  const double sum = weights_.mean * weights_.n;
  found.effective = weight_squares_ > 0 ? sum * sum / weight_squares_ : 0;
  found.mean_weight = uncut_.mean;
  found.heaviest = heaviest_;
  if (rewards_.n > 0) {
    found.clipped_decisions = static_cast<double>(clipped_) / rewards_.n;
    found.clipped_weight = uncut_.mean > 0 ? 1 - weights_.mean / uncut_.mean : 0;
    for (const auto& version : versions_) {
      if (version.reward.n == 0) found.unsupported += version.wanted / rewards_.n;
    }
  }
  found.refusal = refusal_of(found);
  return found;
}

}  // namespace sluice::stats
