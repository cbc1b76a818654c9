#include "sluice/stats/linear_posterior.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace sluice::stats {
namespace {

/// Solves a x = y for a full matrix by elimination: the other way to the same answer.
std::vector<double> solved(std::vector<std::vector<double>> a, std::vector<double> y) {
  const std::size_t n = y.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t r = i + 1; r < n; ++r) {
      const double factor = a[r][i] / a[i][i];
      for (std::size_t c = i; c < n; ++c) a[r][c] -= factor * a[i][c];
      y[r] -= factor * y[i];
    }
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t c = i + 1; c < n; ++c) y[i] -= a[i][c] * y[c];
    y[i] /= a[i][i];
  }
  return y;
}

std::vector<float> random_context(std::size_t features, Random& random) {
  std::vector<float> context(features);
  for (float& value : context) value = static_cast<float>(2 * random.uniform() - 1);
  return context;
}

/// Rewards 2 + 3 x₁ − x₂ and uniform noise of deviation 0.29.
LinearMoments moments_of_plane(int n, std::uint64_t seed, double scale = 1) {
  Random random(seed);
  LinearMoments moments(2);
  for (int i = 0; i < n; ++i) {
    const auto x = random_context(2, random);
    const double reward = 2 + 3 * static_cast<double>(x[0]) - static_cast<double>(x[1]) + random.uniform() - 0.5;
    moments.add(std::vector{x[0] * static_cast<float>(scale), x[1]}, reward);
  }
  return moments;
}

TEST(LinearPosterior, IsTheDirectSolutionOfTheNormalEquations) {
  Random random(1);
  LinearMoments moments(5);
  for (int i = 0; i < 40; ++i) moments.add(random_context(5, random), random.uniform());
  LinearPrior prior;
  prior.precision = {1, 0.5, 2, 1, 0.1, 3};
  const auto posterior = linear_posterior(moments, prior);
  std::vector<std::vector<double>> a(6, std::vector<double>(6));
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = 0; j < 6; ++j) {
      a[i][j] = moments.matrix[std::max(i, j) * (std::max(i, j) + 1) / 2 + std::min(i, j)];
    }
    a[i][i] += prior.precision[i];
  }
  const auto direct = solved(a, moments.products);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(posterior.mean[i], direct[i], 1e-12) << i;
  // x' A⁻¹ x the same two ways.
  const auto context = random_context(5, random);
  std::vector<double> x{1};
  for (const float value : context) x.push_back(static_cast<double>(value));
  const auto half = solved(a, x);
  double spread = 0;
  for (std::size_t i = 0; i < 6; ++i) spread += x[i] * half[i];
  EXPECT_NEAR(posterior.uncertainty(context), posterior.deviation * std::sqrt(spread), 1e-12);
}

TEST(LinearPosterior, FindsThePlaneAndTheNoise) {
  const auto moments = moments_of_plane(20'000, 2);
  const auto posterior = linear_posterior(moments, pooled_linear_prior(std::vector{moments}));
  EXPECT_NEAR(posterior.mean[0], 2, 0.01);
  EXPECT_NEAR(posterior.mean[1], 3, 0.02);
  EXPECT_NEAR(posterior.mean[2], -1, 0.02);
  EXPECT_NEAR(posterior.deviation, std::sqrt(1.0 / 12), 0.005);
  EXPECT_NEAR(posterior.predict(std::vector{0.5F, -0.5F}), 4, 0.02);
}

TEST(LinearPosterior, IsTheSameInAnyUnitOfAFeature) {
  const auto plain = moments_of_plane(50, 3);
  const auto scaled = moments_of_plane(50, 3, 1000);
  const auto first = linear_posterior(plain, pooled_linear_prior(std::vector{plain}));
  const auto second = linear_posterior(scaled, pooled_linear_prior(std::vector{scaled}));
  EXPECT_NEAR(first.mean[1], 1000 * second.mean[1], 1e-4);
  EXPECT_NEAR(first.predict(std::vector{0.5F, 0.5F}), second.predict(std::vector{500.0F, 0.5F}), 1e-4);
  EXPECT_NEAR(first.uncertainty(std::vector{0.5F, 0.5F}), second.uncertainty(std::vector{500.0F, 0.5F}), 1e-5);
}

TEST(LinearPosterior, OfAnArmWithoutRewardsIsTheMeanOfAllAndUnsure) {
  const std::vector<LinearMoments> arms = {moments_of_plane(1000, 4), LinearMoments(2)};
  const auto prior = pooled_linear_prior(arms);
  const auto known = linear_posterior(arms[0], prior);
  const auto fresh = linear_posterior(arms[1], prior);
  const std::vector<float> context{0.3F, 0.3F};
  EXPECT_NEAR(fresh.predict(context), arms[0].products[0] / 1000, 1e-9);
  EXPECT_GT(fresh.uncertainty(context), 20 * known.uncertainty(context));
}

TEST(LinearPosterior, StandsFeaturesThatSayTheSameOrNothing) {
  LinearMoments moments(4);
  Random random(5);
  for (int i = 0; i < 100'000; ++i) {
    const auto x = static_cast<float>(random.uniform());
    moments.add(std::vector{x, x, 0.0F, 1.0F}, static_cast<double>(x));
  }
  const auto posterior = linear_posterior(moments, pooled_linear_prior(std::vector{moments}));
  for (const double weight : posterior.mean) EXPECT_TRUE(std::isfinite(weight));
  EXPECT_NEAR(posterior.predict(std::vector{0.5F, 0.5F, 0.0F, 1.0F}), 0.5, 0.001);
}

TEST(LinearMoments, AddUpFadeAndTakeWhateverContextComes) {
  auto first = moments_of_plane(30, 6);
  const auto second = moments_of_plane(20, 7);
  first.merge(second);
  EXPECT_DOUBLE_EQ(first.n(), 50);
  const auto whole = first;
  first.fade(0.5);
  EXPECT_DOUBLE_EQ(first.n(), 25);
  EXPECT_DOUBLE_EQ(first.products[1], whole.products[1] / 2);
  first.merge(LinearMoments(3));
  EXPECT_DOUBLE_EQ(first.n(), 25) << "another number of features does not fit";

  LinearMoments odd(2);
  odd.add(std::vector{std::numeric_limits<float>::quiet_NaN()}, 1);
  odd.add(std::vector{1.0F, 2.0F, 3.0F}, 1);
  for (const double entry : odd.matrix) EXPECT_TRUE(std::isfinite(entry));
  EXPECT_EQ(LinearMoments(100).weights(), most_features + 1);
}

TEST(DrawWeights, HaveThePosteriorsMeanAndCovariance) {
  const auto moments = moments_of_plane(30, 8);
  const auto posterior = linear_posterior(moments, pooled_linear_prior(std::vector{moments}));
  Random random(9);
  const std::vector<float> context{0.7F, -0.2F};
  double mean = 0;
  double square = 0;
  constexpr int pairs = 20'000;
  for (int i = 0; i < pairs; ++i) {
    const auto pair = draw_weights(posterior, random);
    const auto score = [&](const std::vector<double>& w) {
      return w[0] + w[1] * static_cast<double>(context[0]) + w[2] * static_cast<double>(context[1]);
    };
    mean += (score(pair.first) + score(pair.second)) / (2 * pairs);
    square += std::pow(score(pair.first) - posterior.predict(context), 2) / pairs;
  }
  EXPECT_NEAR(mean, posterior.predict(context), 1e-9) << "pairs cancel";
  EXPECT_NEAR(std::sqrt(square) / posterior.uncertainty(context), 1, 0.02);
}

}  // namespace
}  // namespace sluice::stats
