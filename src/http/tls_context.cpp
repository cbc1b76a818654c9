#include "sluice/http/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/system/error_code.hpp>
#include <fstream>
#include <utility>

namespace sluice::http {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

namespace {

Failure<Error> failure(const std::string& what, const std::string& file, const error_code& error) {
  ERR_clear_error();
  return fail(Error::internal(what + " '" + file + "': " + error.message()));
}

Result<void> readable(const std::string& what, const std::string& file) {
  if (std::ifstream(file).good()) return {};
  return fail(Error::internal(what + " '" + file + "': cannot be read"));
}

/// Loads a chain and its key, and makes sure that they belong together.
Result<void> use_identity(ssl::context& context, const std::string& certificate_file, const std::string& key_file) {
  if (auto found = readable("certificate", certificate_file); !found) return found;
  if (auto found = readable("key", key_file); !found) return found;
  error_code error;
  context.use_certificate_chain_file(certificate_file, error);
  if (error) return failure("certificate", certificate_file, error);
  context.use_private_key_file(key_file, ssl::context::pem, error);
  if (error || SSL_CTX_check_private_key(context.native_handle()) != 1) {
    // Asio has taken its error off OpenSSL's queue already; the check's own is still there.
    const auto reason = ERR_GET_REASON(error ? static_cast<unsigned>(error.value()) : ERR_peek_last_error());
    ERR_clear_error();
    if (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH) {
      return fail(Error::internal("key '" + key_file + "' does not belong to certificate '" + certificate_file + "'"));
    }
    return failure("key", key_file, error);
  }
  return {};
}

TlsContext make_context(ssl::context::method method) {
  auto context = std::make_shared<ssl::context>(method);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  // Renegotiation lets a client make the server work for nothing; released buffers are 34 KiB per idle connection.
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // An encrypted key must fail, not ask the terminal.
  SSL_CTX_set_default_passwd_cb(context->native_handle(), [](char*, int, int, void*) { return 0; });
  SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  return context;
}

}  // namespace

Result<TlsContext> make_server_tls(const std::string& certificate_file, const std::string& key_file,
                                   const std::string& client_ca_file) {
  auto context = make_context(ssl::context::tls_server);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_CIPHER_SERVER_PREFERENCE);
  if (auto used = use_identity(*context, certificate_file, key_file); !used) return fail(used.error());
  // Sessions are resumed by tickets; a context of its own id keeps listeners apart.
  SSL_CTX_set_session_id_context(context->native_handle(), reinterpret_cast<const unsigned char*>("sluice"), 6);
  if (!client_ca_file.empty()) {
    if (auto found = readable("client CA file", client_ca_file); !found) return fail(found.error());
    error_code error;
    context->load_verify_file(client_ca_file, error);
    if (error) return failure("client CA file", client_ca_file, error);
    SSL_CTX_set_client_CA_list(context->native_handle(), SSL_load_client_CA_file(client_ca_file.c_str()));
    context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
  }
  return context;
}

Result<TlsContext> make_client_tls(const std::string& ca_file, const std::string& certificate_file,
                                   const std::string& key_file, bool verify) {
  auto context = make_context(ssl::context::tls_client);
  error_code error;
  if (!ca_file.empty()) {
    if (auto found = readable("CA file", ca_file); !found) return fail(found.error());
    context->load_verify_file(ca_file, error);
    if (error) return failure("CA file", ca_file, error);
  } else {
    context->set_default_verify_paths(error);
  }
  context->set_verify_mode(verify ? ssl::verify_peer : ssl::verify_none);
  if (!certificate_file.empty()) {
    if (auto used = use_identity(*context, certificate_file, key_file); !used) return fail(used.error());
  }
  return context;
}

}  // namespace sluice::http
