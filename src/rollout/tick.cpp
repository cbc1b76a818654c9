#include <utility>

#include "controller_impl.hpp"
#include "sluice/base/log.hpp"
#include "sluice/rollout/state_json.hpp"
#include "sluice/rollout/webhook_payload.hpp"
#include "sluice/strategy/step.hpp"

/// One look at the world and what comes of it: gather, advance, keep, publish, in this order.
namespace sluice::rollout {
namespace {

/// The answers to what was asked; those to anything else are nobody's.
template <typename Wish, typename Answer>
std::map<std::string, Answer> answers_to(const std::vector<Wish>& wishes, const std::map<std::string, Answer>& all) {
  std::map<std::string, Answer> out;
  for (const auto& wish : wishes) {
    const auto found = all.find(wish.key);
    if (found != all.end()) out.insert(*found);
  }
  return out;
}

}  // namespace

Line Controller::Impl::line_of(const strategy::RolloutState& state, const strategy::Event& event,
                               const std::string& actor, WallTime now) {
  return {now, state.route, strategy::id_of(state), actor, event.kind, event.text};
}

void Controller::Impl::gather() {
  for (RouteEntry& entry : routes_) evidence_[entry.policy.name] = std::move(entry.evidence);
  parts_.kpis.gather_into(evidence_);
  const auto answers = parts_.errands.answers();
  const auto values = parts_.errands.values();
  for (RouteEntry& entry : routes_) {
    const auto found = evidence_.find(entry.policy.name);
    entry.evidence = found == evidence_.end() ? strategy::Evidence{} : std::move(found->second);
    entry.evidence.errands = answers_to(entry.errands, answers);
    entry.evidence.queries = answers_to(entry.queries, values);
  }
}

std::optional<Move> Controller::Impl::consider(std::size_t index, strategy::Transition transition,
                                               const std::string& actor) {
  RouteEntry& entry = routes_[index];
  for (auto& errand : transition.errands) {
    if (errand.webhook != nullptr && errand.body.empty()) {
      errand.body = webhook_payload(transition.state, *errand.webhook);
    }
    errand.webhook = nullptr;  // the policy may go before the errand does
  }
  transition.state.observed_generation = generation_;
  if (transition.state == entry.state && transition.events.empty()) {
    entry.errands = std::move(transition.errands);
    entry.queries = std::move(transition.queries);
    return std::nullopt;
  }

  Move move;
  move.entry = index;
  move.state = std::move(transition.state);
  move.events = std::move(transition.events);
  move.actor = actor;
  if (!steers_alike(entry.state, move.state)) {
    auto steering = strategy::steer(entry.policy, move.state);
    if (!steering) {
      if (entry.problem != steering.error().message) {
        entry.problem = steering.error().message;
        log::error("a rollout cannot go on", {{"route", entry.policy.name}, {"error", entry.problem}});
      }
      return std::nullopt;
    }
    move.steering = std::move(steering).value();
  }
  entry.problem.clear();
  move.errands = std::move(transition.errands);
  move.queries = std::move(transition.queries);
  move.kind = kind_of(entry.state, move.state, entry.steering, move.steering ? &*move.steering : nullptr);
  return move;
}

Result<std::vector<state::JournalEntry>> Controller::Impl::commit(const std::vector<Move>& moves, WallTime now) {
  std::map<std::string, std::string> records;
  for (const RouteEntry& entry : routes_) {
    if (!entry.kept) records[record_of(entry.policy.name)] = to_json(entry.state);
  }
  std::vector<Line> lines;
  for (const Move& move : moves) {
    records[record_of(move.state.route)] = to_json(move.state);
    for (const auto& event : move.events) lines.push_back(line_of(move.state, event, move.actor, now));
  }
  // A store that is down is tried with every tick; otherwise nothing new is nothing to do.
  if (records.empty() && lines.empty() && !keeper_.owes() && keeper_.is_up()) {
    return std::vector<state::JournalEntry>{};
  }
  return keeper_.keep(std::move(records), lines);
}

void Controller::Impl::apply(Move move, bool kept, WallTime now) {
  RouteEntry& entry = routes_[move.entry];
  for (const auto& event : move.events) {
    if (!kept) keeper_.owe(line_of(move.state, event, move.actor, now));
    log::info("rollout", {{"route", entry.policy.name},
                          {"rollout", strategy::id_of(move.state)},
                          {"event", event.kind},
                          {"actor", move.actor},
                          {"what", event.text}});
  }
  const strategy::RolloutState before = std::exchange(entry.state, std::move(move.state));
  entry.kept = kept;
  entry.errands = std::move(move.errands);
  entry.queries = std::move(move.queries);
  if (move.steering) {
    entry.steering = std::move(*move.steering);
    entry.in_force = false;
  }
  tell(entry.policy, before, entry.state, move.events, now);
}

bool Controller::Impl::carry_out(std::vector<Move> moves, WallTime now) {
  const auto entries = commit(moves, now);
  if (entries) {
    for (RouteEntry& entry : routes_) entry.kept = true;
  }
  bool all_done = true;
  for (Move& move : moves) {
    if (!entries && move.kind == Move::Kind::Advance) {
      // The store may have it all the same, late: it is told once more what is so.
      routes_[move.entry].kept = false;
      all_done = false;
      continue;
    }
    apply(std::move(move), entries.ok(), now);
  }
  publish();
  keep_errands();
  if (entries) {
    for (const auto& entry : *entries) parts_.on_event(entry);
  }
  return all_done;
}

void Controller::Impl::publish() {
  std::vector<RouteSteering> changed;
  for (const RouteEntry& entry : routes_) {
    if (!entry.in_force) changed.push_back({entry.policy.name, entry.steering});
  }
  if (changed.empty()) return;
  const auto steered = parts_.traffic.steer(changed);
  const std::string problem = steered ? std::string() : steered.error().message;
  if (problem != traffic_problem_ && !problem.empty()) {
    log::error("the data plane does not follow", {{"routes", changed.size()}, {"error", problem}});
  }
  traffic_problem_ = problem;
  if (!steered) return;
  for (RouteEntry& entry : routes_) entry.in_force = true;
}

void Controller::Impl::keep_errands() {
  std::vector<strategy::Errand> errands;
  std::vector<strategy::Query> queries;
  for (const RouteEntry& entry : routes_) {
    errands.insert(errands.end(), entry.errands.begin(), entry.errands.end());
    queries.insert(queries.end(), entry.queries.begin(), entry.queries.end());
  }
  parts_.errands.keep(errands, queries);
}

/// Hooks that only listen: nobody waits for what they say.
void Controller::Impl::tell(const policy::ModelRoute& policy, const strategy::RolloutState& before,
                            const strategy::RolloutState& after, const std::vector<strategy::Event>& events,
                            WallTime now) {
  const auto& hooks = webhooks_of(policy.strategy, before.stage);
  const bool ends = (strategy::is_over(after.phase) && !strategy::is_over(before.phase)) || after.stage != before.stage;
  const std::string prefix = strategy::id_of(after) + "/" + std::to_string(after.attempt);
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    const policy::Webhook& hook = hooks[i];
    if (hook.type == policy::WebhookType::Event) {
      for (const auto& event : events) {
        parts_.errands.send(
            to_errand(hook, prefix + "/event/" + std::to_string(i), event_payload(after, hook, event, now)));
      }
    } else if (hook.type == policy::WebhookType::PostRollout && ends) {
      parts_.errands.send(to_errand(hook, prefix + "/post-rollout/" + std::to_string(i), webhook_payload(after, hook)));
    }
  }
}

