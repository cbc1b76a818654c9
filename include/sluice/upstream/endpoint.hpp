#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace sluice::upstream {

/// How a TLS connection to an endpoint is verified and authenticated. Paths are read when the configuration is
/// published.
struct EndpointTls {
  std::string ca_file;           ///< empty: the system's certificate authorities
  std::string server_name;       ///< name to verify and to send as SNI; empty: the endpoint's host
  std::string certificate_file;  ///< client certificate chain (PEM); empty: none
  std::string key_file;
  bool verify = true;  ///< false: any certificate is believed
  friend bool operator==(const EndpointTls&, const EndpointTls&) = default;
};

/// One address that serves a version.
struct EndpointSpec {
  std::string host;  ///< IPv4, IPv6 without brackets, or a name to resolve
  std::uint16_t port = 0;
  bool tls = false;  ///< https://
  bool dns = false;  ///< dns://: not an endpoint itself, but every address of the host is one
  EndpointTls tls_settings;

  /// `10.0.0.1:9001`, `[::1]:9001`, `model.svc:9001`.
  std::string authority() const {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
  }
  friend bool operator==(const EndpointSpec&, const EndpointSpec&) = default;
};

/// Limits of one endpoint's pool, for each worker on its own.
struct PoolLimits {
  std::uint32_t connections = 1024;      ///< open at once, the ones being dialled included
  std::uint32_t waiting = 1024;          ///< requests that may wait for a connection
  std::chrono::milliseconds wait{1000};  ///< the longest such wait
  std::uint32_t warm = 1;                ///< connections dialled before the first request, at weight 0 too
  std::chrono::milliseconds idle_timeout{60000};
  std::chrono::milliseconds max_age{600000};  ///< a connection is not used again after this
  friend bool operator==(const PoolLimits&, const PoolLimits&) = default;
};

}  // namespace sluice::upstream
