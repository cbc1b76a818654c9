// What a rollout changes without a reload.
#include <algorithm>
#include <atomic>
#include <thread>

#include "rollout_fixture.hpp"

namespace sluice::gateway {
namespace {

using namespace std::chrono_literals;
using test::FakeUpstream;
using test::RawClient;

class SteerTest : public RolloutFixture {
 protected:
  std::vector<Backend> split(double first, double second) const {
    return {{"v1", v1.port(), first}, {"v2", v2.port(), second}};
  }
  static std::string authority(const FakeUpstream& upstream) { return "127.0.0.1:" + std::to_string(upstream.port()); }

  FakeUpstream v1{"one"};
  FakeUpstream v2{"two"};
};

TEST_F(SteerTest, OrdersHoldFromTheNextRequestOfAnOpenConnection) {
  start(config_for(split(1, 0)));
  RawClient client(port);
  EXPECT_EQ(client.get("/").body, "one");
  steer(orders_for(split(0, 1)));
  EXPECT_EQ(client.get("/").body, "two");
  steer(orders_for(split(1, 0)));
  EXPECT_EQ(client.get("/").body, "one");
}

TEST_F(SteerTest, OrdersHoldForARequestWhoseVersionIsStillToBeChosen) {
  Config config = config_for(split(1, 0));
  traffic::PlanSpec spec = config.routes[0].plan.spec();
  spec.unit = *traffic::Field::json_pointer("/user");
  config.routes[0].plan = *traffic::TrafficPlan::build(std::move(spec));
  start(std::move(config), 1);
  const std::string body = R"({"user":"alice"})";
  RawClient client(port);
  client.send("POST / HTTP/1.1\r\nHost: m\r\nExpect: 100-continue\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n\r\n");
  EXPECT_EQ(client.read_head().status(), 100) << "the gateway wants to look into the body";
  RouteOrders orders = orders_for(split(0, 1), 1);
  orders.withheld[0] = {authority(v1)};
  steer(std::move(orders));
  client.send(body);
  EXPECT_EQ(client.read_response().body, "two");
  EXPECT_TRUE(counts(1, 1, 0)) << "in the new window";
}

TEST_F(SteerTest, ShowInWeightsAndRoles) {
  start(config_for(split(1, 0)));
  RouteOrders orders = orders_for(split(75, 25));
  orders.roles = {"stable", "candidate"};
  steer(std::move(orders));
  const auto route = registry->snapshot().routes.at(0);
  EXPECT_DOUBLE_EQ(route.versions[0].target_weight, 0.75);
  EXPECT_DOUBLE_EQ(route.versions[1].target_weight, 0.25);
  EXPECT_EQ(route.versions[1].role, "candidate");
}

TEST_F(SteerTest, OrdersThatDoNotFitChangeNothing) {
  start(config_for(split(1, 0)));
  const auto refused = [&](RouteOrders orders, const std::string& why) {
    std::vector<RouteOrders> all;
    all.push_back(orders_for(split(0, 1)));
    all.push_back(std::move(orders));
    const auto steered = gateway->steer(std::move(all));
    ASSERT_FALSE(steered) << why;
    EXPECT_NE(steered.error().message.find(why), std::string::npos) << steered.error().message;
  };
  RouteOrders elsewhere = orders_for(split(0, 1));
  elsewhere.route = "fraud";
  refused(std::move(elsewhere), "there is no route \"fraud\"");
  refused(orders_for({{"v1", v1.port()}, {"v3", v2.port()}}), "for other versions");
  refused(orders_for({{"v1", v1.port()}}), "for other versions");
  RouteOrders short_of_roles = orders_for(split(0, 1));
  short_of_roles.roles.pop_back();
  refused(std::move(short_of_roles), "leave versions out");
  RouteOrders nobody = orders_for(split(0, 1));
  nobody.fallbacks[0] = 2;
  refused(std::move(nobody), "a fallback that is not there");
  EXPECT_EQ(RawClient(port).get("/").body, "one") << "the good orders beside them neither";
}

TEST_F(SteerTest, OnlyAGatewayThatRunsCanBeSteered) {
  registry.emplace(1);
  gateway.emplace(*registry, clock);
  EXPECT_FALSE(try_to_steer(orders_for(split(0, 1))));
  EXPECT_FALSE(gateway->evidence("digits"));
  ASSERT_TRUE(gateway->start(config_for(split(1, 0))));
  EXPECT_TRUE(try_to_steer(orders_for(split(0, 1))));
  gateway->stop();
  EXPECT_FALSE(try_to_steer(orders_for(split(0, 1))));
}

TEST_F(SteerTest, AFallbackCanBeGivenAndTakenAway) {
  FakeUpstream faulty(test::answers(500, "x"));
  const std::vector<Backend> all{{"v1", v1.port(), 0}, {"v2", faulty.port(), 1}};
  start(config_for(all));
  EXPECT_EQ(RawClient(port).get("/").status(), 500);
  RouteOrders orders = orders_for(all);
  orders.fallbacks[1] = 0;
  steer(orders);
  EXPECT_EQ(RawClient(port).get("/").body, "one");
  orders.fallbacks[1] = -1;
  steer(std::move(orders));
  EXPECT_EQ(RawClient(port).get("/").status(), 500);
}

TEST_F(SteerTest, AWithheldEndpointGetsNothingUntilItIsLetIn) {
  const std::vector<Backend> one{{"v1", v1.port()}};
  Config config = config_for(one);
  config.routes[0].versions[0].endpoints.push_back({.host = "127.0.0.1", .port = v2.port(), .tls_settings = {}});
  start(std::move(config));
  RouteOrders orders = orders_for(one);
  orders.withheld[0] = {authority(v1)};
  steer(orders);
  RawClient client(port);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.get("/").body, "two");
  orders.withheld[0] = {authority(v2)};
  steer(orders);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.get("/").body, "one");
  const auto known = gateway->evidence("digits");
  ASSERT_TRUE(known);
  EXPECT_EQ(known->versions[0].endpoints, 2u);
  EXPECT_EQ(known->versions[0].usable, 1u);
}

