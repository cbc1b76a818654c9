#include "sluice/gateway/gateway.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "configs.hpp"
#include "support/certificates.hpp"
#include "support/fake_upstream.hpp"
#include "support/gate.hpp"
#include "support/raw_client.hpp"

namespace sluice::gateway {
namespace {

using namespace std::chrono_literals;
using test::Conversation;
using test::eventually;
using test::FakeUpstream;
using test::RawClient;

/// Tells that a request arrived by recording it, answers when the gate opens.
FakeUpstream::Script answers_after(const test::Gate& gate, std::string body) {
  return [&gate, body = std::move(body)](Conversation& gateway) {
    while (true) {
      gateway.read_request();
      gateway.wait_for(gate);
      gateway.answer(200, body);
    }
  };
}

class GatewayTest : public testing::Test {
 protected:
  void start(Config config, std::size_t workers = 2) {
    registry.emplace(workers);
    gateway.emplace(*registry, clock);
    const auto started = gateway->start(std::move(config));
    ASSERT_TRUE(started) << started.error().message;
    port = gateway->listening().at(0).port();
  }
  void publish(Config config) {
    const auto published = gateway->publish(std::move(config));
    ASSERT_TRUE(published) << published.error().message;
  }
  Config only(const FakeUpstream& upstream, const std::string& name) { return config_for({{name, upstream.port()}}); }

  SystemClock clock;
  std::optional<metrics::Registry> registry;
  std::optional<Gateway> gateway;
  std::uint16_t port = 0;
};

TEST_F(GatewayTest, AnswersThroughTheVersionThatItsPlanNames) {
  FakeUpstream v1("one");
  FakeUpstream v2("two");
  start(config_for({{"v1", v1.port(), 0}, {"v2", v2.port(), 100}}));
  RawClient client(port);
  const auto answer = client.post("/v2/models/m/infer", "{}");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body, "two");
  EXPECT_EQ(answer.field("x-sluice-version"), "v2");
  EXPECT_EQ(answer.field("x-request-id").size(), 36u);
  EXPECT_EQ(v2.request(0).field("x-request-id"), answer.field("x-request-id"));
  EXPECT_EQ(v2.request(0).field("x-forwarded-for"), "127.0.0.1");
  EXPECT_EQ(v1.request_count(), 0u);
}

TEST_F(GatewayTest, ANewConfigurationHoldsFromTheNextRequestOfAnOpenConnection) {
  FakeUpstream v1("one");
  FakeUpstream v2("two");
  start(only(v1, "v1"));
  RawClient client(port);
  EXPECT_EQ(client.get("/").body, "one");
  publish(only(v2, "v2"));
  EXPECT_EQ(client.get("/").body, "two");
  publish(only(v1, "v1"));
  EXPECT_EQ(client.get("/").body, "one");
}

TEST_F(GatewayTest, ARequestUnderWayKeepsTheConfigurationItBeganWith) {
  test::Gate gate;
  FakeUpstream old(answers_after(gate, "old"));
  FakeUpstream fresh("new");
  start(only(old, "v1"));
  RawClient client(port);
  client.send(test::request_text("GET", "/"));
  old.request(0);
  publish(only(fresh, "v2"));
  gate.open();
  const auto answer = client.read_response();
  EXPECT_EQ(answer.body, "old");
  EXPECT_EQ(answer.field("x-sluice-version"), "v1");
  EXPECT_EQ(client.get("/").body, "new");
}

TEST_F(GatewayTest, ConnectionsToEndpointsThatAreNoLongerNamedAreClosed) {
  FakeUpstream v1("one");
  FakeUpstream v2("two");
  start(only(v1, "v1"), 1);
  RawClient client(port);
  client.get("/");
  EXPECT_GE(v1.open_connections(), 1u);
  publish(only(v2, "v2"));
  EXPECT_TRUE(eventually([&] { return v1.open_connections() == 0; }));
}

TEST_F(GatewayTest, ListenersCannotChangeWhileRunning) {
  FakeUpstream v1("one");
  FakeUpstream v2("two");
  start(only(v1, "v1"));
  Config moved = only(v2, "v2");
  moved.listeners[0].port = port;
  auto refused = gateway->publish(std::move(moved));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("restart"), std::string::npos) << refused.error().message;
  Config more = only(v2, "v2");
  more.listeners.push_back({"127.0.0.1", 0, std::nullopt});
  EXPECT_FALSE(gateway->publish(std::move(more)));
  EXPECT_EQ(RawClient(port).get("/").body, "one") << "the old configuration stays";
}

TEST_F(GatewayTest, WhatCannotBeLoadedIsNotPublished) {
  FakeUpstream v1("one");
  FakeUpstream v2("two");
  start(only(v1, "v1"));
  Config broken = only(v2, "v2");
  broken.routes[0].versions[0].endpoints[0].tls = true;
  broken.routes[0].versions[0].endpoints[0].tls_settings.ca_file = "/nowhere/ca.pem";
  EXPECT_FALSE(gateway->publish(std::move(broken)));
  EXPECT_EQ(RawClient(port).get("/").body, "one");
}

