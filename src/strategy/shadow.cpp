#include "sluice/strategy/shadow.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "check_words.hpp"
#include "sluice/policy/metrics.hpp"
#include "sluice/strategy/analysis.hpp"
#include "sluice/strategy/check_runs.hpp"
#include "sluice/strategy/gate.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/reading.hpp"
#include "sluice/strategy/shadow_hours.hpp"
#include "sluice/strategy/shadow_plan.hpp"
#include "sluice/strategy/shadow_spending.hpp"
#include "sluice/strategy/step.hpp"

namespace sluice::strategy {
namespace {

policy::Analysis usual_analysis(bool compares) {
  const policy::Quantity one_percent{0.01, policy::QuantityUnit::Ratio};
  policy::Analysis made;
  made.checks.emplace_back().metric = "error-rate";
  made.checks.back().versus_stable = policy::VersusStable{one_percent, {}};
  if (!compares) return made;
  made.checks.emplace_back().metric = policy::disagreement_metric;
  made.checks.back().threshold_range = policy::ThresholdRange{{}, one_percent};
  return made;
}

std::string list_of(const std::vector<ArmState>& arms) {
  std::string list;
  for (const auto& arm : arms) list += (list.empty() ? "'" : ", '") + arm.version + "'";
  return list;
}

/// What one look finds about all candidates.
struct Findings {
  bool looked = false;
  bool decided = true;     ///< each of them, either way
  bool exhausted = false;  ///< one stays undecided for too long
  std::string winner;      ///< the first that passes
  std::string message;
};

/// One look at the world, and the transition that grows out of it.
class Observation {
 public:
  Observation(const policy::Shadow& spec, const RolloutState& state, const Context& context)
      : spec_(spec), context_(context), made_{state, {}, {}, {}, {}}, state_(made_.state) {}

  Transition look() {
    if (context_.command != nullptr) {
      obey(*context_.command);
    } else if (!is_over(state_.phase)) {
      observe();
    }
    return std::move(made_);
  }

  /// The state of a shadow that begins.
  RolloutState begun() {
    state_.arms.clear();
    for (const auto& candidate : spec_.candidates) state_.arms.emplace_back().version = candidate.version;
    state_.comparing = pair_fingerprint(context_.route, &spec_);
    change_hours(within_hours(spec_.schedule, context_.now));
    return std::move(state_);
  }

 private:
  // ---- a person's word

  void obey(const Command& command) {
    switch (command.verb) {
      case Verb::Promote:
        return promote(command);
      case Verb::Abort:
        return end(spec_.live, Phase::Aborted, "Aborted", "no more copies: " + by(command) + " aborted", "Aborted");
      case Verb::Undo:
        return undo(command);
      default:
        return;
    }
  }

  void promote(const Command& command) {
    const ArmState* arm = only_candidate();
    if (arm == nullptr) {
      made_.refusal = "nobody has won yet, and there are several candidates: " + list_of(state_.arms);
      return;
    }
    if (!arm->reason.empty() && !command.full) {
      made_.refusal =
          "'" + arm->version + "' failed its checks: " + arm->reason + "; promote --full does it all the same";
      return;
    }
    if (!is_usable(context_.evidence, arm->version)) return refuse(arm->version);
    const std::string version = arm->version;
    state_.winner = version;
    end(version, Phase::Promoted, "PromotedByPerson",
        "'" + version + "' answers all requests: " + by(command) + " promoted it", "Promoted");
  }

  /// The one that has won, or the only one there is.
  const ArmState* only_candidate() const {
    if (state_.winner.empty()) return state_.arms.size() == 1 ? &state_.arms.front() : nullptr;
    const auto found = std::find_if(state_.arms.begin(), state_.arms.end(),
                                    [&](const ArmState& arm) { return arm.version == state_.winner; });
    return found == state_.arms.end() ? nullptr : &*found;
  }

