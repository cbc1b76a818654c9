#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sluice/gateway/config.hpp"

namespace sluice::gateway {

/// One version of a test's route: who it is, where it listens, what it weighs.
struct Backend {
  std::string name;
  std::uint16_t port = 0;
  double weight = 1;
  bool shadow = false;  ///< gets a copy of everything instead of a weight
};

inline traffic::TrafficPlan plan_of(const std::vector<Backend>& backends, std::optional<traffic::Field> unit = {}) {
  traffic::PlanSpec spec;
  spec.route = "digits";
  spec.salt = "salt";
  std::vector<traffic::Weight> weights;
  for (std::size_t i = 0; i < backends.size(); ++i) {
    const auto index = static_cast<traffic::VersionIndex>(i);
    spec.versions.push_back(backends[i].name);
    if (backends[i].shadow) {
      spec.mirrors.push_back({index, 1.0});
    } else {
      weights.push_back({index, backends[i].weight});
    }
  }
  spec.splits = {std::move(weights)};
  spec.otherwise = traffic::Target::split(0);
  spec.unit = std::move(unit);
  auto plan = traffic::TrafficPlan::build(std::move(spec));
  if (!plan) ADD_FAILURE() << plan.error().message;
  return std::move(plan).value();
}

/// A route on loopback backends that takes every path.
inline Route route_of(const std::vector<Backend>& backends, std::optional<traffic::Field> unit = {}) {
  Route route;
  route.name = "digits";
  route.strategy = "none";
  route.error_style = http::ErrorStyle::OpenInference;
  for (const Backend& backend : backends) {
    Version version;
    version.name = backend.name;
    version.role = backend.shadow ? "shadow" : "stable";
    upstream::EndpointSpec endpoint;
    endpoint.host = "127.0.0.1";
    endpoint.port = backend.port;
    version.endpoints.push_back(endpoint);
    route.versions.push_back(std::move(version));
  }
  route.plan = plan_of(backends, std::move(unit));
  return route;
}

/// One plain listener on any free port, and one route.
inline Config config_of(Route route) {
  Config config;
  config.listeners.push_back({"127.0.0.1", 0, std::nullopt});
  config.table = traffic::RouteTable(std::vector<std::vector<traffic::Match>>(1));
  config.routes.push_back(std::move(route));
  return config;
}

inline Config config_for(const std::vector<Backend>& backends) {
  return config_of(route_of(backends));
}

}  // namespace sluice::gateway
