#include "sluice/gateway/published.hpp"

#include <gtest/gtest.h>

#include "configs.hpp"
#include "support/certificates.hpp"
#include "support/connection.hpp"

namespace sluice::gateway {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kPublished{1h};

/// How many copies a budget admits when it is asked `asks` times, `every` apart.
int admitted(MirrorBudget& budget, TimePoint& now, int asks, Duration every) {
  int count = 0;
  for (int i = 0; i < asks; ++i) {
    now += every;
    count += budget.admit_rate(now) ? 1 : 0;
  }
  return count;
}

MirrorBudget budget_of(double per_second, double tokens) {
  MirrorBudget budget;
  budget.per_second = per_second;
  budget.tokens = tokens;
  budget.refilled = kPublished;
  return budget;
}

TEST(MirrorBudget, WithoutARateAdmitsEverything) {
  MirrorBudget budget = budget_of(0, 0);
  TimePoint now = kPublished;
  EXPECT_EQ(admitted(budget, now, 1000, 0ns), 1000);
}

TEST(MirrorBudget, KeepsToItsRateOverTime) {
  MirrorBudget budget = budget_of(10, 1);
  TimePoint now = kPublished;
  EXPECT_NEAR(admitted(budget, now, 100000, 1ms), 1000, 2) << "100 s at 10 per second";
}

TEST(MirrorBudget, ABurstIsWhatASecondBringsAtMost) {
  MirrorBudget budget = budget_of(5, 1);
  TimePoint now = kPublished + 1h;
  EXPECT_EQ(admitted(budget, now, 100, 0ns), 5) << "an hour's silence saves up a second's worth";
  now += 200ms;
  EXPECT_EQ(admitted(budget, now, 100, 0ns), 1);
}

TEST(MirrorBudget, ARateBelowOneIsStillServed) {
  MirrorBudget budget = budget_of(0.5, 0);
  TimePoint now = kPublished;
  EXPECT_EQ(admitted(budget, now, 1, 1s), 0);
  EXPECT_EQ(admitted(budget, now, 1, 1s), 1);
  EXPECT_EQ(admitted(budget, now, 1, 1s), 0);
}

// --- loading ---

std::string load_error(Config config) {
  const auto loaded = Published::load(std::move(config));
  return loaded ? std::string("it loaded") : loaded.error().message;
}

Config with_listener_tls(ListenerTls tls) {
  Config config = config_for({{"v1", 1}});
  config.listeners[0].port = 8443;
  config.listeners[0].tls = std::move(tls);
  return config;
}

Config with_endpoint_tls(upstream::EndpointTls tls) {
  Config config = config_for({{"v1", 1}});
  auto& endpoint = config.routes[0].versions[0].endpoints[0];
  endpoint.tls = true;
  endpoint.tls_settings = std::move(tls);
  return config;
}

TEST(Published, HasAContextWhereTlsIsAskedForAndNoneElsewhere) {
  test::Certificates authority;
  const auto identity = authority.issue("gateway.test");
  Config config = with_listener_tls({identity.certificate_file, identity.key_file, authority.ca_file()});
  config.listeners.push_back({"127.0.0.1", 0, std::nullopt});
  config.routes[0].versions[0].endpoints.push_back(
      {"127.0.0.1", 2, true, false, {authority.ca_file(), {}, {}, {}, true}});
  const auto loaded = Published::load(std::move(config));
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_TRUE((*loaded)->listener_tls.at(0));
  EXPECT_FALSE((*loaded)->listener_tls.at(1));
  EXPECT_FALSE((*loaded)->endpoint_tls.at(0).at(0).at(0));
  EXPECT_TRUE((*loaded)->endpoint_tls.at(0).at(0).at(1));
}

TEST(Published, AListenersBadFileIsNamedWithItsListener) {
  test::Certificates authority;
  const auto one = authority.issue("one.test");
  const auto other = authority.issue("other.test");
  EXPECT_EQ(load_error(with_listener_tls({"/nowhere/c.pem", one.key_file, {}})),
            "listener 127.0.0.1:8443: certificate '/nowhere/c.pem': cannot be read");
  EXPECT_EQ(load_error(with_listener_tls({one.certificate_file, other.key_file, {}})),
            "listener 127.0.0.1:8443: key '" + other.key_file + "' does not belong to certificate '" +
                one.certificate_file + "'");
  EXPECT_EQ(load_error(with_listener_tls({one.certificate_file, one.key_file, "/nowhere/ca.pem"})),
            "listener 127.0.0.1:8443: client CA file '/nowhere/ca.pem': cannot be read");
}

TEST(Published, AnEndpointsBadFileIsNamedWithItsRouteAndVersion) {
  EXPECT_EQ(load_error(with_endpoint_tls({"/nowhere/ca.pem", {}, {}, {}, true})),
            "route digits, version v1: CA file '/nowhere/ca.pem': cannot be read");
  EXPECT_EQ(load_error(with_endpoint_tls({{}, {}, "/nowhere/c.pem", "/nowhere/k.pem", true})),
            "route digits, version v1: certificate '/nowhere/c.pem': cannot be read");
}

// --- pools ---

class PoolSetTest : public testing::Test {
 protected:
  ~PoolSetTest() override {
    set.close_all();
    EXPECT_TRUE(test::eventually([&] {
      io.restart();
      io.poll();
      set.sweep();
      return set.is_empty();
    }));
  }
  boost::intrusive_ptr<LiveConfig> join(const std::vector<Backend>& backends) {
    auto loaded = Published::load(config_for(backends));
    EXPECT_TRUE(loaded);
    std::vector<metrics::RouteLayout> layouts(1);
    layouts[0].name = "digits";
    for (const Backend& backend : backends) layouts[0].versions.push_back({backend.name, "stable", 1, 1});
    (*loaded)->slots = registry.configure(layouts);
    boost::intrusive_ptr<LiveConfig> live(new LiveConfig);
    live->published = *loaded;
    set.build(**loaded, registry, 0, *live);
    return live;
  }

