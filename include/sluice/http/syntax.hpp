#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::http {

/// What a byte may be part of (RFC 9110 section 5.6, RFC 3986). One table, so that every rule reads the same alphabet.
enum ByteClass : std::uint8_t {
  kTokenByte = 1,   ///< field names, methods, codings, connection options
  kPathByte = 2,    ///< the path of a request target, but not '%'
  kQueryByte = 4,   ///< its query: also what browsers leave unescaped there
  kHostByte = 8,    ///< a registered name or an IPv4 address
  kFieldByte = 16,  ///< a field value: HTAB, SP, visible and non-ASCII bytes
  kHexByte = 32,
  kDigitByte = 64,
};

namespace detail {
constexpr bool one_of(char c, std::string_view set) {
  return set.find(c) != std::string_view::npos;
}

constexpr std::array<std::uint8_t, 256> make_byte_classes() {
  std::array<std::uint8_t, 256> table{};
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool digit = i >= '0' && i <= '9';
    const bool letter = (i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z');
    const bool name = digit || letter;
    std::uint8_t classes = 0;
    if (name || one_of(c, "!#$%&'*+-.^_`|~")) classes |= kTokenByte;
    if (name || one_of(c, "-._~!$&'()*+,;=:@/[]|")) classes |= kPathByte;
    if (name || one_of(c, "-._~!$&'()*+,;=:@/%[]|?{}^`\\")) classes |= kQueryByte;
    if (name || one_of(c, "-._~")) classes |= kHostByte;
    if (i == '\t' || (i >= 0x20 && i != 0x7f)) classes |= kFieldByte;
    if (digit || (i >= 'a' && i <= 'f') || (i >= 'A' && i <= 'F')) classes |= kHexByte;
    if (digit) classes |= kDigitByte;
    table[static_cast<std::size_t>(i)] = classes;
  }
  return table;
}
inline constexpr std::array<std::uint8_t, 256> kByteClasses = make_byte_classes();
}  // namespace detail

constexpr bool is(char c, ByteClass which) noexcept {
  return (detail::kByteClasses[static_cast<unsigned char>(c)] & which) != 0;
}

/// Where the first byte outside a class stands, from `at` on; text.size() when there is none.
constexpr std::size_t skip(std::string_view text, std::size_t at, ByteClass which) noexcept {
  while (at < text.size() && is(text[at], which)) ++at;
  return at;
}

/// At least one byte and every one of the class.
constexpr bool is_all(std::string_view text, ByteClass which) noexcept {
  return !text.empty() && skip(text, 0, which) == text.size();
}

constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

/// ASCII only; `lower` must be lower-case.
constexpr bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (to_lower(text[i]) != lower[i]) return false;
  }
  return true;
}

/// ASCII only, either in any case.
constexpr bool equal_names(std::string_view left, std::string_view right) noexcept {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (to_lower(left[i]) != to_lower(right[i])) return false;
  }
  return true;
}

constexpr bool starts_with_ignoring_case(std::string_view text, std::string_view lower) noexcept {
  return text.size() >= lower.size() && equals_ignoring_case(text.substr(0, lower.size()), lower);
}

/// Without SP and HTAB at both ends.
constexpr std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Takes the next element off a comma-separated list, trimmed; it may be empty. False when the list has ended.
/// Quoted strings are not looked into: the lists read here hold tokens only.
constexpr bool next_element(std::string_view& list, std::string_view& element) noexcept {
  if (list.data() == nullptr) return false;
  const std::size_t comma = list.find(',');
  element = trimmed(list.substr(0, comma));
  list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  return true;
}

/// The first byte that may not stand in a field value (a control byte other than HTAB); npos when there is none.
/// Eight bytes at a time.
inline std::size_t find_control_byte(std::string_view text) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  std::size_t at = 0;
  while (at + 8 <= text.size()) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, 8);
    // Nonzero exactly when some byte is below 0x20 or is 0x7f; the first byte of the word that is marked is one of
    // them.
    const std::uint64_t below_space = (word - kOnes * 0x20) & ~word;
    const std::uint64_t as_delete = word ^ (kOnes * 0x7f);
    const std::uint64_t marks = (below_space | ((as_delete - kOnes) & ~as_delete)) & kHighBits;
    if (marks == 0) {
      at += 8;
      continue;
    }
    if constexpr (std::endian::native == std::endian::little)
      at += static_cast<std::size_t>(std::countr_zero(marks)) / 8;
    if (!is(text[at], kFieldByte)) return at;
    ++at;  // HTAB, or (big-endian) a byte before the marked one
  }
  const std::size_t end = skip(text, at, kFieldByte);
  return end == text.size() ? std::string_view::npos : end;
}

}  // namespace sluice::http
