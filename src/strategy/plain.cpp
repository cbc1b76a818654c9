#include "sluice/strategy/plain.hpp"

#include <utility>

#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/plan_base.hpp"

namespace sluice::strategy {

namespace {

/// Its only version has everything.
Result<traffic::TrafficPlan> plain_plan(const policy::ModelRoute& route) {
  if (route.versions.size() > 1) {
    return fail(
        Error::internal(std::to_string(route.versions.size()) + " versions and no strategy that says who gets which"));
  }
  auto spec = plan_base(route);
  if (!spec) return fail(spec.error());
  return traffic::TrafficPlan::build(std::move(spec).value());
}

}  // namespace

RolloutState begin(const std::monostate& /*none*/, RolloutState state, const Context& context) {
  if (!context.route.versions.empty()) state.live = context.route.versions.front().name;
  enter(state, Phase::Idle, "NoStrategy", "everything goes to " + state.live, context.now);
  return state;
}

Transition advance(const std::monostate& /*none*/, const RolloutState& state, const Context& /*context*/) {
  Transition transition;
  transition.state = state;
  return transition;
}

Result<Steering> steer(const std::monostate& /*none*/, const policy::ModelRoute& route, const RolloutState& state) {
  auto plan = plain_plan(route);
  if (!plan) return fail(plan.error());
  Steering steering;
  steering.plan = std::move(plan).value();
  steering.roles.assign(route.versions.size(), "stable");
  steering.fallbacks.assign(route.versions.size(), -1);
  steering.window = state.window;
  return steering;
}

}  // namespace sluice::strategy
