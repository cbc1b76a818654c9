#include <set>

#include "controller_impl.hpp"
#include "sluice/base/log.hpp"
#include "sluice/rollout/state_json.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/step.hpp"

/// How a controller comes by its routes: from the store, and from a policy.
namespace sluice::rollout {
namespace {

constexpr std::string_view prefix = "rollout/";

std::string lost_sentence(const std::string& why) {
  return "what this rollout had come to is lost (" + why + "): everything is on stable until retry";
}

}  // namespace

void Controller::Impl::alarm(const std::string& sentence, WallTime now) {
  log::error("the state is damaged", {{"store", parts_.store.name()}, {"error", sentence}});
  keeper_.owe({now, {}, {}, "sluice", "StoreAlarm", sentence});
  damage_.push_back(sentence);
}

Result<void> Controller::Impl::restore(WallTime now) {
  auto found = keeper_.load();
  if (!found) return fail(found.error());
  for (const auto& sentence : found->alarms) alarm(sentence, now);
  all_lost_ = found->all_lost;
  if (all_lost_) lost_because_ = lost_sentence(found->alarms.front());
  for (const auto& [name, text] : found->records) {
    if (!name.starts_with(prefix)) continue;
    const std::string route = name.substr(prefix.size());
    auto state = parse_state(text);
    if (state && state->route == route) {
      kept_[route].state = std::move(state).value();
      continue;
    }
    const std::string why = text.empty() ? "its record is damaged"
                            : state      ? "its record is another route's"
                                         : "its record cannot be read: " + state.error().message;
    kept_[route].lost = lost_sentence(why);
    alarm("the state of route '" + route + "' is lost: " + why, now);
  }
  return {};
}

const strategy::RolloutState* Controller::Impl::state_of(const std::string& route) const {
  for (const auto& entry : routes_) {
    if (entry.policy.name == route) return &entry.state;
  }
  const auto kept = kept_.find(route);
  return kept != kept_.end() && kept->second.state ? &*kept->second.state : nullptr;
}

RouteEntry* Controller::Impl::find(const std::string& route) {
  for (auto& entry : routes_) {
    if (entry.policy.name == route) return &entry;
  }
  return nullptr;
}

Past Controller::Impl::past_of(const std::string& route) const {
  Past past;
  past.state = state_of(route);
  // A number is given out once, whatever becomes of the route: windows and the keys of errands hang on it.
  if (past.state == nullptr) past.last_number = keeper_.last_number(route);
  const auto kept = kept_.find(route);
  if (kept != kept_.end()) past.lost = kept->second.lost;
  if (past.state == nullptr && past.lost.empty() && all_lost_) past.lost = lost_because_;
  return past;
}

Result<Controller::Prepared> Controller::Impl::prepare(std::vector<policy::ModelRoute> routes, std::uint64_t generation,
                                                       WallTime now) const {
  Prepared prepared;
  prepared.generation = generation;
  for (const auto& route : routes) {
    const Past past = past_of(route.name);
    Succession next = succeed(route, past, generation, now);
    auto steering = strategy::steer(route, next.state);
    if (!steering) return fail(steering.error());
    if (past.state != nullptr) prepared.before.emplace(route.name, *past.state);
    prepared.steerings.push_back({route.name, std::move(steering).value()});
    for (auto& event : next.events) prepared.events.emplace_back(route.name, std::move(event));
    prepared.states.emplace(route.name, std::move(next.state));
  }
  prepared.routes = std::move(routes);
  return prepared;
}

RouteEntry Controller::Impl::enter(policy::ModelRoute route, strategy::RolloutState state,
                                   const strategy::RolloutState* before, strategy::Steering steering) {
  RouteEntry entry;
  RouteEntry* const old = find(route.name);
  const strategy::RolloutState* const current = state_of(route.name);
  // A tick may have come since `prepare`. What it decided stands, and the data plane is told once more.
  const bool moved_on = current != nullptr && (before == nullptr || *current != *before);
  if (moved_on && current->number == state.number) {
    std::string wanted = std::move(state.fingerprint);
    state = *current;
    state.fingerprint = std::move(wanted);
  }
  if (moved_on) {
    if (auto again = strategy::steer(route, state)) steering = std::move(again).value();
  }
  entry.in_force = !moved_on;
  entry.kept = current != nullptr && *current == state && (old == nullptr || old->kept);
  entry.state = std::move(state);
  entry.steering = std::move(steering);
  if (old != nullptr) entry.evidence = std::move(old->evidence);
  entry.policy = std::move(route);
  return entry;
}

void Controller::Impl::end_superseded(const std::string& route, const strategy::Event& event, WallTime now) {
  const strategy::RolloutState* const state = state_of(route);
  if (state == nullptr) return;
  keeper_.owe(line_of(*state, event, "sluice", now));
  const RouteEntry* const entry = find(route);
  if (entry == nullptr) return;  // the policy that it was of is not known any more, and neither are its hooks
  strategy::RolloutState ended = *state;
  strategy::enter(ended, strategy::Phase::Superseded, "PolicyChanged", event.text, now);
  tell(entry->policy, *state, ended, {event}, now);
}

void Controller::Impl::retire(const Prepared& prepared, WallTime now) {
  std::set<std::string> gone;
  for (const auto& entry : routes_) gone.insert(entry.policy.name);
  for (const auto& [route, kept] : kept_) gone.insert(route);
  for (const auto& route : prepared.routes) gone.erase(route.name);
  const std::string why = "the policy's generation " + std::to_string(prepared.generation) + " has no such route";
  for (const auto& route : gone) {
    const strategy::RolloutState* const state = state_of(route);
    if (state != nullptr) {
      for (const auto& event : superseded(*state, why)) end_superseded(route, event, now);
    }
    keeper_.owe_erasure(record_of(route));
    keeper_.forget(route, state == nullptr ? 0 : state->number);
  }
}

Result<void> Controller::Impl::adopt(Prepared prepared, WallTime now) {
  retire(prepared, now);
  for (const auto& [route, event] : prepared.events) {
    if (event.kind == "Superseded") end_superseded(route, event, now);
  }
  std::vector<RouteEntry> entries;
  entries.reserve(prepared.routes.size());
  for (std::size_t i = 0; i < prepared.routes.size(); ++i) {
    policy::ModelRoute& route = prepared.routes[i];
    keeper_.recall(route.name);
    const auto before = prepared.before.find(route.name);
    auto state = std::move(prepared.states.at(route.name));
    entries.push_back(enter(std::move(route), std::move(state),
                            before == prepared.before.end() ? nullptr : &before->second,
                            std::move(prepared.steerings[i].steering)));
  }
  routes_ = std::move(entries);
  kept_.clear();
  evidence_.clear();
  all_lost_ = false;
  generation_ = prepared.generation;
  for (const auto& [route, event] : prepared.events) {
    const RouteEntry* const entry = find(route);
    if (event.kind == "Superseded" || entry == nullptr) continue;
    keeper_.owe(line_of(entry->state, event, "sluice", now));
    tell(entry->policy, entry->state, entry->state, {event}, now);
  }
  carry_out({}, now);
  if (keeper_.is_up()) return {};
  return fail(Error::internal(keeper_.problem()));
}

}  // namespace sluice::rollout
