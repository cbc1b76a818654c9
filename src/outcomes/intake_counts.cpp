#include "sluice/outcomes/intake_counts.hpp"

#include <algorithm>
#include <chrono>

namespace sluice::outcomes {

namespace {

template <typename List>
auto* find_named(List& list, const std::string& name) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.name == name; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

void DelayCounts::record(Duration delay) noexcept {
  const double seconds = std::chrono::duration<double>(delay).count();
  std::size_t bucket = 0;
  while (bucket < kBounds.size() && seconds > kBounds[bucket]) ++bucket;
  ++counts[bucket];
  sum += seconds;
}

void IntakeCounts::follow(const Catalogue& catalogue) {
  std::vector<Route> next;
  for (const KnownRoute& known : catalogue.routes()) {
    Route* const old_route = find_named(routes, known.name);
    Route& route = next.emplace_back();
    route.name = known.name;
    if (old_route != nullptr) route.refused = old_route->refused;
    for (const std::string& name : known.versions) {
      Version* const old_version = old_route == nullptr ? nullptr : find_named(old_route->versions, name);
      Version& version = route.versions.emplace_back();
      version.name = name;
      for (const KnownOutcome& outcome : known.outcomes) {
        Outcome* const old = old_version == nullptr ? nullptr : find_named(old_version->outcomes, outcome.name);
        version.outcomes.push_back(old != nullptr ? *old : Outcome{outcome.name, 0, 0, {}});
      }
    }
  }
  routes = std::move(next);
}

}  // namespace sluice::outcomes
