#pragma once

#include <optional>
#include <string_view>

#include "sluice/base/clock.hpp"
#include "sluice/base/units.hpp"

namespace sluice::sample_model {

/// Reads `2%` or `0.5%`, from 0 to 100. Nothing for anything else, a missing unit included.
std::optional<Ratio> parse_percent(std::string_view text);

/// Reads `80ms`, `2s` or `1m`, up to an hour. Nothing for anything else, a missing unit included.
std::optional<Duration> parse_duration(std::string_view text);

}  // namespace sluice::sample_model
