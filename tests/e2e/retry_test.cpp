#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

TEST(Retry, AReusedConnectionThatDiedIsReplacedOnce) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.answer(200, "connection " + std::to_string(gateway.number()));
    gateway.read_request();
    if (gateway.number() > 0) gateway.answer(200, "again");
  });
  SluiceProcess sluice(policy_for(upstream, {}, "workers: 1"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "first").body, "connection 0");
  const auto second = client.post("/", "second");
  EXPECT_EQ(second.status(), 200) << second.body;
  EXPECT_EQ(second.body, "connection 1");
  EXPECT_EQ(upstream.request(2).body, "second") << "the body goes along with the retry";
  EXPECT_EQ(upstream.request_count(), 3u);
}

TEST(Retry, HappensOnceAndNotTwice) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    if (gateway.number() == 0) gateway.answer(200, "fine");
    if (gateway.number() == 0) gateway.read_request();
  });
  SluiceProcess sluice(policy_for(upstream, {}, "workers: 1"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "first").status(), 200);
  expect_error(client.post("/", "second"), 502, "reset");
  EXPECT_EQ(upstream.request_count(), 3u) << "first, second, and one retry of the second";
}

TEST(Retry, AFreshConnectionThatDiedIsNotRetried) {
  FakeUpstream upstream([](Conversation& gateway) { gateway.read_request(); });
  SluiceProcess sluice(policy_for(upstream, {}, "workers: 1"));
  RawClient client(sluice.port());
  expect_error(client.post("/", "x"), 502, "reset");
  EXPECT_EQ(upstream.request_count(), 1u);
}

TEST(Retry, AnAnswerThatBeganIsNotRetried) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.answer(200, "fine");
    gateway.read_request();
    gateway.send("HTTP/1.1 200");
  });
  SluiceProcess sluice(policy_for(upstream, {}, "workers: 1"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "first").status(), 200);
  EXPECT_EQ(client.post("/", "second").status(), 502);
  EXPECT_EQ(upstream.request_count(), 2u);
}

TEST(Retry, AConnectionThatTheUpstreamClosedWhileIdleIsNotUsed) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.answer(200, "connection " + std::to_string(gateway.number()));
  });
  SluiceProcess sluice(policy_for(upstream, {}, "workers: 1"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "first").body, "connection 0");
  ASSERT_TRUE(eventually([&] { return upstream.open_connections() == 0; }));
  EXPECT_EQ(client.post("/", "second").body, "connection 1");
  EXPECT_EQ(sluice.metrics().value("sluice_retries_total"), 0) << "the dead connection was only noticed by trying it";
}

TEST(Retry, ALargeBodyThatIsGoneCannotBeSentAgain) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    if (gateway.number() == 0) gateway.answer(200, "fine");
    if (gateway.number() == 0) gateway.read_request();
  });
  SluiceProcess sluice(policy_for(upstream, {}, "workers: 1"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "first").status(), 200);
  expect_error(client.post("/", std::string(1 << 20, 'x')), 502, "reset");
  EXPECT_LE(upstream.request_count(), 3u);
}

}  // namespace
}  // namespace sluice::test
