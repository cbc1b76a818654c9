#include "sluice/strategy/split_steering.hpp"

#include "sluice/strategy/plan_base.hpp"

namespace sluice::strategy {

SplitWish all_to(const std::string& version, const std::string& role, SplitWish wish) {
  wish.first = version;
  wish.audience.clear();
  wish.parachute = false;
  wish.learned.reset();
  for (auto& part : wish.parts) {
    part.share = part.version == version ? 1 : 0;
    if (part.version == version) part.role = role;
  }
  return wish;
}

void give_all(std::vector<ArmState>& arms, const std::string& version) {
  for (auto& arm : arms) arm.share = arm.version == version ? 1 : 0;
}

Result<Steering> steer_split(const policy::ModelRoute& route, const SplitWish& wish, std::uint64_t window) {
  auto spec = plan_base(route);
  if (!spec) return fail(spec.error());
  const auto first = version_index(route, wish.first);
  if (!first) return fail(first.error());
  spec->stable = *first;
  spec->learned = wish.learned;

  Steering steering;
  steering.roles.assign(route.versions.size(), "idle");
  steering.fallbacks.assign(route.versions.size(), -1);
  steering.withheld.resize(route.versions.size());
  steering.window = window;
  std::vector<traffic::Weight> weights;
  double sum = 0;
  std::vector<traffic::VersionIndex> in_play;
  for (const auto& part : wish.parts) {
    const auto version = version_index(route, part.version);
    if (!version) return fail(version.error());
    weights.push_back({*version, part.share});
    sum += part.share;
    if (part.share > 0) in_play.push_back(*version);
    steering.roles[*version] = part.role;
    if (wish.parachute && *version != *first) steering.fallbacks[*version] = *first;
  }
  if (!(sum > 0)) weights = {{*first, 1}};
  if (auto split = split_audience(route, wish.audience, std::move(weights), *spec); !split) return fail(split.error());
  add_copies(route, in_play, *spec);
  auto plan = traffic::TrafficPlan::build(std::move(spec).value());
  if (!plan) return fail(plan.error());
  steering.plan = std::move(plan).value();
  return steering;
}

}  // namespace sluice::strategy
