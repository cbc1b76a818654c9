#include "sluice/outcomes/catalogue.hpp"

#include <algorithm>

#include "sluice/base/stable_hash.hpp"
#include "sluice/outcomes/decision.hpp"

namespace sluice::outcomes {

const KnownOutcome* KnownRoute::find_outcome(std::string_view outcome) const noexcept {
  for (const KnownOutcome& known : outcomes) {
    if (known.name == outcome) return &known;
  }
  return nullptr;
}

int KnownRoute::find_version(std::uint64_t version) const noexcept {
  const auto found = std::find(version_hashes.begin(), version_hashes.end(), version);
  return found == version_hashes.end() ? -1 : static_cast<int>(found - version_hashes.begin());
}

std::uint64_t KnownRoute::unit_hash(std::string_view unit) const noexcept {
  return stable_hash(name, salt, unit);
}

Catalogue::Catalogue(const std::vector<policy::ModelRoute>& routes, OutcomeSource source) {
  for (const policy::ModelRoute& route : routes) {
    KnownRoute known;
    known.name = route.name;
    known.hash = name_hash(route.name);
    known.salt = route.unit.salt;
    known.has_unit = route.unit.source != policy::UnitSource::Request;
    for (const policy::Version& version : route.versions) {
      known.versions.push_back(version.name);
      known.version_hashes.push_back(name_hash(version.name));
    }
    for (const policy::Outcome& outcome : route.outcomes) {
      if (outcome.from.has_value() != (source == OutcomeSource::Answers)) continue;
      known.outcomes.push_back({outcome.name, name_hash(outcome.name), outcome.type, outcome.attribution_window});
      known.longest_window = std::max(known.longest_window, outcome.attribution_window);
    }
    if (known.outcomes.empty()) continue;
    by_hash_[known.hash] = routes_.size();
    routes_.push_back(std::move(known));
  }
}

const KnownRoute* Catalogue::find(std::uint64_t route) const noexcept {
  const auto found = by_hash_.find(route);
  return found == by_hash_.end() ? nullptr : &routes_[found->second];
}

const KnownRoute* Catalogue::find(std::string_view route) const noexcept {
  const KnownRoute* const known = find(name_hash(route));
  return known != nullptr && known->name == route ? known : nullptr;
}

Duration Catalogue::longest_window() const noexcept {
  Duration longest{0};
  for (const KnownRoute& route : routes_) longest = std::max(longest, route.longest_window);
  return longest;
}

bool Catalogue::counts_like(const Catalogue& other, std::uint64_t route) const noexcept {
  const KnownRoute* const a = find(route);
  const KnownRoute* const b = other.find(route);
  return a != nullptr && b != nullptr && a->has_unit == b->has_unit && a->outcomes == b->outcomes;
}

}  // namespace sluice::outcomes
