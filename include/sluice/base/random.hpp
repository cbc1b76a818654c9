#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace sluice {

/// A small, fast generator (xoshiro256++, Blackman and Vigna 2019): 32 bytes of state, about a nanosecond per number.
///
/// Not for secrets. Not thread-safe: every worker owns one. Equal seeds give equal sequences on every machine.
/// Meets UniformRandomBitGenerator, so it also feeds `std::shuffle` and the distributions.
class Random {
 public:
  using result_type = std::uint64_t;

  /// Any seed is good, 0 too: it is spread over the whole state first.
  explicit Random(std::uint64_t seed) noexcept;

  /// A generator whose seed comes from the operating system.
  static Random from_entropy();

  static constexpr result_type min() noexcept { return 0; }
  static constexpr result_type max() noexcept { return ~result_type{0}; }
  result_type operator()() noexcept { return next(); }

  /// The next 64 random bits.
  std::uint64_t next() noexcept {
    const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }

  /// Uniform in [0, bound), without bias; 0 for a bound of 0 or 1.
  std::uint64_t below(std::uint64_t bound) noexcept;

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace sluice
