#include "rolling_slots.hpp"
#include "sluice/strategy/plan_base.hpp"
#include "sluice/strategy/rolling.hpp"

namespace sluice::strategy {
namespace {

/// By version: the endpoints that get nothing.
struct Withheld {
  std::vector<std::string> stable;
  std::vector<std::string> candidate;
};

Withheld withheld_by(const RolloutState& state) {
  Withheld made;
  for (const SlotState& slot : state.slots) {
    const Sides sides = sides_of(slot);
    if (!sides.stable_in && !slot.stable.empty()) made.stable.push_back(slot.stable);
    if (!sides.candidate_in && !slot.candidate.empty()) made.candidate.push_back(slot.candidate);
  }
  return made;
}

struct CountedPair {
  double stable = 0;
  double candidate = 0;
};

CountedPair counted_by(const RolloutState& state) {
  CountedPair made;
  if (state.phase == Phase::Promoted) return {0, 1};
  for (const SlotState& slot : state.slots) {
    const Sides sides = sides_of(slot);
    made.stable += sides.stable_counts ? 1 : 0;
    made.candidate += sides.candidate_counts ? 1 : 0;
  }
  // Somebody has to be named even where nobody serves.
  if (made.stable + made.candidate == 0) made.stable = 1;
  return made;
}

}  // namespace

Result<Steering> steer(const policy::Rolling& rolling, const policy::ModelRoute& route, const RolloutState& state) {
  auto spec = plan_base(route);
  if (!spec) return fail(spec.error());
  const auto stable = version_index(route, rolling.stable);
  if (!stable) return fail(stable.error());
  const auto candidate = version_index(route, rolling.candidate);
  if (!candidate) return fail(candidate.error());
  const CountedPair counted = counted_by(state);
  const bool promoted = state.phase == Phase::Promoted;
  spec->stable = promoted ? *candidate : *stable;
  if (auto split = split_audience(route, {}, {{*stable, counted.stable}, {*candidate, counted.candidate}}, *spec);
      !split) {
    return fail(split.error());
  }
  // Copies to a version that has no instance yet would say nothing.
  if (!is_over(state.phase) && counted.stable > 0 && counted.candidate > 0) add_copies(route, {*candidate}, *spec);
  auto plan = traffic::TrafficPlan::build(std::move(spec).value());
  if (!plan) return fail(plan.error());

  Steering steering;
  steering.plan = std::move(plan).value();
  steering.window = state.window;
  steering.roles.assign(route.versions.size(), "idle");
  steering.roles[*stable] = promoted ? "previous" : "stable";
  steering.roles[*candidate] = promoted ? "stable" : "candidate";
  steering.fallbacks.assign(route.versions.size(), -1);
  // A fallback without an endpoint would rescue nobody, and keep the candidate from its last resort.
  if (rolling.parachute && !promoted && counted.candidate > 0 && counted.stable > 0) {
    steering.fallbacks[*candidate] = static_cast<std::int32_t>(*stable);
  }
  Withheld withheld = withheld_by(state);
  steering.withheld.resize(route.versions.size());
  steering.withheld[*stable] = std::move(withheld.stable);
  steering.withheld[*candidate] = std::move(withheld.candidate);
  return steering;
}

}  // namespace sluice::strategy
