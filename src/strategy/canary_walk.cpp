#include "canary_walk.hpp"

#include <algorithm>
#include <utility>

#include "canary_path.hpp"
#include "sluice/strategy/check_evidence.hpp"
#include "sluice/strategy/check_runs.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/reading.hpp"
#include "sluice/strategy/segments.hpp"
#include "sluice/strategy/split_check.hpp"

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;
using policy::StepKind;
using policy::WebhookType;

/// A growth that is worth a line in the journal.
constexpr double worthwhile = 1.1;

std::string by(const Command& command) {
  return command.actor.empty() ? "by a person" : "by " + command.actor;
}

}  // namespace

CanaryWalk::CanaryWalk(const policy::Canary& spec, const RolloutState& state, const Context& context)
    : spec_(spec),
      context_(context),
      path_(path_of(spec)),
      analysis_(analysis_of(spec)),
      counts_(harm_counts(spec, state, context.evidence)),
      made_{state, {}, {}, {}, {}},
      state_(made_.state) {}

Transition CanaryWalk::look() {
  if (spec_.harm_budget && !is_over(state_.phase)) notice_restart(state_, counts_);
  state_.step = std::min(state_.step, last_step());
  if (context_.command != nullptr) {
    obey(*context_.command);
  } else if (is_over(state_.phase)) {
    release();
  } else if (state_.step >= 0) {
    watch();
  } else if (state_.phase != Phase::Held) {
    open();
  }
  return std::move(made_);
}

// ---- a person's word

void CanaryWalk::obey(const Command& command) {
  switch (command.verb) {
    case Verb::Promote:
      return promote_by(command);
    case Verb::Abort:
      return give_back(command, "Aborted");
    case Verb::Undo:
      if (state_.phase != Phase::Promoted) {
        made_.refusal = "nothing is promoted yet: use abort";
      } else if (!is_usable(context_.evidence, spec_.stable)) {
        made_.refusal = spec_.stable + " cannot take the traffic: " + usable_text(context_.evidence, spec_.stable);
      } else {
        give_back(command, "Undone");
      }
      return;
    case Verb::Pause:
    case Verb::Resume:
    case Verb::Retry:
      break;
  }
}

/// Past what is waited for now. Past a pause or a check the gates of the next step are still asked; a person who says
/// it again while a gate is waited for goes past that too.
void CanaryWalk::promote_by(const Command& command) {
  const std::string why = "promoted " + by(command);
  const bool at_gate = state_.reason == "AwaitingConfirmation" || state_.reason == "AwaitingPreRollout" ||
                       (state_.phase == Phase::Held && state_.step < 0);
  if (!is_usable(context_.evidence, spec_.candidate)) {
    made_.refusal = spec_.candidate + " cannot take the traffic: " + usable_text(context_.evidence, spec_.candidate);
    return;
  }
  // What a person has seen and gone past is not held against the candidate again.
  go_past(state_.check_evidence);
  go_past(state_.split);
  go_past(state_.segments);
  if (state_.phase == Phase::Promoted) {
    let_in(why);
  } else if (command.full) {
    readmit_all(state_);
    promote(why);
  } else if (at_gate) {
    take_next(why);
  } else {
    state_.approved = true;
    state_.step < 0 ? open() : leave_step(why);
  }
}

void CanaryWalk::give_back(const Command& command, const std::string& reason) {
  const std::string text = "everything back to " + spec_.stable + ": " + (reason == "Undone" ? "undone " : "aborted ") +
                           by(command) + " at " + percent(state_.weight);
  end_with(state_, spec_.stable, Phase::Aborted, reason, text, context_.now);
  readmit_all(state_);
  tell(reason, text);
}

// ---- before the first step: nothing has moved

