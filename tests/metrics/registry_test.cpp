#include "sluice/metrics/registry.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

namespace sluice::metrics {
namespace {

RouteLayout canary(std::string name, double stable = 0.75, double candidate = 0.25) {
  return {std::move(name), "canary", {{"v1", "stable", stable, 2}, {"v2", "candidate", candidate, 1}}};
}

void decide(Registry& registry, std::size_t worker, VersionId id, int times) {
  registry.version(worker, id).decisions[DecisionReason::Weight].add(static_cast<std::uint64_t>(times));
}

TEST(Registry, EverythingConfiguredExistsAtZero) {
  Registry registry(2);
  registry.configure({canary("fraud"), {"plain", "none", {{"only", "stable", 1, 1}}}});
  const Snapshot snapshot = registry.snapshot();
  ASSERT_EQ(snapshot.routes.size(), 2U);
  EXPECT_EQ(snapshot.routes[0].name, "fraud");
  ASSERT_EQ(snapshot.routes[0].versions.size(), 2U);
  const VersionSnapshot& v2 = snapshot.routes[0].versions[1];
  EXPECT_EQ(v2.name, "v2");
  EXPECT_EQ(v2.role, "candidate");
  EXPECT_EQ(v2.strategy, "canary");
  EXPECT_DOUBLE_EQ(v2.target_weight, 0.25);
  EXPECT_EQ(v2.observed_weight, 0);
  EXPECT_EQ(v2.totals.responses, StatusTotals{});
  EXPECT_EQ(v2.endpoints[0], 1U);
}

TEST(Registry, AddsUpTheWorkers) {
  Registry registry(3);
  const RouteSlots slots = registry.configure({canary("fraud")}).front();
  for (std::size_t worker = 0; worker < 3; ++worker) {
    VersionCounters& version = registry.version(worker, slots.versions[1]);
    version.responses.add(200);
    version.request_duration.record(std::chrono::milliseconds(5));
    version.failures[FailureReason::Reset].add();
    version.in_flight.add(worker == 0 ? -1 : 2);
    registry.route(worker, slots.route).refused.add(503);
    registry.gateway(worker).bytes_sent.add(100);
  }
  const Snapshot snapshot = registry.snapshot();
  const VersionTotals& totals = snapshot.routes[0].versions[1].totals;
  EXPECT_EQ(totals.responses[status_slot(200)], 3U);
  EXPECT_EQ(totals.request_duration.count(), 3U);
  EXPECT_EQ(totals.failures[static_cast<std::size_t>(FailureReason::Reset)], 3U);
  EXPECT_EQ(totals.in_flight, 3);
  EXPECT_EQ(snapshot.routes[0].totals.refused[status_slot(503)], 3U);
  EXPECT_EQ(snapshot.gateway.bytes_sent, 300U);
  EXPECT_EQ(snapshot.routes[0].versions[0].totals.responses, StatusTotals{});
}

TEST(Registry, NamesKeepTheirCountersThroughReloads) {
  Registry registry(1);
  const RouteSlots before = registry.configure({canary("fraud")}).front();
  VersionCounters& address = registry.version(0, before.versions[1]);
  address.responses.add(200);

  registry.configure({{"fraud", "none", {{"v1", "stable", 1, 1}}}});
  EXPECT_EQ(registry.snapshot().routes[0].versions.size(), 1U);  // gone from the policy: not exported
  address.responses.add(200);                                    // a late answer still has a place

  const RouteSlots after = registry.configure({canary("other"), canary("fraud")}).back();
  EXPECT_EQ(&registry.version(0, after.versions[1]), &address);
  EXPECT_EQ(registry.snapshot().routes[1].versions[1].totals.responses[status_slot(200)], 2U);
}

TEST(Registry, TheSameVersionNameOnTwoRoutesIsTwoVersions) {
  Registry registry(1);
  const auto slots = registry.configure({canary("a"), canary("b")});
  EXPECT_NE(slots[0].versions[0], slots[1].versions[0]);
  EXPECT_NE(slots[0].route, slots[1].route);
}

TEST(Registry, ObservedShareIsOfTheDecisionsSinceTheWeightsChanged) {
  Registry registry(2);
  RouteSlots slots = registry.configure({canary("fraud")}).front();
  decide(registry, 0, slots.versions[0], 60);
  decide(registry, 1, slots.versions[0], 20);
  decide(registry, 1, slots.versions[1], 20);
  registry.version(0, slots.versions[1]).decisions[DecisionReason::Pin].add(1000);  // nobody weighed these
  EXPECT_DOUBLE_EQ(registry.snapshot().routes[0].versions[1].observed_weight, 0.2);

  registry.configure({canary("fraud")});  // nothing changed: goes on
  EXPECT_EQ(registry.snapshot().routes[0].versions[1].observed_decisions, 20U);

  registry.set_target_weights("fraud", std::vector{0.5, 0.5});
  EXPECT_EQ(registry.snapshot().routes[0].versions[1].observed_decisions, 0U);
  decide(registry, 0, slots.versions[1], 1);
  const VersionSnapshot v2 = registry.snapshot().routes[0].versions[1];
  EXPECT_DOUBLE_EQ(v2.observed_weight, 1.0);
  EXPECT_DOUBLE_EQ(v2.target_weight, 0.5);
}

TEST(Registry, RoutesBeyondTheCapShareOneName) {
  Registry registry(1);
  std::vector<RouteLayout> layouts;
  for (std::size_t i = 0; i < Registry::kMaxRoutes + 3; ++i) layouts.push_back(canary("r" + std::to_string(i)));
  const auto slots = registry.configure(layouts);
  EXPECT_EQ(slots[Registry::kMaxRoutes].versions[0], slots.back().versions[1]);
  registry.version(0, slots.back().versions[1]).responses.add(200);
  registry.version(0, slots[Registry::kMaxRoutes].versions[0]).responses.add(200);

  const Snapshot snapshot = registry.snapshot();
  EXPECT_EQ(snapshot.routes_capped, 3U);
  ASSERT_EQ(snapshot.routes.size(), Registry::kMaxRoutes + 1);
  EXPECT_EQ(snapshot.routes.back().name, "_other");
  EXPECT_EQ(snapshot.routes.back().versions[0].name, "_other");
  EXPECT_EQ(snapshot.routes.back().versions[0].totals.responses[status_slot(200)], 2U);

  registry.configure({canary("r0")});
  EXPECT_EQ(registry.snapshot().routes_capped, 0U);
  EXPECT_EQ(registry.snapshot().routes.size(), 1U);
}

TEST(Registry, VersionsBeyondTheCapShareOneNameOnTheirRoute) {
  Registry registry(1);
  RouteLayout layout{"many", "abTest", {}};
  for (std::size_t i = 0; i < Registry::kMaxVersionsPerRoute + 2; ++i) {
    layout.versions.push_back({"v" + std::to_string(i), "variant", 0.05, 1});
  }
  const RouteSlots slots = registry.configure({layout}).front();
  ASSERT_EQ(slots.versions.size(), Registry::kMaxVersionsPerRoute + 2);
  EXPECT_EQ(slots.versions[16], slots.versions[17]);
  const Snapshot snapshot = registry.snapshot();
  EXPECT_EQ(snapshot.versions_capped, 2U);
  ASSERT_EQ(snapshot.routes[0].versions.size(), Registry::kMaxVersionsPerRoute + 1);
  EXPECT_EQ(snapshot.routes[0].versions.back().name, "_other");
  EXPECT_DOUBLE_EQ(snapshot.routes[0].versions.back().target_weight, 0.1);
}

TEST(Registry, ARouteNamedTwiceIsExportedOnce) {
  Registry registry(1);
  registry.configure({canary("fraud"), canary("fraud")});
  const Snapshot snapshot = registry.snapshot();
  ASSERT_EQ(snapshot.routes.size(), 2U);
  EXPECT_EQ(snapshot.routes[1].name, "_other");
}

TEST(Registry, NamesWithoutEndDoNotGrowItWithoutEnd) {
  Registry registry(1);
  for (std::size_t i = 0; i <= Registry::kMaxRouteSlots; ++i) {
    registry.configure({{"r" + std::to_string(i), "none", {{"v", "stable", 1, 1}}}});
  }
  const Snapshot snapshot = registry.snapshot();
  ASSERT_EQ(snapshot.routes.size(), 1U);
  EXPECT_EQ(snapshot.routes[0].name, "_other");
  EXPECT_EQ(snapshot.routes_capped, 1U);

  registry.configure({{"r7", "none", {{"v", "stable", 1, 1}}}});  // known names keep working
  EXPECT_EQ(registry.snapshot().routes[0].name, "r7");
}

TEST(Registry, EndpointStatesOutliveAReloadThatDoesNotTouchThem) {
  Registry registry(1);
  const RouteSlots slots = registry.configure({canary("fraud")}).front();
  constexpr auto ejected = static_cast<std::size_t>(EndpointState::Ejected);
  EndpointCounts counts{1};
  counts[ejected] = 1;
  registry.set_endpoints(slots.versions[0], counts, true);
  registry.configure({canary("fraud", 0.5, 0.5)});
  EXPECT_TRUE(registry.snapshot().routes[0].versions[0].panic);
  EXPECT_EQ(registry.snapshot().routes[0].versions[0].endpoints[ejected], 1U);

  RouteLayout grown = canary("fraud");
  grown.versions[0].endpoints = 3;
  registry.configure({grown});
  EXPECT_EQ(registry.snapshot().routes[0].versions[0].endpoints[0], 3U);
  EXPECT_EQ(registry.snapshot().routes[0].versions[0].endpoints[ejected], 0U);
}

TEST(Registry, WhatEndpointsToldIsKeptWithTheVersion) {
  Registry registry(2);
  const RouteSlots slots = registry.configure({canary("fraud")}).front();
  SupervisionCounters& counters = registry.supervision(slots.versions[1]);
  counters.ejections[EjectionReason::Latency].add();
  counters.checks_passed.add(7);
  counters.check_duration.record(std::chrono::milliseconds(2));
  registry.configure({canary("fraud")});
  EXPECT_EQ(&registry.supervision(slots.versions[1]), &counters);
  const SupervisionTotals totals = registry.snapshot().routes[0].versions[1].supervision;
  EXPECT_EQ(totals.ejections[static_cast<std::size_t>(EjectionReason::Latency)], 1U);
  EXPECT_EQ(totals.checks_passed, 7U);
  EXPECT_EQ(totals.check_duration.count(), 1U);
  EXPECT_EQ(registry.snapshot().routes[0].versions[0].supervision.checks_passed, 0U);
}

TEST(Registry, ReloadsAreCountedByWhatBecameOfThem) {
  Registry registry(1);
  registry.record_reload(true, WallTime(std::chrono::seconds(100)));
  registry.record_reload(false, WallTime(std::chrono::seconds(200)));
  const Snapshot snapshot = registry.snapshot();
  EXPECT_FALSE(snapshot.last_reload_successful);
  EXPECT_EQ(snapshot.generation, 1U);
  EXPECT_EQ(snapshot.reload_failures, 1U);
  EXPECT_DOUBLE_EQ(snapshot.last_reload_success_seconds, 100);
}

TEST(Registry, WorkersWriteWhileTheControlThreadReconfiguresAndScrapes) {
  Registry registry(2);
  const RouteSlots slots = registry.configure({canary("fraud")}).front();
  std::atomic<bool> stop{false};
  std::vector<std::thread> workers;
  std::array<std::uint64_t, 2> written{};
  for (std::size_t worker = 0; worker < 2; ++worker) {
    workers.emplace_back([&, worker] {
      while (!stop.load() || written[worker] == 0) {
        registry.version(worker, slots.versions[0]).responses.add(200);
        ++written[worker];
      }
    });
  }
  std::uint64_t seen = 0;
  for (int i = 0; i < 100; ++i) {
    registry.configure({canary("r" + std::to_string(i)), canary("fraud")});
    const std::uint64_t now = registry.snapshot().routes[1].versions[0].totals.responses[status_slot(200)];
    EXPECT_GE(now, seen);
    seen = now;
  }
  stop = true;
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(registry.snapshot().routes[1].versions[0].totals.responses[status_slot(200)], written[0] + written[1]);
}

}  // namespace
}  // namespace sluice::metrics
