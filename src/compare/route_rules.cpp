#include "sluice/compare/route_rules.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "sluice/base/stable_hash.hpp"

namespace sluice::compare {
namespace {

std::optional<policy::Compare> copy_of(const policy::Compare* compare) {
  if (compare == nullptr) return std::nullopt;
  return *compare;
}

/// Without what says how many twins there are, and what is kept of pairs.
std::optional<policy::Compare> meaning_of(const policy::Compare* compare) {
  auto made = copy_of(compare);
  if (!made) return made;
  made->keep.reset();
  made->noise = policy::Compare().noise;
  return made;
}

/// Names of the versions that are copied to.
struct CopiedTo {
  bool by_route = false;  // the route's mirror copies to versions that have requests of their own
  std::vector<std::string> names;

  void operator()(const policy::Shadow& shadow) {
    for (const auto& candidate : shadow.candidates) names.push_back(candidate.version);
  }
  void operator()(const policy::BlueGreen& blue_green) { names.push_back(blue_green.preview); }
  void operator()(const policy::Stages& stages) {
    for (const auto& stage : stages.stages) std::visit(*this, stage.strategy);
  }
  void operator()(const policy::Canary& canary) { add(canary.candidate); }
  void operator()(const policy::Rolling& rolling) { add(rolling.candidate); }
  void operator()(const policy::AbTest& test) {
    for (const auto& variant : test.variants) add(variant.version);
  }
  void operator()(const policy::Bandit& bandit) {
    for (const auto& arm : bandit.arms) add(arm);
  }
  void operator()(std::monostate /*copies nothing*/) {}

  void add(const std::string& version) {
    if (by_route) names.push_back(version);
  }
};

}  // namespace

std::uint64_t route_hash(std::string_view name) noexcept {
  return stable_hash(0, name);
}

RouteRules::RouteRules(const policy::ModelRoute& route)
    : name_(route.name),
      protocol_(route.protocol),
      compare_(meaning_of(policy::compare_of(route))),
      drift_(route.drift),
      how_(route.protocol, copy_of(policy::compare_of(route)), route.drift) {
  for (const auto& version : route.versions) {
    versions_.push_back(version.name);
    version_hashes_.push_back(route_hash(version.name));
  }
  for (const auto& segment : route.segments) segments_.push_back(segment.name);
  if (const auto* const compare = policy::compare_of(route)) keep_ = compare->keep;
  if (keep_) hidden_ = HiddenFields(keep_->redact);
  for (const auto& outcome : route.outcomes) {
    if (outcome.from) continue;
    outcomes_.push_back({outcome.name, outcome.type == policy::OutcomeType::Binary, outcome.attribution_window});
  }
  CopiedTo copied_to;
  copied_to.by_route = route.mirror && route.mirror->percent > 0;
  std::visit(copied_to, route.strategy);
  for (const std::string& name : copied_to.names) {
    const auto place = place_of(name);
    const bool is_new = std::find(candidates_.begin(), candidates_.end(), place.value_or(0)) == candidates_.end();
    if (place && is_new) candidates_.push_back(*place);
  }
}

std::optional<std::uint32_t> RouteRules::place_of(std::string_view version) const noexcept {
  const auto found = std::find(versions_.begin(), versions_.end(), version);
  if (found == versions_.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - versions_.begin());
}

bool RouteRules::has_versions_of(const AnswerPair& pair) const noexcept {
  const auto is_at = [this](std::uint32_t place, std::uint64_t name) {
    return place < version_hashes_.size() && (name == 0 || version_hashes_[place] == name);
  };
  return is_at(pair.other, pair.other_name) && is_at(pair.live, pair.live_name);
}

bool RouteRules::counts_like(const RouteRules& other) const {
  return name_ == other.name_ && versions_ == other.versions_ && segments_ == other.segments_ &&
         protocol_ == other.protocol_ && compare_ == other.compare_ && drift_ == other.drift_;
}

RouteTable route_table(const std::vector<policy::ModelRoute>& routes) {
  RouteTable made;
  for (const policy::ModelRoute& route : routes) {
    if (!policy::makes_copies(route)) continue;
    made.emplace(route_hash(route.name), std::make_shared<const RouteRules>(route));
  }
  return made;
}

}  // namespace sluice::compare