void CanaryWalk::open() {
  if (state_.paused) return;
  const Gate confirmed = ask(spec_.webhooks, WebhookType::ConfirmRollout, "begin", context_, made_);
  if (confirmed.answer != GateAnswer::Open) return wait(Phase::Pending, "AwaitingConfirmation", confirmed.message);
  const Gate ready = ask(spec_.webhooks, WebhookType::PreRollout, "begin", context_, made_);
  if (ready.answer == GateAnswer::Refused) return give_up("PreRolloutFailed", ready.message);
  if (ready.answer == GateAnswer::Waiting) return wait(Phase::Pending, "AwaitingPreRollout", ready.message);
  if (is_unchecked(context_.evidence, spec_.candidate)) return;
  if (!is_usable(context_.evidence, spec_.candidate)) {
    // The deadline is for the candidate; how long somebody took to confirm does not count.
    if (state_.reason != "CandidateNotReady") state_.last_progress = context_.now;
    const std::string text = spec_.candidate + ": " + usable_text(context_.evidence, spec_.candidate);
    wait(Phase::Pending, "CandidateNotReady", text);
    if (deadline_is_over()) give_up("ProgressDeadlineExceeded", text);
    return;
  }
  state_.window_since = std::min(state_.window_since, context_.now);  // the clock may have been set back
  if (spec_.harm_budget && !state_.approved && context_.now - state_.window_since < interval()) {
    return wait(Phase::Pending, "MeasuringTraffic",
                "the harm budget needs to know how many requests come: " + short_duration(interval()));
  }
  begin_at(0, state_.approved ? "a person said so" : "");
}

// ---- the candidate is tried

void CanaryWalk::watch() {
  if (analysis_ != nullptr) {
    made_.queries = queries_of(*analysis_, context_.route.name, spec_.candidate, spec_.stable,
                               errand_prefix(state_) + "/" + std::to_string(state_.step));
  }
  const Hooks hooks = ask_hooks();
  if (!hooks.rollback.empty()) return roll_back("RollbackWebhook", hooks.rollback);
  if (budget_is_spent(spec_, state_, counts_)) return roll_back("HarmBudgetSpent", budget_text());
  const Assessment found = assess_now();
  if (state_.phase == Phase::Held) return;
  // A person who was asked already and said to go on is not asked the same again.
  const bool is_settled = state_.approved && spec_.on_failure == policy::OnFailure::Hold;
  if (!is_settled) {
    if (hooks.gate.answer == GateAnswer::Refused) return give_up("WebhookRefused", hooks.gate.message);
    if (gives_back_segments(found)) return;
    if (found.verdict == Verdict::Fail) return give_up("CheckFailed", found.message);
    if (!worse_.empty()) return give_up("SegmentFailed", segments_text(state_, worse_));
  }
  if (state_.paused) return;
  // What it has from now on is to be seen in a look of its own.
  if (resized_) return;
  if (found.exhausted && !state_.approved) return hold("ChecksUndecided", found.message);
  go_on(found, hooks.gate);
  // Last, so that whoever was away for long takes the step that was due instead of giving up on it.
  if (state_.phase == Phase::Progressing && deadline_is_over()) {
    give_up("ProgressDeadlineExceeded",
            "no progress for " + short_duration(spec_.progress_deadline) + ": " + state_.message);
  }
}

/// Hooks have turns of their own, long enough for all their tries, so that a slow one never delays a check.
CanaryWalk::Hooks CanaryWalk::ask_hooks() {
  const Duration turn = hook_turn(spec_.webhooks, interval());
  const auto since = std::max<Duration>(context_.now - state_.step_since, Duration::zero());
  const std::string moment = std::to_string(state_.step) + "/look" + std::to_string(since / turn);
  Hooks hooks;
  hooks.rollback = rollback_wish(spec_.webhooks, moment, context_, made_).value_or("");
  hooks.gate = ask(spec_.webhooks, WebhookType::Rollout, moment, context_, made_);
  return hooks;
}

/// Looks at the checks when it is time, and at what the candidate may get.
Assessment CanaryWalk::assess_now() {
  Assessment found;
  found.verdict = Verdict::Pass;
  const WallTime last = state_.last_look.value_or(state_.window_since);
  if (analysis_ != nullptr && state_.weight > 0) {
    Subject subject = subject_of(evidence_of(context_.evidence, state_, spec_.candidate),
                                 evidence_of(context_.evidence, state_, spec_.stable), context_.evidence,
                                 context_.route, errand_prefix(state_) + "/" + std::to_string(state_.step));
    subject.part_of_doubt = doubt_of_whole(context_.route);
    add_pairs_of_copies(context_.route, subject);
    found = assess(*analysis_, state_, subject, context_.now);
  } else {
    found.looked = spec_.harm_budget && (context_.now < last || context_.now - last >= interval());
  }
  if (!found.looked) return found;
  if (state_.weight > 0) {
    const SplitLook split = look_at_split(context_.route, {spec_.stable, spec_.candidate}, context_.evidence, state_);
    if (!split.news.empty()) tell("SampleRatioMismatch", split.news);
  }
  if (spec_.harm_budget) {
    remember_harm(state_, counts_, context_.now);
    resize(found);
  }
  for (std::size_t i = 0; i < found.memory.size(); ++i) {
    const std::uint32_t before = i < state_.checks.size() ? state_.checks[i].failures : 0;
    const CheckMemory& check = found.memory[i];
    const bool is_news = check.dry_run ? before == 0 : state_.phase != Phase::Held;
    const std::string remark = check.dry_run ? " (a dry run: nothing follows from it)" : "";
    if (check.failures > before && is_news) tell("CheckFailed", check.message + remark);
  }
  if (analysis_ != nullptr && state_.weight > 0) {
    state_.checks = found.memory;
    state_.check_evidence = found.evidence;
    look_by_segment();
    count_looks(found, state_);
  }
  state_.last_look = context_.now;
  return found;
}