TEST_F(SteerTest, ARolloutCountsOnNobodyWhoseFirstCheckHasNotEnded) {
  test::Gate gate;
  FakeUpstream checked([&](test::Conversation& gateway) {
    for (;;) {
      if (gateway.read_request().target() == "/ready") gateway.wait_for(gate);
      gateway.answer(200, "one");
    }
  });
  Config config = config_for({{"v1", checked.port()}, {"v2", v2.port(), 0}});
  config.routes[0].versions[0].supervision.health = {.enabled = true, .path = "/ready", .timeout = Duration(60s)};
  start(std::move(config));
  const auto seen = [&](std::size_t version) { return gateway->evidence("digits")->versions.at(version); };
  EXPECT_EQ(seen(0).usable, 0u);
  EXPECT_EQ(seen(0).unchecked, 1u);
  EXPECT_EQ(seen(1).usable, 1u) << "nobody checks it";
  EXPECT_EQ(seen(1).unchecked, 0u);
  EXPECT_EQ(RawClient(port).get("/").body, "one") << "traffic begins at once";
  gate.open();
  EXPECT_TRUE(test::eventually([&] { return seen(0).usable == 1; }));
  EXPECT_EQ(seen(0).unchecked, 0u);
}

TEST_F(SteerTest, AConfigurationCanBeginWithOrders) {
  Config config = config_for(split(1, 0));
  config.routes[0].versions[0].withheld = {authority(v1)};
  config.routes[0].versions[0].fallback = 1;
  config.routes[0].window = 7;
  start(std::move(config));
  EXPECT_EQ(RawClient(port).get("/").body, "two") << "v1 has nothing, so its fallback answers";
  ASSERT_TRUE(gateway->evidence("digits"));
  EXPECT_EQ(gateway->evidence("digits")->window, 7u);
}

