#include <openssl/ssl.h>

#include <filesystem>

#include "e2e/e2e.hpp"
#include "support/certificates.hpp"

namespace sluice::test {
namespace {

std::string tls_listener(const std::string& certificate, const std::string& key, const std::string& client_ca = {}) {
  std::string text = "listeners: [{address: 127.0.0.1:0, tls: {certificateFile: " + certificate + ", keyFile: " + key;
  if (!client_ca.empty()) text += ", clientCaFile: " + client_ca;
  return text + "}}]";
}

std::string tls_listener(const TlsIdentity& identity, const std::string& client_ca = {}) {
  return tls_listener(identity.certificate_file, identity.key_file, client_ca);
}

/// Believes one authority and shows nothing.
TlsIdentity visitor(const Certificates& authority, const std::string& server_name = "gateway.test") {
  return {.certificate_file = {},
          .key_file = {},
          .ca_file = authority.ca_file(),
          .server_name = server_name,
          .maximum_protocol = 0};
}

bool is_served(std::uint16_t port, const TlsIdentity& identity) {
  try {
    RawClient client(port, identity);
    return client.get("/").status() == 200;
  } catch (const std::runtime_error&) {
    return false;
  }
}

TEST(TlsListener, ServesWhatAPlainOneServes) {
  Certificates authority;
  FakeUpstream upstream(echo());
  SluiceProcess sluice(policy_for(upstream, {}, tls_listener(authority.issue("gateway.test"))));
  RawClient client(sluice.port(), visitor(authority));
  EXPECT_EQ(client.post("/", "hello").body, "hello");
  const std::string large(500000, 'l');
  EXPECT_TRUE(client.post("/", large).body == large);
  client.send(request_text("POST", "/", chunked("in pieces", 2), {{"Transfer-Encoding", "chunked"}}));
  EXPECT_EQ(client.read_response().body, "in pieces");
  client.send(request_text("POST", "/", "1") + request_text("POST", "/", "2"));
  EXPECT_EQ(client.read_response().body, "1");
  EXPECT_EQ(client.read_response().body, "2");
}

TEST(TlsListener, RefusesOldVersionsOfTls) {
  Certificates authority;
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream, {}, tls_listener(authority.issue("gateway.test"))));
  auto old = visitor(authority);
  old.maximum_protocol = TLS1_1_VERSION;
  EXPECT_FALSE(is_served(sluice.port(), old));
  old.maximum_protocol = TLS1_2_VERSION;
  EXPECT_TRUE(is_served(sluice.port(), old));
}

TEST(TlsListener, AsksForACertificateWhereThePolicyNamesAnAuthority) {
  Certificates authority;
  Certificates clients("clients");
  Certificates strangers("strangers");
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream, {}, tls_listener(authority.issue("gateway.test"), clients.ca_file())));
  auto known = clients.issue("someone");
  known.ca_file = authority.ca_file();
  known.server_name = "gateway.test";
  auto stranger = strangers.issue("someone");
  stranger.ca_file = authority.ca_file();
  stranger.server_name = "gateway.test";
  EXPECT_FALSE(is_served(sluice.port(), visitor(authority)));
  EXPECT_FALSE(is_served(sluice.port(), stranger));
  EXPECT_TRUE(is_served(sluice.port(), known));
  EXPECT_EQ(upstream.request_count(), 1u);
}

TEST(TlsListener, SurvivesWhatIsNotTls) {
  Certificates authority;
  FakeUpstream upstream("fine");
  SluiceProcess sluice(
      policy_for(upstream, {}, tls_listener(authority.issue("gateway.test")) + "\ntimeouts: {header: 300ms}"));
  RawClient plain(sluice.port());
  plain.send(request_text("GET", "/"));
  EXPECT_TRUE(plain.is_closed_by_peer());
  RawClient silent(sluice.port());
  silent.send("\x16\x03\x01");
  EXPECT_TRUE(silent.is_closed_by_peer()) << "a handshake that stops holds a connection for ever";
  RawClient left(sluice.port());
  left.reset();
  EXPECT_TRUE(eventually([&] { return is_served(sluice.port(), visitor(authority)); }))
      << "whoever shakes hands in time";
  EXPECT_EQ(upstream.request_count(), 1u);
}

TEST(TlsListener, AKeyOfAnotherCertificateIsAClearErrorAtStart) {
  Certificates authority;
  FakeUpstream upstream;
  const auto one = authority.issue("one.test");
  const auto other = authority.issue("other.test");
  const auto finished = serve_and_fail(policy_for(upstream, {}, tls_listener(one.certificate_file, other.key_file)));
  EXPECT_TRUE(finished.exit.code == 1 || finished.exit.code == 2) << finished.exit.code;
  EXPECT_NE(finished.err.find(other.key_file), std::string::npos) << finished.err;
}

