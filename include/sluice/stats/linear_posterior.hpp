#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "sluice/base/random.hpp"
#include "sluice/stats/context.hpp"

/// Bayesian linear regression: what an arm earns given the context of a request. Learnt on the control thread; what the
/// data plane scores with is a ScoringBank. Not thread-safe.
namespace sluice::stats {

/// All that is kept of an arm's rewards and their contexts: Σ x xᵀ (lower triangle by rows), Σ x y, Σ y², where x
/// begins with 1 for the intercept. Plain data of 1.4 KiB for 16 features; moments add up.
struct LinearMoments {
  explicit LinearMoments(std::size_t features = 0);

  /// `context` without the intercept; missing features count as 0, so do values that are not finite. 200 ns.
  void add(std::span<const float> context, double reward, double weight = 1) noexcept;
  /// Everything so far counts `kept` (0…1) times as much, see retention().
  void fade(double kept) noexcept;
  /// Adds moments of the same number of features; others are left out.
  void merge(const LinearMoments& other) noexcept;

  std::size_t weights() const noexcept { return products.size(); }
  double n() const noexcept { return matrix.front(); }

  std::vector<double> matrix;
  std::vector<double> products;
  double squares = 0;

  friend bool operator==(const LinearMoments&, const LinearMoments&) = default;
};

/// In the units of the data: one reward's worth of knowledge that a feature makes no difference, so that the scale of
/// features and rewards changes no share.
struct LinearPrior {
  double center = 0;              ///< of the intercept: the mean reward of all arms
  std::vector<double> precision;  ///< of each weight: the mean square of its feature
  double variance = 1;            ///< of the rewards around the model, one reward's worth
};

/// Of all arms, which have the same features.
LinearPrior pooled_linear_prior(std::span<const LinearMoments> arms);

/// Weights ~ N(mean, deviation² A⁻¹), A = L Lᵀ the precision in units of the reward's variance. (Murphy 2012, "Machine
/// Learning", section 7.6.3, with the variance at its posterior mean scale / shape.)
struct LinearPosterior {
  std::vector<double> mean;
  std::vector<double> factor;  ///< L, lower triangle by rows
  double deviation = 1;        ///< of a reward around the model

  /// Expected reward; `context` as in LinearMoments::add().
  double predict(std::span<const float> context) const noexcept;
  /// Standard deviation of predict().
  double uncertainty(std::span<const float> context) const;
};

/// 2 µs for 17 weights.
LinearPosterior linear_posterior(const LinearMoments& arm, const LinearPrior& prior);

/// Two weight vectors, drawn from the posterior on opposite sides of its mean: their average noise is zero.
struct WeightPair {
  std::vector<double> first;
  std::vector<double> second;
};
WeightPair draw_weights(const LinearPosterior& posterior, Random& random);

}  // namespace sluice::stats
