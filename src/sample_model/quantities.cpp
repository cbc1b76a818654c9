#include "sample_model/quantities.hpp"

#include <charconv>

namespace sluice::sample_model {
namespace {

/// Takes a number without sign or exponent off the front.
std::optional<double> take_number(std::string_view& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !(value >= 0)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

}  // namespace

std::optional<Ratio> parse_percent(std::string_view text) {
  const auto percent = take_number(text);
  if (!percent || text != "%" || *percent > 100) return std::nullopt;
  return Ratio{*percent / 100};
}

std::optional<Duration> parse_duration(std::string_view text) {
  const auto count = take_number(text);
  if (!count) return std::nullopt;
  double milliseconds = *count;
  if (text == "s") {
    milliseconds *= 1000;
  } else if (text == "m") {
    milliseconds *= 60'000;
  } else if (text != "ms") {
    return std::nullopt;
  }
  if (milliseconds > 3'600'000) return std::nullopt;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(milliseconds));
}

}  // namespace sluice::sample_model
