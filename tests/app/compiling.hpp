#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sluice/app/compile.hpp"

/// Routes without a file around them, and what becomes of them.
namespace sluice::app {

inline policy::Version version(std::string name, const std::vector<std::string>& urls) {
  policy::Version made;
  made.name = std::move(name);
  for (const auto& url : urls) made.endpoints.push_back(*policy::parse_endpoint(url).endpoint);
  return made;
}

inline policy::ModelRoute one_route() {
  policy::ModelRoute route;
  route.name = "fraud";
  route.versions = {version("v1", {"http://127.0.0.1:9001"})};
  return route;
}

inline gateway::Config compiled(policy::ModelRoute route) {
  policy::PolicySet set;
  set.routes = {std::move(route)};
  return *compile(set);
}

}  // namespace sluice::app
