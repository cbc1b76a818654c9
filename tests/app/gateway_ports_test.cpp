#include "sluice/app/gateway_ports.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "sluice/app/compile.hpp"
#include "support/fake_upstream.hpp"
#include "support/patience.hpp"
#include "support/raw_client.hpp"

namespace sluice::app {
namespace {

policy::ModelRoute route_to(const test::FakeUpstream& upstream) {
  policy::ModelRoute route;
  route.name = "fraud";
  route.unit = {policy::UnitSource::Header, "x-user", ""};
  policy::Version version;
  version.name = "v1";
  version.endpoints = {*policy::parse_endpoint("http://127.0.0.1:" + std::to_string(upstream.port())).endpoint};
  route.versions = {version};
  return route;
}

/// A gateway with this one route, and what its rollouts would read of it.
struct Running {
  explicit Running(const policy::ModelRoute& route) : registry(1), gateway(registry, clock), kpis(gateway) {
    policy::PolicySet set;
    set.routes = {route};
    gateway::Config config = *compile(set);
    config.listeners = {{"127.0.0.1", 0, std::nullopt}};
    const auto started = gateway.start(std::move(config));
    if (!started) throw std::runtime_error(started.error().message);
    kpis.set_routes(set.routes);
  }

  std::uint16_t port() const { return gateway.listening().at(0).port(); }
  /// Of the route's version with that place.
  strategy::VersionEvidence seen(std::size_t version) { return kpis.gather().at("fraud").versions.at(version); }

