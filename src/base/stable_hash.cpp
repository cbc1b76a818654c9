#include "sluice/base/stable_hash.hpp"

#include <bit>
#include <cstring>

namespace sluice {
namespace {

constexpr std::uint64_t golden = 0x9E3779B97F4A7C15;

// Bytes in order of their address are the low to high digits of the word, whatever the machine thinks.
std::uint64_t little_endian_word(const char* bytes, std::size_t count) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, count);
    return word;
  } else {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < count; ++i) word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return word;
  }
}

constexpr std::uint64_t absorb(std::uint64_t state, std::uint64_t word) noexcept {
  return mix_bits((state ^ word) + golden);
}

}  // namespace

std::uint64_t stable_hash(std::uint64_t state, std::string_view text) noexcept {
  state = absorb(state, text.size());
  while (text.size() >= 8) {
    state = absorb(state, little_endian_word(text.data(), 8));
    text.remove_prefix(8);
  }
  return text.empty() ? state : absorb(state, little_endian_word(text.data(), text.size()));
}

std::uint64_t stable_seed(std::string_view route, std::string_view salt) noexcept {
  return stable_hash(stable_hash(std::uint64_t{0}, route), salt);
}

std::uint64_t stable_hash(std::string_view route, std::string_view salt, std::string_view unit) noexcept {
  return stable_hash(stable_seed(route, salt), unit);
}

}  // namespace sluice
