#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/result.hpp"

namespace sluice::traffic {

/// Bodies above this are not looked into: what they would cost, every request of the route would pay.
inline constexpr std::size_t max_json_body = std::size_t{256} * 1024;

/// Cuts an RFC 6901 pointer ("/user/id") into its unescaped tokens, at most 32 of at most 256 bytes.
///
/// Fails on a text that is no pointer, on the empty one (the whole body is never one value to compare), and on keys
/// that hold a quote, a backslash or a control character: keys are compared as they stand in the body, unescaped.
Result<std::vector<std::string>> parse_json_pointer(std::string_view pointer);

/// The scalar that the tokens lead to: the text of a string, or a number or boolean as it is written.
///
/// Absent for null, objects, arrays, a path that is not there, and a body that is empty, too large, cut off or no
/// JSON. Only the way to the value is parsed, so nonsense behind it may go unnoticed. The view lives until the next
/// call on this thread. Uses a parser and a copy of the body per thread, grown to the largest body seen and kept.
std::string_view find_json_value(std::string_view body, const std::vector<std::string>& tokens) noexcept;

}  // namespace sluice::traffic
