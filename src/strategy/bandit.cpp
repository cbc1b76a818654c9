#include "sluice/strategy/bandit.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "bandit_arms.hpp"
#include "bandit_words.hpp"
#include "sluice/strategy/bandit_certificate.hpp"
#include "sluice/strategy/bandit_context.hpp"
#include "sluice/strategy/bandit_shares.hpp"
#include "sluice/strategy/guardrails.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/reading.hpp"
#include "sluice/strategy/split_check.hpp"
#include "sluice/strategy/split_steering.hpp"
#include "sluice/strategy/tally.hpp"
#include "sluice/strategy/verbs.hpp"

namespace sluice::strategy {
namespace {

/// A smaller move of every share is not worth a new plan, and a smaller one since it was last told no line in the
/// journal.
constexpr double smallest_move = 0.001;
constexpr double smallest_news = 0.1;

/// Scott (2015): the value remaining is small with this probability.
constexpr double enough_certain = 0.95;

constexpr const char* awaiting_rewards = "AwaitingRewards";
constexpr const char* broken_split = "SampleRatioMismatch";

/// How often it is asked whether the leader can be certified.
constexpr Duration certificate_interval = std::chrono::seconds(10);

/// One look at the world, and the transition that grows out of it.
class Learning {
 public:
  Learning(const policy::Bandit& spec, const RolloutState& state, const Context& context)
      : spec_(spec), context_(context), made_{state, {}, {}, {}, {}}, state_(made_.state) {}

  Transition look() {
    if (context_.command != nullptr) {
      obey(*context_.command);
    } else if (!is_over(state_.phase)) {
      learn();
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
      enter(state_, Phase::Progressing, "Following", text, context_.now);
      return tell("Advanced", text);
    }
    const auto view = view_now();
    const bool waiting = state_.reason == awaiting_rewards;
    if ((view.exploring || waiting) && !command.full) {
      made_.refusal =
          "no arm leads yet: " + (view.exploring ? exploring_text(state_.arms) : waiting_text(spec_.reward)) +
          "; promote --full takes the one that is ahead";
      return;
    }
    if (is_split_broken(state_) && !command.full) {
      made_.refusal = split_text(*state_.split) + "; promote --full takes the arm that is ahead nevertheless";
      return;
    }
    if (count_of(leader(view)) == 0) {
      made_.refusal = "no arm leads: nothing has been counted yet";
      return;
    }
    const std::string& chosen = leader(view).version;
    if (!is_usable(context_.evidence, chosen)) {
      made_.refusal = "'" + chosen + "' cannot take the traffic: " + usable_text(context_.evidence, chosen);
      return;
    }
    promote_leader(view, by(command) + " promoted the arm that leads; ");
  }

  void undo(const Command& command) {
    if (state_.live == first()) {
      made_.refusal = "'" + first() + "' is the first arm and has everything: there is nothing to undo";
      return;
    }
    const auto arm = std::find_if(state_.arms.begin(), state_.arms.end(),
                                  [&](const ArmState& one) { return one.version == first(); });
    if (arm != state_.arms.end() && arm->dropped) {
      made_.refusal = "'" + first() + "' was dropped and does not get everything back: " + arm->reason +
                      "; name other arms in the policy to begin another bandit";
      return;
    }
    if (!is_usable(context_.evidence, first())) {
      made_.refusal = "'" + first() + "' cannot take the traffic: " + usable_text(context_.evidence, first());
      return;
    }
    give_back(command, "Undone", "undid the promotion");
  }

  void give_back(const Command& command, const std::string& reason, const std::string& deed) {
    end_with(state_, first(), Phase::Aborted, reason, "all traffic to '" + first() + "': " + by(command) + " " + deed,
             context_.now);
    give_all(state_.arms, first());
    tell(reason, state_.message);
  }

  // ---- looks