  SystemClock clock;
  boost::asio::io_context io{1};
  http::DeadlineWheel wheel{clock.now()};
  http::BufferPool buffers;
  Random random{7};
  upstream::WorkerContext context{io, wheel, buffers, clock, random};
  metrics::Registry registry{2};
  PoolSet set{context};
};

TEST_F(PoolSetTest, APoolSurvivesAConfigurationThatNamesItsEndpointAgain) {
  const auto first = join({{"v1", 1001}, {"v2", 1002}});
  const auto second = join({{"v2", 1002}, {"v1", 1001}, {"v3", 1003}});
  EXPECT_EQ(second->routes[0].versions[1].balancer.pools(), first->routes[0].versions[0].balancer.pools());
  EXPECT_EQ(second->routes[0].versions[0].balancer.pools(), first->routes[0].versions[1].balancer.pools());
}

TEST_F(PoolSetTest, TheSameAddressUnderAnotherVersionIsAnotherPool) {
  const auto live = join({{"v1", 1001}, {"v2", 1001}});
  EXPECT_NE(live->routes[0].versions[0].balancer.pools(), live->routes[0].versions[1].balancer.pools());
}

TEST_F(PoolSetTest, WhatLeftStaysAsLongAsARequestMayPointToIt) {
  auto first = join({{"v1", 1001}});
  boost::intrusive_ptr<upstream::EndpointPool> gone = first->pools[0];
  const auto second = join({{"v1", 1002}});
  set.sweep();
  EXPECT_EQ(gone->use_count(), 3) << "the set, the old configuration and this test";
  first.reset();
  set.sweep();
  EXPECT_EQ(gone->use_count(), 2) << "a pool that somebody points to is not swept";
  upstream::EndpointPool* const raw = gone.get();
  EXPECT_TRUE(raw->is_empty());
  gone.reset();
  set.sweep();
  EXPECT_FALSE(set.is_empty()) << "the new configuration's pool is still there";
}

TEST_F(PoolSetTest, AWorkerGetsItsShareOfTheLimits) {
  auto config = config_for({{"v1", 1001}});
  config.limits.requests_in_flight = 5;
  config.routes[0].mirror.requests_in_flight = 1;
  config.routes[0].mirror.requests_per_second = 9;
  auto loaded = Published::load(std::move(config));
  ASSERT_TRUE(loaded);
  metrics::RouteLayout layout;
  layout.name = "digits";
  layout.versions.push_back({"v1", "stable", 1, 1});
  (*loaded)->slots = registry.configure({layout});
  LiveConfig live;
  set.build(**loaded, registry, 0, live);
  EXPECT_EQ(live.limits.in_flight, 3u) << "half of 5, rounded up";
  EXPECT_EQ(live.routes[0].mirrors->max_in_flight, 1u) << "never none";
  EXPECT_DOUBLE_EQ(live.routes[0].mirrors->per_second, 4.5);
}

}  // namespace
}  // namespace sluice::gateway
