#include "sluice/traffic/query_param.hpp"

#include <algorithm>

namespace sluice::traffic {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Takes one decoded character off a text that is not empty.
char take_decoded(std::string_view& text) noexcept {
  const char c = text.front();
  if (c == '%' && text.size() >= 3) {
    const int high = hex_digit(text[1]);
    const int low = hex_digit(text[2]);
    if (high >= 0 && low >= 0) {
      text.remove_prefix(3);
      return static_cast<char>(high * 16 + low);
    }
  }
  text.remove_prefix(1);
  return c == '+' ? ' ' : c;
}

bool equals_decoded(std::string_view encoded, std::string_view plain) noexcept {
  // An encoded text is at least as long as what it means, and at most three times as long.
  if (encoded.size() < plain.size() || encoded.size() / 3 > plain.size()) return false;
  while (!encoded.empty() && !plain.empty()) {
    if (take_decoded(encoded) != plain.front()) return false;
    plain.remove_prefix(1);
  }
  return encoded.empty() && plain.empty();
}

std::string_view decode(std::string_view encoded, std::span<char> buffer) noexcept {
  if (encoded.find_first_of("%+") == std::string_view::npos) return encoded;
  std::size_t size = 0;
  while (!encoded.empty()) {
    if (size == buffer.size()) return {};
    buffer[size++] = take_decoded(encoded);
  }
  return {buffer.data(), size};
}

}  // namespace

std::string_view find_query_param(std::string_view query, std::string_view name, std::span<char> buffer) noexcept {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    const auto equals = std::min(pair.find('='), pair.size());
    if (equals_decoded(pair.substr(0, equals), name)) {
      return decode(pair.substr(std::min(equals + 1, pair.size())), buffer);
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return {};
}

}  // namespace sluice::traffic