  SystemClock clock;
  metrics::Registry registry;
  gateway::Gateway gateway;
  GatewayKpis kpis;
};

TEST(GatewayKpis, TellWhatTheSplitAssignedAndWhoseRequestsFailed) {
  test::FakeUpstream faulty(test::answers(500, "x"));
  const policy::ModelRoute route = route_to(faulty);
  Running running(route);

  test::RawClient client(running.port());
  for (const std::string user : {"alice", "bob", "alice"}) client.get("/", {{"x-user", user}});
  ASSERT_TRUE(test::eventually([&] { return running.seen(0).all.failures == 3; }));
  const auto seen = running.seen(0);
  EXPECT_EQ(seen.assigned, 3u);
  EXPECT_EQ(seen.share, 1);
  EXPECT_TRUE(seen.failing_units_known);
  EXPECT_TRUE(test::eventually([&] { return running.seen(0).failing_units == strategy::UnitCounts{2, 1, 0, 0, 0}; }));
}

TEST(GatewayKpis, TellSegmentsOnTheirOwn) {
  test::FakeUpstream faulty(test::answers(500, "x"));
  policy::ModelRoute route = route_to(faulty);
  policy::ValueMatch phone;
  phone.name = "x-device";
  phone.value = "phone";
  policy::Match match;
  match.headers = {phone};
  route.segments = {{"mobile", {match}, {}}};
  Running running(route);
  test::RawClient client(running.port());
  client.get("/", {{"x-user", "alice"}, {"x-device", "phone"}});
  client.get("/", {{"x-user", "alice"}, {"x-device", "phone"}});
  client.get("/", {{"x-user", "bob"}});
  ASSERT_TRUE(test::eventually([&] { return running.seen(0).all.failures == 3; }));
  ASSERT_EQ(running.seen(0).segments.size(), 1u);
  EXPECT_TRUE(test::eventually([&] {
    const auto seen = running.seen(0).segments[0];
    return seen.all.requests == 2 && seen.all.failures == 2 && seen.failing_units_known &&
           seen.failing_units == strategy::UnitCounts{1, 1, 0, 0, 0};
  }));
}

TEST(GatewayKpis, SayWhenFailuresAreNotKnownByUnit) {
  test::FakeUpstream faulty(test::answers(500, "x"));
  policy::ModelRoute route = route_to(faulty);
  route.unit = {};
  Running running(route);
  test::RawClient(running.port()).get("/");
  ASSERT_TRUE(test::eventually([&] { return running.seen(0).all.failures == 1; }));
  const auto seen = running.seen(0);
  EXPECT_FALSE(seen.failing_units_known);
  EXPECT_EQ(seen.failing_units, strategy::UnitCounts{});
}

TEST(GatewayKpis, TellWhatCopiesCost) {
  test::FakeUpstream live("live");
  test::FakeUpstream other(std::string(1000, 'x'));
  policy::ModelRoute route = route_to(live);
  route.versions.push_back(route_to(other).versions[0]);
  route.versions[1].name = "v2";
  policy::Shadow shadow;
  shadow.live = "v1";
  shadow.candidates.emplace_back().version = "v2";
  route.strategy = shadow;
  Running running(route);
  test::RawClient(running.port()).get("/");
  ASSERT_TRUE(test::eventually([&] { return running.seen(1).shadow.requests == 1; }));
  const auto seen = running.seen(1);
  EXPECT_GT(seen.shadow_bytes, 1000u);
  EXPECT_LT(seen.shadow_bytes, 3000u);
  EXPECT_GT(seen.shadow_seconds, 0);
  EXPECT_LT(seen.shadow_seconds, 60) << "seconds, not nanoseconds";
  EXPECT_EQ(running.seen(0).shadow_bytes, 0u) << "live costs nobody's budget";
}

// ---- what a rollout's steering becomes

TEST(GatewayOrders, BoundCopiesAsTheSteeringSays) {
  strategy::CopyBudget copies;
  EXPECT_FALSE(to_mirror_limits(copies).idle);
  copies.requests_in_flight = 3;
  copies.requests_per_second = 4.5;
  copies.body_bytes = 6;
  copies.idle_only = true;
  copies.idle_in_flight = 7;
  copies.idle_latency = std::chrono::microseconds(7100);
  copies.deduplicate = std::chrono::minutes(9);
  copies.requests = 10;
  strategy::Steering steering;
  steering.copies = copies;
  steering.roles = {"live", "shadow"};
  steering.window = 11;
  const gateway::RouteOrders orders = to_orders("fraud", steering);
  EXPECT_EQ(orders.mirror.requests_in_flight, 3u);
  EXPECT_EQ(orders.mirror.requests_per_second, 4.5);
  EXPECT_EQ(orders.mirror.body_bytes, 6u);
  EXPECT_EQ(orders.mirror.idle, (gateway::IdleLimits{7, std::chrono::milliseconds(8)}));
  EXPECT_EQ(orders.mirror.deduplicate, std::chrono::minutes(9));
  EXPECT_EQ(orders.mirror.requests, 10u);
  EXPECT_EQ(orders.window, 11u);
  EXPECT_EQ(orders.withheld.size(), 2u);
}

TEST(GatewayOrders, CopyExactlyWhatThePolicySelects) {
  test::FakeUpstream live("live");
  test::FakeUpstream other("other");
  policy::ModelRoute route = route_to(live);
  route.versions.push_back(route_to(other).versions[0]);
  route.versions[1].name = "v2";
  const auto header = [](std::string name, std::string value) {
    policy::Match match;
    match.headers.emplace_back().name = std::move(name);
    match.headers.back().value = std::move(value);
    return match;
  };
  route.segments = {{"phones", {header("x-device", "phone")}, {}}};
  policy::Shadow shadow;
  shadow.live = "v1";
  shadow.candidates = {{"v2", 0, {}}};
  shadow.select.matches = {header("x-tier", "gold"), header("x-tier", "silver")};
  shadow.select.oversample = {{"phones", 100, {}}};
  shadow.compare.emplace().noise = 0_pct;
  shadow.compare->drop_headers = {"cookie"};
  route.strategy = shadow;
  policy::PolicySet set;
  set.routes = {route};
  gateway::Config config = *compile(set);
  config.listeners = {{"127.0.0.1", 0, std::nullopt}};
  SystemClock clock;
  metrics::Registry registry(1);
  gateway::Gateway gateway(registry, clock);
  ASSERT_TRUE(gateway.start(std::move(config)));

  test::RawClient client(gateway.listening().at(0).port());
  for (int i = 0; i < 10; ++i) {
    const test::Fields fields{{"cookie", "session=1"}, {"x-device", i % 2 == 0 ? "phone" : "pc"}};
    for (const std::string tier : {"gold", "lead", "silver"}) {
      test::Fields more = fields;
      more.emplace_back("x-tier", tier);
      EXPECT_EQ(client.get("/", more).body, "live");
    }
  }
  ASSERT_TRUE(test::eventually([&] { return other.request_count() == 10; })) << other.request_count();
  EXPECT_EQ(live.request_count(), 30u);
  for (const auto& copy : other.requests()) {
    EXPECT_EQ(copy.field("x-device"), "phone");
    EXPECT_NE(copy.field("x-tier"), "lead");
    EXPECT_FALSE(copy.has("cookie"));
    EXPECT_EQ(copy.field("x-sluice-shadow"), "true");
  }
}

}  // namespace
}  // namespace sluice::app
