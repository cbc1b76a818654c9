#include "sample_model/softmax.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::sample_model {
namespace {

constexpr int training_steps = 250;
constexpr float learning_rate = 1.0f;
constexpr float momentum = 0.9f;
constexpr float weight_decay = 1e-4f;

void softmax(Probabilities& scores) noexcept {
  // Subtracting the largest keeps every exponent at or below zero.
  const float top = *std::max_element(scores.begin(), scores.end());
  float sum = 0;
  for (auto& score : scores) sum += score = std::exp(score - top);
  for (auto& score : scores) score /= sum;
}

/// Adds the gradient of one row: features ⊗ (probabilities − truth), and the biases' part behind it.
void add_gradient(std::span<const float> features, const Probabilities& error, std::vector<float>& gradient) noexcept {
  float* row = gradient.data();
  for (const float feature : features) {
    if (feature != 0) {
      for (int digit = 0; digit < digit_count; ++digit) row[digit] += feature * error[digit];
    }
    row += digit_count;
  }
  for (int digit = 0; digit < digit_count; ++digit) row[digit] += error[digit];
}

}  // namespace

Softmax Softmax::train(const TrainingSet& set) {
  Softmax model(set.width);
  std::vector<float> velocity(model.weights_.size());
  std::vector<float> gradient(model.weights_.size());
  const auto scale = 1.0f / static_cast<float>(std::max<std::size_t>(set.labels.size(), 1));
  for (int step = 0; step < training_steps; ++step) {
    std::fill(gradient.begin(), gradient.end(), 0.0f);
    for (std::size_t row = 0; row < set.labels.size(); ++row) {
      const auto features = std::span(set.features).subspan(row * set.width, set.width);
      auto error = model.predict(features);
      error[set.labels[row]] -= 1;
      add_gradient(features, error, gradient);
    }
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      velocity[i] = momentum * velocity[i] - learning_rate * (gradient[i] * scale + weight_decay * model.weights_[i]);
      model.weights_[i] += velocity[i];
    }
  }
  return model;
}

Probabilities Softmax::predict(std::span<const float> features) const noexcept {
  Probabilities scores;
  std::copy_n(weights_.end() - digit_count, digit_count, scores.begin());
  const float* row = weights_.data();
  for (const float feature : features) {
    if (feature != 0) {
      for (int digit = 0; digit < digit_count; ++digit) scores[digit] += feature * row[digit];
    }
    row += digit_count;
  }
  softmax(scores);
  return scores;
}

}  // namespace sluice::sample_model
