#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::stats {

/// Without the intercept, which every model has as its first weight.
inline constexpr std::size_t most_features = 16;

/// What is known of one request when its arm is chosen: `size` features, in the order of the policy. Plain data.
struct Context {
  std::array<float, most_features> value{};
  std::uint8_t size = 0;

  std::span<const float> view() const noexcept { return {value.data(), size}; }
  friend bool operator==(const Context&, const Context&) = default;
};

}  // namespace sluice::stats
