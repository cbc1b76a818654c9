#pragma once

#include <span>

#include "sample_model/softmax.hpp"

namespace sluice::sample_model {

/// How much of an image a model sees.
enum class Sight {
  Coarse,  ///< the image shrunk to 4×4: quick to write, not very good
  Full,    ///< all 64 pixels
};

/// An image as it comes in a request: 64 values from 0 to 16, row by row.
using Image = std::span<const float, image_pixels>;

/// A trained model of handwritten digits. Immutable after training.
class Classifier {
 public:
  /// Trains on `digits`; deterministic, well under a second for 900 of them.
  Classifier(Sight sight, std::span<const Digit> digits);

  Probabilities predict(Image image) const noexcept;

 private:
  Sight sight_;
  Softmax softmax_;
};

/// The digit with the highest probability; the smaller one when two are equal.
int most_likely(const Probabilities& probabilities) noexcept;

}  // namespace sluice::sample_model
