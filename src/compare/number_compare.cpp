#include "sluice/compare/number_compare.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace sluice::compare {

namespace {

bool are_same_number(double a, double b) noexcept {
  return a == b || (std::isnan(a) && std::isnan(b));
}

/// The how-manieth number of its type it is, counted from zero.
std::int64_t ordinal(double value, Precision precision) noexcept {
  const double size = std::abs(value);
  if (size == 0) return 0;
  int exponent = 0;
  std::frexp(size, &exponent);
  // frexp has its fraction in [0.5, 1), IEEE 754 in [1, 2); below the least exponent numbers are evenly spaced.
  const int normal = std::max(exponent - 1, precision.least_exponent);
  const std::int64_t steps = std::llrint(std::ldexp(size, precision.fraction_bits - normal));
  const std::int64_t below = static_cast<std::int64_t>(normal - precision.least_exponent) << precision.fraction_bits;
  return value < 0 ? -(below + steps) : below + steps;
}

}  // namespace

double steps_between(double a, double b, Precision precision) noexcept {
  if (are_same_number(a, b)) return 0;
  if (!std::isfinite(a) || !std::isfinite(b)) return std::numeric_limits<double>::infinity();
  const std::int64_t x = ordinal(a, precision);
  const std::int64_t y = ordinal(b, precision);
  // On both sides of zero the difference may be more than 63 bits hold.
  if ((x < 0) != (y < 0)) return std::abs(static_cast<double>(x)) + std::abs(static_cast<double>(y));
  return static_cast<double>(std::abs(x - y));
}

bool agree(double a, double b, const Tolerance& tolerance, Precision precision) noexcept {
  if (are_same_number(a, b)) return true;
  const double apart = std::abs(a - b);
  if (!std::isfinite(a) || !std::isfinite(b)) return false;
  if (apart <= tolerance.absolute) return true;
  const double largest = std::max(std::abs(a), std::abs(b));
  if (apart <= tolerance.relative * largest) return true;
  // Two different doubles are a step apart, and what is further apart than steps can be need not be counted.
  if (tolerance.ulps == 0 && precision.fraction_bits == fp64.fraction_bits) return false;
  const auto steps = static_cast<double>(tolerance.ulps);
  if (apart > (steps + 1) * std::max(precision.relative_step * largest, precision.least_step)) return false;
  return steps_between(a, b, precision) <= steps;
}

double relative_difference(double a, double b) noexcept {
  const double apart = std::abs(a - b);
  const double largest = std::max(std::abs(a), std::abs(b));
  // A finite difference is one of finite numbers.
  if (std::isfinite(apart)) return apart > 0 ? apart / largest : 0;
  if (are_same_number(a, b)) return 0;
  if (!std::isfinite(a) || !std::isfinite(b)) return 2;
  return std::abs(a / largest - b / largest);
}

double finite_difference(double a, double b) noexcept {
  const double apart = std::abs(a - b);
  return std::isfinite(apart) ? apart : 0;
}

float from_float16(std::uint16_t bits) noexcept {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
  const std::uint32_t rest = static_cast<std::uint32_t>(bits & 0x7FFFU) << 13;
  if ((bits & 0x7C00U) == 0x7C00U) return std::bit_cast<float>(sign | 0x7F800000U | rest);
  // The exponent's bias is 15 there and 127 here; multiplying also gives small numbers their place.
  const float size = std::bit_cast<float>(rest) * 0x1p112F;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(size) | sign);
}

}  // namespace sluice::compare