TEST_F(SteerTest, AReloadPutsItsOwnOrdersInForce) {
  start(config_for(split(1, 0)));
  RouteOrders orders = orders_for(split(0, 1), 3);
  orders.withheld[0] = {authority(v1)};
  steer(std::move(orders));
  publish(config_for(split(1, 0)));
  EXPECT_EQ(RawClient(port).get("/").body, "one");
  EXPECT_EQ(gateway->evidence("digits")->window, 0u);
}

/// The whole of the traffic goes back and forth while clients ask: whoever is let in is there before the plan counts on
/// it, and whoever is taken out stays until no plan does.
TEST_F(SteerTest, NoRequestFailsWhileTrafficAndEndpointsChangePlaces) {
  start(config_for(split(1, 0)));
  std::atomic<bool> over{false};
  std::atomic<int> asked{0};
  std::atomic<int> failed{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&] {
      RawClient client(port);
      while (!over) {
        failed += client.get("/").status() == 200 ? 0 : 1;
        ++asked;
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    const bool to_second = i % 2 == 0;
    RouteOrders orders = orders_for(split(to_second ? 0 : 1, to_second ? 1 : 0));
    orders.withheld[to_second ? 0 : 1] = {authority(to_second ? v1 : v2)};
    steer(std::move(orders));
    const int before = asked;
    EXPECT_TRUE(test::eventually([&] { return asked > before; }));
  }
  over = true;
  for (auto& client : clients) client.join();
  EXPECT_EQ(failed, 0) << "of " << asked;
}

/// 64 routes with three versions of four endpoints each, every one with orders that change its plan, begin a
/// window and take an endpoint out or let it in.
TEST_F(SteerTest, ManyRoutesAtOnceTakeMilliseconds) {
  constexpr std::size_t kRoutes = 64;
  const auto bound = test::kSanitized ? 5000ms : 100ms;  // about 2 ms on two cores
  const std::vector<Backend> three{{"v1", v1.port(), 1}, {"v2", v1.port(), 0}, {"v3", v1.port(), 0}};
  Config config = config_for(three);
  Route& first = config.routes[0];
  for (Version& version : first.versions) {
    version.pool.warm = 0;
    for (int i = 2; i <= 4; ++i) {
      version.endpoints.push_back({.host = "127.0.0." + std::to_string(i), .port = v1.port(), .tls_settings = {}});
    }
  }
  config.table = traffic::RouteTable(std::vector<std::vector<traffic::Match>>(kRoutes));
  for (std::size_t i = 1; i < kRoutes; ++i) {
    config.routes.push_back(config.routes[0]);
    config.routes[i].name += std::to_string(i);
  }
  start(std::move(config));
  std::vector<Duration> took;
  for (std::uint64_t round = 1; round <= 21; ++round) {
    std::vector<RouteOrders> all;
    for (std::size_t i = 0; i < kRoutes; ++i) {
      all.push_back(orders_for({{"v1", 0, 50}, {"v2", 0, static_cast<double>(round)}, {"v3", 0, 0}}, round));
      if (round % 2 == 0) all.back().withheld[2] = {"127.0.0.2:" + std::to_string(v1.port())};
      if (i > 0) all.back().route += std::to_string(i);
    }
    const TimePoint begun = clock.now();
    ASSERT_TRUE(gateway->steer(std::move(all)));
    took.push_back(clock.now() - begun);
  }
  std::nth_element(took.begin(), took.begin() + 10, took.end());
  RecordProperty("median_us", static_cast<int>(took[10] / 1us));
  EXPECT_LT(took[10], bound);
}

TEST_F(SteerTest, MayComeFromAnyThreadWhileTheConfigurationIsReplacedAndTheGatewayEnds) {
  start(config_for(split(1, 0)));
  std::atomic<bool> over{false};
  std::thread steering([&] {
    for (std::uint64_t window = 0; !over; ++window) {
      (void)try_to_steer(orders_for(split(1, 1), window));
      (void)gateway->evidence("digits");
    }
  });
  for (int i = 0; i < 30; ++i) publish(config_for(split(1, 0)));
  gateway->stop();
  over = true;
  steering.join();
}

}  // namespace
}  // namespace sluice::gateway
