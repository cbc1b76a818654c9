#include "sluice/strategy/blue_green.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "sluice/strategy/analysis.hpp"
#include "sluice/strategy/check_runs.hpp"
#include "sluice/strategy/gate.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/plan_base.hpp"
#include "sluice/strategy/reading.hpp"
#include "sluice/traffic/from_policy.hpp"

namespace sluice::strategy {
namespace {

using policy::WebhookType;

constexpr std::int32_t trial = 0;
constexpr std::int32_t watch = 1;

/// One look at the world, and the transition that grows out of it.
class Flip {
 public:
  Flip(const policy::BlueGreen& spec, const RolloutState& state, const Context& context)
      : spec_(spec), context_(context), made_{state, {}, {}, {}, {}}, state_(made_.state) {}

  Transition look() {
    if (context_.command != nullptr) {
      obey(*context_.command);
    } else if (is_over(state_.phase)) {
      release();
    } else if (state_.phase == Phase::Pending) {
      open_trial();
    } else if (state_.step == trial) {
      try_preview();
    } else {
      watch_preview();
    }
    return std::move(made_);
  }

 private:
  // ---- a person's word

  void obey(const Command& command) {
    switch (command.verb) {
      case Verb::Promote:
        return command.full ? promote_fully(command) : promote(command);
      case Verb::Abort:
        return give_back(command, Verb::Abort);
      case Verb::Undo:
        return give_back(command, Verb::Undo);
      default:
        return;
    }
  }

  /// Past what is under way: the wait for the trial, the trial, or the watch after the flip.
  void promote(const Command& command) {
    if (state_.step == watch) return finish("PromotedByPerson", by(command) + " ended the watch after the flip");
    if (!preview_is_usable()) return refuse_flip();
    if (state_.phase == Phase::Pending) return begin_trial(by(command) + " went past what was waited for; ");
    state_.approved = true;
    flip_when_confirmed(by(command) + " said so");
  }

  /// Past every gate and check, also those after the flip.
  void promote_fully(const Command& command) {
    if (!preview_is_usable()) return refuse_flip();
    if (state_.step == trial) take_over();
    finish("PromotedByPerson", by(command) + " promoted it past all checks");
  }

  void refuse_flip() {
    made_.refusal = "'" + spec_.preview + "' cannot take the traffic: " + usable_text(context_.evidence, spec_.preview);
  }

  void give_back(const Command& command, Verb verb) {
    const bool flipped = state_.live == spec_.preview;
    if (verb == Verb::Undo && !flipped) {
      made_.refusal = "nothing has been flipped: '" + spec_.active + "' has all traffic";
      return;
    }
    // A step from a version that answers to one that does not is nobody's wish. When neither does, it is theirs.
    if (flipped && !active_is_usable() && (verb == Verb::Undo || preview_is_usable())) {
      made_.refusal = "'" + spec_.active + "' cannot take the traffic: " + usable_text(context_.evidence, spec_.active);
      return;
    }
    const bool undo = verb == Verb::Undo;
    const std::string text = "all traffic " + std::string(flipped ? "back to '" : "stays with '") + spec_.active +
                             "': " + by(command) + (undo ? " undid the flip" : " aborted");
    end(spec_.active, Phase::Aborted, undo ? "Undone" : "Aborted", text, undo ? "Undone" : "Aborted");
  }

  // ---- before the trial

  void open_trial() {
    if (state_.paused) return;
    if (!passes(WebhookType::ConfirmRollout, "begin", "AwaitingConfirmation")) return;
    if (!passes(WebhookType::PreRollout, "begin", "AwaitingPreRollout")) return;
    if (is_unchecked(context_.evidence, spec_.preview)) return;
    if (!preview_is_usable()) {
      return wait(Phase::Pending, "PreviewNotReady",
                  "'" + spec_.preview + "' is not ready: " + usable_text(context_.evidence, spec_.preview));
    }
    begin_trial("");
  }