  void learn() {
    line_up(spec_, state_);
    const bool due = look_is_due(state_, context_.now);
    bool dropped = false;
    const std::string undecided = guard(due, dropped);
    if (due) state_.last_look = context_.now;
    if (due && !undecided.empty() && !state_.paused && state_.phase != Phase::Held) hold(undecided);
    if (run_out()) return;
    if (update_is_due() || dropped) {
      weigh_split();
      if (count() || dropped) follow(dropped);
    }
    if (can_certify(spec_, context_.route)) note_shares(state_, context_.now);
  }

  /// Since the last update the shares stayed as they are; only then it is known what a count should be.
  void weigh_split() {
    if (goes_by_contexts(spec_)) return;
    const auto split = look_at_split(context_.route, spec_.arms, context_.evidence, state_);
    if (!split.news.empty()) tell(broken_split, split.news);
  }

  bool update_is_due() const {
    if (context_.now < state_.step_since || context_.now - state_.step_since >= spec_.update_interval) return true;
    std::uint64_t requests = 0;
    std::uint64_t seen = 0;
    for (const auto& arm : state_.arms) {
      requests += sample(arm.version).requests;
      seen += arm.seen_successes + arm.seen_failures;
    }
    return requests >= seen + requests_between;
  }

  /// What was counted since the last update; from here on a restart loses none of it.
  bool count() {
    adopt_successes(spec_, context_.route, state_);
    bool more = false;
    const double before = requests_of(state_.arms);
    for (auto& arm : state_.arms) {
      const bool added = absorb(arm, sample(arm.version), context_.evidence.counters);
      more = more || added;
    }
    batch_ = requests_of(state_.arms) - before;
    const std::string reward = reward_key(spec_, context_.route);
    // An outcome of another type under the same name.
    if (state_.experiment.metric != reward) forget_rewards(state_, reward);
    const Duration passed = std::max<Duration>(Duration::zero(), context_.now - state_.step_since);
    auto arms = state_.arms;
    settled_ = count_rewards(spec_, state_, context_.evidence, context_.route, passed, context_.now);
    if (!more && (spec_.reward.empty() || !earned_anew(arms, state_.arms))) {
      state_.arms = std::move(arms);
      return false;
    }
    state_.step_since = context_.now;
    return true;
  }

  void follow(bool dropped) {
    if (goes_by_contexts(spec_)) return follow_contexts(dropped);
    const auto view = view_of(spec_, context_.route, state_.arms, batch_);
    for (std::size_t i = 0; i < state_.arms.size(); ++i) state_.arms[i].probability_best = view.probability_best[i];
    const bool frozen = is_frozen();
    const bool decides = settled_ && !is_split_broken(state_);
    if (decides) ask_for_certificate(view);
    if (frozen && !dropped) return;
    if (!frozen && decides && may_stop(view)) return promote_leader(view, "");
    // Shares stay as they are while what is late cannot be compared, or requests are lost.
    const bool moves = dropped || (decides && largest_move(state_.arms, view.share) >= smallest_move);
    if (moves) set_shares(state_, view.share);
    if (!frozen) announce(view);
  }

  /// The same where every request has shares of its own; the state's are their mean.
  void follow_contexts(bool dropped) {
    const bool frozen = is_frozen();
    if (frozen && !dropped) return;
    const bool exploring = view_now().exploring;
    // What is known waits for the next bank; a paused one is drawn anew only to leave an arm out.
    bool draws = dropped && state_.bank > 0;
    if (!exploring && !frozen && settled_) {
      auto known = learn_contexts(spec_, context_.route, state_, context_.evidence, context_.now);
      draws = draws || is_worth_a_bank(state_.arms, known);
      for (std::size_t i = 0; draws && i < known.size(); ++i) state_.arms[i].contexts.set(std::move(known[i]));
    }
    if (draws) {
      draw_bank(spec_, context_.route, context_.evidence, state_);
    } else if (dropped) {
      leave_out_dropped(spec_, state_);
    }
    if (!frozen) announce(view_now());
  }

  void ask_for_certificate(const BanditView& view) {
    const WallTime looked = state_.experiment.certificate->looked;
    if (looked <= context_.now && context_.now - looked < certificate_interval) return;
    if (!certify(spec_, context_.route, state_, context_.evidence, view.leader, context_.now)) return;
    tell("WinnerCertified", "'" + leader(view).version + "' is better than every other arm, " +
                                certificate_text(*state_.experiment.certificate, leader(view).version));
  }

