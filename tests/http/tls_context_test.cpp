#include "sluice/http/tls_context.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "support/certificates.hpp"
#include "support/temp_dir.hpp"

namespace sluice::http {
namespace {

class TlsContextTest : public testing::Test {
 protected:
  static std::string why(const Result<TlsContext>& made) { return made ? "it loaded" : made.error().message; }

  test::Certificates authority;
  test::TlsIdentity identity = authority.issue("gateway.test");
  test::TempDir dir;
};

TEST_F(TlsContextTest, AServerShowsItsCertificateAndSpeaksTls12AtLeast) {
  const auto made = make_server_tls(identity.certificate_file, identity.key_file, {});
  ASSERT_TRUE(made) << why(made);
  SSL_CTX* const context = (*made)->native_handle();
  EXPECT_NE(SSL_CTX_get0_certificate(context), nullptr);
  EXPECT_EQ(SSL_CTX_get_min_proto_version(context), TLS1_2_VERSION);
  EXPECT_EQ(SSL_CTX_get_verify_mode(context), SSL_VERIFY_NONE) << "clients need no certificate";
}

TEST_F(TlsContextTest, AServerWithAClientAuthorityDemandsACertificate) {
  const auto made = make_server_tls(identity.certificate_file, identity.key_file, authority.ca_file());
  ASSERT_TRUE(made) << why(made);
  EXPECT_EQ(SSL_CTX_get_verify_mode((*made)->native_handle()), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
}

TEST_F(TlsContextTest, AClientVerifiesUnlessItIsToldNotTo) {
  const auto careful = make_client_tls(authority.ca_file(), {}, {}, true);
  ASSERT_TRUE(careful) << why(careful);
  EXPECT_EQ(SSL_CTX_get_verify_mode((*careful)->native_handle()), SSL_VERIFY_PEER);
  const auto trusting = make_client_tls({}, {}, {}, false);
  ASSERT_TRUE(trusting) << why(trusting);
  EXPECT_EQ(SSL_CTX_get_verify_mode((*trusting)->native_handle()), SSL_VERIFY_NONE);
  EXPECT_TRUE(make_client_tls(authority.ca_file(), identity.certificate_file, identity.key_file, true));
}

TEST_F(TlsContextTest, AMissingFileIsNamedWithWhatItWasMeantToBe) {
  EXPECT_EQ(why(make_server_tls("/no/c.pem", identity.key_file, {})), "certificate '/no/c.pem': cannot be read");
  EXPECT_EQ(why(make_server_tls(identity.certificate_file, "/no/k.pem", {})), "key '/no/k.pem': cannot be read");
  EXPECT_EQ(why(make_server_tls(identity.certificate_file, identity.key_file, "/no/ca.pem")),
            "client CA file '/no/ca.pem': cannot be read");
  EXPECT_EQ(why(make_client_tls("/no/ca.pem", {}, {}, true)), "CA file '/no/ca.pem': cannot be read");
}

TEST_F(TlsContextTest, AFileThatIsNotPemIsNamed) {
  const std::string junk = dir.write("junk.pem", "this is no certificate\n").string();
  EXPECT_EQ(why(make_server_tls(junk, identity.key_file, {})).rfind("certificate '" + junk + "': ", 0), 0u);
  EXPECT_EQ(why(make_server_tls(identity.certificate_file, junk, {})).rfind("key '" + junk + "': ", 0), 0u);
  EXPECT_EQ(why(make_client_tls(junk, {}, {}, true)).rfind("CA file '" + junk + "': ", 0), 0u);
}

TEST_F(TlsContextTest, AKeyThatBelongsToAnotherCertificateIsSaidSo) {
  const auto other = authority.issue("other.test");
  EXPECT_EQ(why(make_server_tls(identity.certificate_file, other.key_file, {})),
            "key '" + other.key_file + "' does not belong to certificate '" + identity.certificate_file + "'");
}

TEST_F(TlsContextTest, AFailureLeavesNoErrorBehindForTheNextHandshake) {
  const std::string junk = dir.write("junk.pem", "junk").string();
  (void)make_server_tls(junk, identity.key_file, {});
  (void)make_server_tls(identity.certificate_file, authority.issue("other.test").key_file, {});
  EXPECT_TRUE(make_server_tls(identity.certificate_file, identity.key_file, {}));
}

}  // namespace
}  // namespace sluice::http