  void begin_trial(const std::string& why) {
    std::string text = why + "'" + spec_.preview + "' is ready and on trial";
    const double mirror = spec_.pre_promotion.mirror.fraction;
    if (mirror > 0) text += ": it gets copies of " + percent(mirror) + " of the requests";
    begin_step(state_, trial, context_.now);
    open_window(state_, context_.now);
    enter(state_, Phase::Progressing, "Trying", text, context_.now);
    tell("Advanced", text);
  }

  // ---- step 0: preview is tried

  void try_preview() {
    const Hooks hooks = ask_hooks("trial", spec_.pre_promotion.analysis);
    if (hooks.objection) return roll_back(hooks.reason, *hooks.objection);
    if (!preview_is_usable() && state_.phase != Phase::Held) {
      if (state_.paused || is_unchecked(context_.evidence, spec_.preview)) return;
      return wait(Phase::Progressing, "PreviewNotReady",
                  "'" + spec_.preview + "' is not ready: " + usable_text(context_.evidence, spec_.preview));
    }
    const auto& analysis = spec_.pre_promotion.analysis;
    const VersionEvidence& active = evidence_of(context_.evidence, state_, spec_.active);
    const Assessment found = assess_with(analysis, evidence_of(context_.evidence, state_, spec_.preview).shadow,
                                         &active.all, spec_.active, "trial");
    if (found.verdict == Verdict::Fail) return roll_back("CheckFailed", found.message);
    if (state_.paused || state_.phase == Phase::Held) return;
    if (state_.approved) return flip_when_confirmed("a person said so");
    if (found.exhausted) return hold(found.message);
    if (found.verdict != Verdict::Pass) return wait(Phase::Progressing, "Trying", on_trial(found.message));
    if (hooks.waiting) return wait(Phase::Progressing, "Trying", on_trial(*hooks.waiting));
    flip_when_due(analysis ? found.message : "there is nothing to check");
  }

  std::string on_trial(const std::string& findings) const {
    return "'" + spec_.preview + "' is on trial: " + (findings.empty() ? "nothing has been seen yet" : findings);
  }

  void flip_when_due(const std::string& findings) {
    if (!spec_.auto_promote.enabled) {
      return wait(Phase::Paused, "AwaitingPromotion",
                  "'" + spec_.preview + "' may take over, and a person is to say so: " + findings);
    }
    if (context_.now < state_.step_since + spec_.auto_promote.after) {
      return wait(Phase::Progressing, "AwaitingTime",
                  "'" + spec_.preview + "' takes over " + short_duration(spec_.auto_promote.after) +
                      " after it became ready: " + findings);
    }
    flip_when_confirmed(findings);
  }

  void flip_when_confirmed(const std::string& why) {
    if (!passes(WebhookType::ConfirmTrafficIncrease, "flip", "AwaitingConfirmation")) return;
    if (!passes(WebhookType::ConfirmPromotion, "flip", "AwaitingConfirmation")) return;
    take_over();
    if (!spec_.post_promotion.analysis) return finish("Promoted", why);
    const std::string text = "all traffic from '" + spec_.active + "' to '" + spec_.preview + "': " + why;
    enter(state_, Phase::Progressing, "Watching", text, context_.now);
    tell("Advanced", text);
  }

  void take_over() {
    begin_step(state_, watch, context_.now);
    open_window(state_, context_.now);
    state_.check_evidence.reset();  // copies are not what clients get
    state_.live = spec_.preview;
    state_.weight = 1;
    if (spec_.keep_warm > Duration::zero()) {
      state_.warm_until = context_.now + std::chrono::duration_cast<WallTime::duration>(spec_.keep_warm);
    }
  }

  // ---- step 1: preview has everything and is watched

  void watch_preview() {
    const Hooks hooks = ask_hooks("watch", spec_.post_promotion.analysis);
    const Assessment found = assess_with(
        spec_.post_promotion.analysis, evidence_of(context_.evidence, state_, spec_.preview).all, nullptr, "", "watch");
    if (hooks.objection || found.verdict == Verdict::Fail) {
      const std::string why = hooks.objection ? *hooks.objection : found.message;
      if (active_is_usable()) return roll_back(hooks.objection ? hooks.reason : "CheckFailed", why);
      if (state_.paused) return;
      return wait(Phase::Progressing, "NoWayBack",
                  why + "; '" + spec_.active +
                      "' cannot take the traffic back: " + usable_text(context_.evidence, spec_.active));
    }
    if (state_.paused || state_.phase == Phase::Held) return;
    if (found.exhausted) return hold(found.message);
    if (found.verdict == Verdict::Pass && !hooks.waiting) return finish("Promoted", found.message);
    const std::string seen = found.message.empty() ? "nothing has been seen yet" : found.message;
    wait(Phase::Progressing, "Watching",
         "'" + spec_.preview + "' has all traffic and is watched: " + hooks.waiting.value_or(seen));
  }

