#include "sluice/strategy/ab_test.hpp"

#include <algorithm>
#include <utility>

#include "sluice/strategy/comparison.hpp"
#include "sluice/strategy/guardrails.hpp"
#include "sluice/strategy/measure.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/plan_base.hpp"
#include "sluice/strategy/reading.hpp"
#include "sluice/strategy/split_steering.hpp"
#include "sluice/strategy/verbs.hpp"

namespace sluice::strategy {
namespace {

using Relation = Comparison::Relation;

// What `step` says; `step_since` is when the test began.
constexpr std::int32_t plain = -1;
constexpr std::int32_t testing = 0;

const ArmState* find_arm(const RolloutState& state, const std::string& version) {
  const auto found =
      std::find_if(state.arms.begin(), state.arms.end(), [&](const ArmState& arm) { return arm.version == version; });
  return found == state.arms.end() ? nullptr : &*found;
}

/// The weights that are left, by variant: those that were taken out have none.
std::vector<double> weights_left(const policy::AbTest& test, const RolloutState& state) {
  std::vector<double> weights;
  for (const auto& variant : test.variants) {
    const ArmState* arm = find_arm(state, variant.version);
    weights.push_back(arm != nullptr && arm->dropped ? 0 : static_cast<double>(variant.weight));
  }
  return weights;
}

/// What is remembered of each variant, as the policy lists them now.
void line_up(const policy::AbTest& test, RolloutState& state) {
  const bool fits = std::equal(test.variants.begin(), test.variants.end(), state.arms.begin(), state.arms.end(),
                               [](const auto& variant, const auto& arm) { return variant.version == arm.version; });
  if (fits) return;
  std::vector<ArmState> arms;
  for (const auto& variant : test.variants) {
    const ArmState* before = find_arm(state, variant.version);
    arms.push_back(before == nullptr ? ArmState{} : *before);
    arms.back().version = variant.version;
  }
  state.arms = std::move(arms);
}

/// The shares that the policy's weights come to, less those who were taken out.
void refresh_arms(const policy::AbTest& test, RolloutState& state) {
  line_up(test, state);
  const auto weights = weights_left(test, state);
  double sum = 0;
  for (const double weight : weights) sum += weight;
  state.weight = 0;
  for (std::size_t i = 0; i < state.arms.size(); ++i) {
    ArmState& arm = state.arms[i];
    const bool is_control = arm.version == control_of(test);
    arm.share = sum > 0 ? weights[i] / sum : (is_control ? 1 : 0);
    if (!is_control) state.weight += arm.share;
  }
}

/// One look at the world, and the transition that grows out of it.
class Test {
 public:
  Test(const policy::AbTest& spec, const RolloutState& state, const Context& context)
      : spec_(spec), context_(context), control_(control_of(spec)), made_{state, {}, {}, {}, {}}, state_(made_.state) {}

  Transition look() {
    if (context_.command != nullptr) {
      obey(*context_.command);
    } else if (!is_over(state_.phase)) {
      refresh_arms(spec_, state_);
      if (spec_.primary_metric.empty()) {
        if (state_.phase != Phase::Idle || state_.step != plain) stand_by();
      } else if (state_.step == plain) {
        begin_test();
      } else {
        judge();
      }
    }
    return std::move(made_);
  }

 private:
  // ---- a person's word

  void obey(const Command& command) {
    switch (command.verb) {
      case Verb::Promote:
        return promote(command);
      case Verb::Abort:
        return give_back(command, "Aborted", "aborted");
      case Verb::Undo:
        return undo(command);
      default:
        return;
    }
  }

  void promote(const Command& command) {
    if (state_.phase == Phase::Held && !command.full) {
      forgive_undecided(state_.arms);
      const std::string text = by(command) + " goes on although checks stay undecided";
      enter(state_, Phase::Progressing, "Testing", text, context_.now);
      return tell("Advanced", text);
    }
    if (state_.winner.empty() && !command.full) {
      made_.refusal = "there is no winner yet: promote --full takes the variant that leads";
      return;
    }
    const std::string chosen = state_.winner.empty() ? leading() : state_.winner;
    if (chosen.empty()) {
      made_.refusal = "no variant leads: nothing has been counted yet";
    } else if (!is_usable(context_.evidence, chosen)) {
      made_.refusal = "'" + chosen + "' cannot take the traffic: " + usable_text(context_.evidence, chosen);
    } else {
      const std::string which = state_.winner.empty() ? "the variant that leads" + standing_of(chosen) : "the winner";
      promote_to(chosen, by(command) + " promoted " + which);
    }
  }

  void undo(const Command& command) {
    if (state_.live == control_) {
      made_.refusal = "'" + control_ + "' is the control and has everything: there is nothing to undo";
      return;
    }
    if (!is_usable(context_.evidence, control_)) {
      made_.refusal = "'" + control_ + "' cannot take the traffic: " + usable_text(context_.evidence, control_);
      return;
    }
    give_back(command, "Undone", "undid the promotion");
  }

