#include "sluice/strategy/plain.hpp"

#include "sluice/strategy/plan_base.hpp"

namespace sluice::strategy {

Result<traffic::TrafficPlan> plain_plan(const policy::ModelRoute& route) {
  if (route.versions.size() > 1) {
    return fail(
        Error::internal(std::to_string(route.versions.size()) + " versions and no strategy that says who gets which"));
  }
  auto spec = plan_base(route);
  if (!spec) return fail(spec.error());
  return traffic::TrafficPlan::build(std::move(spec).value());
}

}  // namespace sluice::strategy
