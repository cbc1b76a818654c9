#include "sluice/strategy/rolling.hpp"

#include <algorithm>
#include <utility>

#include "rolling_errands.hpp"
#include "rolling_judge.hpp"
#include "rolling_move.hpp"
#include "rolling_order.hpp"
#include "rolling_slots.hpp"
#include "sluice/strategy/check_evidence.hpp"
#include "sluice/strategy/gate.hpp"
#include "sluice/strategy/moves.hpp"

namespace sluice::strategy {
namespace {

using policy::WebhookType;

/// Between why it goes back and who is late on the way.
constexpr const char* late_mark = "; not back yet: ";

/// One look at the world, and the transition that grows out of it.
class Round {
 public:
  Round(const policy::Rolling& spec, const RolloutState& state, const Context& context)
      : spec_(spec), context_(context), made_{state, {}, {}, {}, {}}, state_(made_.state) {}

  Transition look() {
    if (context_.command == nullptr && is_over(state_.phase)) return std::move(made_);
    reconcile(state_.slots, endpoints_of(context_.route, context_.evidence, spec_.stable),
              endpoints_of(context_.route, context_.evidence, spec_.candidate));
    if (context_.command != nullptr) {
      obey(*context_.command);
    } else if (!state_.retreat.empty()) {
      go_back();
    } else {
      go_on();
    }
    return std::move(made_);
  }

 private:
  // ---- a person's word

  void obey(const Command& command) {
    const std::string who = command.actor.empty() ? "a person" : command.actor;
    switch (command.verb) {
      case Verb::Promote:
        come_forward();
        state_.full = state_.full || command.full;
        state_.approved = true;
        go_past(state_.check_evidence);
        enter(state_, state_.phase == Phase::Pending ? Phase::Pending : Phase::Progressing, "PromotedByPerson",
              who + (command.full ? " wants all instances replaced without further checks"
                                  : " lets the instance under way pass"),
              context_.now);
        state_.last_progress = context_.now;
        tell("Advanced", state_.message);
        return go_on();
      case Verb::Abort:
        return retreat("Aborted", who + " aborted");
      case Verb::Undo:
        if (!can_return()) return;
        return retreat("Undone", who + " undid the promotion");
      default:
        return;
    }
  }

  /// Out of a way back that cannot end; what is out of service is replaced by the candidate once more.
  void come_forward() {
    if (std::exchange(state_.retreat, "").empty()) return;
    for (SlotState& slot : state_.slots) {
      if (is_under_way(slot) && slot.back) turn_forward(spec_, slot, context_.now);
    }
    state_.weight = weight_of(state_.slots);
    open_window(state_, context_.now);
  }

  /// Where nobody can bring stable back, one of its endpoints must still be there.
  bool can_return() {
    if (spec_.replace != policy::Replace::Endpoints) return true;
    const bool any = Capacity(spec_, context_.evidence, state_.slots).has_stable();
    if (!any) made_.refusal = "none of the endpoints of '" + spec_.stable + "' is ready any more";
    return any;
  }

  // ---- forwards

  void go_on() {
    const bool begun = !is_all_old();
    if (!begun && !may_begin()) return;
    if (begun && !still_good()) return;
    if (!move_all()) return;
    state_.weight = weight_of(state_.slots);
    if (state_.phase != Phase::Held && !state_.paused) {
      if (is_through()) return finish();
      start_next();
      state_.weight = weight_of(state_.slots);
    }
    watch_deadline();
  }

  /// The gates before the first instance.
  bool may_begin() {
    if (state_.paused || state_.phase == Phase::Held) return false;
    if (state_.full) return true;
    for (const auto type : {WebhookType::ConfirmRollout, WebhookType::PreRollout}) {
      const Gate gate = ask(spec_.webhooks, type, "begin", context_, made_);
      if (gate.answer == GateAnswer::Refused) {
        retreat("WebhookFailed", gate.message);
        return false;
      }
      if (gate.answer == GateAnswer::Waiting && !state_.approved) {
        wait("AwaitingConfirmation", gate.message);
        return false;
      }
    }
    return true;
  }