  void announce(const BanditView& view) {
    if (is_split_broken(state_)) {
      const std::string why = "nothing is decided and the shares stay, because requests are lost or counted twice: ";
      return enter(state_, Phase::Progressing, broken_split, why + split_text(*state_.split), context_.now);
    }
    const bool began = state_.reason != "Following" && !view.exploring && settled_;
    const std::string text = view.exploring ? exploring_text(state_.arms)
                             : settled_     ? following_text(spec_, state_.arms, view) + certainty_text(view)
                                            : waiting_text(spec_.reward);
    const char* const reason = view.exploring ? "Exploring" : settled_ ? "Following" : awaiting_rewards;
    enter(state_, Phase::Progressing, reason, text, context_.now);
    if (!began && untold_move(state_.arms) < smallest_news) return;
    for (auto& arm : state_.arms) arm.told_share = arm.share;
    tell("Advanced", text);
  }

  std::string certainty_text(const BanditView& view) const {
    if (!can_certify(spec_, context_.route)) return "";
    return "; " + certificate_text(*state_.experiment.certificate, leader(view).version);
  }

  BanditView view_now() const { return view_by_contexts(spec_, context_.route, state_); }
  bool is_frozen() const { return state_.paused || state_.phase == Phase::Held; }

  bool may_stop(const BanditView& view) const {
    if (!spec_.stop_when || (spec_.stop_when->certified && !is_certified(leader(view)))) return false;
    return !view.exploring && context_.now - state_.window_since >= shortest() &&
           view.probability_best[view.leader] >= spec_.stop_when->probability_best.fraction &&
           is_usable(context_.evidence, leader(view).version) &&
           chance_within(spec_, context_.route, state_.arms, view.leader) >= enough_certain;
  }

  bool is_certified(const ArmState& arm) const { return state_.experiment.certificate->winner == arm.version; }

  /// A full cycle: what the policy says, and until the first decisions have had their time.
  Duration shortest() const {
    const auto outcome = spec_.reward.empty() ? std::nullopt : primary_metric(spec_.reward, context_.route);
    const Duration window = outcome && outcome->outcome != nullptr ? outcome->outcome->attribution_window : Duration(0);
    return std::max(window, spec_.stop_when ? spec_.stop_when->min_duration : Duration(0));
  }

  bool run_out() {
    if (!spec_.stop_when || !spec_.stop_when->max_duration || is_frozen()) return false;
    if (context_.now - state_.window_since < *spec_.stop_when->max_duration) return false;
    const std::string text = "no winner after " + short_duration(*spec_.stop_when->max_duration) +
                             ", the shares stay as they are: " + state_.message;
    enter(state_, Phase::Concluded, "MaxDuration", text, context_.now);
    tell("Concluded", text);
    return true;
  }

  void promote_leader(const BanditView& view, const std::string& why) {
    const std::string winner = leader(view).version;
    state_.winner = winner;
    std::string text = why + following_text(spec_, state_.arms, view) + remaining_text(spec_, view);
    if (can_certify(spec_, context_.route)) text += "; " + certificate_text(*state_.experiment.certificate, winner);
    end_with(state_, winner, Phase::Promoted, winner == first() ? stable_stays : "WinnerFound",
             "all traffic to '" + winner + "': " + text, context_.now);
    give_all(state_.arms, winner);
    tell("WinnerFound", "'" + winner + "' wins: " + text);
    tell("Promoted", state_.message);
  }

  /// Judges every arm's guardrails; returns what stays undecided for too long.
  std::string guard(bool due, bool& dropped) {
    std::string undecided;
    for (auto& arm : state_.arms) {
      if (arm.dropped) continue;
      const Reference reference = arm.version == first() ? Reference{} : Reference{first(), &seen(first()), 0};
      const auto found =
          judge_guardrails(spec_.guardrails, due, arm, seen(arm.version), reference, state_, context_, made_);
      if (!due) continue;
      if (found.verdict == Verdict::Fail) {
        dropped = drop(arm, found.message) || dropped;
      } else if (found.exhausted) {
        undecided = "'" + arm.version + "': " + found.message;
      }
    }
    return undecided;
  }