  void undo(const Command& command) {
    if (state_.live == spec_.live) {
      made_.refusal = "nothing is promoted: '" + spec_.live + "' answers all requests";
      return;
    }
    if (!is_usable(context_.evidence, spec_.live)) return refuse(spec_.live);
    end(spec_.live, Phase::Aborted, "Undone",
        "'" + spec_.live + "' answers all requests again: " + by(command) + " undid the promotion", "Undone");
  }

  void refuse(const std::string& version) {
    made_.refusal = "'" + version + "' cannot take the traffic: " + usable_text(context_.evidence, version);
  }

  // ---- the automaton's

  void observe() {
    const bool inside = within_hours(spec_.schedule, context_.now);
    const bool copies = state_.weight > 0;
    if (changed_rules(copies)) return;
    const auto spent = what_is_spent(spec_.budget, spending());
    // Copies may stop while a person's pause lasts, but not begin. Nor do they where the budget has no more of them.
    if (inside != copies && !(inside && (state_.paused || spent))) {
      if (inside) count_from_here();
      return change_hours(inside);
    }
    const bool stops = copies && spent && state_.paused;
    stops ? stop_copies(*spent) : set_weight(state_.weight);
    if (!copies && !spent) return;
    const bool held = state_.phase == Phase::Held;
    const bool may_end = !state_.paused && state_.reason != "StateLost";
    // No further copy comes that a later look could wait for.
    const Findings found = judge(spent && may_end);
    count(found.looked);
    if (!may_end || (held && !spent)) return;
    const bool conclusive = spec_.stop_when == policy::ShadowStop::Conclusive && shadow_analysis(spec_) != nullptr;
    if (conclusive && found.decided) return decide(found);
    if (spent) return end_of_budget(found, *spent);
    if (conclusive && found.exhausted) return hold(found.message);
    enter(state_, Phase::Progressing, "Copying", copying() + after_colon(found.message), context_.now);
  }

  /// A person's pause takes no time from what the shadow may last.
  Spending spending() {
    Spending spent = count(false);
    if (state_.paused) spent.lasted = Duration::zero();
    return spent;
  }

  /// The verdict waits until the pause is over.
  void stop_copies(const std::string& spent) {
    set_weight(0);
    tell("Waiting", "no more copies: " + spent);
  }

  Spending count(bool looked) { return count_spending(spec_.budget, context_.evidence, looked, context_.now, state_); }

  /// Pairs that were counted by other rules say nothing of those to come.
  bool changed_rules(bool copies) {
    std::string rules = pair_fingerprint(context_.route, &spec_);
    if (state_.comparing == rules) return false;
    const bool known = !state_.comparing.empty();
    state_.comparing = std::move(rules);
    if (!known) return false;
    if (copies) count_from_here();
    for (auto& arm : state_.arms) {
      arm.checks.clear();
      arm.check_evidence.reset();
    }
    tell("CountedAnew", "what is copied or compared is another: what was counted before says nothing of it");
    return true;
  }

  void change_hours(bool inside) {
    set_weight(inside ? 1 : 0);
    const std::string text = inside ? copying() : "no copies: it is outside the hours of the schedule";
    if (state_.phase != Phase::Held) {
      enter(state_, Phase::Progressing, inside ? "Copying" : "OutsideHours", text, context_.now);
    }
    tell(inside ? "Advanced" : "Waiting", text);
  }

  /// What live answered while no copies were made is no measure for copies: these hours are counted by themselves.
  void count_from_here() {
    count(true);
    for (auto& arm : state_.arms) {
      arm.copies += std::exchange(arm.copies_seen, 0);
      arm.copied_bytes += std::exchange(arm.copied_bytes_seen, 0);
      arm.backend_seconds += std::exchange(arm.backend_seconds_seen, 0);
      arm.checks.clear();
    }
    open_window(state_, context_.now);
  }

