#include "sluice/traffic/cookie.hpp"

#include <algorithm>

namespace sluice::traffic {
namespace {

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t";
  const auto first = std::min(text.find_first_not_of(blanks), text.size());
  text.remove_prefix(first);
  while (!text.empty() && blanks.find(text.back()) != std::string_view::npos) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string_view find_cookie(std::string_view field, std::string_view name) noexcept {
  while (!field.empty()) {
    const auto end = std::min(field.find(';'), field.size());
    const auto pair = field.substr(0, end);
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && trim(pair.substr(0, equals)) == name) return trim(pair.substr(equals + 1));
    field.remove_prefix(std::min(end + 1, field.size()));
  }
  return {};
}

}  // namespace sluice::traffic
