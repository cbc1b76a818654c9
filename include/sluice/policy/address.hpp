#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sluice/policy/position.hpp"

namespace sluice::policy {

/// Where a listener binds: a numeric IPv4 or IPv6 address and a port. Port 0 lets the kernel choose.
struct Address {
  std::string host;
  std::uint16_t port = 0;

  bool operator==(const Address&) const = default;
};

/// Reads `127.0.0.1:8080` or `[::1]:8080`; nothing when the text is not a numeric address with a port.
std::optional<Address> parse_address(std::string_view text);
/// The same form again; IPv6 in brackets.
std::string to_string(const Address& address);

/// How an endpoint is reached.
enum class Scheme : std::uint8_t {
  Http,   ///< plain TCP, default port 80
  Https,  ///< TLS, default port 443
  Dns,    ///< every address behind a name, looked up again and again; default port 80
};

/// One network address of a version, from `http://host[:port]`, `https://host[:port]` or `dns://host[:port]`.
struct Endpoint {
  Scheme scheme = Scheme::Http;
  std::string host;  ///< a name, an IPv4 address, or an IPv6 address without its brackets
  std::uint16_t port = 80;
  std::string url;  ///< as it was written
  Position position;

  bool operator==(const Endpoint&) const = default;
};

/// What `parse_endpoint` made of a text: an endpoint, or one sentence that says what is wrong with it.
struct EndpointText {
  std::optional<Endpoint> endpoint;
  std::string problem;
};

EndpointText parse_endpoint(std::string_view text);

}  // namespace sluice::policy