  /// What may send it back at any time: hooks and checks. Settles whether instances have passed.
  bool still_good() {
    const std::string moment = this_look();
    if (const auto wish = rollback_wish(spec_.webhooks, moment, context_, made_)) {
      retreat("RollbackRequested", *wish);
      return false;
    }
    if (state_.full || state_.weight <= 0) return true;
    if (!assess_candidate()) return false;
    return spec_.replace == policy::Replace::Webhook || settling() == 0 || ask_rollout_hooks(moment);
  }

  bool ask_rollout_hooks(const std::string& moment) {
    const Gate gate = ask(spec_.webhooks, WebhookType::Rollout, moment, context_, made_);
    if (gate.answer == GateAnswer::Refused) {
      retreat("WebhookFailed", gate.message);
      return false;
    }
    if (gate.answer == GateAnswer::Waiting) proven_since_.reset();
    return true;
  }

  bool assess_candidate() {
    const auto [found, proven] = judge_candidate(spec_, context_, made_);
    if (found.verdict == Verdict::Fail) {
      tell("CheckFailed", found.message);
      retreat("CheckFailed", found.message);
      return false;
    }
    proven_since_ = proven;
    if (found.exhausted && !state_.approved && state_.phase != Phase::Held && settling() > 0) hold(found.message);
    findings_ = found.message;
    return true;
  }

  /// Everybody who is under way goes as far as they can. False: the rollout turned back.
  bool move_all() {
    bool admitted = false;
    const bool waived = state_.full || state_.approved;
    for (std::size_t i = 0; i < state_.slots.size(); ++i) {
      const SlotState slot = state_.slots[i];
      if (!is_under_way(slot)) continue;
      const bool proven = waived || (proven_since_ && *proven_since_ > slot.since);
      const bool may_settle = state_.phase != Phase::Held && proven;
      const Move move = move_slot(spec_, context_, i, may_settle, waived, made_);
      if (move.kind == Move::Kind::Failed) {
        retreat(move.reason, move.message);
        return false;
      }
      admitted = admitted || move.admitted;
      if (move.kind != Move::Kind::Stays) {
        note(i, slot, move);
      } else if (slot.phase == SlotPhase::Settling && state_.phase == Phase::Progressing) {
        enter(state_, Phase::Progressing, "Settling", move.message + (findings_.empty() ? "" : ": " + findings_),
              context_.now);
      }
    }
    if (admitted) judge_anew(spec_, context_, state_);
    return true;
  }

  void note(std::size_t index, const SlotState& before, const Move& move) {
    state_.last_progress = context_.now;
    state_.weight = weight_of(state_.slots);
    const bool finished = move.kind == Move::Kind::Finished;
    std::string text = move.message + " (instance " + std::to_string(index + 1) + " of " +
                       std::to_string(state_.slots.size()) + ", '" + spec_.candidate + "' has " +
                       percent(state_.weight) + ")";
    if (finished) begin_step(state_, replaced(), context_.now);
    if (finished && before.phase == SlotPhase::Settling && !findings_.empty()) text += ": " + findings_;
    if (state_.phase != Phase::Held) enter(state_, Phase::Progressing, "Replacing", text, context_.now);
    tell(finished ? "InstanceReplaced" : "Advanced", std::move(text));
  }

  // ---- the next ones

  bool is_through() const {
    return count_in(state_.slots, SlotPhase::New) == state_.slots.size() && weight_of(state_.slots) > 0;
  }

  void finish() {
    const Gate gate = ask(spec_.webhooks, WebhookType::ConfirmPromotion, "promotion", context_, made_);
    if (gate.answer == GateAnswer::Waiting && !state_.approved && !state_.full) {
      return wait("AwaitingConfirmation", gate.message);
    }
    end_with(state_, spec_.candidate, Phase::Promoted, state_.full ? "PromotedByPerson" : "Promoted",
             "'" + spec_.candidate + "' is promoted: " + std::to_string(state_.slots.size()) + " of " +
                 std::to_string(state_.slots.size()) + " instances are replaced",
             context_.now);
    tell("Promoted", state_.message);
  }