  /// Down to the floor for the rest of this rollout. The last arm stays, because somebody has to answer.
  bool drop(ArmState& arm, const std::string& why) {
    const bool news = arm.reason.empty();
    arm.reason = why;
    const auto left = std::count_if(state_.arms.begin(), state_.arms.end(), [](auto& one) { return !one.dropped; });
    arm.dropped = left > 1;
    if (arm.dropped) {
      tell("ArmDropped", "'" + arm.version + "' to its floor of " + percent(spec_.minimum_share.fraction) + ": " + why);
    } else if (news) {
      tell("CheckFailed", "'" + arm.version + "' breaks a guardrail and stays, as no other arm is left: " + why);
    }
    return arm.dropped;
  }

  void hold(const std::string& why) {
    enter(state_, Phase::Held, "Undecided", "undecided for too long, a person is to decide: " + why, context_.now);
    tell("Held", state_.message);
  }

  const ArmState& leader(const BanditView& view) const { return state_.arms[view.leader]; }
  const std::string& first() const { return spec_.arms.front(); }
  const VersionEvidence& seen(const std::string& version) const {
    return evidence_of(context_.evidence, state_, version);
  }
  const Sample& sample(const std::string& version) const { return seen(version).all; }
  static std::string by(const Command& command) { return command.actor.empty() ? "a person" : command.actor; }
  void tell(std::string kind, std::string text) { made_.events.push_back({std::move(kind), std::move(text)}); }

  const policy::Bandit& spec_;
  const Context& context_;
  Transition made_;
  RolloutState& state_;
  double batch_ = 1;
  bool settled_ = true;
};

}  // namespace

RolloutState begin(const policy::Bandit& bandit, RolloutState state, const Context& context) {
  begin_step(state, 0, context.now);
  open_window(state, context.now);
  state.live = bandit.arms.empty() ? "" : bandit.arms.front();
  state.winner.clear();
  state.arms.clear();
  state.bank = 0;
  line_up(bandit, state);
  state.experiment = {};
  state.experiment.metric = reward_key(bandit, context.route);
  set_shares(state, view_of(bandit, context.route, state.arms).share);
  state.split.reset();
  if (can_certify(bandit, context.route)) note_shares(state, context.now);
  for (auto& arm : state.arms) arm.told_share = arm.share;
  enter(state, Phase::Progressing, "Exploring",
        "equal shares until every arm has " + grouped(requests_first) + " requests", context.now);
  return state;
}

Transition advance(const policy::Bandit& bandit, const RolloutState& state, const Context& context) {
  return Learning(bandit, state, context).look();
}

Result<Steering> steer(const policy::Bandit& bandit, const policy::ModelRoute& route, const RolloutState& state) {
  if (bandit.arms.empty()) return fail(Error::internal("a bandit without arms"));
  SplitWish wish;
  wish.first = bandit.arms.front();
  wish.parachute = bandit.parachute;
  const bool known = !state.arms.empty();
  for (const auto& name : bandit.arms) {
    const auto arm =
        std::find_if(state.arms.begin(), state.arms.end(), [&](const ArmState& one) { return one.version == name; });
    // A state of before the first tick says nothing: equal shares.
    const double share = arm != state.arms.end() ? arm->share : (known ? 0 : 1);
    wish.parts.push_back({name, share, "arm"});
  }
  if (goes_by_contexts(bandit)) {
    auto learned = learned_of(bandit, route, state);
    if (!learned) return fail(learned.error());
    wish.learned = std::move(learned).value();
  }
  if (is_over(state.phase) && state.phase != Phase::Concluded)
    wish = all_to(state.live, state.phase == Phase::Promoted ? "stable" : "arm", std::move(wish));
  return steer_split(route, wish, state.window);
}

}  // namespace sluice::strategy
