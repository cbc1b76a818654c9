#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "sample_model/digits.hpp"

namespace sluice::sample_model {

using Probabilities = std::array<float, digit_count>;

/// What a model learns from: one row of `width` features per label, features from 0 to 1.
struct TrainingSet {
  std::size_t width = 0;
  std::vector<float> features;
  std::vector<std::uint8_t> labels;
};

/// Softmax regression: one linear score per digit, made into probabilities.
class Softmax {
 public:
  /// Full-batch gradient descent from zero with a fixed number of steps: no randomness, so the same rows always
  /// give the same weights. Some hundred milliseconds for 900 images of 64 pixels.
  static Softmax train(const TrainingSet& set);

  /// `features` holds as many values as the training set's width. The result sums to one.
  Probabilities predict(std::span<const float> features) const noexcept;

  /// One row of ten weights per feature, then the row of biases.
  std::span<const float> weights() const noexcept { return weights_; }

 private:
  explicit Softmax(std::size_t width) : weights_((width + 1) * digit_count) {}

  std::vector<float> weights_;
};

}  // namespace sluice::sample_model
