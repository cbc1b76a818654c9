#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sluice/base/clock.hpp"
#include "sluice/base/units.hpp"

namespace sluice::policy {

// How numbers and units are written in a policy. Every parser takes the whole text or nothing; none allocates.

/// `12`: decimal digits only, no sign, no leading zero.
std::optional<std::uint64_t> parse_integer(std::string_view text) noexcept;
/// `12`, `-0.5`, `1e-3`: finite, decimal.
std::optional<double> parse_number(std::string_view text) noexcept;
/// `250ms`, `1.5s`, `1h30m`, `7d`: each part a number with ms, s, m, h or d; at most a hundred years.
std::optional<Duration> parse_duration(std::string_view text) noexcept;
/// `512B`, `60KiB`, `64MiB`, `1GiB`: whole numbers.
std::optional<Bytes> parse_bytes(std::string_view text) noexcept;
/// `20%`, `0.5%`.
std::optional<Ratio> parse_ratio(std::string_view text) noexcept;

std::string format_number(double value);
/// The shortest form that parse_duration() reads back.
std::string format_duration(Duration value);
std::string format_bytes(Bytes value);
std::string format_ratio(Ratio value);

}  // namespace sluice::policy
