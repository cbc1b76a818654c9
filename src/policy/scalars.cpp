#include "sluice/policy/scalars.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace sluice::policy {
namespace {

using namespace std::chrono_literals;

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

struct TimeUnit {
  std::string_view name;
  Duration length;
};
constexpr std::array<TimeUnit, 5> time_units{
    {{"d", std::chrono::hours(24)}, {"h", 1h}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}}};
constexpr Duration longest_duration = std::chrono::hours(24) * 36525;

struct SizeUnit {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array<SizeUnit, 5> size_units{
    {{"TiB", 1ULL << 40}, {"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}, {"B", 1}}};

std::size_t length_of(std::string_view text, bool (*belongs)(char)) noexcept {
  std::size_t n = 0;
  while (n < text.size() && belongs(text[n])) ++n;
  return n;
}

const TimeUnit* find_time_unit(std::string_view name) noexcept {
  for (const TimeUnit& unit : time_units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

}  // namespace

std::optional<std::uint64_t> parse_integer(std::string_view text) noexcept {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_number(std::string_view text) noexcept {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || !is_digit(digits[0])) return std::nullopt;  // from_chars would take inf and nan
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<Duration> parse_duration(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  Duration total{};
  while (!text.empty()) {
    const std::size_t digits = length_of(text, [](char c) { return is_digit(c) || c == '.'; });
    const std::size_t letters = length_of(text.substr(digits), [](char c) { return c >= 'a' && c <= 'z'; });
    const auto count = parse_number(text.substr(0, digits));
    const TimeUnit* unit = find_time_unit(text.substr(digits, letters));
    if (!count || unit == nullptr) return std::nullopt;
    const double nanoseconds = *count * static_cast<double>(unit->length.count());
    if (nanoseconds > static_cast<double>(longest_duration.count())) return std::nullopt;
    total += Duration(std::llround(nanoseconds));
    if (total > longest_duration) return std::nullopt;
    text.remove_prefix(digits + letters);
  }
  return total;
}

std::optional<Bytes> parse_bytes(std::string_view text) noexcept {
  const std::size_t digits = length_of(text, is_digit);
  const auto count = parse_integer(text.substr(0, digits));
  if (!count) return std::nullopt;
  for (const SizeUnit& unit : size_units) {
    if (text.substr(digits) == unit.name) {
      if (*count > UINT64_MAX / unit.bytes) return std::nullopt;
      return Bytes{*count * unit.bytes};
    }
  }
  return std::nullopt;
}

std::optional<Ratio> parse_ratio(std::string_view text) noexcept {
  if (!text.ends_with('%')) return std::nullopt;
  const auto percent = parse_number(text.substr(0, text.size() - 1));
  if (!percent) return std::nullopt;
  return Ratio{*percent / 100};
}

std::string format_number(double value) {
  std::array<char, 32> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), result.ptr};
}

std::string format_duration(Duration value) {
  if (value == Duration{}) return "0s";
  std::string out;
  for (const TimeUnit& unit : time_units) {
    const auto count = value / unit.length;
    if (count == 0) continue;
    out += std::to_string(count).append(unit.name);
    value -= count * unit.length;
  }
  if (out.empty()) out = format_number(static_cast<double>(value.count()) / 1e6) + "ms";
  return out;
}

std::string format_bytes(Bytes value) {
  for (const SizeUnit& unit : size_units) {
    if (value.count >= unit.bytes && value.count % unit.bytes == 0) {
      return std::to_string(value.count / unit.bytes).append(unit.name);
    }
  }
  return "0B";
}

std::string format_ratio(Ratio value) {
  // Rounded to what a person wrote: 0.07 * 100 is not quite 7.
  const double percent = std::round(value.fraction * 1e11) / 1e9;
  return format_number(percent) + '%';
}

}  // namespace sluice::policy
