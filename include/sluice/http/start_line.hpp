#pragma once

#include <cstdint>
#include <string_view>

#include "sluice/http/head.hpp"

namespace sluice::http {

/// Longest method that is read; longer ones are not implemented (501).
inline constexpr std::size_t kLongestMethod = 32;

/// Parses a request line (RFC 9112 section 3): exactly one space between its three parts, HTTP/1.x in capitals, and a
/// target in origin-form or absolute-form. `line` stands at offset 0 of the buffer and has no line end.
Refusal parse_request_line(std::string_view line, std::uint32_t target_limit, RequestHead& out) noexcept;

/// Parses a status line (RFC 9112 section 4): 100…599; the reason phrase may be missing together with its space.
Refusal parse_status_line(std::string_view line, ResponseHead& out) noexcept;

/// Host with an optional port, as in the Host field and in absolute-form: a name of letters, digits and -._~, an IPv4
/// address or a bracketed IPv6 address. Stricter than RFC 3986: no user information, no escapes, no sub-delimiters.
bool is_authority(std::string_view text) noexcept;

}  // namespace sluice::http