  /// The old version need not be kept warm any longer.
  void release() {
    if (state_.phase != Phase::Promoted || !state_.warm_until || context_.now < *state_.warm_until) return;
    state_.warm_until.reset();
    tell("Released", "'" + spec_.active + "' is no longer kept warm; " + short_duration(spec_.keep_warm) +
                         " have passed since the flip");
  }

  // ---- ends

  void finish(std::string reason, const std::string& why) {
    end_with(state_, spec_.preview, Phase::Promoted, std::move(reason), "'" + spec_.preview + "' is promoted: " + why,
             context_.now);
    tell("Promoted", state_.message);
  }

  void roll_back(std::string reason, const std::string& why) {
    const bool flipped = state_.live == spec_.preview;
    end(spec_.active, Phase::RolledBack, std::move(reason),
        "all traffic " + std::string(flipped ? "back to '" : "stays with '") + spec_.active + "': " + why,
        "RolledBack");
  }

  void end(const std::string& live, Phase phase, std::string reason, const std::string& text, std::string event) {
    end_with(state_, live, phase, std::move(reason), text, context_.now);
    state_.weight = 0;
    state_.warm_until.reset();
    tell(std::move(event), text);
  }

  void hold(const std::string& why) {
    const std::string text = "undecided for too long, a person is to decide: " + why;
    enter(state_, Phase::Held, "Undecided", text, context_.now);
    tell("Held", text);
  }

  /// Stays where it is, and says why; told once per reason.
  void wait(Phase phase, const std::string& reason, const std::string& text) {
    const bool news = state_.phase != phase || state_.reason != reason;
    enter(state_, phase, reason, text, context_.now);
    if (news && reason != "Trying" && reason != "Watching") tell(phase == Phase::Paused ? "Paused" : "Waiting", text);
  }

  // ---- what is asked

  /// True when nobody objects. Otherwise the state says who is waited for, or that the rollout is over.
  bool passes(WebhookType type, const std::string& moment, const std::string& reason) {
    const Gate gate = ask(spec_.webhooks, type, moment, context_, made_);
    if (gate.answer == GateAnswer::Open) return true;
    if (gate.answer == GateAnswer::Refused) {
      roll_back("WebhookFailed", gate.message);
    } else {
      wait(state_.phase == Phase::Pending ? Phase::Pending : Phase::Progressing, reason, gate.message);
    }
    return false;
  }

  /// What the hooks of the types `rollout` and `rollback` say at this look.
  struct Hooks {
    std::optional<std::string> objection;
    std::string reason;
    std::optional<std::string> waiting;
  };
  Hooks ask_hooks(const std::string& part, const std::optional<policy::Analysis>& analysis) {
    const Duration interval = analysis ? analysis->interval : policy::Analysis{}.interval;
    const auto since = std::max<Duration>(context_.now - state_.step_since, Duration::zero());
    const std::string moment = part + "/" + std::to_string(since / hook_turn(spec_.webhooks, interval));
    const auto wish = rollback_wish(spec_.webhooks, moment, context_, made_);
    const Gate gate = ask(spec_.webhooks, WebhookType::Rollout, moment, context_, made_);
    if (wish) return {wish, "RollbackRequested", {}};
    if (gate.answer == GateAnswer::Refused) return {gate.message, "WebhookFailed", {}};
    if (gate.answer == GateAnswer::Waiting) return {{}, "", gate.message};
    return {};
  }

