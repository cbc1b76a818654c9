#include "sluice/base/random.hpp"

#include <random>

#include "sluice/base/stable_hash.hpp"

namespace sluice {
namespace {
__extension__ using Wide = unsigned __int128;  // pedantic GCC wants to be told
}  // namespace

Random::Random(std::uint64_t seed) noexcept {
  // A counter through a bijective mixer: four different words, so the state is never all zero, the one bad state.
  for (auto& word : state_) {
    seed += 0x9E3779B97F4A7C15;
    word = mix_bits(seed);
  }
}

Random Random::from_entropy() {
  std::random_device device;
  const std::uint64_t high = device();
  return Random(high << 32 | device());
}

std::uint64_t Random::below(std::uint64_t bound) noexcept {
  if (bound < 2) return 0;
  // The high half of a 64×64-bit product; draws that would make some results more likely are thrown away.
  const std::uint64_t unfair = -bound % bound;
  for (;;) {
    const Wide product = static_cast<Wide>(next()) * bound;
    if (static_cast<std::uint64_t>(product) >= unfair) return static_cast<std::uint64_t>(product >> 64);
  }
}

}  // namespace sluice
