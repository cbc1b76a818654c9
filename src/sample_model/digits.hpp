#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/result.hpp"

namespace sluice::sample_model {

inline constexpr int image_side = 8;                          ///< an image is 8×8
inline constexpr int image_pixels = image_side * image_side;  ///< row by row
inline constexpr int full_ink = 16;                           ///< the darkest pixel; 0 is paper
inline constexpr int digit_count = 10;

/// One handwritten digit and what it really is.
struct Digit {
  std::array<std::uint8_t, image_pixels> pixels{};
  std::uint8_t label = 0;
};

/// Reads lines of 64 pixels (0 to 16) and the label (0 to 9), separated by commas. Names the line of the first error.
Result<std::vector<Digit>> parse_digits(std::string_view csv);

/// Reads such a file, plain or gzip, up to 16 MiB unpacked.
Result<std::vector<Digit>> load_digits(const std::string& path);

/// The digits a model learns from and the ones it has never seen.
struct Halves {
  std::vector<Digit> train;
  std::vector<Digit> ask;
};

/// Every other row to each half: the same on every machine, with every writer in both.
Halves split_digits(const std::vector<Digit>& digits);

}  // namespace sluice::sample_model
