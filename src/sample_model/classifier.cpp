#include "sample_model/classifier.hpp"

#include <algorithm>

namespace sluice::sample_model {
namespace {

constexpr int coarse_side = image_side / 2;
constexpr int coarse_pixels = coarse_side * coarse_side;

/// What the model gets to see, from 0 to 1; fills the first `width(sight)` places.
using Features = std::array<float, image_pixels>;

constexpr std::size_t width(Sight sight) {
  return sight == Sight::Coarse ? coarse_pixels : image_pixels;
}

Features features_of(Sight sight, Image image) noexcept {
  Features features{};
  if (sight == Sight::Full) {
    std::transform(image.begin(), image.end(), features.begin(), [](float pixel) { return pixel / full_ink; });
    return features;
  }
  for (int y = 0; y < image_side; ++y) {
    for (int x = 0; x < image_side; ++x) {
      features[(y / 2) * coarse_side + x / 2] += image[y * image_side + x] / (4 * full_ink);
    }
  }
  return features;
}

TrainingSet training_set(Sight sight, std::span<const Digit> digits) {
  TrainingSet set{width(sight), {}, {}};
  for (const auto& digit : digits) {
    std::array<float, image_pixels> image;
    std::copy(digit.pixels.begin(), digit.pixels.end(), image.begin());
    const auto features = features_of(sight, image);
    set.features.insert(set.features.end(), features.begin(), features.begin() + set.width);
    set.labels.push_back(digit.label);
  }
  return set;
}

}  // namespace

Classifier::Classifier(Sight sight, std::span<const Digit> digits)
    : sight_(sight), softmax_(Softmax::train(training_set(sight, digits))) {}

Probabilities Classifier::predict(Image image) const noexcept {
  const auto features = features_of(sight_, image);
  return softmax_.predict(std::span(features).first(width(sight_)));
}

int most_likely(const Probabilities& probabilities) noexcept {
  return static_cast<int>(std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin());
}

}  // namespace sluice::sample_model
