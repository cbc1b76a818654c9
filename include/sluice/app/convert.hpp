#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

#include "sluice/base/clock.hpp"

/// Numbers of a policy in the units of the data plane.
namespace sluice::app {

/// Rounded up, so that a deadline of some microseconds does not become none.
constexpr std::chrono::milliseconds milliseconds(Duration duration) {
  return std::chrono::ceil<std::chrono::milliseconds>(duration);
}

/// The same number, or the largest one that fits.
template <typename To>
constexpr To clamp_to(std::uint64_t number) {
  return static_cast<To>(std::min<std::uint64_t>(number, std::numeric_limits<To>::max()));
}

}  // namespace sluice::app
