#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

/// Spreads 64 bits over 64 bits: bijective, every input bit moves about half of the output bits.
constexpr std::uint64_t mix_bits(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

/// Continues the hash `state` with a text; the length counts, so ("ab", "c") and ("a", "bc") differ.
///
/// The same value on every machine, compiler, endianness and in every release: who is in a rollout hangs on it.
/// Not keyed against an adversary. About a nanosecond per eight bytes.
std::uint64_t stable_hash(std::uint64_t state, std::string_view text) noexcept;

/// Where the units of a route start from; computed once per plan.
std::uint64_t stable_seed(std::string_view route, std::string_view salt) noexcept;

/// The hash of a unit on a route: `hash(route, salt, unit)` of the policy page.
std::uint64_t stable_hash(std::string_view route, std::string_view salt, std::string_view unit) noexcept;

}  // namespace sluice