TEST_F(GatewayTest, AnAddressInUseIsSaidAndNothingIsStarted) {
  FakeUpstream v1("one");
  test::Listener taken;
  metrics::Registry counters(1);
  Gateway failing(counters, clock);
  Config config = only(v1, "v1");
  config.listeners.push_back({"127.0.0.1", taken.port(), std::nullopt});
  const auto started = failing.start(std::move(config));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().message.rfind("cannot listen on 127.0.0.1:" + std::to_string(taken.port()) + ": ", 0), 0u)
      << started.error().message;
}

TEST_F(GatewayTest, CertificatesOfAListenerMayChangeWhileItIsOpen) {
  test::Certificates first("first");
  test::Certificates second("second");
  const auto one = first.issue("gateway.test");
  const auto two = second.issue("gateway.test");
  FakeUpstream v1("one");
  Config config = only(v1, "v1");
  config.listeners[0].tls = ListenerTls{one.certificate_file, one.key_file, {}};
  start(config);
  const auto believes = [&](const test::Certificates& authority) {
    test::TlsIdentity visitor;
    visitor.ca_file = authority.ca_file();
    visitor.server_name = "gateway.test";
    try {
      return RawClient(port, visitor).get("/").status() == 200;
    } catch (const std::runtime_error&) {
      return false;
    }
  };
  EXPECT_TRUE(believes(first));
  config.listeners[0].tls = ListenerTls{two.certificate_file, two.key_file, {}};
  publish(config);
  EXPECT_TRUE(eventually([&] { return believes(second); }));
  EXPECT_FALSE(believes(first));
}

TEST_F(GatewayTest, MoreConnectionsThanTheLimitAreToldSo) {
  FakeUpstream v1("one");
  Config config = only(v1, "v1");
  config.limits.connections = 2;
  start(std::move(config));
  RawClient first(port);
  EXPECT_EQ(first.get("/").status(), 200);
  std::optional<RawClient> second(std::in_place, port);
  EXPECT_EQ(second->get("/").status(), 200);
  {
    RawClient third(port);
    const auto refusal = third.read_response();
    EXPECT_EQ(refusal.status(), 503);
    EXPECT_EQ(refusal.field("x-sluice-error"), "connection_limit");
    EXPECT_TRUE(third.is_closed_by_peer());
  }
  EXPECT_EQ(registry->snapshot().gateway.connections_refused, 1u);
  EXPECT_EQ(gateway->open_connections(), 2u);
  second.reset();
  EXPECT_TRUE(eventually([&] { return gateway->open_connections() == 1; }));
  EXPECT_EQ(RawClient(port).get("/").status(), 200) << "room again";
}

TEST_F(GatewayTest, MoreRequestsThanTheLimitAreToldSo) {
  test::Gate gate;
  FakeUpstream v1(answers_after(gate, "one"));
  Config config = only(v1, "v1");
  config.limits.requests_in_flight = 1;
  start(std::move(config), 1);
  RawClient first(port);
  first.send(test::request_text("GET", "/"));
  v1.request(0);
  RawClient second(port);
  const auto refusal = second.get("/");
  EXPECT_EQ(refusal.status(), 503);
  EXPECT_EQ(refusal.field("x-sluice-error"), "overloaded");
  gate.open();
  EXPECT_EQ(first.read_response().body, "one");
  EXPECT_EQ(second.get("/").body, "one") << "the refused client's connection is still good";
}

TEST_F(GatewayTest, WithoutMemoryRequestsAreToldSoUntilThereIsSome) {
  FakeUpstream v1("one");
  Config config = only(v1, "v1");
  config.limits.memory_bytes = 1;
  start(config);
  RawClient client(port);
  test::HttpMessage refusal;
  ASSERT_TRUE(eventually([&] { return (refusal = client.get("/")).status() == 503; }));
  EXPECT_EQ(refusal.field("x-sluice-error"), "memory_full");
  EXPECT_EQ(refusal.field("retry-after"), "1");
  config.limits.memory_bytes = std::uint64_t{1} << 50;
  publish(config);
  EXPECT_TRUE(eventually([&] { return client.get("/").body == "one"; }));
}

TEST_F(GatewayTest, StoppingEndsRequestsThatWaitForTheirTurn) {
  FakeUpstream v1(test::never_answers());
  Config config = only(v1, "v1");
  config.routes[0].versions[0].limits = {1, 10, 60000ms};
  start(std::move(config), 1);
  RawClient inside(port);
  inside.send(test::request_text("GET", "/"));
  v1.request(0);
  RawClient first(port);
  RawClient second(port);
  first.send(test::request_text("GET", "/"));
  second.send(test::request_text("GET", "/"));
  EXPECT_TRUE(eventually([&] { return registry->snapshot().routes.at(0).versions.at(0).totals.waiting == 2; }));
  gateway->stop();
  EXPECT_TRUE(first.is_closed_by_peer());
  EXPECT_TRUE(second.is_closed_by_peer());
  EXPECT_EQ(registry->snapshot().routes.at(0).versions.at(0).totals.waiting, 0);
}