  Assessment assess_with(const std::optional<policy::Analysis>& analysis, const Sample& candidate, const Sample* stable,
                         const std::string& stable_name, const std::string& moment) {
    if (!analysis) {
      Assessment nothing;
      nothing.verdict = Verdict::Pass;
      return nothing;
    }
    const std::string key = errand_prefix(state_) + "/" + moment;
    for (auto& query : queries_of(*analysis, context_.route.name, spec_.preview, stable_name, key)) {
      made_.queries.push_back(std::move(query));
    }
    Subject subject{&candidate, stable, &context_.evidence, key};
    if (state_.step == trial) {
      const VersionEvidence& preview = evidence_of(context_.evidence, state_, spec_.preview);
      subject.pairs = preview.pairs.get();
      subject.learns_noise = learns_noise(context_.route);
      subject.drifts = &preview.drifts;
    }
    if (state_.step == watch) {  // copies have no outcome
      subject.candidate_version = &evidence_of(context_.evidence, state_, spec_.preview);
      subject.outcomes = &context_.route.outcomes;
    }
    Assessment found = assess(*analysis, state_, subject, context_.now);
    state_.checks = found.memory;
    state_.check_evidence = found.evidence;
    count_looks(found, state_);
    if (found.looked) state_.last_look = context_.now;
    return found;
  }

  bool preview_is_usable() const { return usable_endpoints(context_.evidence, spec_.preview) > 0; }
  bool active_is_usable() const { return is_usable(context_.evidence, spec_.active); }

  static std::string by(const Command& command) { return command.actor.empty() ? "a person" : command.actor; }
  void tell(std::string kind, std::string text) { made_.events.push_back({std::move(kind), std::move(text)}); }

  const policy::BlueGreen& spec_;
  const Context& context_;
  Transition made_;
  RolloutState& state_;
};

}  // namespace

RolloutState begin(const policy::BlueGreen& blue_green, RolloutState state, const Context& context) {
  begin_step(state, trial, context.now);
  open_window(state, context.now);
  state.live = blue_green.active;
  state.weight = 0;
  return state;
}

Transition advance(const policy::BlueGreen& blue_green, const RolloutState& state, const Context& context) {
  return Flip(blue_green, state, context).look();
}

Result<Steering> steer(const policy::BlueGreen& blue_green, const policy::ModelRoute& route,
                       const RolloutState& state) {
  auto spec = plan_base(route);
  if (!spec) return fail(spec.error());
  const auto active = version_index(route, blue_green.active);
  if (!active) return fail(active.error());
  const auto preview = version_index(route, blue_green.preview);
  if (!preview) return fail(preview.error());
  if (*active == *preview) return fail(Error::internal("'" + blue_green.active + "' cannot be its own preview"));
  const bool flipped = state.live == blue_green.preview;
  const bool on_trial = !flipped && !is_over(state.phase);

  spec->stable = flipped ? *preview : *active;
  // A split of one, so that its requests count as evidence also where a rule stands before it.
  spec->splits.push_back({{spec->stable, 100}});
  spec->otherwise = traffic::Target::split(0);
  if (on_trial && blue_green.preview_match) {
    auto match = traffic::to_match(*blue_green.preview_match, route.protocol);
    if (!match) return fail(match.error());
    spec->rules.push_back({{std::move(match).value()}, traffic::Target::version(*preview)});
  }
  const double mirror = blue_green.pre_promotion.mirror.fraction;
  const bool is_known = state.phase != Phase::Pending && state.reason != "StateLost";
  if (on_trial && is_known && mirror > 0) spec->mirrors.push_back({*preview, mirror});
  auto plan = traffic::TrafficPlan::build(std::move(spec).value());
  if (!plan) return fail(plan.error());

  Steering steering;
  steering.plan = std::move(plan).value();
  steering.roles.assign(route.versions.size(), "idle");
  steering.roles[*active] = flipped ? "previous" : "active";
  steering.roles[*preview] = flipped ? "active" : "preview";
  steering.fallbacks.assign(route.versions.size(), -1);
  if (flipped && !is_over(state.phase)) steering.fallbacks[*preview] = *active;
  steering.withheld.resize(route.versions.size());
  steering.window = state.window;
  return steering;
}

}  // namespace sluice::strategy
