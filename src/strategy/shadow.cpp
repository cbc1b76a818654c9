#include "sluice/strategy/shadow.hpp"

#include "sluice/strategy/plan_base.hpp"

namespace sluice::strategy {

Result<traffic::TrafficPlan> shadow_plan(const policy::ModelRoute& route, const policy::Shadow& shadow) {
  auto spec = plan_base(route);
  if (!spec) return fail(spec.error());
  const auto live = version_index(route, shadow.live);
  if (!live) return fail(live.error());
  spec->stable = *live;
  spec->otherwise = traffic::Target::version(*live);
  for (const auto& candidate : shadow.candidates) {
    const auto version = version_index(route, candidate.version);
    if (!version) return fail(version.error());
    // It would never get a copy: a version is not mirrored to itself.
    if (*version == *live) return fail(Error::internal("'" + shadow.live + "' cannot shadow itself"));
    spec->mirrors.push_back({*version, candidate.percent / 100});
  }
  return traffic::TrafficPlan::build(std::move(spec).value());
}

}  // namespace sluice::strategy
