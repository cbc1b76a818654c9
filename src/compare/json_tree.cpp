#include "sluice/compare/json_tree.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <system_error>

namespace sluice::compare {

namespace {

/// Four hexadecimal digits; false where there are none.
bool read_hex(std::string_view text, std::size_t at, std::uint32_t& unit) noexcept {
  if (at + 4 > text.size()) return false;
  const auto [end, problem] = std::from_chars(text.data() + at, text.data() + at + 4, unit, 16);
  return problem == std::errc{} && end == text.data() + at + 4;
}

void append_utf8(std::uint32_t point, std::string& plain) {
  const auto add = [&](std::uint32_t byte) { plain += static_cast<char>(byte); };
  if (point < 0x80) {
    add(point);
  } else if (point < 0x800) {
    add(0xC0 | point >> 6);
    add(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    add(0xE0 | point >> 12);
    add(0x80 | (point >> 6 & 0x3F));
    add(0x80 | (point & 0x3F));
  } else {
    add(0xF0 | point >> 18);
    add(0x80 | (point >> 12 & 0x3F));
    add(0x80 | (point >> 6 & 0x3F));
    add(0x80 | (point & 0x3F));
  }
}

/// The escape whose 'u' stands at `at`; how many bytes it has from there on, 0: it is none.
std::size_t append_unicode(std::string_view raw, std::size_t at, std::string& plain) {
  std::uint32_t unit = 0;
  if (!read_hex(raw, at + 1, unit)) return 0;
  std::uint32_t low = 0;
  const bool is_high = unit >= 0xD800 && unit < 0xDC00;
  if (is_high && raw.substr(at + 5, 2) == "\\u" && read_hex(raw, at + 7, low) && low >= 0xDC00 && low < 0xE000) {
    append_utf8(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), plain);
    return 11;
  }
  // Half of a pair means nothing: the sign for that.
  append_utf8(unit >= 0xD800 && unit < 0xE000 ? 0xFFFD : unit, plain);
  return 5;
}

/// What follows a backslash; 0: nothing that JSON knows.
char plain_escape(char c) noexcept {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

}  // namespace

void unescape_json(std::string_view raw, std::string& plain) {
  plain.clear();
  for (std::size_t i = 0; i < raw.size();) {
    const std::size_t slash = std::min(raw.find('\\', i), raw.size());
    plain.append(raw.substr(i, slash - i));
    i = slash;
    if (i + 1 >= raw.size()) {
      plain.append(raw.substr(i));
      return;
    }
    if (const char c = plain_escape(raw[i + 1]); c != 0) {
      plain += c;
      i += 2;
      continue;
    }
    const std::size_t bytes = raw[i + 1] == 'u' ? append_unicode(raw, i + 1, plain) : 0;
    if (bytes == 0) plain += raw[i];
    i += 1 + bytes;
  }
}

std::string_view JsonTree::text(Place place, std::string& scratch) const {
  const std::string_view written = raw(place);
  if (!is_escaped(place)) return written;
  unescape_json(written, scratch);
  return scratch;
}

double JsonTree::rounded(Place place) const noexcept {
  if (kind(place) == JsonKind::Number) return number(place);
  const std::string_view written = token(place);
  double value = 0;
  const auto [end, problem] = std::from_chars(written.data(), written.data() + written.size(), value);
  if (problem != std::errc::result_out_of_range) return value;
  // Too large, or too small: strtod tells which, and a number that long is rare.
  return std::strtod(std::string(written).c_str(), nullptr);
}

bool JsonTree::find(Place object, std::string_view key, Place& value) const {
  std::string scratch;
  for (Place at = first(object); at < end(object); at = next(at + 2)) {
    if (text(at, scratch) != key) continue;
    value = at + 2;
    return true;
  }
  return false;
}

bool same_text(const JsonTree& one, JsonTree::Place place, const JsonTree& two, JsonTree::Place other) {
  if (one.raw(place) == two.raw(other)) return true;
  if (!one.is_escaped(place) && !two.is_escaped(other)) return false;
  std::string first;
  std::string second;
  return one.text(place, first) == two.text(other, second);
}

bool is_whole_number(std::string_view token) noexcept {
  if (!token.empty() && token.front() == '-') token.remove_prefix(1);
  return !token.empty() && token.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace sluice::compare
