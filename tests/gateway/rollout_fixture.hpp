#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "configs.hpp"
#include "sluice/gateway/gateway.hpp"
#include "support/fake_upstream.hpp"
#include "support/gate.hpp"
#include "support/patience.hpp"
#include "support/raw_client.hpp"

namespace sluice::gateway {

/// A gateway that is steered, with endpoints that are let in at once.
class RolloutFixture : public testing::Test {
 protected:
  static Config at_once(Config config) {
    for (Route& route : config.routes) {
      for (Version& version : route.versions) version.supervision.slow_start.duration = Duration(0);
    }
    return config;
  }
  void start(Config config, std::size_t workers = 2) {
    registry.emplace(workers);
    gateway.emplace(*registry, clock);
    const auto started = gateway->start(at_once(std::move(config)));
    ASSERT_TRUE(started) << started.error().message;
    port = gateway->listening().at(0).port();
  }
  void publish(Config config) {
    const auto published = gateway->publish(at_once(std::move(config)));
    ASSERT_TRUE(published) << published.error().message;
  }
  /// What `backends` say, as orders for the route of that name.
  static RouteOrders orders_for(const std::vector<Backend>& backends, std::uint64_t window = 0) {
    RouteOrders orders;
    orders.route = "digits";
    orders.plan = plan_of(backends);
    orders.roles.assign(backends.size(), "stable");
    orders.fallbacks.assign(backends.size(), -1);
    orders.withheld.resize(backends.size());
    orders.window = window;
    return orders;
  }
  Result<void> try_to_steer(RouteOrders orders) {
    std::vector<RouteOrders> all;
    all.push_back(std::move(orders));
    return gateway->steer(std::move(all));
  }
  void steer(RouteOrders orders) {
    const auto steered = try_to_steer(std::move(orders));
    ASSERT_TRUE(steered) << steered.error().message;
  }
  metrics::VersionEvidenceTotals evidence(std::size_t version) const {
    const auto known = gateway->evidence("digits");
    return known ? known->versions.at(version).totals : metrics::VersionEvidenceTotals{};
  }
  /// A request leaves its evidence behind a moment after its answer.
  bool counts(std::size_t version, std::uint64_t requests, std::uint64_t failures) const {
    return test::eventually([&] {
      const auto seen = evidence(version).all;
      return seen.requests == requests && seen.failures == failures;
    });
  }
  metrics::VersionTotals totals(std::size_t version) const {
    return registry->snapshot().routes.at(0).versions.at(version).totals;
  }

  SystemClock clock;
  std::optional<metrics::Registry> registry;
  std::optional<Gateway> gateway;
  std::uint16_t port = 0;
};

/// Never an answer.
inline test::FakeUpstream::Script hangs_up() {
  return [](test::Conversation& gateway) {
    gateway.read_request();
    gateway.reset();
  };
}

}  // namespace sluice::gateway
