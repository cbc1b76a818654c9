#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

/// A deadline that an endpoint has to keep before it may miss it, or a client.
const std::chrono::milliseconds kMayBeKept{kSanitized ? 1500 : 400};
const std::string kRequestMayBeKept = "request: " + std::to_string(kMayBeKept.count()) +
                                      "ms, backendRequest: " + std::to_string(kMayBeKept.count()) + "ms";

/// Runs `ask` and checks that it neither came early nor took far longer than the deadline under test.
template <typename Ask>
auto within(std::chrono::milliseconds least, Ask&& ask) {
  const auto begun = std::chrono::steady_clock::now();
  auto answer = ask();
  const auto took = std::chrono::steady_clock::now() - begun;
  EXPECT_GE(took, least * 9 / 10);
  EXPECT_LT(took, least + (kSanitized ? 10s : 3s));
  return answer;
}

TEST(Timeouts, ConnectEndsADialThatNobodyAnswers) {
  const DeafListener deaf;
  SluiceProcess sluice(gateway_yaml() +
                       route_yaml("model", {version_yaml("v1", "http://127.0.0.1:" + std::to_string(deaf.port()))},
                                  "timeouts: {connect: 300ms}"));
  RawClient client(sluice.port());
  expect_error(within(300ms, [&] { return client.get("/"); }), 504, "connect_timeout");
}

TEST(Timeouts, BackendRequestEndsAWaitForTheFirstByte) {
  FakeUpstream upstream(never_answers());
  SluiceProcess sluice(policy_for(upstream, "timeouts: {request: 8s, backendRequest: 300ms}"));
  RawClient client(sluice.port());
  expect_error(within(300ms, [&] { return client.post("/", "x"); }), 504, "response_timeout");
  EXPECT_TRUE(eventually([&] { return upstream.open_connections() == 0; })) << "the late answer could reach the next";
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"reason", "response_timeout"}}), 1);
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_requests_total", {{"version", "v1"}, {"code", "504"}}), 1);
}

TEST(Timeouts, AHalfResponseHeadCountsAsNone) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nContent-Le");
    gateway.sees_close();
  });
  SluiceProcess sluice(policy_for(upstream, "timeouts: {request: 8s, backendRequest: 300ms}"));
  RawClient client(sluice.port());
  expect_error(client.get("/"), 504, "response_timeout");
}

TEST(Timeouts, RequestEndsTheWholeExchange) {
  FakeUpstream upstream(never_answers());
  SluiceProcess sluice(policy_for(upstream, "timeouts: {request: 300ms, backendRequest: 300ms}"));
  RawClient client(sluice.port());
  const auto response = within(300ms, [&] { return client.get("/"); });
  EXPECT_EQ(response.status(), 504);
  const auto reason = response.field("x-sluice-error");
  EXPECT_TRUE(reason == "request_timeout" || reason == "response_timeout") << reason;
}

TEST(Timeouts, RequestEndsAnAnswerThatDripsForEver) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (!gateway.sees_close(20ms)) gateway.send("x");
  });
  SluiceProcess sluice(policy_for(upstream, "timeouts: {" + kRequestMayBeKept + "}"));
  RawClient client(sluice.port());
  const auto response = within(kMayBeKept, [&] { return client.get("/"); });
  EXPECT_EQ(response.status(), 200);
  EXPECT_FALSE(response.complete);
}

TEST(Timeouts, StreamIdleCutsAnAnswerThatStopped) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    gateway.sees_close();
  });
  SluiceProcess sluice(policy_for(upstream, "timeouts: {streamIdle: 300ms}"));
  RawClient client(sluice.port());
  const auto response = within(300ms, [&] { return client.get("/"); });
  EXPECT_EQ(response.status(), 200);
  EXPECT_EQ(response.body, "one");
  EXPECT_FALSE(response.complete) << "an answer that broke off looks whole";
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"reason", "stream_idle_timeout"}}), 1);
}

TEST(Timeouts, AStreamThatGoesOnOutlivesTheRequestTimeout) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 8; ++i) {
      gateway.send("9\r\ndata: 1\n\n\r\n");
      if (gateway.sees_close(kMayBeKept / 4)) return;
    }
    gateway.send("0\r\n\r\n");
  });
  SluiceProcess sluice(policy_for(upstream, "timeouts: {" + kRequestMayBeKept + ", streamIdle: 8s}"));
  RawClient client(sluice.port());
  const auto response = client.get("/");
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(response.chunks.size(), 8u);
}

TEST(Timeouts, HeaderEndsAHeadThatDoesNotCome) {
  FakeUpstream upstream;
  SluiceProcess sluice(policy_for(upstream, {}, "timeouts: {header: 300ms}"));
  RawClient client(sluice.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Slow");
  const auto response = within(300ms, [&] { return client.read_response(); });
  EXPECT_EQ(response.status(), 408);
  EXPECT_EQ(response.field("x-sluice-error"), "header_timeout");
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_EQ(upstream.connections(), 0u);
}

TEST(Timeouts, HeaderIsNotProlongedByAByteNowAndThen) {
  FakeUpstream upstream;
  SluiceProcess sluice(policy_for(upstream, {}, "timeouts: {header: 400ms}"));
  RawClient client(sluice.port());
  const auto answer = within(400ms, [&] {
    std::string bytes;
    for (const char byte : "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: " + std::string(2000, 's')) {
      if (!client.send({&byte, 1})) break;
      try {
        bytes = client.connection().read_some(1000, 20ms);
        break;
      } catch (const TimedOut&) {
      }
    }
    return bytes;
  });
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
}

TEST(Timeouts, ConnectionsThatSayNothingAreClosedWithoutAWord) {
  FakeUpstream upstream("fine");
  const std::string kept = std::to_string(kMayBeKept.count()) + "ms";
  SluiceProcess sluice(policy_for(upstream, {}, "timeouts: {keepAlive: " + kept + ", header: " + kept + "}"));
  RawClient silent(sluice.port());
  RawClient used(sluice.port());
  EXPECT_EQ(used.get("/").status(), 200);
  EXPECT_EQ(within(kMayBeKept, [&] { return used.read_to_end(); }), "");
  EXPECT_TRUE(silent.is_closed_by_peer());
}

TEST(Timeouts, BodyIdleEndsAnUploadThatStopped) {
  FakeUpstream upstream(never_answers());
  SluiceProcess sluice(policy_for(upstream, {}, "timeouts: {bodyIdle: 300ms}"));
  RawClient client(sluice.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nbegin");
  expect_error(within(300ms, [&] { return client.read_response(); }), 408, "body_idle_timeout");
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_TRUE(eventually([&] { return upstream.open_connections() == 0; }));
}

}  // namespace
}  // namespace sluice::test
