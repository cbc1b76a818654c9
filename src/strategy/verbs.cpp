#include "sluice/strategy/verbs.hpp"

#include <array>
#include <cstddef>

#include "sluice/strategy/segments.hpp"

namespace sluice::strategy {
namespace {

constexpr std::array<std::string_view, 6> names{"promote", "pause", "resume", "abort", "retry", "undo"};
static_assert(static_cast<std::size_t>(Verb::Undo) + 1 == names.size());

Permission act() {
  return {Permission::Kind::Act, ""};
}
Permission already(std::string reason) {
  return {Permission::Kind::Already, std::move(reason)};
}
Permission refuse(std::string reason) {
  return {Permission::Kind::Refuse, std::move(reason)};
}

/// What was lost cannot be gone on with, except where going on means to begin at the first step.
bool may_go_on(const Command& command, const RolloutState& state) {
  if (state.phase != Phase::Held || state.reason != "StateLost") return true;
  if (state.strategy == "canary" || state.strategy == "rolling") return true;
  return command.full && state.strategy != "abTest";  // whose variants are all out but one
}

bool stays_on_stable(const RolloutState& state) {
  return state.phase == Phase::Promoted && state.reason == stable_stays;
}

Permission on_promote(const Command& command, const RolloutState& state) {
  if (!may_go_on(command, state)) return refuse("nothing is known of it any more: use retry to begin again");
  if (state.paused) return refuse("paused by " + state.paused_by + ": use resume first");
  switch (state.phase) {
    case Phase::Pending:
    case Phase::Progressing:
    case Phase::Paused:
    case Phase::Held:
    case Phase::Concluded:
      return act();
    case Phase::RollingBack:
      if (state.reason == "NoWayBack") return act();  // it may never be over
      return refuse("it is on the way back: use retry once that is over");
    case Phase::Promoted:
      if (!any_excluded(state)) return already(state.live + " is promoted");
      if (command.full) return act();  // the segments that were left behind as well
      return already(state.live + " is promoted, but for " + excluded_text(state) + ": use promote --full for these");
    case Phase::RolledBack:
    case Phase::Aborted:
      return refuse("everything is back on " + state.live + ": use retry to begin again");
    case Phase::Idle:
    case Phase::Superseded:
      break;
  }
  return refuse("there is nothing to promote");
}

Permission on_pause(const RolloutState& state) {
  if (state.paused) return already("paused by " + state.paused_by);
  switch (state.phase) {
    case Phase::Pending:
    case Phase::Progressing:
    case Phase::Paused:
      return act();
    case Phase::Held:
      return already("held: nothing moves until promote, retry or abort");
    case Phase::RollingBack:
      return refuse("a rollback is not paused");
    case Phase::Idle:
    case Phase::Promoted:
    case Phase::Concluded:
    case Phase::RolledBack:
    case Phase::Aborted:
    case Phase::Superseded:
      break;
  }
  return refuse("nothing moves here: there is nothing to pause");
}

Permission on_resume(const RolloutState& state) {
  if (state.paused) return act();
  switch (state.phase) {
    case Phase::Pending:
    case Phase::Progressing:
    case Phase::RollingBack:
      return already("it is not paused");
    case Phase::Paused:
      return refuse("this pause is the policy's: promote goes past it");
    case Phase::Held:
      return refuse("held, not paused: use promote to go on nevertheless, retry or abort");
    case Phase::RolledBack:
    case Phase::Aborted:
      return refuse("the rollout is over: use retry to begin again");
    case Phase::Idle:
    case Phase::Promoted:
    case Phase::Concluded:
    case Phase::Superseded:
      break;
  }
  return refuse("nothing is paused here");
}

Permission on_abort(const RolloutState& state) {
  switch (state.phase) {
    case Phase::Pending:
    case Phase::Progressing:
    case Phase::Paused:
    case Phase::Held:
    case Phase::Concluded:
      return act();
    case Phase::RollingBack:
      return already("it is on the way back");
    case Phase::RolledBack:
    case Phase::Aborted:
      return already("everything is on " + state.live);
    case Phase::Promoted:
      if (stays_on_stable(state)) return already("everything is on " + state.live);
      return refuse(state.live + " is promoted: use undo");
    case Phase::Idle:
    case Phase::Superseded:
      break;
  }
  return refuse("there is nothing to abort");
}

Permission on_retry(const RolloutState& state) {
  switch (state.phase) {
    case Phase::Held:
    case Phase::RolledBack:
    case Phase::Aborted:
      return act();
    case Phase::Pending:
    case Phase::Progressing:
    case Phase::Paused:
      return already("attempt " + std::to_string(state.attempt) + " is under way");
    case Phase::RollingBack:
      return refuse("it is on the way back: use retry once that is over");
    case Phase::Promoted:
      if (stays_on_stable(state)) return act();
      return refuse(state.live + " is promoted: use undo, then retry");
    case Phase::Concluded:
      return refuse("it came to its result: change the strategy in the policy to begin another");
    case Phase::Idle:
    case Phase::Superseded:
      break;
  }
  return refuse("there is nothing to retry");
}

/// A blue-green rollout that switched is watched before it counts as promoted, and may be undone all the while. Of the
/// other strategies that can be a stage only a rolling update, which has slots, gives everything before it is over.
bool may_have_switched(const RolloutState& state) {
  if (state.strategy == "blueGreen") return state.step > 0;
  return state.strategy == "stages" && state.step > 0 && state.weight >= 1 && state.slots.empty();
}

Permission on_undo(const RolloutState& state) {
  switch (state.phase) {
    case Phase::Promoted:
      if (stays_on_stable(state)) return refuse(state.live + " had everything before: use retry to begin again");
      return act();
    case Phase::Progressing:
    case Phase::Paused:
    case Phase::Held:
      if (may_have_switched(state)) return act();
      break;
    case Phase::RollingBack:
      return already("it is on the way back");
    case Phase::RolledBack:
    case Phase::Aborted:
      return already("everything is on " + state.live);
    case Phase::Idle:
    case Phase::Superseded:
      return refuse("there is nothing to undo");
    case Phase::Pending:
    case Phase::Concluded:
      break;
  }
  return refuse("nothing is promoted yet: use abort");
}

}  // namespace

std::string_view to_string(Verb verb) noexcept {
  return names[static_cast<std::size_t>(verb)];
}

std::optional<Verb> parse_verb(std::string_view text) noexcept {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return static_cast<Verb>(i);
  }
  return std::nullopt;
}

Permission judge(const Command& command, const RolloutState& state) {
  switch (command.verb) {
    case Verb::Promote:
      return on_promote(command, state);
    case Verb::Pause:
      return on_pause(state);
    case Verb::Resume:
      return on_resume(state);
    case Verb::Abort:
      return on_abort(state);
    case Verb::Retry:
      return on_retry(state);
    case Verb::Undo:
      return on_undo(state);
  }
  return refuse("there is no such verb");
}

}  // namespace sluice::strategy
