#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "sluice/base/result.hpp"

namespace sluice::http {

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

/// What a listener shows: TLS 1.2 or newer, a certificate chain and its key, and whom it believes.
///
/// `client_ca_file` empty: clients need no certificate. Fails with a sentence that names the file and the reason:
/// missing, not PEM, a key that does not belong to the certificate. Control thread; reads files.
Result<TlsContext> make_server_tls(const std::string& certificate_file, const std::string& key_file,
                                   const std::string& client_ca_file);

/// How an endpoint is verified and what we show it. Empty `ca_file`: the system's authorities; empty
/// `certificate_file`: nothing shown. `verify` false: any certificate is believed. Fails as above.
Result<TlsContext> make_client_tls(const std::string& ca_file, const std::string& certificate_file,
                                   const std::string& key_file, bool verify);

}  // namespace sluice::http