  /// Instances are exchanged first; what one version has more of comes or goes at the end.
  void start_next() {
    for (std::size_t i = 0; i < state_.slots.size(); ++i) {
      const WayIn way = way_in(spec_, context_.evidence, state_.slots, i);
      if (way == WayIn::NotNow) continue;
      if (!confirmed(i)) return;
      start(i, way == WayIn::ComesFirst);
    }
    if (std::none_of(state_.slots.begin(), state_.slots.end(), is_under_way)) explain();
  }

  bool confirmed(std::size_t index) {
    if (state_.full) return true;
    const Gate gate =
        ask(spec_.webhooks, WebhookType::ConfirmTrafficIncrease, name_of(state_.slots[index]), context_, made_);
    if (gate.answer == GateAnswer::Open) return true;
    if (state_.approved) return true;
    wait("AwaitingConfirmation", gate.message);
    return false;
  }

  void start(std::size_t index, bool surge) {
    SlotState& slot = state_.slots[index];
    std::string text = start_slot(spec_, slot, surge, context_.now);
    text += " (instance " + std::to_string(index + 1) + " of " + std::to_string(state_.slots.size()) + ")";
    state_.approved = false;
    state_.last_progress = context_.now;
    enter(state_, Phase::Progressing, "Replacing", text, context_.now);
    tell("Advanced", text);
  }

  /// Why nothing begins though nothing is under way.
  void explain() {
    if (is_through()) return;
    const Limits limits = limits_of(spec_, state_.slots);
    const bool nobody = std::all_of(state_.slots.begin(), state_.slots.end(),
                                    [](const SlotState& slot) { return slot.candidate.empty(); });
    if (nobody) return wait("NoEndpoints", "nothing is known of endpoints of '" + spec_.candidate + "' yet", false);
    const Capacity capacity(spec_, context_.evidence, state_.slots);
    wait("AwaitingCapacity",
         std::to_string(capacity.available()) + " of " + std::to_string(limits.total) + " instances serve, and " +
             std::to_string(limits.at_least) + " must while one is replaced",
         false);
  }

  // ---- backwards

  void retreat(const std::string& reason, const std::string& why) {
    state_.retreat = reason;
    state_.approved = state_.full = false;
    const bool any = !is_all_old();
    enter(state_, Phase::RollingBack, reason, "back to '" + spec_.stable + "': " + why, context_.now);
    state_.live = spec_.stable;
    if (any) tell("RollingBack", state_.message);
    go_back();
  }

  void go_back() {
    std::string late;
    for (std::size_t i = 0; i < state_.slots.size(); ++i) {
      const SlotState slot = state_.slots[i];
      if (!is_under_way(slot) || !slot.back) continue;
      const Move move = move_slot(spec_, context_, i, false, false, made_);
      if (move.kind != Move::Kind::Stays) note_back(i, move);
      if (late.empty() && is_late_back(spec_, state_.slots[i], context_.now)) {
        late = slot.stable + " after " + short_duration(spec_.replace_timeout) + ": " + move.message;
      }
    }
    turn_back(spec_, context_.evidence, state_.slots, context_.now);
    state_.weight = weight_of(state_.slots);
    if (is_all_old()) return end();
    name_late(late);
  }

  std::string why_back() const { return state_.message.substr(0, state_.message.find(late_mark)); }

  /// It goes on trying, and a person may see that it could be for ever.
  void name_late(const std::string& late) {
    const bool news = !late.empty() && state_.reason != "NoWayBack";
    std::string why = why_back();
    if (!late.empty()) why += late_mark + late;
    enter(state_, Phase::RollingBack, late.empty() ? state_.retreat : "NoWayBack", std::move(why), context_.now);
    if (news) tell("Waiting", "not back yet: " + late);
  }

  void note_back(std::size_t index, const Move& move) {
    const std::string text = move.message + " (" + std::to_string(count_in(state_.slots, SlotPhase::Old)) + " of " +
                             std::to_string(state_.slots.size()) + " instances are back)";
    tell(move.kind == Move::Kind::Finished ? "InstanceReplaced" : "Advanced",
         "instance " + std::to_string(index + 1) + ": " + text);
  }

