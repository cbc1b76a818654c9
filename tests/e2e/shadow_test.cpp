#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

TEST(Shadow, GetsAMarkedCopyOfEveryRequestAndItsAnswerIsNeverSeen) {
  FakeUpstream live("live");
  FakeUpstream shadow("shadow");
  SluiceProcess sluice(shadow_policy(live, shadow));
  RawClient client(sluice.port());
  for (int i = 0; i < 10; ++i) {
    const auto response = client.post("/infer/" + std::to_string(i), "body " + std::to_string(i), {{"X-User", "u"}});
    EXPECT_EQ(response.body, "live");
    EXPECT_EQ(version_of(response), "v1");
  }
  ASSERT_TRUE(eventually([&] { return shadow.request_count() == 10; })) << shadow.request_count();
  std::set<std::string> targets;
  for (const auto& copy : shadow.requests()) {
    targets.insert(copy.target());
    EXPECT_EQ(copy.field("x-sluice-shadow"), "true");
    EXPECT_EQ(copy.field("x-user"), "u");
    EXPECT_EQ(copy.body, "body " + copy.target().substr(7));
  }
  EXPECT_EQ(targets.size(), 10u);
  for (const auto& original : live.requests()) EXPECT_FALSE(original.has("x-sluice-shadow"));
  EXPECT_EQ(sluice.metric_becomes(10, "sluice_shadow_requests_total", {{"version", "v2"}}), 10);
  EXPECT_EQ(sluice.metrics().value("sluice_requests_total", {{"version", "v2"}}), 0) << "copies count as live traffic";
}

TEST(Shadow, BodiesOfEveryFramingAreCopied) {
  FakeUpstream live("live");
  FakeUpstream shadow("shadow");
  SluiceProcess sluice(shadow_policy(live, shadow));
  RawClient client(sluice.port());
  const std::string body(100000, 'b');
  client.post("/length", body);
  client.send(request_text("POST", "/chunks", chunked(body, 3000), {{"Transfer-Encoding", "chunked"}}));
  EXPECT_EQ(client.read_response().body, "live");
  client.get("/nothing");
  ASSERT_TRUE(eventually([&] { return shadow.request_count() == 3; }));
  for (const auto& copy : shadow.requests()) {
    EXPECT_TRUE(copy.body == (copy.target() == "/nothing" ? "" : body)) << copy.target();
  }
}

TEST(Shadow, ThatNeverAnswersDoesNotHoldTheLiveAnswerBack) {
  FakeUpstream live("live");
  FakeUpstream shadow(never_answers());
  SluiceProcess sluice(shadow_policy(live, shadow, "requestsInFlight: 3", {}, "workers: 1"));
  RawClient client(sluice.port());
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 30; ++i) ASSERT_EQ(client.post("/", "x").body, "live");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(kSanitized ? 20 : 4));
  ASSERT_TRUE(eventually([&] { return shadow.request_count() == 3; }));
  EXPECT_EQ(sluice.metric_becomes(27, "sluice_shadow_dropped_total", {{"reason", "in_flight"}}), 27);
  EXPECT_EQ(shadow.request_count(), 3u) << "more copies in flight than the budget allows";
}

TEST(Shadow, ThatDoesNotEvenReadDoesNotHoldALargeUploadBack) {
  FakeUpstream live("live");
  Gate gate;
  FakeUpstream shadow([&](Conversation& gateway) { gateway.wait_for(gate); });
  SluiceProcess sluice(shadow_policy(live, shadow, "bodyBytes: 8MiB"));
  RawClient client(sluice.port());
  const std::string body(7 << 20, 'b');
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.post("/", body).body, "live");
  gate.open();
}

TEST(Shadow, ThatIsDeadChangesNothing) {
  FakeUpstream live("live");
  SluiceProcess sluice(
      gateway_yaml() +
      route_yaml("model",
                 {version_yaml("v1", live), version_yaml("v2", "http://127.0.0.1:" + std::to_string(refused_port()))},
                 "strategy: {shadow: {live: v1, candidates: [{version: v2}]}}"));
  RawClient client(sluice.port());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.post("/", "x").body, "live");
  EXPECT_EQ(sluice.metric_becomes(10, "sluice_shadow_dropped_total", {{"reason", "connect"}}), 10);
}

