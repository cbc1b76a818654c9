#include "sluice/strategy/canary.hpp"

#include "sluice/strategy/plan_base.hpp"

namespace sluice::strategy {

double first_weight(const policy::Canary& canary) noexcept {
  const bool starts_with_weight = !canary.steps.empty() && canary.steps.front().kind == policy::StepKind::SetWeight;
  return starts_with_weight ? canary.steps.front().weight : 0;
}

Result<traffic::TrafficPlan> canary_plan(const policy::ModelRoute& route, const policy::Canary& canary) {
  auto spec = plan_base(route);
  if (!spec) return fail(spec.error());
  const auto stable = version_index(route, canary.stable);
  if (!stable) return fail(stable.error());
  const auto candidate = version_index(route, canary.candidate);
  if (!candidate) return fail(candidate.error());
  spec->stable = *stable;
  const double percent = first_weight(canary);
  if (auto split = split_audience(route, canary.audience, {{*stable, 100 - percent}, {*candidate, percent}}, *spec);
      !split) {
    return fail(split.error());
  }
  return traffic::TrafficPlan::build(std::move(spec).value());
}

}  // namespace sluice::strategy
