#include "sluice/stats/linear_posterior.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace sluice::stats {
namespace {

using ContextRow = std::array<double, most_features + 1>;

constexpr std::size_t packed(std::size_t row, std::size_t column) noexcept {
  return row * (row + 1) / 2 + column;
}

/// The intercept's 1 and the features.
ContextRow context_row(std::span<const float> context, std::size_t weights) noexcept {
  ContextRow row{1};
  for (std::size_t i = 1; i < weights && i <= context.size(); ++i) {
    row[i] = std::isfinite(context[i - 1]) ? static_cast<double>(context[i - 1]) : 0;
  }
  return row;
}

/// L of A = L Lᵀ, in the place of A. A pivot cannot be less than what the prior put there, whatever the rounding.
void factorise(std::vector<double>& a, const std::vector<double>& least) {
  for (std::size_t i = 0; i < least.size(); ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double rest = a[packed(i, j)];
      for (std::size_t k = 0; k < j; ++k) rest -= a[packed(i, k)] * a[packed(j, k)];
      a[packed(i, j)] = i == j ? std::sqrt(std::max(rest, least[i])) : rest / a[packed(j, j)];
    }
  }
}

/// Solves L y = v in place.
void solve_lower(const std::vector<double>& factor, std::span<double> v) noexcept {
  for (std::size_t i = 0; i < v.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) v[i] -= factor[packed(i, j)] * v[j];
    v[i] /= factor[packed(i, i)];
  }
}

/// Solves Lᵀ y = v in place.
void solve_upper(const std::vector<double>& factor, std::span<double> v) noexcept {
  for (std::size_t i = v.size(); i-- > 0;) {
    for (std::size_t j = i + 1; j < v.size(); ++j) v[i] -= factor[packed(j, i)] * v[j];
    v[i] /= factor[packed(i, i)];
  }
}

/// Two independent standard normal values. (Box and Muller 1958)
std::array<double, 2> normal_pair(Random& random) noexcept {
  const double radius = std::sqrt(-2 * std::log1p(-random.uniform()));
  const double angle = 2 * std::numbers::pi * random.uniform();
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

}  // namespace

LinearMoments::LinearMoments(std::size_t features) {
  const std::size_t count = std::min(features, most_features) + 1;
  matrix.assign(packed(count, 0), 0);
  products.assign(count, 0);
}

void LinearMoments::add(std::span<const float> context, double reward, double weight) noexcept {
  const ContextRow row = context_row(context, weights());
  for (std::size_t i = 0; i < weights(); ++i) {
    for (std::size_t j = 0; j <= i; ++j) matrix[packed(i, j)] += weight * row[i] * row[j];
    products[i] += weight * row[i] * reward;
  }
  squares += weight * reward * reward;
}

void LinearMoments::fade(double kept) noexcept {
  for (double& entry : matrix) entry *= kept;
  for (double& entry : products) entry *= kept;
  squares *= kept;
}

void LinearMoments::merge(const LinearMoments& other) noexcept {
  if (other.weights() != weights()) return;
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i] += other.matrix[i];
  for (std::size_t i = 0; i < products.size(); ++i) products[i] += other.products[i];
  squares += other.squares;
}

LinearPrior pooled_linear_prior(std::span<const LinearMoments> arms) {
  LinearPrior prior;
  if (arms.empty()) return prior;
  LinearMoments all(arms.front().weights() - 1);
  for (const auto& arm : arms) all.merge(arm);
  prior.precision.assign(all.weights(), 1);
  if (!(all.n() > 0)) return prior;
  prior.center = all.products[0] / all.n();
  const double mean_square = all.squares / all.n();
  prior.variance = std::max(mean_square - prior.center * prior.center, 1e-18 * mean_square + 1e-200);
  for (std::size_t i = 1; i < all.weights(); ++i) {
    const double scale = all.matrix[packed(i, i)] / all.n();
    if (scale > 0) prior.precision[i] = scale;
  }
  return prior;
}

LinearPosterior linear_posterior(const LinearMoments& arm, const LinearPrior& prior) {
  const std::size_t count = arm.weights();
  LinearPosterior found;
  found.factor = arm.matrix;
  for (std::size_t i = 0; i < count; ++i) found.factor[packed(i, i)] += prior.precision[i];
  factorise(found.factor, prior.precision);

  // Rewards are taken less the prior's centre, and the intercept gets it back.
  found.mean = arm.products;
  for (std::size_t i = 0; i < count; ++i) found.mean[i] -= prior.center * arm.matrix[packed(i, 0)];
  const std::vector<double> products = found.mean;
  solve_lower(found.factor, found.mean);
  solve_upper(found.factor, found.mean);
  double explained = 0;
  for (std::size_t i = 0; i < count; ++i) explained += found.mean[i] * products[i];
  const double squares = arm.squares - prior.center * (2 * arm.products[0] - prior.center * arm.n());
  const double scale = prior.variance + std::max(0.0, squares - explained) / 2;
  found.deviation = std::sqrt(scale / (1 + arm.n() / 2));
  found.mean[0] += prior.center;
  return found;
}

double LinearPosterior::predict(std::span<const float> context) const noexcept {
  const ContextRow row = context_row(context, mean.size());
  double sum = 0;
  for (std::size_t i = 0; i < mean.size(); ++i) sum += mean[i] * row[i];
  return sum;
}

double LinearPosterior::uncertainty(std::span<const float> context) const {
  ContextRow row = context_row(context, mean.size());
  const std::span<double> used(row.data(), mean.size());
  solve_lower(factor, used);
  double sum = 0;
  for (const double one : used) sum += one * one;
  return deviation * std::sqrt(sum);
}

WeightPair draw_weights(const LinearPosterior& posterior, Random& random) {
  std::vector<double> noise(posterior.mean.size());
  for (std::size_t i = 0; i < noise.size(); i += 2) {
    const auto normal = normal_pair(random);
    noise[i] = normal[0];
    if (i + 1 < noise.size()) noise[i + 1] = normal[1];
  }
  solve_upper(posterior.factor, noise);
  WeightPair pair{posterior.mean, posterior.mean};
  for (std::size_t i = 0; i < noise.size(); ++i) {
    pair.first[i] += posterior.deviation * noise[i];
    pair.second[i] -= posterior.deviation * noise[i];
  }
  return pair;
}

}  // namespace sluice::stats
