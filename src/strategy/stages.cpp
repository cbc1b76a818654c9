#include "sluice/strategy/stages.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "sluice/strategy/ab_test.hpp"
#include "sluice/strategy/dispatch.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/plan_base.hpp"
#include "sluice/strategy/reading.hpp"
#include "stage_proof.hpp"

namespace sluice::strategy {
namespace {

using policy::Stage;

constexpr const char* awaiting_approval = "AwaitingApproval";
constexpr const char* awaiting_time = "AwaitingStageTime";

/// The version that a stage starts from.
struct StableOf {
  std::string operator()(const std::monostate& /*none*/) const { return ""; }
  std::string operator()(const policy::Shadow& shadow) const { return shadow.live; }
  std::string operator()(const policy::AbTest& test) const { return control_of(test); }
  std::string operator()(const policy::Bandit& bandit) const { return bandit.arms.empty() ? "" : bandit.arms.front(); }
  std::string operator()(const policy::Canary& canary) const { return canary.stable; }
  std::string operator()(const policy::Rolling& rolling) const { return rolling.stable; }
  std::string operator()(const policy::BlueGreen& blue_green) const { return blue_green.active; }
};

/// Those of an experiment that are not what it starts from; empty for strategies that know their candidate.
struct ChallengersOf {
  std::vector<std::string> operator()(const policy::AbTest& test) const {
    std::vector<std::string> found;
    for (const auto& variant : test.variants) {
      if (variant.version != control_of(test)) found.push_back(variant.version);
    }
    return found;
  }
  std::vector<std::string> operator()(const policy::Bandit& bandit) const {
    if (bandit.arms.empty()) return {};
    return {bandit.arms.begin() + 1, bandit.arms.end()};
  }
  template <typename Other>
  std::vector<std::string> operator()(const Other& /*strategy*/) const {
    return {};
  }
};

/// A stage that puts another model on stable's very servers, or null.
const policy::Rolling* in_place(const Stage& stage) {
  const auto* rolling = std::get_if<policy::Rolling>(&stage.strategy);
  return rolling != nullptr && rolling->replace != policy::Replace::Endpoints ? rolling : nullptr;
}

bool all_in(const std::vector<SlotState>& slots, SlotPhase phase) {
  return std::all_of(slots.begin(), slots.end(), [phase](const SlotState& slot) { return slot.phase == phase; });
}

/// Where a rollout ends that fails in this stage: the first stage's stable version, unless an earlier stage has put
/// another model on its very servers.
std::string home_of(const policy::Stages& spec, std::size_t stage) {
  std::string home = std::visit(StableOf{}, spec.stages.front().strategy);
  for (std::size_t i = 0; i < stage && i < spec.stages.size(); ++i) {
    if (const auto* rolling = in_place(spec.stages[i])) home = rolling->candidate;
  }
  return home;
}

bool is_experiment(const Stage& stage) {
  return std::holds_alternative<policy::AbTest>(stage.strategy) ||
         std::holds_alternative<policy::Bandit>(stage.strategy);
}

/// The policy may have lost stages that a damaged state still names.
std::size_t index_of(const policy::Stages& spec, const RolloutState& state) {
  return std::min<std::size_t>(state.stage, spec.stages.size() - 1);
}

bool is_waiting(const RolloutState& state) {
  return state.reason == awaiting_approval || state.reason == awaiting_time;
}

/// The state in which a stage begins: of the one before it only what the whole rollout has.
RolloutState entering(const policy::Stages& spec, const RolloutState& before, std::size_t stage,
                      const Context& context) {
  RolloutState next;
  next.route = before.route;
  next.number = before.number;
  next.strategy = before.strategy;
  next.fingerprint = before.fingerprint;
  next.observed_generation = before.observed_generation;
  next.begun = context.now;
  next.attempt = before.attempt;
  next.window = stage == 0 ? before.window : before.window + 1;
  next.counters = before.counters;
  next.check_runs = before.check_runs;
  next.drift = before.drift;
  next.paused = before.paused;
  next.paused_by = before.paused_by;
  next.paused_from = before.paused_from;
  next.phase = Phase::Pending;
  next.phase_since = next.step_since = next.last_progress = next.window_since = context.now;
  next.stage = static_cast<std::uint32_t>(stage);
  next.stage_since = context.now;
  next = begin(spec.stages[stage].strategy, std::move(next), context);
  next.begun = before.begun;
  // Nothing to decide here is not nothing to decide at all.
  if (next.phase == Phase::Idle)
    enter(next, Phase::Progressing, "Split", "a split with nothing to decide", context.now);
  return next;
}

/// One look at the world, and the transition that grows out of it.
class Row {
 public:
  Row(const policy::Stages& spec, const RolloutState& state, const Context& context)
      : spec_(spec), state_(state), context_(context), at_(index_of(spec, state)), stage_(spec.stages[at_]) {}

