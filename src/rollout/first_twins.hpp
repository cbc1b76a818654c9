#pragma once

#include <algorithm>
#include <cstdint>

/// How fast noise is learnt: as the gateway draws requests that live answers twice, and as the comparing thread counts
/// them. At the beginning of a window they are drawn more often than the policy says.
namespace sluice::rollout {

inline constexpr std::uint64_t enough_twins = 20;  ///< then noise is known
inline constexpr std::uint64_t first_twins = 32;   ///< that are drawn so, by one worker

/// Share of the copied requests, when so many twins were made; `noise` as the policy says.
inline double twin_share(double noise, std::uint64_t twins) noexcept {
  constexpr double at_first = 0.2;
  return noise > 0 && twins < first_twins ? std::max(noise, at_first) : noise;
}

}  // namespace sluice::rollout
