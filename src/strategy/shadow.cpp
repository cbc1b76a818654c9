#include "sluice/strategy/shadow.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "sluice/strategy/analysis.hpp"
#include "sluice/strategy/check_runs.hpp"
#include "sluice/strategy/gate.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/plan_base.hpp"
#include "sluice/strategy/reading.hpp"
#include "sluice/strategy/shadow_hours.hpp"

namespace sluice::strategy {
namespace {

/// What candidates must prove where the policy wants an end and says nothing else.
const policy::Analysis& usual_analysis() {
  static const policy::Analysis analysis = [] {
    policy::Check check;
    check.metric = "error-rate";
    check.versus_stable = policy::VersusStable{policy::Quantity{0.01, policy::QuantityUnit::Ratio}, {}};
    policy::Analysis made;
    made.checks = {check};
    return made;
  }();
  return analysis;
}

/// Null: nothing is judged.
const policy::Analysis* analysis_of(const policy::Shadow& spec) {
  if (spec.analysis) return &*spec.analysis;
  return spec.stop_when == policy::ShadowStop::Conclusive ? &usual_analysis() : nullptr;
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
    // Copies may stop while a person's pause lasts, but not begin.
    if (inside != copies && !(inside && state_.paused)) {
      if (inside) count_from_here();
      return change_hours(inside);
    }
    set_weight(state_.weight);
    if (!copies) return;
    const bool waits = state_.phase == Phase::Held || state_.paused;
    const std::uint64_t answered = count_copies(false);
    const bool is_spent = spec_.budget.requests && answered >= *spec_.budget.requests;
    // No further copy comes that a later look could wait for.
    const Findings found = judge(is_spent && !waits);
    count_copies(found.looked);
    if (waits) return;
    const bool conclusive = spec_.stop_when == policy::ShadowStop::Conclusive && analysis_of(spec_) != nullptr;
    if (conclusive && found.decided) return decide(found);
    if (is_spent) return end_of_budget(found, answered);
    if (conclusive && found.exhausted) return hold(found.message);
    enter(state_, Phase::Progressing, "Copying", copying() + after_colon(found.message), context_.now);
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
    count_copies(true);
    for (auto& arm : state_.arms) {
      arm.copies += std::exchange(arm.copies_seen, 0);
      arm.checks.clear();
    }
    open_window(state_, context_.now);
  }

  Findings judge(bool at_once) {
    Findings found;
    const policy::Analysis* analysis = analysis_of(spec_);
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
    const Subject subject{&evidence_of(context_.evidence, state_, arm.version).shadow,
                          &evidence_of(context_.evidence, state_, spec_.live).all, &context_.evidence, key};
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

  /// How many copies were answered so far, also before a restart. Remembered now and then: the state is kept whenever
  /// it changes.
  std::uint64_t count_copies(bool looked) {
    if (!spec_.budget.requests) return 0;
    const std::uint64_t counters = context_.evidence.counters;
    const std::uint64_t worth_keeping = *spec_.budget.requests / 100;
    std::uint64_t answered = 0;
    for (auto& arm : state_.arms) {
      const std::uint64_t seen = evidence_of(context_.evidence, state_, arm.version).shadow.requests;
      if (counters != arm.seen_counters && counters != 0) {
        arm.copies += arm.copies_seen;
        arm.copies_seen = 0;
        arm.seen_counters = counters;
      }
      const std::uint64_t most = std::max(seen, arm.copies_seen);
      answered += arm.copies + most;
      if (looked || most > arm.copies_seen + worth_keeping) arm.copies_seen = most;
    }
    return answered;
  }

  /// The winner is who passes by all that was seen.
  void end_of_budget(const Findings& found, std::uint64_t answered) {
    state_.winner = found.winner;
    if (!found.winner.empty()) tell("WinnerFound", "'" + found.winner + "' passes its checks: " + found.message);
    conclude("BudgetSpent", "all " + grouped(*spec_.budget.requests) + " copies were answered (" + grouped(answered) +
                                ")" + after_colon(found.message));
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
    end(spec_.live, Phase::Concluded, std::move(reason), result + ", no more copies" + after_colon(why), "Concluded");
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

/// `live` answers everything; each candidate gets this part of its percentage.
Result<traffic::TrafficPlan> plan_of(const policy::ModelRoute& route, const policy::Shadow& shadow,
                                     const std::string& live_name, double weight) {
  auto spec = plan_base(route);
  if (!spec) return fail(spec.error());
  const auto live = version_index(route, live_name);
  if (!live) return fail(live.error());
  spec->stable = *live;
  spec->otherwise = traffic::Target::version(*live);
  for (const auto& candidate : shadow.candidates) {
    const auto version = version_index(route, candidate.version);
    if (!version) return fail(version.error());
    // It would never get a copy: a version is not mirrored to itself.
    if (candidate.version == shadow.live) return fail(Error::internal("'" + shadow.live + "' cannot shadow itself"));
    if (weight > 0) spec->mirrors.push_back({*version, weight * candidate.percent / 100});
  }
  return traffic::TrafficPlan::build(std::move(spec).value());
}

CopyBudget budget_of(const policy::Shadow& shadow, const RolloutState& state) {
  CopyBudget budget;
  budget.requests_in_flight = shadow.budget.requests_in_flight;
  budget.requests_per_second = shadow.budget.requests_per_second.value_or(0);
  budget.body_bytes = shadow.budget.body_bytes.count;
  budget.idle_only = shadow.budget.idle_only;
  if (shadow.budget.requests) {
    std::uint64_t spent = 0;
    for (const auto& arm : state.arms) spent += arm.copies;
    budget.requests = *shadow.budget.requests - std::min(spent, *shadow.budget.requests);
  }
  return budget;
}

}  // namespace

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
  auto plan = plan_of(route, shadow, live, over ? 0 : state.weight);
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
  steering.copies = budget_of(shadow, state);
  steering.window = state.window;
  return steering;
}

}  // namespace sluice::strategy
