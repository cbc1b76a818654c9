#pragma once

#include <cstdint>

namespace sluice::compare {

/// Two numbers agree when one of these says so. NaN agrees with NaN, an infinity with the same one, and numbers that
/// are one and the same in their type: 0.1 and 0.10000000149 as FP32.
struct Tolerance {
  double relative = 0;     ///< |a − b| ≤ relative · max(|a|, |b|)
  double absolute = 0;     ///< |a − b| ≤ absolute
  std::uint32_t ulps = 0;  ///< so many steps from one representable number to the next lie between them

  bool is_exact() const noexcept { return !(relative > 0) && !(absolute > 0) && ulps == 0; }
  bool operator==(const Tolerance&) const = default;
};

/// Which numbers a floating type can represent.
struct Precision {
  int fraction_bits = 52;
  int least_exponent = -1022;  ///< of a normal number
  double relative_step = 0x1p-52;
  double least_step = 0x1p-1074;
};
inline constexpr Precision fp64{52, -1022, 0x1p-52, 0x1p-1074};
inline constexpr Precision fp32{23, -126, 0x1p-23, 0x1p-149};
inline constexpr Precision fp16{10, -14, 0x1p-10, 0x1p-24};
inline constexpr Precision bf16{7, -126, 0x1p-7, 0x1p-133};

bool agree(double a, double b, const Tolerance& tolerance, Precision precision = fp64) noexcept;

/// Steps between two numbers, each first rounded to the type; infinite where one is not finite and they differ.
double steps_between(double a, double b, Precision precision) noexcept;

/// |a − b| / max(|a|, |b|), 0…2; 2 where only one of them is a number or finite.
double relative_difference(double a, double b) noexcept;

/// |a − b|; 0 where that is no finite number.
double finite_difference(double a, double b) noexcept;

/// The number that 16 bits of IEEE 754 half precision mean. About a nanosecond.
float from_float16(std::uint16_t bits) noexcept;

}  // namespace sluice::compare
