#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

TEST(Limits, ABodyThatSaysItIsTooLargeReachesNobody) {
  FakeUpstream upstream;
  SluiceProcess sluice(policy_for(upstream, {}, "limits: {bodyBytes: 1KiB}"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", std::string(1024, 'x')).status(), 200);
  RawClient other(sluice.port());
  expect_error(other.post("/", std::string(1025, 'x')), 413, "too_large");
  EXPECT_EQ(upstream.request_count(), 1u);
}

TEST(Limits, ABodyInChunksThatGrowsTooLargeNeverLooksWhole) {
  std::string seen;
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_head();
    seen = gateway.read_until("never sent");
  });
  SluiceProcess sluice(policy_for(upstream, {}, "limits: {bodyBytes: 1KiB}"));
  RawClient client(sluice.port());
  client.send(request_text("POST", "/", chunked(std::string(5000, 'x'), 500), {{"Transfer-Encoding", "chunked"}}));
  expect_error(client.read_response(), 413, "too_large");
  EXPECT_TRUE(eventually([&] { return upstream.open_connections() == 0; }));
  EXPECT_EQ(seen.find("0\r\n\r\n"), std::string::npos);
}

TEST(Limits, AHeadThatIsTooLongReachesNobody) {
  FakeUpstream upstream;
  SluiceProcess sluice(policy_for(upstream, {}, "limits: {headerBytes: 4KiB}"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/", {{"X-Big", std::string(3000, 'x')}}).status(), 200);
  const auto refused = client.get("/", {{"X-Big", std::string(6000, 'x')}});
  EXPECT_EQ(refused.status(), 431);
  EXPECT_TRUE(refused.has("x-sluice-error"));
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"reason", "header_too_large"}}), 1);
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_EQ(upstream.request_count(), 1u);
}

TEST(Limits, TooManyFieldsReachNobody) {
  FakeUpstream upstream;
  SluiceProcess sluice(policy_for(upstream, {}, "limits: {headers: 10}"));
  RawClient client(sluice.port());
  Fields fields;
  for (int i = 0; i < 20; ++i) fields.emplace_back("X-" + std::to_string(i), "1");
  EXPECT_EQ(client.get("/", fields).status(), 431);
  EXPECT_EQ(upstream.request_count(), 0u);
}

TEST(Limits, ATargetThatIsTooLongIsA414) {
  FakeUpstream upstream;
  SluiceProcess sluice(policy_for(upstream, {}, "limits: {headerBytes: 4KiB}"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/" + std::string(8000, 'x')).status(), 414);
  EXPECT_EQ(upstream.request_count(), 0u);
}

TEST(Limits, ALongHeadWithinTheLimitPasses) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  for (const std::size_t size : {500u, 1000u, 1100u, 4000u, 20000u, 50000u}) {
    const std::string value(size, 'v');
    EXPECT_EQ(client.get("/", {{"X-Big", value}}).body, "fine") << size;
    EXPECT_TRUE(upstream.requests().back().field("x-big") == value) << size;
  }
}

TEST(Limits, ConnectionsBeyondTheLimitAreTurnedAwayAndTheOthersServed) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream, {}, "limits: {connections: 2}"));
  RawClient first(sluice.port());
  RawClient second(sluice.port());
  EXPECT_EQ(first.get("/").status(), 200);
  EXPECT_EQ(second.get("/").status(), 200);
  {
    RawClient third(sluice.port());
    third.send(request_text("GET", "/"));
    const auto bytes = third.read_to_end();
    EXPECT_TRUE(bytes.empty() || bytes.starts_with("HTTP/1.1 503 ")) << bytes;
  }
  EXPECT_EQ(first.get("/").status(), 200);
  EXPECT_EQ(upstream.request_count(), 3u);
  second.close();
  EXPECT_TRUE(eventually([&] {
    RawClient fourth(sluice.port());
    fourth.send(request_text("GET", "/", {}, {{"Connection", "close"}}));
    return fourth.read_to_end().starts_with("HTTP/1.1 200 ");
  })) << "a place that became free stays empty";
}

TEST(Limits, RequestsInFlightBeyondTheLimitAreA503) {
  Gate gate;
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    gateway.wait_for(gate);
    gateway.answer(200, "fine");
  });
  SluiceProcess sluice(policy_for(upstream, {}, "limits: {requestsInFlight: 1}\nworkers: 1"));
  RawClient first(sluice.port());
  RawClient second(sluice.port());
  first.send(request_text("GET", "/"));
  upstream.request(0);
  expect_error(second.get("/"), 503, "overloaded");
  gate.open();
  EXPECT_EQ(first.read_response().body, "fine");
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_requests_in_flight"), 0);
  EXPECT_EQ(second.get("/").body, "fine");
}

}  // namespace
}  // namespace sluice::test
