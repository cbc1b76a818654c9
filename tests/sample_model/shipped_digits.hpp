#pragma once

#include <stdexcept>

#include "sample_model/classifier.hpp"

namespace sluice::sample_model {

/// The digits that ship with the quickstart, read and split once per test binary.
inline const Halves& shipped_digits() {
  static const Halves halves = [] {
    auto digits = load_digits(SLUICE_SOURCE_DIR "/config/quickstart/digits.csv.gz");
    if (!digits) throw std::runtime_error(digits.error().message);
    return split_digits(*digits);
  }();
  return halves;
}

inline std::array<float, image_pixels> image_of(const Digit& digit) {
  std::array<float, image_pixels> image{};
  for (int i = 0; i < image_pixels; ++i) image[i] = digit.pixels[i];
  return image;
}

}  // namespace sluice::sample_model
