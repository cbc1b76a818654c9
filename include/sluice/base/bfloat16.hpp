#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace sluice {

/// The upper half of a float32: its whole range with a precision of 8 bits. Rounds to the nearest, halves to the even
/// one; what is too large for it becomes infinite, and what is not a number stays none.
inline std::uint16_t to_bfloat16(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  // Rounding a NaN could carry into its exponent.
  if (std::isnan(value)) return static_cast<std::uint16_t>(bits >> 16 | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

constexpr float from_bfloat16(std::uint16_t bits) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

/// The nearest number that a bfloat16 has room for.
inline float round_to_bfloat16(float value) noexcept {
  return from_bfloat16(to_bfloat16(value));
}

}  // namespace sluice
