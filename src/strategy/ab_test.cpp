#include "sluice/strategy/ab_test.hpp"

#include "sluice/strategy/plan_base.hpp"

namespace sluice::strategy {

const std::string& control_of(const policy::AbTest& test) {
  return test.control.empty() && !test.variants.empty() ? test.variants.front().version : test.control;
}

Result<traffic::TrafficPlan> ab_test_plan(const policy::ModelRoute& route, const policy::AbTest& test) {
  auto spec = plan_base(route);
  if (!spec) return fail(spec.error());
  const auto control = version_index(route, control_of(test));
  if (!control) return fail(control.error());
  spec->stable = *control;
  std::vector<traffic::Weight> weights;
  for (const auto& variant : test.variants) {
    const auto version = version_index(route, variant.version);
    if (!version) return fail(version.error());
    weights.push_back({*version, static_cast<double>(variant.weight)});
  }
  if (auto split = split_audience(route, test.audience, std::move(weights), *spec); !split) return fail(split.error());
  return traffic::TrafficPlan::build(std::move(spec).value());
}

}  // namespace sluice::strategy
