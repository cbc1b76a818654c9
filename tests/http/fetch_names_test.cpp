#include <gtest/gtest.h>

#include "http/fetch_fixture.hpp"
#include "support/certificates.hpp"

namespace sluice::http {
namespace {

using std::chrono::milliseconds;
using test::Conversation;
using test::FakeUpstream;

// --- TLS ---

class FetcherTlsTest : public FetcherTest {
 protected:
  FetchAnswer get_with(const std::string& ca_file, const std::string& url) {
    Fetcher fetcher(
        {.ca_file = ca_file, .resolve = [](const std::string&, auto done) { done(Fetcher::Addresses{"127.0.0.1"}); }});
    return get(fetcher, url);
  }
  /// Demands no certificate of its clients.
  test::TlsIdentity identity(const std::string& name) {
    test::TlsIdentity out = authority.issue(name);
    out.ca_file.clear();
    return out;
  }
  std::string at(const FakeUpstream& server, const std::string& host) const {
    return "https://" + host + ":" + std::to_string(server.port()) + "/";
  }

  test::Certificates authority;
  test::Certificates stranger{"stranger-ca"};
};

TEST_F(FetcherTlsTest, AServerThatIsVouchedForIsBelieved) {
  FakeUpstream server(test::answers(200, "secret"), identity("hooks.test"));
  EXPECT_EQ(get_with(authority.ca_file(), at(server, "hooks.test")).body, "secret");
  EXPECT_EQ(get_with(authority.ca_file(), at(server, "127.0.0.1")).body, "secret");
}

TEST_F(FetcherTlsTest, AStrangerAnotherNameAndNoTlsAreRefused) {
  FakeUpstream server(test::answers(200, "secret"), identity("hooks.test"));
  FakeUpstream plain([](Conversation& peer) { peer.send("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  const auto refused = [&](const FetchAnswer& answer) {
    EXPECT_EQ(answer.status, 0U);
    return answer.problem;
  };
  EXPECT_NE(refused(get_with(stranger.ca_file(), at(server, "hooks.test"))).find("certificate verify failed"),
            std::string::npos);
  EXPECT_NE(refused(get_with("", at(server, "hooks.test"))).find("certificate verify failed"), std::string::npos);
  EXPECT_NE(refused(get_with(authority.ca_file(), at(server, "other.test"))).find("certificate verify failed"),
            std::string::npos);
  EXPECT_TRUE(refused(get_with(authority.ca_file(), at(plain, "hooks.test"))).starts_with("no TLS with hooks.test:"));
  EXPECT_EQ(server.request_count(), 0U) << "nothing was said to it";
}

TEST_F(FetcherTlsTest, AHandshakeThatHangsRunsIntoTheTimeout) {
  FakeUpstream mute([](Conversation& peer) { peer.sees_close(); });
  Fetcher fetcher;
  EXPECT_EQ(get(fetcher, at(mute, "127.0.0.1"), milliseconds(100)).problem, "no TLS handshake within 0.1 s");
}

TEST_F(FetcherTlsTest, AMissingAuthorityIsSaid) {
  EXPECT_NE(get_with("/nowhere/ca.pem", "https://127.0.0.1:1/").problem.find("/nowhere/ca.pem"), std::string::npos);
}

// --- names ---

TEST_F(FetcherTest, ANameIsLookedUpAndItsAddressesTriedInTurn) {
  FakeUpstream server("model");
  Fetcher fetcher({.resolve = [](const std::string& host, auto done) {
    EXPECT_EQ(host, "hooks.svc");
    done(Fetcher::Addresses{"127.0.0.77", "not an address", "127.0.0.1"});
  }});
  const FetchAnswer answer = get(fetcher, "http://hooks.svc:" + std::to_string(server.port()));
  EXPECT_EQ(answer.body, "model") << answer.problem;
  EXPECT_EQ(server.request(0).field("host"), "hooks.svc:" + std::to_string(server.port()));
}

TEST_F(FetcherTest, LocalhostNeedsNoLookUp) {
  FakeUpstream server("model");
  Fetcher fetcher;
  EXPECT_EQ(get(fetcher, "http://localhost:" + std::to_string(server.port())).body, "model");
  EXPECT_EQ(get(fetcher, "http://hooks.svc/").problem, "names are not looked up here");
}

TEST_F(FetcherTest, ALookUpThatFailsHangsOrFindsNothingIsSaid) {
  Fetcher failing({.resolve = [](const std::string&, auto done) { done(fail(Error::upstream("no such name"))); }});
  EXPECT_EQ(get(failing, "http://hooks.svc/").problem, "cannot look up hooks.svc: no such name");
  Fetcher empty({.resolve = [](const std::string&, auto done) { done(Fetcher::Addresses{}); }});
  EXPECT_EQ(get(empty, "http://hooks.svc/").problem, "hooks.svc has no address");
  Fetcher hanging({.resolve = [](const std::string&, auto) {}});
  EXPECT_EQ(get(hanging, "http://hooks.svc/", milliseconds(50)).problem, "no look-up within 0.05 s");
}

TEST_F(FetcherTest, ALookUpThatAnswersAfterTheEndIsHarmless) {
  std::function<void(Result<Fetcher::Addresses>)> late;
  test::Gate asked;
  {
    Fetcher fetcher({.resolve = [&](const std::string&, auto done) {
      late = std::move(done);
      asked.open();
    }});
    fetcher.start({.url = "http://hooks.svc/"}, answers.next_slot());
    ASSERT_TRUE(asked.wait());
  }
  late(Fetcher::Addresses{"127.0.0.1"});
  EXPECT_EQ(answers.waiting(), 0U);
}

TEST_F(FetcherTest, AnAddressThatSwallowsEverythingLeavesTimeForTheNext) {
  test::DeafListener deaf;
  FakeUpstream server(test::answers(200, "here"), "127.0.0.9", deaf.port());
  Fetcher fetcher({.resolve = [](const std::string&, auto done) {
    done(Fetcher::Addresses{"127.0.0.1", "127.0.0.9"});
  }});
  const auto answer = get(fetcher, "http://hooks.svc:" + std::to_string(deaf.port()), milliseconds(2000));
  EXPECT_EQ(answer.body, "here") << answer.problem;
}

}  // namespace
}  // namespace sluice::http