  void end() {
    const bool person = state_.retreat == "Aborted" || state_.retreat == "Undone";
    const std::string reason = std::exchange(state_.retreat, "");
    std::string message = why_back();
    end_with(state_, spec_.stable, person ? Phase::Aborted : Phase::RolledBack, reason, message, context_.now);
    begin_step(state_, 0, context_.now);
    tell(person ? reason : "RolledBack", std::move(message));
  }

  // ---- what goes on around it

  void hold(const std::string& why) {
    const std::string text = "undecided for too long, a person is to decide: " + why;
    enter(state_, Phase::Held, "Undecided", text, context_.now);
    tell("Held", text);
  }

  /// Stays where it is, and says why; told once per reason. A wait for somebody outside does not count as being stuck.
  void wait(const std::string& reason, const std::string& text, bool for_somebody = true) {
    const bool news = state_.reason != reason;
    enter(state_, state_.phase == Phase::Pending ? Phase::Pending : Phase::Progressing, reason, text, context_.now);
    if (news) tell("Waiting", text);
    awaits_somebody_ = for_somebody;
  }

  void watch_deadline() {
    if (awaits_somebody_ || state_.paused || state_.phase == Phase::Held) return;
    WallTime from = state_.last_progress;
    // The time that minReady asks for is no standstill.
    for (const SlotState& slot : state_.slots) {
      if (slot.phase == SlotPhase::Settling) from = std::max(from, std::min(context_.now, slot.since + min_ready()));
    }
    if (context_.now - from < spec_.progress_deadline) return;
    retreat("ProgressDeadlineExceeded", "no progress for " + short_duration(spec_.progress_deadline) +
                                            (findings_.empty() ? ": " + state_.message : ": " + findings_));
  }

  WallTime::duration min_ready() const { return std::chrono::duration_cast<WallTime::duration>(spec_.min_ready); }

  /// Tells one asking of the hooks from the next, also over a restart; long enough for all their tries.
  std::string this_look() const {
    const Duration interval = spec_.analysis ? spec_.analysis->interval : policy::Analysis{}.interval;
    const auto since = std::max<Duration>(context_.now - state_.window_since, Duration::zero());
    return "window" + std::to_string(state_.window) + "/look" +
           std::to_string(since / hook_turn(spec_.webhooks, interval));
  }

  bool is_all_old() const { return count_in(state_.slots, SlotPhase::Old) == state_.slots.size(); }
  std::int32_t replaced() const { return static_cast<std::int32_t>(count_in(state_.slots, SlotPhase::New)); }
  std::size_t settling() const { return count_in(state_.slots, SlotPhase::Settling); }

  void tell(std::string kind, std::string text) { made_.events.push_back({std::move(kind), std::move(text)}); }

  const policy::Rolling& spec_;
  const Context& context_;
  Transition made_;
  RolloutState& state_;
  std::optional<WallTime> proven_since_;  ///< the last look at which all checks passed
  std::string findings_;
  bool awaits_somebody_ = false;
};

}  // namespace

RolloutState begin(const policy::Rolling& rolling, RolloutState state, const Context& context) {
  state.live = rolling.stable;
  state.retreat.clear();
  state.full = false;
  // A new attempt takes the instances as the one before left them: a server does not forget the model that it loaded.
  const bool unfinished = count_in(state.slots, SlotPhase::New) < state.slots.size();
  if (!unfinished) state.slots.clear();
  reconcile(state.slots, endpoints_of(context.route, context.evidence, rolling.stable),
            endpoints_of(context.route, context.evidence, rolling.candidate));
  begin_step(state, static_cast<std::int32_t>(count_in(state.slots, SlotPhase::New)), context.now);
  open_window(state, context.now);
  for (SlotState& slot : state.slots) {
    if (is_under_way(slot)) slot.begun = slot.since = context.now;
  }
  state.weight = weight_of(state.slots);
  return state;
}

Transition advance(const policy::Rolling& rolling, const RolloutState& state, const Context& context) {
  return Round(rolling, state, context).look();
}

}  // namespace sluice::strategy
