#include "sluice/strategy/initial_plan.hpp"

#include <variant>

#include "sluice/strategy/ab_test.hpp"
#include "sluice/strategy/canary.hpp"
#include "sluice/strategy/plain.hpp"
#include "sluice/strategy/shadow.hpp"

namespace sluice::strategy {
namespace {

/// One overload per strategy that acts; every other one is refused by name.
struct Planner {
  const policy::ModelRoute& route;

  Result<traffic::TrafficPlan> operator()(const std::monostate& /*none*/) const { return plain_plan(route); }
  Result<traffic::TrafficPlan> operator()(const policy::Shadow& shadow) const { return shadow_plan(route, shadow); }
  Result<traffic::TrafficPlan> operator()(const policy::AbTest& test) const { return ab_test_plan(route, test); }
  Result<traffic::TrafficPlan> operator()(const policy::Canary& canary) const { return canary_plan(route, canary); }

  template <typename Inactive>
  Result<traffic::TrafficPlan> operator()(const Inactive& /*strategy*/) const {
    return fail(Error::internal("this version of Sluice does not act on the strategy '" +
                                std::string(policy::strategy_name(route.strategy)) + "' yet"));
  }
};

/// The role of one version in each strategy.
struct RoleOf {
  const std::string& version;

  std::string operator()(const std::monostate& /*none*/) const { return "stable"; }
  std::string operator()(const policy::Shadow& shadow) const {
    if (version == shadow.live) return "live";
    for (const auto& candidate : shadow.candidates) {
      if (candidate.version == version) return "shadow";
    }
    return "idle";
  }
  std::string operator()(const policy::AbTest& test) const {
    if (version == control_of(test)) return "control";
    for (const auto& variant : test.variants) {
      if (variant.version == version) return "variant";
    }
    return "idle";
  }
  std::string operator()(const policy::Canary& canary) const {
    if (version == canary.stable) return "stable";
    return version == canary.candidate ? "candidate" : "idle";
  }
  template <typename Inactive>
  std::string operator()(const Inactive& /*strategy*/) const {
    return "idle";
  }
};

}  // namespace

Result<traffic::TrafficPlan> initial_plan(const policy::ModelRoute& route) {
  auto plan = std::visit(Planner{route}, route.strategy);
  if (!plan) return fail(Error::internal("route '" + route.name + "': " + plan.error().message));
  return plan;
}

std::vector<std::string> initial_roles(const policy::ModelRoute& route) {
  std::vector<std::string> roles;
  for (const auto& version : route.versions) roles.push_back(std::visit(RoleOf{version.name}, route.strategy));
  return roles;
}

}  // namespace sluice::strategy