  Findings judge(bool at_once) {
    Findings found;
    const policy::Analysis* analysis = shadow_analysis(spec_);
    if (analysis == nullptr) {
      found.decided = false;
      return found;
    }
    const auto last_look = state_.last_look;
    for (auto& arm : state_.arms) {
      const Assessment one = assess_one(*analysis, arm, at_once && has_copies(arm) ? WallTime{} : last_look);
      found.looked = found.looked || one.looked;
      found.decided = found.decided && (one.verdict == Verdict::Pass || one.verdict == Verdict::Fail);
      found.exhausted = found.exhausted || one.exhausted;
      if (found.winner.empty() && one.verdict == Verdict::Pass) found.winner = arm.version;
      if (!one.message.empty()) {
        found.message += (found.message.empty() ? "" : "; ") + ("'" + arm.version + "' " + one.message);
      }
    }
    if (found.looked) state_.last_look = context_.now;
    // Of one candidate the checks are those of the rollout.
    if (state_.arms.size() == 1) state_.checks = state_.arms.front().checks;
    return found;
  }

  /// None after a restart, when what was found before is all there is.
  bool has_copies(const ArmState& arm) const {
    return evidence_of(context_.evidence, state_, arm.version).shadow.requests > 0;
  }

  Assessment assess_one(const policy::Analysis& analysis, ArmState& arm, const std::optional<WallTime>& last_look) {
    const std::string key = errand_prefix(state_) + "/shadow/" + arm.version;
    for (auto& query : queries_of(analysis, context_.route.name, arm.version, spec_.live, key)) {
      made_.queries.push_back(std::move(query));
    }
    const VersionEvidence& own = evidence_of(context_.evidence, state_, arm.version);
    Subject subject{&own.shadow, &evidence_of(context_.evidence, state_, spec_.live).all, &context_.evidence, key};
    subject.pairs = own.pairs.get();
    subject.learns_noise = learns_noise(context_.route);
    subject.drifts = &own.drifts;
    Assessment found =
        assess(analysis, arm.checks, arm.check_evidence, last_look, state_.window_since, subject, context_.now);
    arm.checks = found.memory;
    arm.check_evidence = found.evidence;
    count_looks(found, state_);
    const bool failed_before = !arm.reason.empty();
    if (found.verdict == Verdict::Fail && found.looked) {
      arm.reason = found.message;
      if (!failed_before) tell("CheckFailed", "'" + arm.version + "' " + found.message);
    } else if (found.verdict != Verdict::Fail) {
      arm.reason.clear();
    }
    return found;
  }

  /// The winner is who passes by all that was seen.
  void end_of_budget(const Findings& found, const std::string& spent) {
    state_.winner = found.winner;
    if (!found.winner.empty()) tell("WinnerFound", "'" + found.winner + "' passes its checks: " + found.message);
    conclude("BudgetSpent", spent + after_colon(found.message));
  }

  void decide(const Findings& found) {
    state_.winner = found.winner;
    if (found.winner.empty()) return conclude("CheckFailed", found.message);
    tell("WinnerFound", "'" + found.winner + "' passes its checks: " + found.message);
    conclude("Passed", found.message);
  }

  // ---- ends

  void conclude(std::string reason, const std::string& why) {
    const std::string result = state_.winner.empty() ? "no candidate passes" : "'" + state_.winner + "' passes";
    std::string report;
    for (const auto& arm : state_.arms) report += report_of(arm);
    end(spec_.live, Phase::Concluded, std::move(reason), result + ", no more copies" + after_colon(why) + report,
        "Concluded");
  }

  /// "; 'v2' took 400 pairs: error-rate Pass (about 210 are enough; a split in halves: about 4 100 requests)".
  static std::string report_of(const ArmState& arm) {
    std::uint64_t pairs = 0;
    std::string verdicts;
    for (const auto& check : arm.checks) {
      const Proof& proof = check.proof;
      pairs = std::max(pairs, proof.pairs);
      verdicts += (verdicts.empty() ? ": " : ", ") + check.name + " " + std::string(to_string(check.verdict));
      if (!proof.of_pairs) continue;
      verdicts += " (about " + rounded(*proof.of_pairs) + " are enough";
      if (proof.of_split) verdicts += "; a split in halves: about " + rounded(*proof.of_split) + " requests";
      verdicts += ")";
    }
    return pairs == 0 ? "" : "; '" + arm.version + "' took " + grouped(pairs) + " pairs" + verdicts;
  }

