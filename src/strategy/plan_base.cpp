#include "sluice/strategy/plan_base.hpp"

#include "sluice/traffic/from_policy.hpp"

namespace sluice::strategy {

Result<traffic::PlanSpec> plan_base(const policy::ModelRoute& route) {
  traffic::PlanSpec spec;
  spec.route = route.name;
  spec.salt = route.unit.salt;
  for (const auto& version : route.versions) spec.versions.push_back(version.name);
  auto unit = traffic::to_unit(route.unit);
  if (!unit) return fail(Error::internal("unit: " + unit.error().message));
  spec.unit = std::move(unit).value();
  for (const policy::Segment& segment : route.segments) {
    auto matches = traffic::to_matches(segment.matches, route.protocol);
    if (!matches) return fail(matches.error());
    spec.segments.push_back({segment.name, std::move(matches).value(), std::nullopt});
  }
  if (route.pinning.allow != policy::PinAllow::Nobody) {
    traffic::Pin pin;
    if (route.pinning.allow == policy::PinAllow::Matching) {
      // An empty list would mean everyone to the plan, and nobody to whoever wrote it.
      if (route.pinning.when.empty()) return fail(Error::internal("pinning by match needs at least one match"));
      auto when = traffic::to_matches(route.pinning.when, route.protocol);
      if (!when) return fail(when.error());
      pin.when = std::move(when).value();
    }
    spec.pin = std::move(pin);
  }
  return spec;
}

Result<traffic::VersionIndex> version_index(const policy::ModelRoute& route, const std::string& name) {
  for (std::size_t i = 0; i < route.versions.size(); ++i) {
    if (route.versions[i].name == name) return static_cast<traffic::VersionIndex>(i);
  }
  return fail(Error::internal("there is no version '" + name + "'"));
}

Result<void> split_audience(const policy::ModelRoute& route, const std::vector<policy::Match>& audience,
                            std::vector<traffic::Weight> weights, traffic::PlanSpec& spec) {
  spec.splits.push_back(std::move(weights));
  spec.otherwise = traffic::Target::split(0);
  if (audience.empty()) return {};
  auto matches = traffic::to_matches(audience, route.protocol);
  if (!matches) return fail(matches.error());
  spec.rules.push_back({std::move(matches).value(), traffic::Target::split(0)});
  spec.otherwise = traffic::Target::version(spec.stable);
  return {};
}

void add_copies(const policy::ModelRoute& route, const std::vector<traffic::VersionIndex>& versions,
                traffic::PlanSpec& spec) {
  if (!route.mirror || !(route.mirror->percent > 0)) return;
  for (const traffic::VersionIndex version : versions) {
    if (version != spec.stable) spec.mirrors.push_back({version, route.mirror->percent / 100, {}, {}, spec.stable});
  }
}

}  // namespace sluice::strategy
