#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

TEST(Pool, OneConnectionServesRequestsThatFollowEachOther) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream, {}, "workers: 1"));
  for (int i = 0; i < 10; ++i) {
    RawClient client(sluice.port());
    EXPECT_EQ(client.get("/").body, "fine");
  }
  EXPECT_EQ(upstream.connections(), 1u);
}

TEST(Pool, RequestsWaitForAFreeConnection) {
  Gate gate;
  FakeUpstream upstream([&](Conversation& gateway) {
    while (true) {
      gateway.read_request();
      gateway.wait_for(gate);
      gateway.answer(200, "fine");
    }
  });
  SluiceProcess sluice(policy_for(upstream, "pool: {maxConnections: 1, pendingTimeout: 8s, prewarm: 0}", "workers: 1"));
  RawClient first(sluice.port());
  RawClient second(sluice.port());
  first.send(request_text("GET", "/1"));
  upstream.request(0);
  second.send(request_text("GET", "/2"));
  gate.open();
  EXPECT_EQ(first.read_response().body, "fine");
  EXPECT_EQ(second.read_response().body, "fine");
  EXPECT_EQ(upstream.connections(), 1u);
}

TEST(Pool, WaitingHasADeadline) {
  FakeUpstream upstream(never_answers());
  SluiceProcess sluice(
      policy_for(upstream, "pool: {maxConnections: 1, pendingTimeout: 200ms, prewarm: 0}", "workers: 1"));
  RawClient first(sluice.port());
  RawClient second(sluice.port());
  first.send(request_text("GET", "/"));
  upstream.request(0);
  const auto response = second.get("/");
  EXPECT_EQ(response.status(), 503);
  EXPECT_EQ(response.field("x-sluice-error"), "pool_timeout");
}

TEST(Pool, TheQueueHasAnEnd) {
  Gate gate;
  FakeUpstream upstream([&](Conversation& gateway) {
    while (true) {
      gateway.read_request();
      gateway.wait_for(gate);
      gateway.answer(200, "fine");
    }
  });
  SluiceProcess sluice(
      policy_for(upstream, "pool: {maxConnections: 1, maxPending: 1, pendingTimeout: 8s, prewarm: 0}", "workers: 1"));
  RawClient first(sluice.port());
  first.send(request_text("GET", "/"));
  upstream.request(0);
  std::vector<std::unique_ptr<RawClient>> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.push_back(std::make_unique<RawClient>(sluice.port()));
    waiting.back()->send(request_text("GET", "/"));
  }
  ASSERT_EQ(sluice.metric_becomes(2, "sluice_request_failures_total", {{"reason", "pool_overflow"}}), 2);
  gate.open();
  int served = 0;
  for (auto& client : waiting) {
    const auto response = client->read_response();
    served += response.status() == 200 ? 1 : 0;
    if (response.status() != 200) expect_error(response, 503, "pool_overflow");
  }
  EXPECT_EQ(served, 1);
  EXPECT_EQ(first.read_response().body, "fine");
}

TEST(Pool, AClientThatLeavesItsPlaceInTheQueueCostsNobodyAnything) {
  Gate gate;
  FakeUpstream upstream([&](Conversation& gateway) {
    while (true) {
      gateway.read_request();
      gateway.wait_for(gate);
      gateway.answer(200, "fine");
    }
  });
  SluiceProcess sluice(policy_for(upstream, "pool: {maxConnections: 1, pendingTimeout: 8s, prewarm: 0}", "workers: 1"));
  RawClient first(sluice.port());
  first.send(request_text("GET", "/"));
  upstream.request(0);
  {
    RawClient leaver(sluice.port());
    leaver.send(request_text("GET", "/left"));
    ASSERT_EQ(sluice.metric_becomes(2, "sluice_requests_in_flight", {{"version", "v1"}}), 2);
    leaver.reset();
  }
  ASSERT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"reason", "client_abort"}}), 1);
  gate.open();
  EXPECT_EQ(first.read_response().body, "fine");
  EXPECT_EQ(first.get("/").body, "fine");
  for (const auto& request : upstream.requests()) EXPECT_NE(request.target(), "/left");
}

TEST(Pool, EveryVersionIsDialledBeforeItsFirstRequestEvenWithoutWeight) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(split_policy(first, second, 1, 0, "pool: {prewarm: 2}", "workers: 1"));
  EXPECT_TRUE(eventually([&] { return first.connections() == 2 && second.connections() == 2; }))
      << first.connections() << " and " << second.connections();
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").body, "one");
  EXPECT_EQ(first.connections(), 2u);
}

TEST(Pool, UnusedConnectionsAreClosed) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream, "pool: {idleTimeout: 200ms, prewarm: 0}", "workers: 1"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").body, "fine");
  EXPECT_TRUE(eventually([&] { return upstream.open_connections() == 0; }));
  EXPECT_EQ(client.get("/").body, "fine");
  EXPECT_EQ(upstream.connections(), 2u);
}

TEST(Pool, LoadSpreadsOverTheEndpointsOfAVersion) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(gateway_yaml() + route_yaml("model", {version_yaml("v1", {first.url(), second.url()})}));
  RawClient client(sluice.port());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(client.get("/").status(), 200);
  EXPECT_GT(first.request_count(), 10u);
  EXPECT_GT(second.request_count(), 10u);
}

TEST(Pool, TheBusyEndpointGetsLess) {
  Gate gate;
  FakeUpstream busy([&](Conversation& gateway) {
    while (true) {
      gateway.read_request();
      gateway.wait_for(gate);
      gateway.answer(200, "busy");
    }
  });
  FakeUpstream idle("idle");
  SluiceProcess sluice(gateway_yaml("workers: 1") +
                       route_yaml("model", {version_yaml("v1", {busy.url(), idle.url()})}));
  std::vector<std::unique_ptr<RawClient>> stuck;
  ASSERT_TRUE(eventually([&] {
    stuck.push_back(std::make_unique<RawClient>(sluice.port()));
    stuck.back()->send(request_text("GET", "/"));
    return eventually([&] { return busy.request_count() > 0; }, std::chrono::milliseconds(50));
  }));
  RawClient client(sluice.port());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.get("/").body, "idle");
  EXPECT_EQ(busy.request_count(), 1u);
  gate.open();
}

}  // namespace
}  // namespace sluice::test
