// Defects that were found in the attempts of a request, each shown by the smallest story that had it.
#include "e2e/tries.hpp"
#include "support/certificates.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

std::string watched_policy(const std::vector<std::string>& versions, std::string_view route_spec) {
  return gateway_yaml("workers: 1") + route_yaml("model", versions, route_spec);
}

TEST(RegressionTries, AnEndpointThatHangsIsEjectedAlthoughHedgesAnswerForIt) {
  FakeUpstream well([](Conversation& gateway) {
    while (true) {
      gateway.read_request();
      gateway.answer(200, "fine");
    }
  });
  FakeUpstream hanging([](Conversation& gateway) {
    gateway.read_request();
    gateway.sees_close();
  });
  SluiceProcess sluice(watched_policy({version_yaml("v1", {well.url(), hanging.url()})},
                                      "hedge: {after: 20ms}\nretry: {attempts: 0, minBudget: 100}"));
  RawClient client(sluice.port());
  const auto ejected = [&] {
    EXPECT_EQ(client.get("/").status(), 200);
    return sluice.metrics().value("sluice_endpoint_ejections_total") > 0;
  };
  EXPECT_TRUE(eventually(ejected));
}

TEST(RegressionTries, AFailureBesideAHedgeCountsOnce) {
  Gate hedged;
  TwoEndpoints endpoints(in_turn({[&](Conversation& gateway, const HttpMessage&) {
                                    gateway.wait_for(hedged);
                                    gateway.reset();
                                    return false;
                                  },
                                  [&](Conversation& gateway, const HttpMessage&) {
                                    hedged.open();
                                    gateway.sees_close(300ms);
                                    gateway.answer(200, "hedge");
                                    return true;
                                  }}));
  SluiceProcess sluice(
      watched_policy({endpoints.version()}, hedged_after(kHedgeAfter) +
                                                "retry: {attempts: 0}\n"
                                                "ejection: {consecutiveErrors: 2, consecutiveGatewayErrors: 2}"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").body, "hedge");
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_hedges_won_total"), 1);
  const auto ejected = [&] { return sluice.metrics().value("sluice_endpoint_ejections_total") > 0; };
  EXPECT_FALSE(eventually(ejected, 1500ms)) << "one request made a row of two";
}

TEST(RegressionTries, AnEndpointThatDiesAtWorkIsNotTakenForAConnectionThatWasClosed) {
  constexpr int kRequests = 6;
  FakeUpstream upstream([](Conversation& gateway) {
    for (;;) {
      if (gateway.read_request().target() == "/well") {
        gateway.answer(200, "fine");
        continue;
      }
      gateway.sees_close(300ms);
      return;
    }
  });
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}, "retry: {attempts: 0}"));
  RawClient client(sluice.port());
  for (int i = 0; i < kRequests; ++i) {
    EXPECT_EQ(client.get("/well").status(), 200);
    expect_error(client.post("/ill", "x"), 502, "reset");
  }
  EXPECT_EQ(upstream.request_count(), 2u * kRequests) << "the work was done twice";
}

TEST(RegressionTries, AnswersThatBreakOffCountAgainstTheirEndpoint) {
  const auto well = [](Conversation& gateway) {
    while (true) {
      gateway.read_request();
      gateway.answer(200, "fine");
    }
  };
  FakeUpstream first(well);
  FakeUpstream second(well);
  FakeUpstream broken([](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
  });
  SluiceProcess sluice(watched_policy({version_yaml("v1", {first.url(), second.url(), broken.url()})}, ""));
  const auto ejected = [&] {
    RawClient client(sluice.port());
    client.send(request_text("GET", "/", "", {{"Connection", "close"}}));
    (void)client.read_to_end();
    return sluice.metrics().value("sluice_endpoint_ejections_total") > 0;
  };
  EXPECT_TRUE(eventually(ejected)) << "five in a row without an answer that was whole";
}

TEST(RegressionTries, WhoWaitedTooLongKeepsATlsConnection) {
  Certificates authority;
  const auto identity = authority.issue("gateway.test");
  const TlsIdentity visitor{.certificate_file = {},
                            .key_file = {},
                            .ca_file = authority.ca_file(),
                            .server_name = "gateway.test",
                            .maximum_protocol = 0};
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    gateway.sees_close();
  });
  SluiceProcess sluice(gateway_yaml("workers: 1\nlisteners: [{address: 127.0.0.1:0, tls: {certificateFile: " +
                                    identity.certificate_file + ", keyFile: " + identity.key_file + "}}]\n") +
                       route_yaml("model", {version_yaml("v1", upstream)},
                                  "limits: {requestsInFlight: 1, waiting: 1, waitTimeout: 5s}\n" +
                                      std::string(kSanitized ? "timeouts: {request: 1500ms, backendRequest: 1500ms}"
                                                             : "timeouts: {request: 300ms, backendRequest: 300ms}")));
  RawClient stream(sluice.port(), visitor);
  stream.send(request_text("GET", "/", ""));
  EXPECT_EQ(stream.read_head().status(), 200);
  RawClient waiting(sluice.port(), visitor);
  for (int i = 0; i < 2; ++i) {
    const HttpMessage answer = waiting.get("/");
    EXPECT_EQ(answer.status(), 504);
    EXPECT_FALSE(answer.has("connection"));
  }
}

}  // namespace
}  // namespace sluice::test
