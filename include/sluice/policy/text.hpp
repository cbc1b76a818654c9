#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::policy {

/// The first byte that is not part of valid UTF-8, or is a control character other than tab and line ends.
std::optional<std::size_t> first_bad_byte(std::string_view text) noexcept;

/// Characters in valid UTF-8.
std::size_t count_characters(std::string_view text) noexcept;

/// Text of a user as it may stand in a message: at most 60 bytes, control characters as `?`, in double quotes.
std::string in_quotes(std::string_view text);

}  // namespace sluice::policy
