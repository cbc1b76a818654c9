#include "sluice/strategy/ab_test.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "ab_test_arms.hpp"
#include "ab_test_standings.hpp"
#include "sluice/strategy/comparison.hpp"
#include "sluice/strategy/guardrails.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/plan_base.hpp"
#include "sluice/strategy/reading.hpp"
#include "sluice/strategy/split_check.hpp"
#include "sluice/strategy/split_steering.hpp"
#include "sluice/strategy/verbs.hpp"

namespace sluice::strategy {
namespace {

// What `step` says; `step_since` is when the test began.
constexpr std::int32_t plain = -1;
constexpr std::int32_t testing = 0;

/// One look at the world, and the transition that grows out of it.
class Test {
 public:
  Test(const policy::AbTest& spec, const RolloutState& state, const Context& context)
      : spec_(spec),
        context_(context),
        control_(control_of(spec)),
        metric_(primary_metric(spec.primary_metric, context.route)),
        made_{state, {}, {}, {}, {}},
        state_(made_.state) {}

  Transition look() {
    if (context_.command != nullptr) {
      if (!is_over(state_.phase) && metric_) count_variants(spec_, *metric_, state_, context_);
      obey(*context_.command);
    } else if (!is_over(state_.phase)) {
      const bool moved = metric_ && state_.step != plain && follow_policy(spec_, *metric_, state_, context_);
      refresh_arms(spec_, state_);
      if (moved) return std::move(made_);
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
    state_.experiment = {};
    for (auto& arm : state_.arms) {
      arm.tallies.clear();
      arm.seen = {};
    }
    enter(state_, Phase::Progressing, "Testing", "the test looks for the better variant by " + spec_.primary_metric,
          context_.now);
    tell("Advanced", state_.message);
  }

  void judge() {
    const bool due = look_is_due(state_, context_.now);
    const std::string undecided = guard(due);
    if (!due) return settle({}, "");
    if (metric_) count_variants(spec_, *metric_, state_, context_);
    const bool broken = weigh_split();
    std::optional<Standings> standings;
    if (metric_) standings.emplace(spec_, *metric_, state_);
    if (standings && !broken && drop_losers(*standings)) standings.emplace(spec_, *metric_, state_);
    refresh_arms(spec_, state_);
    state_.last_look = context_.now;
    settle(standings && !broken ? &*standings : nullptr, undecided);
    if (state_.phase == Phase::Progressing && standings && !state_.paused) say_progress(*standings, broken);
  }

  /// Ends or holds the test where there is cause; with standings also for a winner.
  void settle(const Standings* standings, const std::string& undecided) {
    if (state_.paused || state_.phase == Phase::Held) return;
    if (others().empty() &&
        std::any_of(state_.arms.begin(), state_.arms.end(), [](auto& arm) { return arm.dropped; })) {
      refresh_arms(spec_, state_);
      return conclude(control_, "ControlRemains", "every other variant was taken out");
    }
    if (!undecided.empty()) return hold(undecided);
    if (standings != nullptr && find_winner(*standings)) return;
    if (spec_.max_duration && context_.now - state_.step_since >= *spec_.max_duration) run_out();
  }

  void say_progress(const Standings& standings, bool broken) {
    if (broken) {
      const std::string text =
          "nothing is decided, because requests are lost or counted twice: " + split_text(*state_.split);
      return enter(state_, Phase::Progressing, "SampleRatioMismatch", text, context_.now);
    }
    std::string text = standings.progress();
    if (is_split_doubtful(state_)) text += "; the split is doubtful: " + split_text(*state_.split);
    enter(state_, Phase::Progressing, "Testing", text, context_.now);
  }

  /// Whether the counted split differs so clearly from the dealt one that nothing may be decided by it.
  bool weigh_split() {
    std::vector<std::string> versions;
    for (const auto& variant : spec_.variants) versions.push_back(variant.version);
    const auto split = look_at_split(context_.route, versions, context_.evidence, state_);
    if (!split.news.empty()) tell("SampleRatioMismatch", split.news);
    return split.broken;
  }

  /// Judges every variant's guardrails; returns what stays undecided for too long.
  std::string guard(bool due) {
    std::string undecided;
    for (auto& arm : state_.arms) {
      if (arm.dropped || arm.version == control_) continue;
      const auto found =
          judge_guardrails(spec_.guardrails, due, arm, seen(arm.version),
                           {control_, &seen(control_), share_beside_control(arm)}, state_, context_, made_);
      if (!due) continue;
      if (found.verdict == Verdict::Fail) {
        take_out(arm, found.message);
      } else if (found.exhausted) {
        undecided = "'" + arm.version + "': " + found.message;
      }
    }
    return undecided;
  }

  bool drop_losers(const Standings& standings) {
    if (!spec_.eliminate_losers) return false;
    bool dropped = false;
    for (std::size_t i = 0; i < standings.size(); ++i) {
      ArmState& arm = state_.arms[i];
      const std::size_t master = standings.master_of(i);
      if (arm.dropped || arm.version == control_ || master == standings.size()) continue;
      arm.decided = standings.decided_with(i);
      take_out(arm, standings.text(i, master));
      dropped = true;
    }
    return dropped;
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

  /// The one that is better than each of the others for certain.
  bool find_winner(const Standings& standings) {
    const std::size_t found = standings.winner();
    if (found == standings.size() || !state_.arms[found].reason.empty()) return false;
    const std::string winner = state_.arms[found].version;
    if (spec_.on_winner == policy::OnWinner::Promote && !is_usable(context_.evidence, winner)) return false;
    std::string text;
    for (std::size_t i = 0; i < standings.size(); ++i) {
      if (standings.beats(found, i)) text += (text.empty() ? "" : "; ") + standings.text(found, i);
    }
    announce(winner, text);
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

  /// Who has the best value so far, the control among equals; empty while nothing is counted.
  std::string leading() const {
    const ArmState* leader = nullptr;
    auto names = others();
    names.insert(names.begin(), control_);
    for (const auto& name : names) {
      const ArmState* const arm = find_arm(state_, name);
      if (arm == nullptr || !arm->value) continue;
      const bool ahead = leader == nullptr || (metric_ && metric_->higher_is_better ? *arm->value > *leader->value
                                                                                    : *arm->value < *leader->value);
      if (ahead) leader = arm;
    }
    return leader == nullptr ? "" : leader->version;
  }

  std::string standing_of(const std::string& version) {
    if (version == control_ || !metric_) return "";
    const Standings standings(spec_, *metric_, state_);
    return ": " + standings.text(index_of(state_, version), index_of(state_, control_));
  }

  std::string progress() { return metric_ ? Standings(spec_, *metric_, state_).progress() : "nothing is measured"; }

  const VersionEvidence& seen(const std::string& version) const {
    return evidence_of(context_.evidence, state_, version);
  }
  double share_beside_control(const ArmState& arm) const {
    const ArmState* const control = find_arm(state_, control_);
    const double both = arm.share + (control == nullptr ? 0 : control->share);
    return both > 0 ? arm.share / both : 0;
  }
  static std::string by(const Command& command) { return command.actor.empty() ? "a person" : command.actor; }
  void tell(std::string kind, std::string text) { made_.events.push_back({std::move(kind), std::move(text)}); }

  const policy::AbTest& spec_;
  const Context& context_;
  const std::string& control_;
  std::optional<PrimaryMetric> metric_;
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
  state.experiment = {};
  refresh_arms(test, state);
  if (const auto metric = primary_metric(test.primary_metric, context.route)) {
    follow_policy(test, *metric, state, context);
  }
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
