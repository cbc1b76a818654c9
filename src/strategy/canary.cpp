#include "sluice/strategy/canary.hpp"

#include <algorithm>
#include <utility>

#include "canary_walk.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/plan_base.hpp"

namespace sluice::strategy {
namespace {

/// Segments that were given back are stable's, also after the promotion of the others.
void keep_segments(const RolloutState& state, traffic::VersionIndex stable, traffic::PlanSpec& spec) {
  for (traffic::Segment& segment : spec.segments) {
    const bool excluded = std::any_of(state.segments.begin(), state.segments.end(), [&](const SegmentState& known) {
      return known.excluded && known.name == segment.name;
    });
    if (excluded) segment.only = stable;
  }
}

}  // namespace

RolloutState begin(const policy::Canary& canary, RolloutState state, const Context& context) {
  state.live = canary.stable;
  state.weight = 0;
  state.step = -1;
  enter(state, Phase::Pending, "Begun", canary.candidate + " waits for its first step", context.now);
  return state;
}

Transition advance(const policy::Canary& canary, const RolloutState& state, const Context& context) {
  return CanaryWalk(canary, state, context).look();
}

Result<Steering> steer(const policy::Canary& canary, const policy::ModelRoute& route, const RolloutState& state) {
  auto spec = plan_base(route);
  if (!spec) return fail(spec.error());
  const auto stable = version_index(route, canary.stable);
  if (!stable) return fail(stable.error());
  const auto candidate = version_index(route, canary.candidate);
  if (!candidate) return fail(candidate.error());

  Steering steering;
  steering.window = state.window;
  steering.roles.assign(route.versions.size(), "idle");
  steering.fallbacks.assign(route.versions.size(), -1);
  const bool promoted = state.live == canary.candidate;
  if (promoted) {
    spec->stable = *candidate;
    steering.roles[*candidate] = "stable";
    steering.roles[*stable] = "previous";
    if (auto all = split_audience(route, {}, {{*candidate, 1}}, *spec); !all) return fail(all.error());
  } else {
    const double share = is_over(state.phase) ? 0 : std::clamp(state.weight, 0.0, canary.max_weight / 100);
    spec->stable = *stable;
    spec->control = share;
    steering.roles[*stable] = "stable";
    steering.roles[*candidate] = "candidate";
    if (canary.parachute && !is_over(state.phase)) steering.fallbacks[*candidate] = *stable;
    if (auto split = split_audience(route, canary.audience, {{*stable, 1 - share}, {*candidate, share}}, *spec);
        !split) {
      return fail(split.error());
    }
    if (!is_over(state.phase)) add_copies(route, {*candidate}, *spec);
  }
  keep_segments(state, *stable, *spec);
  auto plan = traffic::TrafficPlan::build(std::move(spec).value());
  if (!plan) return fail(plan.error());
  steering.plan = std::move(plan).value();
  return steering;
}

}  // namespace sluice::strategy
