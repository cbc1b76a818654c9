#include "sample_model/url.hpp"

#include <charconv>

namespace sluice::sample_model {

Result<Url> parse_url(std::string_view text) {
  const auto refuse = [all = std::string(text)](std::string_view why) {
    return fail(Error::internal("\"" + all + "\" is no address to ask: " + std::string(why)));
  };
  constexpr std::string_view scheme = "http://";
  if (!text.starts_with(scheme)) return refuse("it must start with http://");
  text.remove_prefix(scheme.size());
  if (text.find_first_of("@# \t\r\n") != std::string_view::npos) return refuse("unexpected character");

  Url url;
  auto authority = text.substr(0, text.find('/'));
  if (authority.size() < text.size()) url.path = text.substr(authority.size());
  const auto bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == std::string_view::npos) return refuse("missing ]");
  const auto colon = authority.find(':', bracket);
  auto host = authority.substr(0, colon);
  if (bracket != 0) {
    if (host.back() != ']') return refuse("unexpected text after ]");
    host = host.substr(1, host.size() - 2);
  }
  if (host.empty()) return refuse("it names no host");
  url.host = host;
  if (colon != std::string_view::npos) {
    const auto port = authority.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || end != port.data() + port.size() || url.port == 0) {
      return refuse("the port must be 1 to 65535");
    }
  }
  return url;
}

}  // namespace sluice::sample_model