  Transition look() {
    if (context_.command != nullptr) return obey(*context_.command);
    if (state_.phase == Phase::Promoted || state_.phase == Phase::Concluded) return delegate(nullptr);
    if (is_over(state_.phase)) return {state_, {}, {}, {}, {}};
    return settle(delegate(nullptr), "");
  }

 private:
  // ---- a person's word

  Transition obey(const Command& command) {
    switch (command.verb) {
      case Verb::Promote:
        return command.full && !is_last() ? promote_fully(command) : promote(command);
      case Verb::Undo:
        return undo(command);
      default:
        return settle(delegate(&command), by(command));
    }
  }

  /// Past what the stage is at: its own pause or step, or its end.
  Transition promote(const Command& command) {
    if (!is_over(state_.phase)) {
      Transition quiet = delegate(nullptr);
      if (has_passed(quiet.state) || (still_waits(quiet.state) && !is_last()))
        return settle(std::move(quiet), by(command));
    }
    return settle(delegate(&command), by(command));
  }

  /// Past all stages: the last one begins and is promoted fully.
  Transition promote_fully(const Command& command) {
    const std::size_t last = spec_.stages.size() - 1;
    const Stage& stage = spec_.stages[last];
    // The last stage would find servers without the model that this one was to load.
    for (std::size_t i = at_; i < last; ++i) {
      const bool is_done = i == at_ && !state_.slots.empty() && all_in(state_.slots, SlotPhase::New);
      if (in_place(spec_.stages[i]) != nullptr && !is_done) {
        return refuse(title(i) + " exchanges models on the servers and cannot be gone past: promote it by itself");
      }
    }
    RolloutState next = entering(spec_, state_, last, context_);
    Transition made;
    if (is_experiment(stage)) {
      const auto challengers = std::visit(ChallengersOf{}, stage.strategy);
      if (challengers.size() != 1) return refuse("the last stage has several candidates: promote it when it has begun");
      if (!is_usable(context_.evidence, challengers.front())) return refuse(cannot_take(challengers.front()));
      next.winner = challengers.front();
      end_with(next, challengers.front(), Phase::Promoted, "PromotedByPerson",
               "'" + challengers.front() + "' is promoted: " + by(command) + " promoted it past all stages",
               context_.now);
      for (auto& arm : next.arms) arm.share = arm.version == next.live ? 1 : 0;
      made.events.push_back({"Promoted", next.message});
      made.state = std::move(next);
    } else {
      // What was counted so far was counted for another stage.
      Evidence bare = without_samples(context_.evidence);
      bare.window = next.window;
      made = advance(stage.strategy, next, {context_.route, bare, &command, context_.now});
    }
    if (made.refusal) return refuse(*made.refusal);
    made.events.insert(made.events.begin(), {"StageBegun", title(last) + ": " + by(command) + " went past the others"});
    return made;
  }

  Transition undo(const Command& command) {
    const bool flips = std::holds_alternative<policy::BlueGreen>(stage_.strategy);
    if (state_.phase != Phase::Promoted && !flips) return refuse("nothing is promoted yet: use abort");
    const std::string home = home_of(spec_, at_);
    if (!is_usable(context_.evidence, home)) return refuse(cannot_take(home));
    return settle(delegate(&command), by(command));
  }

  // ---- what a stage came to