/// The share follows what is left of the harm budget: down at once, up in strides, and never up past a person.
void CanaryWalk::resize(const Assessment& found) {
  const double allowed = allowed_share(state_.step);
  const bool shrinks = allowed < state_.weight * close_to;
  const bool may_grow = !state_.paused && state_.phase != Phase::Held && found.verdict != Verdict::Fail;
  const bool arrives = allowed >= wished_share(spec_, path_, state_.step) && allowed > state_.weight;
  const bool grows = may_grow && (arrives || allowed > state_.weight * worthwhile);
  if (!shrinks && !grows) return;
  state_.weight = allowed;
  resized_ = true;
  if (grows) state_.last_progress = context_.now;
  tell("Advanced", spec_.candidate + (shrinks ? " down to " : " to ") + to_share(state_.step));
}

/// The deadline runs while the automaton is to move: not in a pause, and not before a timed one is over. It is put off
/// while evidence comes: what takes ten deadlines to be certain must be half certain after five.
bool CanaryWalk::deadline_is_over() const {
  if (state_.paused || (state_.phase != Phase::Progressing && state_.phase != Phase::Pending)) return false;
  WallTime since = state_.last_progress;
  if (state_.step >= 0) {
    const policy::Step& step = path_[static_cast<std::size_t>(state_.step)];
    if (step.kind == StepKind::Pause && step.pause.duration) {
      since = std::max(since, state_.step_since + std::chrono::duration_cast<WallTime::duration>(*step.pause.duration));
    }
  }
  const auto waited = context_.now - since;
  if (waited <= spec_.progress_deadline) return false;
  constexpr double most_deadlines = 10;
  const double part = std::chrono::duration<double>(waited) / std::chrono::duration<double>(spec_.progress_deadline);
  return part / most_deadlines > proven_part();
}

/// What the step under way still waits for, in the order in which it matters.
void CanaryWalk::go_on(const Assessment& found, const Gate& hooks) {
  if (state_.approved) return leave_step("a person said so");
  const policy::Step& step = path_[static_cast<std::size_t>(state_.step)];
  const bool is_pause = step.kind == StepKind::Pause;
  const double wished = wished_share(spec_, path_, state_.step);
  if (is_pause && !step.pause.duration) {
    return wait(Phase::Paused, "AwaitingPromotion", "at " + percent(state_.weight) + " until promote");
  }
  if (is_pause && context_.now - state_.step_since < *step.pause.duration) {
    return wait(Phase::Paused, "TimedPause",
                "at " + percent(state_.weight) + " for " + short_duration(*step.pause.duration));
  }
  if (state_.weight < wished * close_to) {
    return wait(Phase::Progressing, "HarmBudget", spec_.candidate + " has " + to_share(state_.step));
  }
  const bool before_pause = !is_pause && state_.step < last_step() &&
                            path_[static_cast<std::size_t>(state_.step) + 1].kind == StepKind::Pause;
  if (before_pause) return leave_step("");
  if (found.verdict != Verdict::Pass) {
    return wait(Phase::Progressing, "AwaitingEvidence",
                found.message.empty() ? "the checks have not been looked at yet" : found.message);
  }
  if (is_split_broken(state_)) return wait(Phase::Progressing, "SampleRatioMismatch", split_text(*state_.split));
  if (hooks.answer == GateAnswer::Waiting) return wait(Phase::Progressing, "AwaitingWebhook", hooks.message);
  leave_step(findings_text(found));
}

