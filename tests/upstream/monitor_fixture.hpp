#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "sluice/upstream/endpoint_monitor.hpp"
#include "support/patience.hpp"

namespace sluice::upstream {

/// A monitor on its loop, with checks so fast that nobody waits; real time is only ever waited for.
class MonitorFixture : public testing::Test {
 protected:
  MonitorFixture() {
    slots = registry.configure({{"fraud", "canary", {{"v1", "stable", 1, 2}, {"v2", "candidate", 0, 1}}}});
    rules.health = {.enabled = true,
                    .path = "/ready",
                    .interval = std::chrono::milliseconds(20),
                    .unhealthy_interval = std::chrono::milliseconds(10),
                    .timeout = std::chrono::seconds(2),
                    .unhealthy_threshold = 2};
    rules.slow_start.duration = std::chrono::seconds(0);
  }
  ~MonitorFixture() override {
    monitor.stop();
    loop.stop([this] { return monitor.is_quiet(); });
  }
  WatchedVersion version(const std::vector<std::uint16_t>& ports, std::size_t index = 0) const {
    WatchedVersion version;
    version.route = "fraud";
    version.version = index == 0 ? "v1" : "v2";
    version.id = slots[0].versions[index];
    version.supervision = rules;
    version.has_fallback = has_fallback;
    version.recorder = recorder;
    for (const std::uint16_t port : ports)
      version.endpoints.push_back({.host = "127.0.0.1", .port = port, .tls_settings = {}});
    return version;
  }
  void configure(const std::vector<std::uint16_t>& ports) { board = monitor.configure({version(ports)}).front(); }
  std::uint32_t share(std::size_t endpoint) const { return board->endpoints.at(endpoint)->share(); }
  EndpointReport report(std::size_t endpoint) const { return monitor.report().at(endpoint); }
  bool becomes(std::size_t endpoint, metrics::EndpointState state) const {
    return test::eventually([&] { return report(endpoint).state == state; });
  }
  std::uint32_t exported(metrics::EndpointState state) const {
    return registry.snapshot().routes[0].versions[0].endpoints[static_cast<std::size_t>(state)];
  }
  metrics::SupervisionTotals totals() const { return registry.snapshot().routes[0].versions[0].supervision; }

  SystemClock clock;
  metrics::Registry registry{2};
  std::vector<metrics::RouteSlots> slots;
  Supervision rules;
  bool has_fallback = true;
  std::shared_ptr<RequestRecorder> recorder;
  std::shared_ptr<VersionBoard> board;
  ServiceLoop loop{clock};
  EndpointMonitor monitor{loop, registry};
};

inline constexpr std::uint32_t kFull = EndpointStatus::kFullShare;

}  // namespace sluice::upstream