  /// The stage's own strategy looks, for which the rollout began with the stage. While its end is waited for it looks
  /// as it would at any other moment, so that one that fails after all is noticed; that time is no lack of progress.
  Transition delegate(const Command* command) const {
    RolloutState own = state_;
    own.begun = state_.stage_since;
    if (is_waiting(state_)) {
      own.phase = Phase::Progressing;
      own.last_progress = context_.now;
    }
    Transition made = advance(stage_.strategy, own, {context_.route, context_.evidence, command, context_.now});
    made.state.begun = state_.begun;
    return made;
  }

  /// Whether the stage's strategy is satisfied. One that has nothing to decide always is.
  bool has_passed(const RolloutState& after) const {
    const std::string& chosen = after.winner.empty() ? after.live : after.winner;
    switch (after.phase) {
      case Phase::Idle:
        return true;
      case Phase::Promoted:
        return is_last() || chosen != home_of(spec_, at_);
      case Phase::Concluded:
        return !after.winner.empty() && (is_last() || chosen != home_of(spec_, at_));
      default:
        return false;
    }
  }

  Transition settle(Transition made, const std::string& person) const {
    if (made.refusal) return refuse(*made.refusal);
    if (still_waits(made.state)) {
      if (!is_last() && (!person.empty() || may_end())) return next(std::move(made), person);
      return wait_on(std::move(made));
    }
    if (has_passed(made.state)) {
      if (!person.empty() || may_end()) return is_last() ? finish(std::move(made)) : next(std::move(made), person);
      return wait(std::move(made));
    }
    switch (made.state.phase) {
      case Phase::RolledBack:
      case Phase::Aborted:
        go_home(made, made.state.phase, made.state.reason, made.state.message);
        break;
      case Phase::Promoted:
      case Phase::Concluded:
        if (is_last()) break;
        made.events.push_back({"RolledBack", title(at_) + " ended without a better version: " + made.state.message});
        go_home(made, Phase::RolledBack, "StageFailed", made.events.back().text);
        break;
      default:
        break;
    }
    return made;
  }

  /// It had passed, and has not failed since: one that only cannot say so again, as after a restart, has passed.
  bool still_waits(const RolloutState& after) const {
    return is_waiting(state_) && (after.phase == Phase::Progressing || after.phase == Phase::Paused);
  }

  bool may_end() const {
    if (state_.approved) return true;
    return stage_.until == policy::StageEnd::Passed && context_.now >= state_.stage_since + stage_.at_least;
  }

  /// The stage has passed but is not to end yet: it goes on as it was, and goes on being watched.
  Transition wait(Transition made) const {
    RolloutState held = state_;
    held.checks = std::move(made.state.checks);
    held.check_evidence = made.state.check_evidence;
    held.split = made.state.split;
    held.segments = made.state.segments;
    held.check_runs = made.state.check_runs;
    held.last_look = made.state.last_look;
    held.harm = made.state.harm;
    held.harm_seen = made.state.harm_seen;
    held.winner = made.state.winner;
    for (std::size_t i = 0; i < held.arms.size() && i < made.state.arms.size(); ++i) {
      const double share = held.arms[i].share;
      held.arms[i] = std::move(made.state.arms[i]);
      held.arms[i].share = share;
    }
    const bool person = stage_.until == policy::StageEnd::Approved;
    const char* reason = person ? awaiting_approval : awaiting_time;
    std::string text = title(at_) + " has passed";
    text += person ? ", a person is to approve" : ", and lasts at least " + short_duration(stage_.at_least);
    if (const std::string proof = proof_of(made, true); !proof.empty()) text += ": " + proof;
    made.events.clear();
    if (state_.reason != reason) made.events.push_back({"Paused", text});
    enter(held, Phase::Paused, reason, std::move(text), context_.now);
    made.state = std::move(held);
    return made;
  }

  /// What the strategy changed meanwhile stands; that it waits for something of its own is no news.
  Transition wait_on(Transition made) const {
    made.state.phase = state_.phase;
    made.state.phase_since = state_.phase_since;
    made.state.reason = state_.reason;
    made.state.message = state_.message;
    made.state.winner = state_.winner;
    made.state.last_progress = state_.last_progress;
    std::erase_if(made.events, [](const Event& event) {
      return event.kind == "Waiting" || event.kind == "Paused" || event.kind == "Advanced";
    });
    return made;
  }