  void give_back(const Command& command, const std::string& reason, const std::string& deed) {
    end_with(state_, control_, Phase::Aborted, reason, "all traffic to '" + control_ + "': " + by(command) + " " + deed,
             context_.now);
    give_all(state_.arms, control_);
    tell(reason, state_.message);
  }

  // ---- looks

  void stand_by() {
    state_.step = plain;
    enter(state_, Phase::Idle, "Split", "a plain split: without a primaryMetric nothing is decided", context_.now);
  }

  /// A plain split was not counted for a test: that begins here, with its clock.
  void begin_test() {
    begin_step(state_, testing, context_.now);
    open_window(state_, context_.now);
    enter(state_, Phase::Progressing, "Testing", "the test looks for the better variant by " + spec_.primary_metric,
          context_.now);
    tell("Advanced", state_.message);
  }

  void judge() {
    const bool due = look_is_due(state_, context_.now);
    const std::string undecided = guard(due);
    if (due) drop_losers();
    refresh_arms(spec_, state_);
    if (due) state_.last_look = context_.now;
    if (state_.paused || state_.phase == Phase::Held) return;
    if (others().empty() &&
        std::any_of(state_.arms.begin(), state_.arms.end(), [](auto& arm) { return arm.dropped; })) {
      return conclude(control_, "ControlRemains", "every other variant was taken out");
    }
    if (due && !undecided.empty()) return hold(undecided);
    if (due && find_winner()) return;
    if (spec_.max_duration && context_.now - state_.step_since >= *spec_.max_duration) return run_out();
    if (due) state_.message = progress();
  }

  /// Judges every variant's guardrails; returns what stays undecided for too long.
  std::string guard(bool due) {
    std::string undecided;
    for (auto& arm : state_.arms) {
      if (arm.dropped || arm.version == control_) continue;
      const auto found = judge_guardrails(spec_.guardrails, due, arm, sample(arm.version),
                                          {control_, &sample(control_)}, state_, context_, made_);
      if (!due) continue;
      if (found.verdict == Verdict::Fail) {
        take_out(arm, found.message);
      } else if (found.exhausted) {
        undecided = "'" + arm.version + "': " + found.message;
      }
    }
    return undecided;
  }

  void drop_losers() {
    if (!spec_.eliminate_losers) return;
    for (auto& arm : state_.arms) {
      if (arm.dropped || arm.version == control_ || arm.share == 0) continue;
      const auto found = compare(spec_.primary_metric, sample(arm.version), sample(control_), bar(0));
      if (found.relation == Relation::Worse) take_out(arm, comparison_text(spec_.primary_metric, found, control_));
    }
  }

  /// Down to nothing; only told, once, where the policy keeps losers.
  void take_out(ArmState& arm, const std::string& why) {
    const bool news = arm.reason.empty();
    arm.reason = why;
    arm.dropped = spec_.eliminate_losers;
    if (arm.dropped) {
      tell("ArmDropped", "'" + arm.version + "' to 0%: " + why);
    } else if (news) {
      tell("CheckFailed", "'" + arm.version + "' breaks a guardrail and stays, as eliminateLosers says: " + why);
    }
  }

  /// The best of those that are left, once it is better than each of the others for certain.
  bool find_winner() {
    const std::string leader = leading();
    if (leader.empty()) return false;
    const ArmState* own = find_arm(state_, leader);
    if (own == nullptr || !own->reason.empty()) return false;
    std::vector<std::string> rivals = others();
    rivals.push_back(control_);
    std::string text;
    for (const auto& rival : rivals) {
      if (rival == leader) continue;
      const double effect = rival == control_ && spec_.minimum_effect ? spec_.minimum_effect->fraction : 0;
      const auto found = compare(spec_.primary_metric, sample(leader), sample(rival), bar(effect));
      if (found.relation != Relation::Better) return false;
      text += (text.empty() ? "" : "; ") + comparison_text(spec_.primary_metric, found, rival);
    }
    const bool promotes = spec_.on_winner == policy::OnWinner::Promote;
    if (text.empty() || (promotes && !is_usable(context_.evidence, leader))) return false;
    announce(leader, text);
    return true;
  }

  void announce(const std::string& winner, const std::string& text) {
    if (spec_.on_winner == policy::OnWinner::Hold) return conclude(winner, "WinnerFound", text);
    tell("WinnerFound", "'" + winner + "' wins: " + text);
    promote_to(winner, text);
  }

  void conclude(const std::string& winner, const std::string& reason, const std::string& text) {
    state_.winner = winner;
    const std::string message = "'" + winner + "' wins: " + text + "; the traffic stays as it is";
    enter(state_, Phase::Concluded, reason, message, context_.now);
    tell("WinnerFound", message);
  }

