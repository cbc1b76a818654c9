#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sluice/base/result.hpp"

namespace sluice::sample_model {

/// Where to send a request.
struct Url {
  std::string host;
  std::uint16_t port = 80;
  std::string path = "/";
};

/// Reads `http://host[:port][/path]`; an IPv6 address stands in brackets. No TLS, no user, no fragment.
Result<Url> parse_url(std::string_view text);

}  // namespace sluice::sample_model
