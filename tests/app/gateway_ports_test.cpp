#include "sluice/app/gateway_ports.hpp"

#include <gtest/gtest.h>

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

TEST(GatewayKpis, TellWhatTheSplitAssignedAndWhoseRequestsFailed) {
  test::FakeUpstream faulty(test::answers(500, "x"));
  policy::PolicySet set;
  set.routes = {route_to(faulty)};
  gateway::Config config = *compile(set);
  config.listeners = {{"127.0.0.1", 0, std::nullopt}};
  SystemClock clock;
  metrics::Registry registry(1);
  gateway::Gateway gateway(registry, clock);
  ASSERT_TRUE(gateway.start(std::move(config)));
  GatewayKpis kpis(gateway);
  kpis.set_routes(set.routes);

  test::RawClient client(gateway.listening().at(0).port());
  for (const std::string user : {"alice", "bob", "alice"}) client.get("/", {{"x-user", user}});
  ASSERT_TRUE(test::eventually([&] { return kpis.gather().at("fraud").versions.at(0).all.failures == 3; }));
  const auto seen = kpis.gather().at("fraud").versions.at(0);
  EXPECT_EQ(seen.assigned, 3u);
  EXPECT_EQ(seen.share, 1);
  EXPECT_TRUE(seen.failing_units_known);
  EXPECT_TRUE(test::eventually([&] {
    return kpis.gather().at("fraud").versions.at(0).failing_units == strategy::UnitCounts{2, 1, 0, 0, 0};
  }));
}

TEST(GatewayKpis, TellSegmentsOnTheirOwn) {
  test::FakeUpstream faulty(test::answers(500, "x"));
  policy::PolicySet set;
  set.routes = {route_to(faulty)};
  policy::ValueMatch phone;
  phone.name = "x-device";
  phone.value = "phone";
  policy::Match match;
  match.headers = {phone};
  set.routes[0].segments = {{"mobile", {match}, {}}};
  gateway::Config config = *compile(set);
  config.listeners = {{"127.0.0.1", 0, std::nullopt}};
  SystemClock clock;
  metrics::Registry registry(1);
  gateway::Gateway gateway(registry, clock);
  ASSERT_TRUE(gateway.start(std::move(config)));
  GatewayKpis kpis(gateway);
  kpis.set_routes(set.routes);
  test::RawClient client(gateway.listening().at(0).port());
  client.get("/", {{"x-user", "alice"}, {"x-device", "phone"}});
  client.get("/", {{"x-user", "alice"}, {"x-device", "phone"}});
  client.get("/", {{"x-user", "bob"}});
  ASSERT_TRUE(test::eventually([&] { return kpis.gather().at("fraud").versions.at(0).all.failures == 3; }));
  ASSERT_EQ(kpis.gather().at("fraud").versions.at(0).segments.size(), 1u);
  EXPECT_TRUE(test::eventually([&] {
    const auto seen = kpis.gather().at("fraud").versions.at(0).segments[0];
    return seen.all.requests == 2 && seen.all.failures == 2 && seen.failing_units_known &&
           seen.failing_units == strategy::UnitCounts{1, 1, 0, 0, 0};
  }));
}

TEST(GatewayKpis, SayWhenFailuresAreNotKnownByUnit) {
  test::FakeUpstream faulty(test::answers(500, "x"));
  policy::PolicySet set;
  set.routes = {route_to(faulty)};
  set.routes[0].unit = {};
  gateway::Config config = *compile(set);
  config.listeners = {{"127.0.0.1", 0, std::nullopt}};
  SystemClock clock;
  metrics::Registry registry(1);
  gateway::Gateway gateway(registry, clock);
  ASSERT_TRUE(gateway.start(std::move(config)));
  GatewayKpis kpis(gateway);
  kpis.set_routes(set.routes);
  test::RawClient(gateway.listening().at(0).port()).get("/");
  ASSERT_TRUE(test::eventually([&] { return kpis.gather().at("fraud").versions.at(0).all.failures == 1; }));
  const auto seen = kpis.gather().at("fraud").versions.at(0);
  EXPECT_FALSE(seen.failing_units_known);
  EXPECT_EQ(seen.failing_units, strategy::UnitCounts{});
}

}  // namespace
}  // namespace sluice::app
