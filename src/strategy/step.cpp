#include "sluice/strategy/step.hpp"

#include <utility>
#include <variant>

#include "sluice/strategy/ab_test.hpp"
#include "sluice/strategy/bandit.hpp"
#include "sluice/strategy/blue_green.hpp"
#include "sluice/strategy/canary.hpp"
#include "sluice/strategy/drift_watch.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/plain.hpp"
#include "sluice/strategy/reading.hpp"
#include "sluice/strategy/rolling.hpp"
#include "sluice/strategy/segments.hpp"
#include "sluice/strategy/shadow.hpp"
#include "sluice/strategy/stages.hpp"
#include "sluice/strategy/verbs.hpp"

namespace sluice::strategy {
namespace {

/// Windows of one route never share a number, or the data plane would go on counting in the old one.
constexpr unsigned windows_per_rollout_bits = 20;

RolloutState begin_strategy(const policy::Strategy& strategy, RolloutState state, const Context& context) {
  return std::visit([&](const auto& one) { return begin(one, std::move(state), context); }, strategy);
}

Transition advance_strategy(const policy::Strategy& strategy, const RolloutState& state, const Context& context) {
  return std::visit([&](const auto& one) { return advance(one, state, context); }, strategy);
}

/// The phases in which a person's pause shows as such.
bool can_pause(Phase phase) noexcept {
  return phase == Phase::Pending || phase == Phase::Progressing || phase == Phase::Paused;
}

/// Lays the pause over what the strategy made of it.
void cover(RolloutState& state, WallTime now) {
  if (!state.paused || !can_pause(state.phase)) return;
  const WallTime since = state.paused_from ? state.paused_from->since : now;
  state.paused_from = PausedFrom{state.phase, state.reason, state.message, state.phase_since, since};
  enter(state, Phase::Paused, "PausedByPerson", "paused by " + state.paused_by + " until resume", now);
  state.phase_since = since;
}

/// What the strategy knows: the same without the pause's cover.
RolloutState uncovered(const RolloutState& state) {
  RolloutState bare = state;
  if (!state.paused || !state.paused_from || state.phase != Phase::Paused) return bare;
  bare.phase = state.paused_from->phase;
  bare.reason = state.paused_from->reason;
  bare.message = state.paused_from->message;
  bare.phase_since = state.paused_from->phase_since;
  return bare;
}

void lift(RolloutState& state) {
  state.paused = false;
  state.paused_by.clear();
  state.paused_from.reset();
}

/// Later than this after its beginning a rollout's first look is one of another process.
constexpr auto first_look_within = std::chrono::seconds(5);

/// What was counted is gone with the process that counted it: the next look comes a whole interval after the first tick
/// that has the new counters, and never finds a window empty that only looks old.
RolloutState counted_anew(const RolloutState& state, std::uint64_t counters, WallTime now) {
  RolloutState noticed = state;
  const bool is_first = state.counters == 0 && !state.last_look && now - state.window_since <= first_look_within;
  noticed.counters = counters;
  if (!is_first) (noticed.last_look ? *noticed.last_look : noticed.window_since) = now;
  return noticed;
}

/// What a person who paused did not want to happen.
bool promotes(const RolloutState& before, const RolloutState& after) noexcept {
  const bool retreats =
      after.phase == Phase::RollingBack || after.phase == Phase::RolledBack || after.phase == Phase::Aborted;
  if (retreats) return false;
  return after.phase == Phase::Promoted || after.stage > before.stage || after.live != before.live;
}

/// One look of the strategy, with or without a command to it, in the phase that it knows.
Transition look(const policy::ModelRoute& route, const RolloutState& state, const Evidence& evidence,
                const Command* command, WallTime now) {
  const RolloutState bare = uncovered(state);
  Transition made = advance_strategy(route.strategy, bare, {route, evidence, command, now});
  if (made.refusal || (state.paused && command == nullptr && promotes(bare, made.state))) {
    made.state = state;
    made.events.clear();
    return made;
  }
  report_segments(route, bare, evidence, made, now);
  watch_drift(evidence, made);
  if (made.state.phase == Phase::RollingBack || is_over(made.state.phase)) lift(made.state);
  cover(made.state, now);
  return made;
}

/// A transition that the strategy had no part in: what it still wishes from outside stays wished.
Transition with_wishes(const policy::ModelRoute& route, RolloutState state, Event event, const Evidence& evidence,
                       WallTime now) {
  Transition made = look(route, state, evidence, nullptr, now);
  made.state = std::move(state);
  made.events.clear();
  made.events.push_back(std::move(event));
  return made;
}

Transition pause(const policy::ModelRoute& route, const RolloutState& state, const Evidence& evidence,
                 const Command& command, WallTime now) {
  RolloutState paused = state;
  paused.paused = true;
  paused.paused_by = command.actor;
  cover(paused, now);
  std::string text = "nothing advances until " + command.actor + " or somebody else resumes";
  return with_wishes(route, std::move(paused), {"Paused", std::move(text)}, evidence, now);
}

/// The clocks that stood still for the person go on from where they were.
Transition resume(const policy::ModelRoute& route, const RolloutState& state, const Evidence& evidence, WallTime now) {
  RolloutState resumed = uncovered(state);
  const auto length = state.paused_from ? now - state.paused_from->since : WallTime::duration(0);
  if (length > WallTime::duration(0)) {
    resumed.step_since += length;
    resumed.last_progress += length;
    resumed.phase_since += length;
    resumed.stage_since += length;
  }
  lift(resumed);
  std::string text = "after a pause of " + short_duration(length) + " by " + state.paused_by;
  return with_wishes(route, std::move(resumed), {"Resumed", std::move(text)}, evidence, now);
}

RolloutState fresh(const policy::ModelRoute& route, std::uint64_t number, std::uint64_t generation, WallTime now) {
  RolloutState state;
  state.route = route.name;
  state.number = number;
  state.strategy = policy::strategy_name(route.strategy);
  state.fingerprint = fingerprint(route);
  state.observed_generation = generation;
  state.phase = Phase::Pending;
  state.begun = state.phase_since = state.step_since = state.last_progress = state.window_since = now;
  state.window = number << windows_per_rollout_bits;
  return state;
}

Transition retry(const policy::ModelRoute& route, const RolloutState& state, const Evidence& evidence, WallTime now) {
  if (const auto* stages = std::get_if<policy::Stages>(&route.strategy)) {
    if (auto why = why_no_retry(*stages, state)) return {state, {}, {}, {}, std::move(why)};
  }
  RolloutState again = fresh(route, state.number, state.observed_generation, now);
  again.attempt = state.attempt + 1;
  again.window = state.window + 1;
  again.counters = state.counters;
  again.check_runs = state.check_runs;
  again.drift = state.drift;
  // Servers do not forget what a rolling update loaded; where everything is back at its beginning this says so.
  if (state.strategy == "rolling") again.slots = state.slots;
  Transition made;
  made.state = begin_strategy(route.strategy, std::move(again), {route, evidence, nullptr, now});
  if (const std::string& live = made.state.live; live != state.live && !is_usable(evidence, live)) {
    made.refusal = "'" + live + "' cannot take the traffic: " + usable_text(evidence, live);
    made.state = state;
    return made;
  }
  made.events.push_back({"Retried", "attempt " + std::to_string(made.state.attempt) + " begins at the first step"});
  return made;
}

Transition obey(const policy::ModelRoute& route, const RolloutState& state, const Evidence& evidence,
                const Command& command, WallTime now) {
  const Permission permission = judge(command, state);
  if (permission.kind != Permission::Kind::Act) {
    Transition unmoved;
    unmoved.state = state;
    if (permission.kind == Permission::Kind::Refuse) unmoved.refusal = permission.reason;
    return unmoved;
  }
  switch (command.verb) {
    case Verb::Pause:
      return pause(route, state, evidence, command, now);
    case Verb::Resume:
      return resume(route, state, evidence, now);
    case Verb::Retry:
      return retry(route, state, evidence, now);
    case Verb::Promote:
    case Verb::Abort:
    case Verb::Undo:
      break;
  }
  return look(route, state, evidence, &command, now);
}

}  // namespace

RolloutState begin(const policy::ModelRoute& route, std::uint64_t number, std::uint64_t generation, WallTime now) {
  static const Evidence nothing;
  return begin_strategy(route.strategy, fresh(route, number, generation, now), {route, nothing, nullptr, now});
}

Transition advance(const policy::ModelRoute& route, const RolloutState& state, const Evidence& evidence,
                   const Command* command, WallTime now) {
  if (evidence.counters != 0 && evidence.counters != state.counters) {
    return advance(route, counted_anew(state, evidence.counters, now), evidence, command, now);
  }
  if (evidence.window != state.window) {
    Evidence bare = without_samples(evidence);
    bare.window = state.window;
    return advance(route, state, bare, command, now);
  }
  return command != nullptr ? obey(route, state, evidence, *command, now) : look(route, state, evidence, nullptr, now);
}

Result<Steering> steer(const policy::ModelRoute& route, const RolloutState& state) {
  const RolloutState bare = uncovered(state);
  auto steering = std::visit([&](const auto& one) { return steer(one, route, bare); }, route.strategy);
  if (!steering) return fail(Error::internal("route '" + route.name + "': " + steering.error().message));
  return steering;
}

}  // namespace sluice::strategy
