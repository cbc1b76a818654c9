#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <optional>

#include "sluice/http/fetch.hpp"
#include "sluice/http/net.hpp"

namespace sluice::http {

namespace {

bool is_name(std::string_view host) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  };
  return !host.empty() && std::all_of(host.begin(), host.end(), allowed);
}

bool is_v6(std::string_view host) {
  error_code error;
  boost::asio::ip::make_address_v6(std::string(host), error);
  return !error;
}

std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || stop != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

Failure<Error> refused(const char* problem) {
  return fail(Error::client(problem));
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  Url url;
  if (text.starts_with("https://")) {
    url.tls = true;
    url.port = 443;
  } else if (!text.starts_with("http://")) {
    return refused("a URL begins with http:// or https://");
  }
  // A blank or a line break would end the request line and begin something else.
  if (!std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7F; })) {
    return refused("a URL has no blanks and only ASCII characters");
  }
  text.remove_prefix(url.tls ? 8 : 7);
  text = text.substr(0, text.find('#'));
  const std::string_view authority = text.substr(0, text.find_first_of("/?"));
  const std::string_view target = text.substr(authority.size());
  url.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  if (authority.find('@') != std::string_view::npos) return refused("a URL has no user name or password here");

  const bool is_bracketed = authority.starts_with('[');
  const std::size_t end = is_bracketed ? authority.find(']') : authority.find(':');
  if (is_bracketed && end == std::string_view::npos) return refused("the URL has no valid host");
  const std::string_view host = is_bracketed ? authority.substr(1, end - 1) : authority.substr(0, end);
  const std::string_view rest = end == std::string_view::npos ? "" : authority.substr(end + (is_bracketed ? 1 : 0));
  if (is_bracketed ? !is_v6(host) : !is_name(host)) return refused("the URL has no valid host");
  if (!rest.empty()) {
    const auto port = rest[0] == ':' ? read_port(rest.substr(1)) : std::nullopt;
    if (!port) return refused("the port of the URL is not a number from 1 to 65535");
    url.port = *port;
  }
  url.host = host;
  url.authority = authority;
  return url;
}

}  // namespace sluice::http