  void end(const std::string& live, Phase phase, std::string reason, const std::string& text, std::string event) {
    end_with(state_, live, phase, std::move(reason), text, context_.now);
    for (auto& arm : state_.arms) arm.share = 0;
    tell(std::move(event), text);
  }

  void hold(const std::string& why) {
    const std::string text = "undecided for too long, a person is to decide: " + why;
    enter(state_, Phase::Held, "Undecided", text, context_.now);
    tell("Held", text);
  }

  void set_weight(double weight) {
    state_.weight = weight;
    for (auto& arm : state_.arms) arm.share = weight * share_of(arm.version);
  }

  std::string copying() const {
    std::string text;
    for (const auto& arm : state_.arms) {
      text += (text.empty() ? "'" : ", '") + arm.version + "' gets copies of " + percent(share_of(arm.version));
    }
    return text + " of the requests";
  }

  double share_of(const std::string& version) const {
    for (const auto& candidate : spec_.candidates) {
      if (candidate.version == version) return candidate.percent / 100;
    }
    return 0;
  }

  static std::string after_colon(const std::string& text) { return text.empty() ? "" : ": " + text; }
  static std::string by(const Command& command) { return command.actor.empty() ? "a person" : command.actor; }
  void tell(std::string kind, std::string text) { made_.events.push_back({std::move(kind), std::move(text)}); }

  const policy::Shadow& spec_;
  const Context& context_;
  Transition made_;
  RolloutState& state_;
};

}  // namespace

const policy::Analysis* shadow_analysis(const policy::Shadow& shadow) {
  static const policy::Analysis by_errors = usual_analysis(false);
  static const policy::Analysis by_answers = usual_analysis(true);
  if (shadow.analysis) return &*shadow.analysis;
  if (shadow.stop_when != policy::ShadowStop::Conclusive) return nullptr;
  return shadow.compare ? &by_answers : &by_errors;
}

const policy::Shadow* shadow_under_way(const policy::Strategy& strategy, const RolloutState& state) noexcept {
  const auto* stages = std::get_if<policy::Stages>(&strategy);
  if (stages == nullptr) return std::get_if<policy::Shadow>(&strategy);
  if (state.stage >= stages->stages.size()) return nullptr;
  return std::get_if<policy::Shadow>(&stages->stages[state.stage].strategy);
}

RolloutState begin(const policy::Shadow& shadow, RolloutState state, const Context& context) {
  begin_step(state, 0, context.now);
  open_window(state, context.now);
  state.live = shadow.live;
  return Observation(shadow, state, context).begun();
}

Transition advance(const policy::Shadow& shadow, const RolloutState& state, const Context& context) {
  return Observation(shadow, state, context).look();
}

Result<Steering> steer(const policy::Shadow& shadow, const policy::ModelRoute& route, const RolloutState& state) {
  const bool over = is_over(state.phase);
  const std::string& live = state.live.empty() ? shadow.live : state.live;
  auto plan = shadow_plan(shadow, route, live, over ? 0 : state.weight);
  if (!plan) return fail(plan.error());
  Steering steering;
  steering.plan = std::move(plan).value();
  steering.roles.reserve(route.versions.size());
  for (const auto& version : route.versions) {
    const bool copied = std::any_of(shadow.candidates.begin(), shadow.candidates.end(),
                                    [&](const auto& candidate) { return candidate.version == version.name; });
    if (version.name == live) {
      steering.roles.emplace_back("live");
    } else if (version.name == shadow.live) {
      steering.roles.emplace_back("previous");
    } else {
      steering.roles.emplace_back(copied && !over ? "shadow" : "idle");
    }
  }
  steering.fallbacks.assign(route.versions.size(), -1);
  steering.withheld.resize(route.versions.size());
  steering.copies = shadow_budget(shadow, state);
  steering.window = state.window;
  return steering;
}

}  // namespace sluice::strategy