TEST(TlsListener, ACertificateThatIsNotThereIsAClearErrorAtStart) {
  FakeUpstream upstream;
  const auto finished = serve_and_fail(policy_for(upstream, {}, tls_listener("/nowhere/a.pem", "/nowhere/a.key")));
  EXPECT_TRUE(finished.exit.code == 1 || finished.exit.code == 2) << finished.exit.code;
  EXPECT_NE(finished.err.find("/nowhere/a.pem"), std::string::npos) << finished.err;
}

TEST(TlsListener, NewCertificatesComeWithAReloadAndConnectionsOutliveIt) {
  Certificates old_authority("old");
  Certificates new_authority("new");
  FakeUpstream upstream("fine");
  const TempDir dir;
  const auto install = [&](const TlsIdentity& identity) {
    dir.write("tls.pem", read_file(identity.certificate_file));
    dir.write("tls.key", read_file(identity.key_file));
  };
  install(old_authority.issue("gateway.test"));
  SluiceProcess sluice(policy_for(upstream, {}, tls_listener((dir / "tls.pem").string(), (dir / "tls.key").string())));
  RawClient open(sluice.port(), visitor(old_authority));
  EXPECT_EQ(open.get("/").status(), 200);
  install(new_authority.issue("gateway.test"));
  sluice.signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return is_served(sluice.port(), visitor(new_authority)); }));
  EXPECT_FALSE(is_served(sluice.port(), visitor(old_authority)));
  EXPECT_EQ(open.get("/").status(), 200);
}

TEST(TlsListener, ABadCertificateInAReloadKeepsTheOldOne) {
  Certificates authority;
  FakeUpstream upstream("fine");
  const TempDir dir;
  const auto good = authority.issue("gateway.test");
  dir.write("tls.pem", read_file(good.certificate_file));
  dir.write("tls.key", read_file(good.key_file));
  SluiceProcess sluice(policy_for(upstream, {}, tls_listener((dir / "tls.pem").string(), (dir / "tls.key").string())));
  dir.write("tls.key", read_file(authority.issue("other.test").key_file));
  sluice.signal(SIGHUP);
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_config_last_reload_successful"), 0);
  EXPECT_TRUE(sluice.logs_contain("tls.key")) << sluice.logs();
  EXPECT_TRUE(is_served(sluice.port(), visitor(authority)));
}

std::string tls_version(const FakeUpstream& upstream, const std::string& tls) {
  return version_yaml("v1", upstream, "tls: {" + tls + "}");
}

TEST(TlsEndpoint, IsCheckedAndServes) {
  Certificates authority;
  auto server = authority.issue("model.test");
  server.ca_file.clear();
  FakeUpstream upstream(echo(), server);
  SluiceProcess sluice(gateway_yaml() + route_yaml("model", {tls_version(upstream, "caFile: " + authority.ca_file() +
                                                                                       ", serverName: model.test")}));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "secret").body, "secret");
  const std::string large(500000, 'l');
  EXPECT_TRUE(client.post("/", large).body == large);
  EXPECT_EQ(upstream.connections(), 1u) << "TLS connections are not reused";
}

TEST(TlsEndpoint, OfAnotherAuthorityOrNameIsNotTrusted) {
  Certificates authority;
  Certificates other("other");
  auto server = authority.issue("model.test");
  server.ca_file.clear();
  FakeUpstream upstream(answers(200, "fine"), server);
  for (const auto& tls : {"caFile: " + other.ca_file() + ", serverName: model.test",
                          "caFile: " + authority.ca_file() + ", serverName: elsewhere.test"}) {
    SluiceProcess sluice(gateway_yaml() + route_yaml("model", {tls_version(upstream, tls)}));
    RawClient client(sluice.port());
    expect_error(client.post("/", "secret"), 502, "tls_failed");
  }
  EXPECT_EQ(upstream.request_count(), 0u);
}

TEST(TlsEndpoint, GetsOurCertificateWhenItAsks) {
  Certificates authority;
  FakeUpstream upstream(answers(200, "fine"), authority.issue("model.test"));
  const auto ours = authority.issue("gateway.test");
  const std::string trust = "caFile: " + authority.ca_file() + ", serverName: model.test";
  {
    SluiceProcess sluice(
        gateway_yaml() +
        route_yaml("model", {tls_version(upstream, trust + ", certificateFile: " + ours.certificate_file +
                                                       ", keyFile: " + ours.key_file)}));
    RawClient client(sluice.port());
    EXPECT_EQ(client.get("/").body, "fine");
  }
  SluiceProcess without(gateway_yaml() + route_yaml("model", {tls_version(upstream, trust)}));
  RawClient client(without.port());
  EXPECT_EQ(client.get("/").status(), 502);
}

TEST(TlsEndpoint, ThatSpeaksPlainHttpIsAnError) {
  Certificates authority;
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_exactly(1);
    gateway.send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  });
  SluiceProcess sluice(gateway_yaml() +
                       route_yaml("model", {version_yaml("v1", "https://127.0.0.1:" + std::to_string(upstream.port()),
                                                         "tls: {caFile: " + authority.ca_file() + "}")}));
  RawClient client(sluice.port());
  expect_error(client.get("/"), 502, "tls_failed");
}

}  // namespace
}  // namespace sluice::test