void Controller::Impl::tick(WallTime now) {
  gather();
  std::vector<Move> moves;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const RouteEntry& entry = routes_[i];
    auto move = consider(i, strategy::advance(entry.policy, entry.state, entry.evidence, nullptr, now), "sluice");
    if (move) moves.push_back(std::move(*move));
  }
  carry_out(std::move(moves), now);
}

Result<RolloutView, Controller::Refusal> Controller::Impl::command(const std::string& route,
                                                                   const strategy::Command& command, WallTime now) {
  RouteEntry* const entry = find(route);
  if (entry == nullptr) return fail(Refusal{true, "there is no route '" + route + "'"});
  gather();
  auto transition = strategy::advance(entry->policy, entry->state, entry->evidence, &command, now);
  if (transition.refusal) return fail(Refusal{false, *transition.refusal});
  const auto index = static_cast<std::size_t>(entry - routes_.data());
  const bool changes = transition.state != entry->state || !transition.events.empty();
  std::vector<Move> moves;
  if (changes) {
    auto move = consider(index, std::move(transition), command.actor.empty() ? "somebody" : command.actor);
    if (!move && !entry->problem.empty()) return fail(Refusal{false, entry->problem});
    if (move) moves.push_back(std::move(*move));
  }
  if (!carry_out(std::move(moves), now)) {
    return fail(Refusal{false, "the state cannot be kept: " + keeper_.problem()});
  }
  return view(*entry, now);
}

}  // namespace sluice::rollout
