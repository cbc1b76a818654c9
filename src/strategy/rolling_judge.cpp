#include "rolling_judge.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "rolling_slots.hpp"
#include "sluice/strategy/check.hpp"
#include "sluice/strategy/check_runs.hpp"
#include "sluice/strategy/gate.hpp"
#include "sluice/strategy/limit.hpp"
#include "sluice/strategy/measure.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/reading.hpp"

namespace sluice::strategy {
namespace {

bool has_reference(const CheckMemory& memory) noexcept {
  return memory.reference.has_value() && memory.threshold.has_value();
}

bool is_of(const CheckMemory& memory, const policy::Check& check) {
  const bool same_metric = memory.name == check.metric || memory.name.starts_with(check.metric + "#");
  return same_metric && memory.rule == rule_of(check);
}

policy::Check as_limit(policy::Check check, double most) {
  const auto measured = measure(check.metric, empty_sample());
  const auto unit = check.prometheus || !measured ? unit_of(check) : measured->unit;
  check.versus_stable.reset();
  check.threshold_range = policy::ThresholdRange{{}, policy::Quantity{most, unit}};
  return check;
}

/// An analysis in which comparisons with stable are limits, and the memory that goes with it.
class LastReference {
 public:
  LastReference(const policy::Analysis& analysis, std::vector<CheckMemory> known)
      : analysis_(analysis), memory_(std::move(known)) {
    analysis_.checks.clear();
    for (const policy::Check& check : analysis.checks) {
      const auto found =
          std::find_if(memory_.begin(), memory_.end(), [&](const CheckMemory& memory) { return is_of(memory, check); });
      const bool known_of = found != memory_.end();
      if (!check.versus_stable || (known_of && !has_reference(*found))) {
        analysis_.checks.push_back(check);
      } else if (known_of) {
        before_.emplace_back(analysis_.checks.size(), *found);
        analysis_.checks.push_back(as_limit(check, *found->threshold));
        found->rule = rule_of(analysis_.checks.back());
      }
    }
  }

  const policy::Analysis& analysis() const noexcept { return analysis_; }
  const std::vector<CheckMemory>& memory() const noexcept { return memory_; }
  /// The rules and references of the policy's own analysis, in what a look made of the memory.
  void restore(std::vector<CheckMemory>& memory) const {
    for (const auto& [index, before] : before_) {
      if (index >= memory.size()) continue;
      memory[index].rule = before.rule;
      memory[index].reference = before.reference;
      memory[index].threshold = before.threshold;
    }
  }

 private:
  policy::Analysis analysis_;
  std::vector<CheckMemory> memory_;
  std::vector<std::pair<std::size_t, CheckMemory>> before_;  ///< by index in the analysis
};

/// What stable does now, for every comparison: the last that will be seen of it. Its limit leaves room for what stable
/// may truly do, since no further request of stable's can tell.
void keep_references(const policy::Analysis& analysis, const Sample& stable, std::vector<CheckMemory>& memory) {
  std::map<std::string, int> of_metric;
  for (const policy::Check& check : analysis.checks) {
    const int number = ++of_metric[check.metric];
    if (!check.versus_stable) continue;
    auto known = std::find_if(memory.begin(), memory.end(), [&](const CheckMemory& one) { return is_of(one, check); });
    if (known == memory.end()) {
      known = memory.emplace(memory.end());
      known->name = number == 1 ? check.metric : check.metric + "#" + std::to_string(number);
      known->rule = rule_of(check);
    }
    const auto seen = check.prometheus ? std::nullopt : measure(check.metric, stable);
    if (!seen || seen->n < std::max<std::uint64_t>(analysis.min_requests, 1)) continue;
    const double most = estimate(check.metric, stable, analysis.confidence.fraction).interval.upper;
    known->reference = seen->value;
    known->threshold = limit_against(*check.versus_stable, most, seen->unit).value;
  }
}

/// Of checks that are judged anew: only what stable was last seen to do.
std::vector<CheckMemory> references_of(const std::vector<CheckMemory>& checks) {
  std::vector<CheckMemory> made;
  for (const CheckMemory& check : checks) {
    CheckMemory& kept = made.emplace_back();
    kept.name = check.name;
    kept.rule = check.rule;
    kept.reference = check.reference;
    kept.threshold = check.threshold;
  }
  return made;
}

Judgement look(const policy::Rolling& rolling, const policy::Analysis& analysis, const Sample& stable,
               const Context& context, Transition& transition) {
  RolloutState& state = transition.state;
  // A value of the window before says nothing about the newcomer.
  const std::string key = errand_prefix(state) + "/rolling/window" + std::to_string(state.window);
  for (auto& query : queries_of(analysis, context.route.name, rolling.candidate, rolling.stable, key)) {
    transition.queries.push_back(std::move(query));
  }
  Judgement made;
  Subject subject =
      subject_of(evidence_of(context.evidence, state, rolling.candidate),
                 evidence_of(context.evidence, state, rolling.stable), context.evidence, context.route, key);
  subject.stable = &stable;
  add_pairs_of_copies(context.route, subject);
  made.found = assess(analysis, state, subject, context.now);
  state.checks = made.found.memory;
  state.check_evidence = made.found.evidence;
  count_looks(made.found, state);
  if (made.found.looked) state.last_look = context.now;
  if (made.found.verdict == Verdict::Pass && state.last_look) made.proven = *state.last_look;
  if (analysis.checks.empty()) made.proven = context.now;
  return made;
}

}  // namespace

Judgement judge_candidate(const policy::Rolling& rolling, const Context& context, Transition& transition) {
  if (!rolling.analysis) return {{}, context.now};
  RolloutState& state = transition.state;
  const Sample& stable = evidence_of(context.evidence, state, rolling.stable).all;
  if (state.weight < 1) return look(rolling, *rolling.analysis, stable, context, transition);
  const LastReference last(*rolling.analysis, state.checks);
  state.checks = last.memory();
  Judgement made = look(rolling, last.analysis(), stable, context, transition);
  last.restore(state.checks);
  return made;
}

void judge_anew(const policy::Rolling& rolling, const Context& context, RolloutState& state) {
  const Sample& stable = evidence_of(context.evidence, state, rolling.stable).all;
  const bool has_left = weight_of(state.slots) >= 1;
  if (has_left && stable.requests > 0) {
    if (rolling.analysis) keep_references(*rolling.analysis, stable, state.checks);
    return;
  }
  auto memory = has_left ? references_of(state.checks) : std::vector<CheckMemory>{};
  open_window(state, context.now);
  state.checks = std::move(memory);
}

}  // namespace sluice::strategy
