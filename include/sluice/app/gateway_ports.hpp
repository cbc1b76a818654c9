#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sluice/gateway/gateway.hpp"
#include "sluice/policy/model_route.hpp"
#include "sluice/rollout/ports.hpp"

/// The controller's ports, plugged into this process's data plane. All on the controller's thread.
namespace sluice::app {

gateway::MirrorLimits to_mirror_limits(const strategy::CopyBudget& copies);

/// One route's steering as the data plane takes it.
gateway::RouteOrders to_orders(const std::string& route, const strategy::Steering& steering);

class GatewayTraffic final : public rollout::TrafficControl {
 public:
  explicit GatewayTraffic(gateway::Gateway& gateway) : gateway_(gateway) {}
  Result<void> steer(const std::vector<rollout::RouteSteering>& routes) override;

 private:
  gateway::Gateway& gateway_;
};

class GatewayKpis final : public rollout::KpiSource {
 public:
  explicit GatewayKpis(gateway::Gateway& gateway) : gateway_(gateway) {}
  /// The routes that are in force from now on.
  void set_routes(const std::vector<policy::ModelRoute>& routes);
  std::map<std::string, strategy::Evidence> gather() override;
  void gather_into(std::map<std::string, strategy::Evidence>& gathered) override;

 private:
  gateway::Gateway& gateway_;
  std::vector<std::string> routes_;
  /// Another process has other counters.
  const std::uint64_t counters_ =
      static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
};

}  // namespace sluice::app
