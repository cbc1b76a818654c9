#include "sluice/strategy/guardrails.hpp"

#include <algorithm>
#include <utility>

#include "sluice/strategy/check_runs.hpp"
#include "sluice/strategy/gate.hpp"

namespace sluice::strategy {

policy::Analysis guardrail_analysis(const std::vector<policy::Check>& checks) {
  policy::Analysis analysis;
  analysis.checks = checks;
  return analysis;
}

bool look_is_due(const RolloutState& state, WallTime now) {
  static const Duration interval = policy::Analysis{}.interval;
  const WallTime before = state.last_look.value_or(state.window_since);
  return now < before || now - before >= interval;
}

Assessment judge_guardrails(const std::vector<policy::Check>& checks, bool due, ArmState& arm,
                            const VersionEvidence& own, const Reference& reference, const RolloutState& state,
                            const Context& context, Transition& transition) {
  const bool asks = std::any_of(checks.begin(), checks.end(), [](const auto& check) { return check.prometheus; });
  if (checks.empty() || (!due && !asks)) return {};
  auto analysis = guardrail_analysis(checks);
  if (reference.evidence == nullptr) {
    std::erase_if(analysis.checks, [](const policy::Check& check) { return check.versus_stable.has_value(); });
  }
  Subject subject{&own.all, reference.evidence == nullptr ? nullptr : &reference.evidence->all, &context.evidence, ""};
  subject.candidate_version = &own;
  subject.stable_version = reference.evidence;
  subject.outcomes = &context.route.outcomes;
  subject.share = reference.share;
  subject.users_stick = users_stick(context.route);
  subject.key = errand_prefix(state) + "/" + std::to_string(state.window) + "/" + arm.version;
  add_pairs_of_copies(context.route, subject);
  auto queries = queries_of(analysis, context.route.name, arm.version, reference.version, subject.key);
  std::move(queries.begin(), queries.end(), std::back_inserter(transition.queries));
  if (!due) return {};
  auto assessment =
      assess(analysis, arm.checks, arm.check_evidence, state.last_look, state.window_since, subject, context.now);
  arm.checks = assessment.memory;
  arm.check_evidence = assessment.evidence;
  count_looks(assessment, transition.state);
  return assessment;
}

void forgive_undecided(std::vector<ArmState>& arms) {
  for (auto& arm : arms) {
    for (auto& check : arm.checks) check.inconclusive_in_a_row = 0;
  }
}

}  // namespace sluice::strategy
