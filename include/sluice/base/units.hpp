#pragma once

#include <compare>
#include <cstdint>

namespace sluice {

/// A size in bytes. Written in a policy with a unit: `60KiB`, `64MiB`.
struct Bytes {
  std::uint64_t count = 0;
  friend constexpr auto operator<=>(Bytes, Bytes) = default;
};

constexpr Bytes operator""_B(unsigned long long n) {
  return {n};
}
constexpr Bytes operator""_KiB(unsigned long long n) {
  return {n << 10};
}
constexpr Bytes operator""_MiB(unsigned long long n) {
  return {n << 20};
}

/// A share or a relative change as a fraction: 0.2 is 20 %. Written in a policy with its sign: `20%`.
struct Ratio {
  double fraction = 0;
  friend constexpr auto operator<=>(Ratio, Ratio) = default;
};

constexpr Ratio operator""_pct(long double percent) {
  return {static_cast<double>(percent) / 100};
}
constexpr Ratio operator""_pct(unsigned long long percent) {
  return {static_cast<double>(percent) / 100};
}

}  // namespace sluice
