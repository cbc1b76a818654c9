#pragma once

#include <string>
#include <vector>

#include "sluice/policy/model_route.hpp"

namespace sluice::strategy {

/// A route with these versions and no strategy yet; the unit is the header x-user.
inline policy::ModelRoute route_with(const std::vector<std::string>& versions) {
  policy::ModelRoute route;
  route.name = "fraud";
  route.unit = {policy::UnitSource::Header, "X-User", ""};
  for (const auto& name : versions) {
    policy::Version version;
    version.name = name;
    route.versions.push_back(version);
  }
  return route;
}

inline policy::Match header_match(std::string name, std::string text) {
  policy::ValueMatch value;
  value.name = std::move(name);
  value.value = std::move(text);
  policy::Match match;
  match.headers = {value};
  return match;
}

inline policy::Match broken_match() {
  auto match = header_match("x", "(");
  match.headers.front().type = policy::ValueMatchType::RegularExpression;
  return match;
}

}  // namespace sluice::strategy
