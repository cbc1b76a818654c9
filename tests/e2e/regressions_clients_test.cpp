// Clients that do what a polite one would not, and what they may cost.
#include <sstream>

#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

/// Processor time that the process used so far, in ticks of the kernel's clock (10 ms).
long cpu_ticks(pid_t pid) {
  const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  long user = 0;
  long system = 0;
  fields >> user >> system;
  return user + system;
}

/// Ticks used in 200 ms in which there is nothing to do; 20 or more when something spins.
long idle_ticks(SluiceProcess& sluice) {
  const auto before = cpu_ticks(sluice.process().pid());
  std::this_thread::sleep_for(200ms);
  return cpu_ticks(sluice.process().pid()) - before;
}

TEST(LargeHead, AtTheHighestLimitIsRefusedAndDoesNotSpin) {
  std::string many;
  for (int i = 0; i < 120; ++i) many += "X-" + std::to_string(i) + ": " + std::string(600, 'x') + "\r\n";
  for (const auto& fields : {"X-Big: " + std::string(70 * 1024, 'x'), many}) {
    FakeUpstream upstream;
    SluiceProcess sluice(policy_for(upstream, {}, "limits: {headerBytes: 63KiB, headers: 128}\nworkers: 1"));
    RawClient client(sluice.port());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n" + fields);
    const auto refused = client.read_response();
    EXPECT_EQ(refused.status(), 431) << refused.start_line;
    EXPECT_TRUE(refused.has("x-sluice-error"));
    // Again where it had something left to do: what spins does so for ever.
    EXPECT_TRUE(eventually([&] { return idle_ticks(sluice) < 10; })) << "the connection is done with";
    EXPECT_TRUE(client.is_closed_by_peer());
    EXPECT_TRUE(eventually([&] { return idle_ticks(sluice) < 10; })) << "the connection is gone";
    EXPECT_EQ(upstream.connections(), 0u);
  }
}

TEST(LargeHead, CannotBeAllowedByThePolicyBeyondWhatABufferHolds) {
  FakeUpstream upstream;
  for (const auto* limits : {"limits: {headerBytes: 64KiB}", "limits: {headerBytes: 1MiB}", "limits: {headers: 129}"}) {
    const auto finished = serve_and_fail(policy_for(upstream, {}, limits));
    EXPECT_EQ(finished.exit.code, 2) << limits << finished.err;
    EXPECT_NE(finished.err.find("spec.limits.header"), std::string::npos) << finished.err;
  }
}

TEST(LargeHead, JustWithinTheHighestLimitPasses) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream, {}, "limits: {headerBytes: 63KiB}\nworkers: 1"));
  RawClient client(sluice.port());
  const std::string value(62 * 1024, 'v');
  EXPECT_EQ(client.get("/", {{"X-Big", value}}).body, "fine");
  EXPECT_TRUE(upstream.request(0).field("x-big") == value);
}

TEST(UnreadAnswers, OfInterimKindEndWithTheRequestTimeout) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.answer(200, std::string(200000, 'a'));
    gateway.read_request();
    const auto hints = "HTTP/1.1 103 Early Hints\r\nLink: <" + std::string(8000, 'l') + ">\r\n\r\n";
    while (true) gateway.send(hints);
  });
  SluiceProcess sluice(policy_for(
      upstream,
      kSanitized ? "timeouts: {request: 3s, backendRequest: 3s}" : "timeouts: {request: 600ms, backendRequest: 600ms}",
      "workers: 1"));
  RawClient client(sluice.port(), 4096);
  client.send(request_text("GET", "/large"));
  upstream.request(0);
  ASSERT_EQ(sluice.metric_becomes(1, "sluice_requests_total", {{"code", "200"}}), 1) << "200 KB fit into the kernel";
  client.send(request_text("GET", "/hints"));
  upstream.request(1);  // in flight since before it was sent on
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_requests_in_flight"), 0) << "a client that does not read holds a request";
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_connections_open"), 0) << "and its connection";
  EXPECT_TRUE(eventually([&] { return upstream.open_connections() == 0; }));
}

TEST(DrippedBody, ThatARuleLooksIntoEndsWithTheLongestRequestTimeoutAndCountsMeanwhile) {
  FakeUpstream large("large");
  FakeUpstream fallback("fallback");
  SluiceProcess sluice(
      gateway_yaml("workers: 1\nlimits: {requestsInFlight: 1}") +
      route_yaml("large", {version_yaml("v1", large)},
                 "protocol: OpenAI\nmatches: [{model: large}]\ntimeouts: {request: 300ms, backendRequest: 300ms}") +
      route_yaml("everything", {version_yaml("w1", fallback)},
                 "protocol: OpenAI\ntimeouts: {request: 1500ms, backendRequest: 1500ms}"));
  RawClient dripping(sluice.port());
  RawClient other(sluice.port());
  const auto begun = std::chrono::steady_clock::now();
  dripping.send("POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{");
  bool counted = false;
  std::string answer;
  while (answer.empty() && std::chrono::steady_clock::now() - begun < kPatience && dripping.send(" ")) {
    const auto refused = counted ? HttpMessage{} : other.post("/v1/chat/completions", R"({"model":"small"})");
    counted = counted || refused.field("x-sluice-error") == "overloaded";
    try {
      answer = dripping.connection().read_some(4096, 20ms);
    } catch (const TimedOut&) {
    }
  }
  const auto took = std::chrono::steady_clock::now() - begun;
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ") || answer.starts_with("HTTP/1.1 504 ")) << answer;
  EXPECT_GE(took, 1400ms) << "before the longest of the timeouts";
  EXPECT_LT(took, 1500ms + (kSanitized ? 10s : 3s));
  EXPECT_TRUE(counted) << "a body that is being read for its model is no request in flight";
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_requests_in_flight"), 0);
  EXPECT_EQ(other.post("/v1/chat/completions", R"({"model":"small"})").body, "fallback");
  EXPECT_EQ(large.request_count(), 0u);
}

TEST(OldClient, WithoutHostReachesTheEndpointWithTheEndpointsOwn) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  EXPECT_EQ(client.exchange("GET /v2 HTTP/1.0\r\n\r\n").body, "fine");
  EXPECT_EQ(upstream.request(0).all("host"), std::vector{"127.0.0.1:" + std::to_string(upstream.port())});
}

}  // namespace
}  // namespace sluice::test