  void run_out() {
    const std::string message =
        "no winner after " + short_duration(*spec_.max_duration) + ": " + progress() + "; the traffic stays as it is";
    enter(state_, Phase::Concluded, "MaxDuration", message, context_.now);
    tell("Concluded", message);
  }

  void hold(const std::string& why) {
    enter(state_, Phase::Held, "Undecided", "undecided for too long, a person is to decide: " + why, context_.now);
    tell("Held", state_.message);
  }

  void promote_to(const std::string& winner, const std::string& why) {
    state_.winner = winner;
    end_with(state_, winner, Phase::Promoted, winner == control_ ? stable_stays : "Promoted",
             "all traffic to '" + winner + "': " + why, context_.now);
    give_all(state_.arms, winner);
    tell("Promoted", state_.message);
  }

  // ---- what is known

  /// The variants beside the control that still take part.
  std::vector<std::string> others() const {
    std::vector<std::string> names;
    for (const auto& arm : state_.arms) {
      if (!arm.dropped && arm.share > 0 && arm.version != control_) names.push_back(arm.version);
    }
    return names;
  }

  /// Who has the lowest value so far, the control among equals; empty while nothing is counted.
  std::string leading() const {
    std::string leader;
    double lowest = 0;
    auto names = others();
    names.insert(names.begin(), control_);
    for (const auto& name : names) {
      const auto measured = measured_of(name);
      if (!measured || (!leader.empty() && *measured >= lowest)) continue;
      leader = name;
      lowest = *measured;
    }
    return leader;
  }

  std::optional<double> measured_of(const std::string& version) const {
    const auto seen = measure(spec_.primary_metric, sample(version));
    return seen && seen->n > 0 ? std::optional(seen->value) : std::nullopt;
  }

  std::string standing_of(const std::string& version) const {
    if (version == control_) return "";
    const auto found = beside(spec_.primary_metric, sample(version), sample(control_));
    return ": " + comparison_text(spec_.primary_metric, found, control_);
  }

  std::string progress() const {
    std::string text;
    for (const auto& name : others()) text += (text.empty() ? "'" : "; '") + name + "'" + standing_of(name);
    return text.empty() ? "no variant beside the control takes part" : text;
  }

  /// The confidence of 95 % is shared among the comparisons with the control.
  Bar bar(double effect) const {
    const policy::Analysis usual;
    const auto comparisons = std::max<std::size_t>(spec_.variants.size(), 2) - 1;
    const double doubt = (1 - usual.confidence.fraction) / static_cast<double>(comparisons);
    return {usual.min_requests, 1 - doubt, effect};
  }

  const Sample& sample(const std::string& version) const { return evidence_of(context_.evidence, state_, version).all; }
  static std::string by(const Command& command) { return command.actor.empty() ? "a person" : command.actor; }
  void tell(std::string kind, std::string text) { made_.events.push_back({std::move(kind), std::move(text)}); }

  const policy::AbTest& spec_;
  const Context& context_;
  const std::string& control_;
  Transition made_;
  RolloutState& state_;
};

}  // namespace

const std::string& control_of(const policy::AbTest& test) {
  return test.control.empty() && !test.variants.empty() ? test.variants.front().version : test.control;
}

RolloutState begin(const policy::AbTest& test, RolloutState state, const Context& context) {
  begin_step(state, test.primary_metric.empty() ? plain : testing, context.now);
  open_window(state, context.now);
  state.live = control_of(test);
  state.winner.clear();
  state.arms.clear();
  refresh_arms(test, state);
  if (test.primary_metric.empty()) {
    enter(state, Phase::Idle, "Split", "a plain split: without a primaryMetric nothing is decided", context.now);
  } else {
    enter(state, Phase::Progressing, "Testing", "the test looks for the better variant by " + test.primary_metric,
          context.now);
  }
  return state;
}

Transition advance(const policy::AbTest& test, const RolloutState& state, const Context& context) {
  return Test(test, state, context).look();
}

Result<Steering> steer(const policy::AbTest& test, const policy::ModelRoute& route, const RolloutState& state) {
  SplitWish wish;
  wish.first = control_of(test);
  wish.audience = test.audience;
  wish.parachute = test.parachute;
  const auto weights = weights_left(test, state);
  for (std::size_t i = 0; i < test.variants.size(); ++i) {
    const std::string& version = test.variants[i].version;
    wish.parts.push_back({version, weights[i], version == wish.first ? "control" : "variant"});
  }
  const bool given = is_over(state.phase) && state.phase != Phase::Concluded;
  if (given) {
    wish = all_to(state.live, state.phase == Phase::Promoted ? "stable" : "control", std::move(wish));
  } else if (!test.variants.empty() && std::none_of(test.variants.begin(), test.variants.end(),
                                                    [](const auto& variant) { return variant.weight > 0; })) {
    return fail(Error::internal("at least one weight must be above 0"));
  }
  return steer_split(route, wish, state.window);
}

}  // namespace sluice::strategy