/// The step is done: what is asked before the next one, then that.
void CanaryWalk::leave_step(const std::string& findings) {
  const bool promotes = state_.step == last_step();
  const std::int32_t next = state_.step + 1;
  const bool larger = promotes || wished_share(spec_, path_, next) > wished_share(spec_, path_, state_.step);
  if (larger) {
    const Gate gate =
        ask(spec_.webhooks, promotes ? WebhookType::ConfirmPromotion : WebhookType::ConfirmTrafficIncrease,
            std::to_string(state_.step), context_, made_);
    if (gate.answer != GateAnswer::Open) return wait(Phase::Paused, "AwaitingConfirmation", gate.message);
    if (is_unchecked(context_.evidence, spec_.candidate)) return;
    if (!is_usable(context_.evidence, spec_.candidate)) {
      return wait(Phase::Progressing, "CandidateNotReady",
                  spec_.candidate + ": " + usable_text(context_.evidence, spec_.candidate));
    }
  }
  take_next(findings);
}

void CanaryWalk::take_next(const std::string& why) {
  state_.step == last_step() ? promote(why) : begin_at(state_.step + 1, why);
}

/// After the promotion stable is kept ready for a while, then let go of.
void CanaryWalk::release() {
  if (state_.phase != Phase::Promoted || !state_.warm_until || context_.now < *state_.warm_until) return;
  state_.warm_until.reset();
  tell("Released", spec_.stable + " is not kept warm any longer");
}

// ---- what is done

void CanaryWalk::begin_at(std::int32_t step, const std::string& why) {
  if (spec_.harm_budget) {
    if (step == 0) remember_harm(state_, counts_, context_.now);
    carry_harm(state_, counts_);
    counts_ = {};
  }
  const bool unmeasured = spec_.harm_budget && step == 0 && context_.now - state_.window_since < interval();
  const double before = state_.weight;
  begin_step(state_, step, context_.now);
  open_window(state_, context_.now);
  state_.weight = unmeasured ? std::min(unmeasured_share, allowed_share(step)) : allowed_share(step);
  const policy::Step& next = path_[static_cast<std::size_t>(step)];
  const std::string because = why.empty() ? "" : ": " + why;
  if (next.kind == StepKind::SetWeight) {
    const std::string text =
        spec_.candidate + (state_.weight < before ? " down to " : " to ") + to_share(step) + because;
    enter(state_, Phase::Progressing, "StepBegun", text, context_.now);
    return tell("Advanced", text);
  }
  const std::string length = next.pause.duration ? "for " + short_duration(*next.pause.duration) : "until promote";
  const std::string text = "at " + percent(state_.weight) + " " + length;
  enter(state_, Phase::Paused, next.pause.duration ? "TimedPause" : "AwaitingPromotion", text, context_.now);
  tell("Paused", text + because);
}

void CanaryWalk::promote(const std::string& why) {
  const std::string text = spec_.candidate + " has " + all_text() + (why.empty() ? "" : ": " + why);
  state_.step = last_step();
  end_with(state_, spec_.candidate, Phase::Promoted, "Promoted", text, context_.now);
  // Where segments stay on stable it is no version of the past.
  if (!any_excluded(state_)) {
    state_.warm_until = context_.now + std::chrono::duration_cast<WallTime::duration>(spec_.keep_warm);
  }
  tell("Promoted", text);
}

void CanaryWalk::give_up(const std::string& reason, const std::string& message) {
  spec_.on_failure == policy::OnFailure::Hold ? hold(reason, message) : roll_back(reason, message);
}

void CanaryWalk::roll_back(const std::string& reason, const std::string& message) {
  const std::string text = "from " + percent(state_.weight) + " back to " + spec_.stable + ": " + message;
  if (spec_.harm_budget) carry_harm(state_, counts_);
  end_with(state_, spec_.stable, Phase::RolledBack, reason, message, context_.now);
  readmit_all(state_);
  tell("RolledBack", text);
}

void CanaryWalk::hold(const std::string& reason, const std::string& message) {
  enter(state_, Phase::Held, reason, message, context_.now);
  tell("Held", "at " + percent(state_.weight) + " until promote, retry or abort: " + message);
}

void CanaryWalk::wait(Phase phase, const std::string& reason, const std::string& message) {
  // The time that somebody took to answer is not the automaton's.
  if (state_.reason == "AwaitingConfirmation" && phase == Phase::Progressing) state_.last_progress = context_.now;
  const bool is_news = state_.reason != reason && (reason.starts_with("Awaiting") || reason == "CandidateNotReady");
  enter(state_, phase, reason, message, context_.now);
  if (is_news && reason != "AwaitingEvidence") tell("Waiting", message);
}

void CanaryWalk::tell(std::string kind, std::string text) {
  made_.events.push_back({std::move(kind), std::move(text)});
}

}  // namespace sluice::strategy
