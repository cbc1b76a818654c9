#include "sluice/base/log_format.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace sluice::log {

namespace {

constexpr char kHex[] = "0123456789abcdef";

/// The length of the well-formed UTF-8 sequence at the start of `text`, 0 when there is none (RFC 3629, table in § 4).
std::size_t utf8_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : 0xBF;
    return continues(1, low, high) && continues(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;
    return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

/// C escapes for what must not stand in a line of text; bytes above ASCII stay when they are UTF-8.
void append_escaped(std::string& out, std::string_view text, bool quoted) {
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t length = utf8_length(text);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (quoted && (c == '"' || c == '\\')) {
      out += '\\';
      out += c;
    } else if (length == 0 || is_control(c)) {
      const auto value = static_cast<unsigned char>(c);
      out += "\\x";
      out += kHex[value >> 4];
      out += kHex[value & 15];
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

template <typename Number>
void append_number(std::string& out, Number value) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append_value(std::string& out, const Value& value, Format format) {
  const bool json = format == Format::Json;
  if (const auto* text = std::get_if<std::string_view>(&value.get())) {
    json ? append_json_string(out, *text) : append_text_value(out, *text);
  } else if (const auto* flag = std::get_if<bool>(&value.get())) {
    out += *flag ? "true" : "false";
  } else if (const auto* real = std::get_if<double>(&value.get())) {
    if (json && !std::isfinite(*real)) {
      out += "null";
    } else {
      append_number(out, *real);
    }
  } else if (const auto* whole = std::get_if<std::int64_t>(&value.get())) {
    append_number(out, *whole);
  } else {
    append_number(out, std::get<std::uint64_t>(value.get()));
  }
}

void append_field(std::string& out, std::string_view key, const Value& value, Format format) {
  if (format == Format::Json) {
    out += ',';
    append_json_string(out, key);
    out += ':';
  } else {
    out += ' ';
    out += key;
    out += '=';
  }
  append_value(out, value, format);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t length = utf8_length(text);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (is_control(c)) {
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    } else if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  out += '"';
}

void append_text_value(std::string& out, std::string_view text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7F && c != '"' && c != '=' && c != '\\';
  });
  if (plain) {
    out += text;
    return;
  }
  out += '"';
  append_escaped(out, text, true);
  out += '"';
}

std::string format_event(Format format, Level level, std::string_view message, std::span<const Field> fields,
                         std::uint64_t suppressed) {
  std::string line;
  line.reserve(128 + message.size());
  if (format == Format::Json) {
    line += "\"level\":\"";
    line += to_string(level);
    line += "\",\"message\":";
    append_json_string(line, message);
  } else {
    line += to_string(level);
    line.resize(6, ' ');
    append_escaped(line, message, false);
  }
  for (const Field& field : fields) append_field(line, field.key, field.value, format);
  if (suppressed != 0) append_field(line, "suppressed", suppressed, format);
  return line;
}

}  // namespace sluice::log
