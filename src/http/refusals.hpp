// What the rules of lines, fields and framing share.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sluice/http/head.hpp"

namespace sluice::http {

inline constexpr Refusal kNotRefused{};
inline constexpr Refusal kInvalidMethod{400, "invalid_method"};
inline constexpr Refusal kInvalidStatusLine{400, "invalid_status_line"};
inline constexpr Refusal kTargetTooLong{414, "target_too_long"};

/// The bytes from one offset up to another.
inline Range range(std::size_t from, std::size_t to) noexcept {
  return {static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to - from)};
}

}  // namespace sluice::http
