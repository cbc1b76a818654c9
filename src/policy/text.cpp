#include "sluice/policy/text.hpp"

#include <algorithm>

namespace sluice::policy {
namespace {

bool continues(unsigned char byte) noexcept {
  return (byte & 0xC0) == 0x80;
}

bool is_control(unsigned char byte) noexcept {
  return (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F;
}

/// Length of the character that begins here, 0 when it is not well formed (RFC 3629: no surrogates, no overlong forms).
std::size_t character_length(std::string_view rest) noexcept {
  const auto byte = [&](std::size_t i) { return i < rest.size() ? static_cast<unsigned char>(rest[i]) : 0U; };
  const unsigned first = byte(0);
  const unsigned second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(second) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (first == 0xE0 && second < 0xA0) return 0;
    if (first == 0xED && second > 0x9F) return 0;
    return continues(second) && continues(byte(2)) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (first == 0xF0 && second < 0x90) return 0;
    if (first == 0xF4 && second > 0x8F) return 0;
    return continues(second) && continues(byte(2)) && continues(byte(3)) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::optional<std::size_t> first_bad_byte(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character_length(text.substr(at, 4));
    if (length == 0 || is_control(static_cast<unsigned char>(text[at]))) return at;
    at += length;
  }
  return std::nullopt;
}

std::size_t count_characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues(static_cast<unsigned char>(c)); }));
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::size_t kept = std::min(text.size(), longest);
  while (kept < text.size() && kept > 0 && continues(static_cast<unsigned char>(text[kept]))) --kept;
  std::string out = "\"";
  for (const char c : text.substr(0, kept)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7F ? '?' : c;
  }
  if (kept < text.size()) out += "…";
  return out += '"';
}

}  // namespace sluice::policy