TEST_F(GatewayTest, DrainingAnswersWhatIsUnderWayAndLetsTheIdleGo) {
  test::Gate gate;
  FakeUpstream v1(answers_after(gate, "one"));
  start(only(v1, "v1"));
  RawClient idle(port);
  RawClient busy(port);
  busy.send(test::request_text("GET", "/"));
  v1.request(0);
  EXPECT_TRUE(eventually([&] { return gateway->open_connections() == 2; }));
  gateway->drain();
  EXPECT_TRUE(idle.is_closed_by_peer());
  gate.open();
  const auto answer = busy.read_response();
  EXPECT_EQ(answer.body, "one");
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_TRUE(busy.is_closed_by_peer());
  busy.close();
  EXPECT_TRUE(eventually([&] { return gateway->open_connections() == 0; }));
  EXPECT_THROW(RawClient(port).get("/"), std::runtime_error) << "nobody listens any more";
}

TEST_F(GatewayTest, StoppingCutsOffRequestsUnderWayAndReturns) {
  FakeUpstream v1(test::never_answers());
  start(only(v1, "v1"));
  RawClient waiting(port);
  waiting.send(test::request_text("GET", "/"));
  RawClient uploading(port);
  uploading.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbeginning");
  RawClient half_a_head(port);
  half_a_head.send("GET / HTTP/1.1\r\nHos");
  v1.request(0);
  EXPECT_TRUE(eventually([&] { return gateway->open_connections() == 3; }));
  gateway->stop();
  EXPECT_EQ(gateway->open_connections(), 0u);
  EXPECT_TRUE(waiting.is_closed_by_peer());
  EXPECT_TRUE(uploading.is_closed_by_peer());
  EXPECT_TRUE(half_a_head.is_closed_by_peer());
  gateway->stop();
  EXPECT_EQ(registry->snapshot().routes.at(0).versions.at(0).totals.in_flight, 0) << "nothing is left behind";
}

TEST_F(GatewayTest, StoppingEndsRequestsThatWaitForAConnection) {
  test::DeafListener deaf;
  start(config_for({{"v1", deaf.port()}}));
  RawClient client(port);
  client.send(test::request_text("GET", "/"));
  EXPECT_TRUE(eventually([&] { return registry->snapshot().routes.at(0).versions.at(0).totals.in_flight == 1; }));
  gateway->stop();
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST_F(GatewayTest, GoingAwayWithoutAStopIsAStop) {
  FakeUpstream v1(test::never_answers());
  start(only(v1, "v1"));
  RawClient client(port);
  client.send(test::request_text("GET", "/"));
  v1.request(0);
  gateway.reset();
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST_F(GatewayTest, AShadowGetsACopyAndChangesNothing) {
  FakeUpstream v1("one");
  FakeUpstream shadow(test::answers(500, "broken"));
  start(config_for({{"v1", v1.port()}, {"v2", shadow.port(), 0, true}}));
  RawClient client(port);
  const auto answer = client.post("/x", "body");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body, "one");
  const auto copy = shadow.request(0);
  EXPECT_EQ(copy.body, "body");
  EXPECT_EQ(copy.field("x-sluice-shadow"), "true");
  EXPECT_EQ(copy.field("x-request-id"), answer.field("x-request-id"));
  EXPECT_FALSE(v1.request(0).has("x-sluice-shadow"));
}

TEST_F(GatewayTest, EveryRequestIsAnsweredWhileConfigurationsChange) {
  FakeUpstream v1("one");
  FakeUpstream v2("two");
  start(only(v1, "v1"), 2);
  std::atomic<bool> over{false};
  std::atomic<int> answered{0};
  std::atomic<int> wrong{0};
  const auto ask = [&] {
    RawClient client(port);
    while (!over) {
      const auto answer = client.get("/");
      const std::string expected = answer.field("x-sluice-version") == "v1" ? "one" : "two";
      if (answer.status() != 200 || answer.body != expected) ++wrong;
      ++answered;
    }
  };
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) clients.emplace_back(ask);
  for (int i = 0; i < 50; ++i) {
    const int before = answered;
    EXPECT_TRUE(gateway->publish(i % 2 == 0 ? only(v2, "v2") : only(v1, "v1")));
    EXPECT_TRUE(eventually([&] { return answered > before; }));
  }
  over = true;
  for (auto& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(v1.request_count(), 0u);
  EXPECT_GT(v2.request_count(), 0u);
}

}  // namespace
}  // namespace sluice::gateway