  Transition next(Transition passed, const std::string& person) const {
    std::string text = title(at_ + 1) + " begins";
    if (!person.empty()) text += ", " + person + " said so";
    if (const std::string proof = proof_of(passed, person.empty()); !proof.empty()) text += ": " + proof;
    Transition made{entering(spec_, state_, at_ + 1, context_), {}, {}, {}, {}};
    made.state.check_runs = passed.state.check_runs;
    made.events.push_back({"StageBegun", std::move(text)});
    return made;
  }

  /// The last stage's end is the rollout's.
  Transition finish(Transition made) const {
    if (made.state.phase != Phase::Idle) return made;
    enter(made.state, Phase::Concluded, "Split", "the last stage is a split with nothing to decide", context_.now);
    made.events.push_back({"Concluded", made.state.message});
    return made;
  }

  void go_home(Transition& made, Phase phase, const std::string& reason, const std::string& why) const {
    const std::string home = home_of(spec_, at_);
    std::string text = made.state.live == home ? why : why + "; all traffic to '" + home + "'";
    end_with(made.state, home, phase, reason, std::move(text), context_.now);
  }

  // ---- words

  bool is_last() const { return at_ + 1 == spec_.stages.size(); }

  /// "stage 2 of 3".
  std::string title(std::size_t stage) const {
    return "stage " + std::to_string(stage + 1) + " of " + std::to_string(spec_.stages.size());
  }

  std::string cannot_take(const std::string& version) const {
    return "'" + version + "' cannot take the traffic: " + usable_text(context_.evidence, version);
  }

  Transition refuse(std::string reason) const { return {state_, {}, {}, {}, std::move(reason)}; }
  static std::string by(const Command& command) { return command.actor.empty() ? "a person" : command.actor; }

  const policy::Stages& spec_;
  const RolloutState& state_;
  const Context& context_;
  std::size_t at_;
  const Stage& stage_;
};

}  // namespace

RolloutState begin(const policy::Stages& stages, RolloutState state, const Context& context) {
  return entering(stages, state, 0, context);
}

std::optional<std::string> why_no_retry(const policy::Stages& stages, const RolloutState& state) {
  const std::size_t at = index_of(stages, state);
  if (in_place(stages.stages[at]) != nullptr && !all_in(state.slots, SlotPhase::Old)) {
    return "some servers have been given the model of the candidate: use abort first";
  }
  for (std::size_t i = 0; i < at; ++i) {
    const auto* rolling = in_place(stages.stages[i]);
    if (rolling == nullptr) continue;
    return "the servers of '" + rolling->stable + "' have the model of '" + rolling->candidate +
           "' since an earlier stage: change the strategy in the policy to begin another rollout";
  }
  return std::nullopt;
}

Transition advance(const policy::Stages& stages, const RolloutState& state, const Context& context) {
  return Row(stages, state, context).look();
}

Result<Steering> steer(const policy::Stages& stages, const policy::ModelRoute& route, const RolloutState& state) {
  const bool back = state.phase == Phase::RolledBack || state.phase == Phase::Aborted;
  if (!back) return steer(stages.stages[index_of(stages, state)].strategy, route, state);
  auto spec = plan_base(route);
  if (!spec) return fail(spec.error());
  const auto live = version_index(route, state.live);
  if (!live) return fail(live.error());
  spec->stable = *live;
  spec->otherwise = traffic::Target::version(*live);
  auto plan = traffic::TrafficPlan::build(std::move(spec).value());
  if (!plan) return fail(plan.error());
  Steering steering;
  steering.plan = std::move(plan).value();
  steering.roles.assign(route.versions.size(), "idle");
  steering.roles[*live] = "stable";
  steering.fallbacks.assign(route.versions.size(), -1);
  steering.withheld.resize(route.versions.size());
  steering.window = state.window;
  return steering;
}

}  // namespace sluice::strategy
