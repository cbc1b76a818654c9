#include "sluice/outcomes/drift_tallies.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "sluice/base/stable_hash.hpp"
#include "sluice/outcomes/decision.hpp"

namespace sluice::outcomes {

namespace {

/// Empty where the strategy names none.
struct ComparedWith {
  std::string operator()(std::monostate /*none*/) const { return {}; }
  std::string operator()(const policy::Shadow& shadow) const { return shadow.live; }
  std::string operator()(const policy::AbTest& test) const {
    if (!test.control.empty()) return test.control;
    return test.variants.empty() ? std::string() : test.variants.front().version;
  }
  std::string operator()(const policy::Bandit& bandit) const {
    return bandit.arms.empty() ? std::string() : bandit.arms.front();
  }
  std::string operator()(const policy::Canary& canary) const { return canary.stable; }
  std::string operator()(const policy::Rolling& rolling) const { return rolling.stable; }
  std::string operator()(const policy::BlueGreen& colours) const { return colours.active; }
  std::string operator()(const policy::Stages& stages) const {
    return stages.stages.empty() ? std::string() : std::visit(*this, stages.stages.front().strategy);
  }
};

std::uint64_t hash_of(std::uint64_t state, const std::optional<policy::FromAnswer>& from) {
  if (!from) return stable_hash(state, "");
  return stable_hash(stable_hash(state, std::to_string(static_cast<int>(from->part))), from->name);
}

}  // namespace

std::string compared_with(const policy::ModelRoute& route) {
  std::string version = std::visit(ComparedWith{}, route.strategy);
  return version.empty() && !route.versions.empty() ? route.versions.front().name : version;
}

void DriftTallies::Route::begin() {
  score.reset();
  label.reset();
  // Behind the versions: their answers to copies.
  if (reads_score) score.emplace(false, reference, 2 * versions.size(), stable);
  if (reads_label) label.emplace(true, reference, 2 * versions.size(), stable);
  kept = 0;
}

void DriftTallies::Route::begin_window(std::uint64_t next) {
  window = next;
  units.clear();
  copied_units.clear();
  if (score) score->begin_window();
  if (label) label->begin_window();
}

bool DriftTallies::Route::is_first_of_unit(const Decision& decision) {
  if (decision.unit == 0) return true;
  const std::int64_t today =
      std::chrono::duration_cast<std::chrono::hours>(decision.time.time_since_epoch()).count() / 24;
  if (today > day) {
    day = today;
    units.clear();
    copied_units.clear();
  }
  return units.size() < kUnits && units.insert(decision.unit).second;
}

bool DriftTallies::Route::is_first_copy_of_unit(std::uint64_t unit, std::size_t place) {
  if (unit == 0) return true;
  return copied_units.size() < kUnits && copied_units.insert(mix_bits(unit + place)).second;
}

std::uint32_t DriftTallies::Route::complete() const noexcept {
  return (score && score->is_complete() ? 1U : 0U) + (label && label->is_complete() ? 1U : 0U);
}

DriftTallies::Route DriftTallies::to_route(const policy::ModelRoute& route) {
  Route made;
  made.name = route.name;
  const std::string stable = compared_with(route);
  for (const policy::Version& version : route.versions) {
    if (version.name == stable) made.stable = made.versions.size();
    made.versions.push_back(version.name);
    made.hashes.push_back(name_hash(version.name));
  }
  made.reference = route.drift->reference;
  made.reads_score = route.drift->score.has_value();
  made.reads_label = route.drift->label.has_value();
  made.rules = hash_of(hash_of(stable_hash(0, stable), route.drift->score), route.drift->label);
  made.rules = stable_hash(made.rules, std::to_string(made.reference));
  made.begin();
  return made;
}

void DriftTallies::set_routes(const std::vector<policy::ModelRoute>& routes) {
  std::map<std::uint64_t, Route> next;
  for (const policy::ModelRoute& route : routes) {
    if (!route.drift || route.versions.empty()) continue;
    Route made = to_route(route);
    const auto before = routes_.find(name_hash(route.name));
    if (before != routes_.end()) {
      Route& old = before->second;
      made.score_unread = old.score_unread;
      made.label_unread = old.label_unread;
      if (old.rules == made.rules && old.versions == made.versions) {
        made = std::move(old);
      } else {
        made.rollout = old.rollout;
        made.window = old.window;
      }
    }
    next.emplace(name_hash(route.name), std::move(made));
  }
  routes_ = std::move(next);
}

DriftTallies::Route* DriftTallies::find(std::string_view route) {
  const auto found = routes_.find(name_hash(route));
  return found == routes_.end() ? nullptr : &found->second;
}

void DriftTallies::set_rollout(std::string_view route, std::string_view rollout, std::uint64_t window,
                               const DriftReference* kept) {
  Route* const known = find(route);
  if (known == nullptr || known->rollout == rollout) return;
  known->rollout = rollout;
  known->begin();
  known->begin_window(window);
  if (kept == nullptr || kept->rollout != rollout || kept->rules != known->rules) return;
  if (known->score && kept->score) known->score->restore(*kept->score);
  if (known->label && kept->label) known->label->restore(*kept->label);
  known->kept = known->complete();
}

void DriftTallies::add(const Observation& observation) {
  const Decision& decision = observation.decision;
  const auto found = routes_.find(decision.route);
  if (found == routes_.end()) return;
  Route& route = found->second;
  const Prediction& prediction = observation.prediction;
  if (!prediction.has_score) ++route.score_unread[static_cast<std::size_t>(prediction.score_unread)];
  if (!prediction.has_label) ++route.label_unread[static_cast<std::size_t>(prediction.label_unread)];
  const auto version = std::find(route.hashes.begin(), route.hashes.end(), decision.version);
  if (version == route.hashes.end() || !decision.split || decision.window < route.window) return;
  if (decision.window > route.window) route.begin_window(decision.window);
  if (!(prediction.has_score || prediction.has_label) || !route.is_first_of_unit(decision)) return;
  const auto place = static_cast<std::size_t>(version - route.hashes.begin());
  if (route.score) route.score->add(place, prediction);
  if (route.label) route.label->add(place, prediction);
}

void DriftTallies::add_copy(std::string_view route, std::string_view version, std::uint64_t window,
                            const Prediction& prediction, std::uint64_t unit) {
  Route* const known = find(route);
  if (known == nullptr || known->window != window) return;
  const auto found = std::find(known->versions.begin(), known->versions.end(), version);
  if (found == known->versions.end()) return;
  const auto place = static_cast<std::size_t>(found - known->versions.begin());
  if (!known->is_first_copy_of_unit(unit, place)) return;
  if (known->score) known->score->add(known->versions.size() + place, prediction);
  if (known->label) known->label->add(known->versions.size() + place, prediction);
}

void DriftTallies::set_current(std::string_view route, std::uint64_t window) {
  Route* const known = find(route);
  if (known != nullptr && known->window < window) known->begin_window(window);
}

std::vector<DriftCounts> DriftTallies::of(std::string_view route, std::string_view version,
                                          std::uint64_t window) const {
  return counts_of(route, version, window, false);
}

std::vector<DriftCounts> DriftTallies::of_copies(std::string_view route, std::string_view version,
                                                 std::uint64_t window) const {
  return counts_of(route, version, window, true);
}

std::vector<DriftCounts> DriftTallies::counts_of(std::string_view route, std::string_view version, std::uint64_t window,
                                                 bool copies) const {
  std::vector<DriftCounts> counts;
  const auto found = routes_.find(name_hash(route));
  if (found == routes_.end() || found->second.window != window) return counts;
  const Route& known = found->second;
  const auto place = std::find(known.versions.begin(), known.versions.end(), version);
  if (place == known.versions.end()) return counts;
  for (const auto* series : {&known.score, &known.label}) {
    if (!*series || !(*series)->is_frozen()) continue;
    const auto index = static_cast<std::size_t>(place - known.versions.begin());
    counts.push_back((*series)->of(index + (copies ? known.versions.size() : 0)));
  }
  return counts;
}

std::map<std::string, DriftReference> DriftTallies::unkept() const {
  std::map<std::string, DriftReference> changed;
  for (const auto& [hash, route] : routes_) {
    if (route.complete() == route.kept || route.rollout.empty()) continue;
    DriftReference& made = changed[route.name];
    made.rollout = route.rollout;
    made.rules = route.rules;
    if (route.score && route.score->is_complete()) made.score = route.score->bins();
    if (route.label && route.label->is_complete()) made.label = route.label->bins();
  }
  return changed;
}

void DriftTallies::note_kept(const std::string& route) {
  Route* const known = find(route);
  if (known != nullptr) known->kept = known->complete();
}

std::vector<DriftTallies::Shown> DriftTallies::shown() const {
  std::vector<Shown> all;
  for (const auto& [hash, route] : routes_) {
    Shown& one = all.emplace_back();
    one.route = route.name;
    one.versions = route.versions;
    one.stable = route.versions[route.stable];
    one.score = route.score ? &*route.score : nullptr;
    one.label = route.label ? &*route.label : nullptr;
    one.score_unread = route.score_unread;
    one.label_unread = route.label_unread;
  }
  return all;
}

}  // namespace sluice::outcomes
