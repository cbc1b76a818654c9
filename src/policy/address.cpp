#include "sluice/policy/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "sluice/policy/scalars.hpp"

namespace sluice::policy {
namespace {

bool is_numeric(int family, const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> binary{};
  return inet_pton(family, host.c_str(), binary.data()) == 1;
}

bool is_host_name(std::string_view host) {
  const auto allowed = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_'; };
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), allowed) && host.front() != '.' &&
         host.front() != '-' && host.find("..") == std::string_view::npos;
}

/// Only digits and dots: meant as an IPv4 address, so it has to be one.
bool looks_like_ipv4(std::string_view host) {
  return host.find_first_not_of("0123456789.") == std::string_view::npos;
}

struct HostPort {
  std::string host;
  std::optional<std::string_view> port;
  bool bracketed = false;
};

std::optional<HostPort> split(std::string_view text) {
  HostPort out;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    out.host = text.substr(1, close - 1);
    out.bracketed = true;
    text.remove_prefix(close + 1);
  } else {
    const std::size_t end = std::min(text.find(':'), text.size());
    out.host = text.substr(0, end);
    text.remove_prefix(end);
  }
  if (text.empty()) return out;
  if (text[0] != ':') return std::nullopt;
  out.port = text.substr(1);
  return out;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto port = parse_integer(text);
  if (!port || *port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

EndpointText refused(std::string problem) {
  return {std::nullopt, std::move(problem)};
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
  const auto parts = split(text);
  if (!parts || !parts->port) return std::nullopt;
  const auto port = parse_port(*parts->port);
  if (!port || !is_numeric(parts->bracketed ? AF_INET6 : AF_INET, parts->host)) return std::nullopt;
  return Address{parts->host, *port};
}

std::string to_string(const Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? '[' + address.host + ']' : address.host) + ':' + std::to_string(address.port);
}

EndpointText parse_endpoint(std::string_view text) {
  Endpoint out;
  out.url = text;
  if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else if (text.starts_with("https://")) {
    out.scheme = Scheme::Https;
    out.port = 443;
    text.remove_prefix(8);
  } else if (text.starts_with("dns://")) {
    out.scheme = Scheme::Dns;
    text.remove_prefix(6);
  } else {
    return refused("an endpoint begins with http://, https:// or dns://");
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  if (text.find_first_of("/?#") != std::string_view::npos) {
    return refused("an endpoint has no path: requests keep the path that the client sent");
  }
  if (text.find('@') != std::string_view::npos) return refused("an endpoint has no user name or password");
  const auto parts = split(text);
  if (!parts || parts->host.empty()) return refused("an endpoint needs a host, as in http://127.0.0.1:9001");
  if (parts->bracketed ? !is_numeric(AF_INET6, parts->host) : !is_host_name(parts->host)) {
    return refused("the host is neither a name nor an address");
  }
  if (!parts->bracketed && looks_like_ipv4(parts->host) && !is_numeric(AF_INET, parts->host)) {
    return refused("the host looks like an IPv4 address but is none");
  }
  if (out.scheme == Scheme::Dns && (parts->bracketed || looks_like_ipv4(parts->host))) {
    return refused("dns:// looks up a name; an address needs no look-up, write it with http://");
  }
  out.host = parts->host;
  if (parts->port) {
    const auto port = parse_port(*parts->port);
    if (!port || *port == 0) return refused("the port must be a number from 1 to 65535");
    out.port = *port;
  }
  return {std::move(out), {}};
}

}  // namespace sluice::policy