TEST(Shadow, ThatAnswersRudelyChangesNothing) {
  for (const std::string rude :
       {"garbage\r\n\r\n", "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "HTTP/1.1 100 Continue\r\n\r\n"}) {
    FakeUpstream live("live");
    FakeUpstream shadow([&](Conversation& gateway) {
      gateway.read_request();
      gateway.send(rude);
    });
    SluiceProcess sluice(shadow_policy(live, shadow));
    RawClient client(sluice.port());
    for (int i = 0; i < 5; ++i) {
      const auto response = client.post("/", "x");
      EXPECT_EQ(response.body, "live") << rude;
      EXPECT_EQ(response.status(), 200) << rude;
    }
  }
}

TEST(Shadow, WithAnEndlessAnswerDoesNotFillTheMemory) {
  FakeUpstream live("live");
  std::atomic<std::uint64_t> sent{0};
  FakeUpstream shadow([&](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    for (int i = 0; i < 1000; ++i) {
      gateway.send_filler(100000);
      sent += 100000;
    }
  });
  SluiceProcess sluice(shadow_policy(live, shadow, {}, {}, "workers: 1"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "x").body, "live");
  const auto before = sluice.process().resident();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(client.post("/", "x").body, "live");
  eventually([&] { return sent > 50u << 20; }, std::chrono::milliseconds(3000));
  if (!kSanitized) {
    EXPECT_LT(sluice.process().resident(), before + (4u << 20));
  }
  EXPECT_EQ(client.post("/", "x").body, "live");
}

TEST(Shadow, ALargeRequestIsNotCopied) {
  FakeUpstream live("live");
  FakeUpstream shadow("shadow");
  SluiceProcess sluice(shadow_policy(live, shadow, "bodyBytes: 1KiB"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/large", std::string(5000, 'x')).body, "live");
  EXPECT_EQ(client.post("/small", "x").body, "live");
  EXPECT_EQ(shadow.request(0).target(), "/small");
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_shadow_dropped_total", {{"reason", "body_bytes"}}), 1);
}

TEST(Shadow, TheRateIsBounded) {
  FakeUpstream live("live");
  FakeUpstream shadow("shadow");
  SluiceProcess sluice(shadow_policy(live, shadow, "requestsPerSecond: 2"));
  RawClient client(sluice.port());
  for (int i = 0; i < 50; ++i) EXPECT_EQ(client.post("/", "x").body, "live");
  EXPECT_TRUE(eventually([&] {
    const auto metrics = sluice.metrics();
    return metrics.value("sluice_shadow_requests_total") + metrics.value("sluice_shadow_dropped_total") == 50;
  }));
  EXPECT_GT(sluice.metrics().value("sluice_shadow_dropped_total", {{"reason", "rate"}}), 30);
}

TEST(Shadow, OnlyTheShareThatThePolicyWantsIsCopied) {
  FakeUpstream live("live");
  FakeUpstream shadow("shadow");
  SluiceProcess sluice(gateway_yaml() +
                       route_yaml("model", {version_yaml("v1", live), version_yaml("v2", shadow)},
                                  "strategy: {shadow: {live: v1, candidates: [{version: v2, percent: 25}]}}"));
  RawClient client(sluice.port());
  for (int i = 0; i < 400; ++i) EXPECT_EQ(client.post("/", "x").body, "live");
  EXPECT_TRUE(eventually([&] { return shadow.request_count() >= 48; })) << shadow.request_count();
  EXPECT_LE(shadow.request_count(), 152u);
}

TEST(Shadow, AClientThatLeavesDoesNotBreakTheGateway) {
  Gate gate;
  FakeUpstream live([&](Conversation& gateway) {
    gateway.read_request();
    gateway.wait_for(gate);
    gateway.answer(200, "live");
  });
  FakeUpstream shadow(never_answers());
  SluiceProcess sluice(shadow_policy(live, shadow));
  for (int i = 0; i < 5; ++i) {
    RawClient client(sluice.port());
    client.send(request_text("POST", "/", "x"));
    live.request(static_cast<std::size_t>(i));
    client.reset();
  }
  gate.open();
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "x").body, "live");
}

}  // namespace
}  // namespace sluice::test
