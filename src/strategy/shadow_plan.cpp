#include "sluice/strategy/shadow_plan.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "sluice/strategy/plan_base.hpp"
#include "sluice/traffic/from_policy.hpp"

namespace sluice::strategy {
namespace {

/// By segment of the route; empty where none is copied more often.
Result<std::vector<double>> oversampled_shares(const policy::Shadow& shadow, const policy::ModelRoute& route,
                                               double weight) {
  std::vector<double> shares;
  if (shadow.select.oversample.empty()) return shares;
  shares.assign(route.segments.size(), -1);
  for (const auto& more : shadow.select.oversample) {
    const auto segment = std::find_if(route.segments.begin(), route.segments.end(),
                                      [&](const policy::Segment& one) { return one.name == more.segment; });
    if (segment == route.segments.end()) return fail(Error::internal("there is no segment '" + more.segment + "'"));
    shares[static_cast<std::size_t>(segment - route.segments.begin())] = weight * more.percent / 100;
  }
  return shares;
}

}  // namespace

Result<traffic::TrafficPlan> shadow_plan(const policy::Shadow& shadow, const policy::ModelRoute& route,
                                         const std::string& live, double weight) {
  auto spec = plan_base(route);
  if (!spec) return fail(spec.error());
  const auto stable = version_index(route, live);
  if (!stable) return fail(stable.error());
  spec->stable = *stable;
  spec->otherwise = traffic::Target::version(*stable);
  auto selected = traffic::to_matches(shadow.select.matches, route.protocol);
  if (!selected) return fail(selected.error());
  auto shares = oversampled_shares(shadow, route, weight);
  if (!shares) return fail(shares.error());
  for (const auto& candidate : shadow.candidates) {
    const auto version = version_index(route, candidate.version);
    if (!version) return fail(version.error());
    // It would never get a copy: a version is not mirrored to itself.
    if (candidate.version == shadow.live) return fail(Error::internal("'" + shadow.live + "' cannot shadow itself"));
    if (weight > 0) spec->mirrors.push_back({*version, weight * candidate.percent / 100, *selected, *shares});
  }
  return traffic::TrafficPlan::build(std::move(spec).value());
}

CopyBudget shadow_budget(const policy::Shadow& shadow, const RolloutState& state) {
  CopyBudget budget;
  budget.requests_in_flight = shadow.budget.requests_in_flight;
  budget.requests_per_second = shadow.budget.requests_per_second.value_or(0);
  budget.body_bytes = shadow.budget.body_bytes.count;
  budget.idle_only = shadow.budget.idle_only;
  budget.idle_in_flight = shadow.budget.idle.requests_in_flight;
  budget.idle_latency = shadow.budget.idle.latency.value_or(Duration::zero());
  budget.deduplicate = shadow.select.deduplicate.value_or(Duration::zero());
  if (shadow.budget.requests) {
    std::uint64_t spent = 0;
    for (const auto& arm : state.arms) spent += arm.copies;
    budget.requests = *shadow.budget.requests - std::min(spent, *shadow.budget.requests);
  }
  return budget;
}

}  // namespace sluice::strategy
