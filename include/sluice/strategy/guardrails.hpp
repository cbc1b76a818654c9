#pragma once

#include <string>
#include <vector>

#include "sluice/policy/analysis.hpp"
#include "sluice/strategy/analysis.hpp"
#include "sluice/strategy/transition.hpp"

/// What no variant and no arm may break, judged for each of them by itself.
namespace sluice::strategy {

/// The guardrails as an analysis: every 10 s, from 100 requests on, at 95 %.
policy::Analysis guardrail_analysis(const std::vector<policy::Check>& checks);

/// Whether the next look is due; the first comes one interval after the window began. A clock set back makes it due.
bool look_is_due(const RolloutState& state, WallTime now);

/// With whom an arm is compared; without evidence, checks that compare do not apply to it.
struct Reference {
  std::string version;
  const VersionEvidence* evidence = nullptr;
  /// The arm's part of the requests of both, as they are dealt out; 0 where it moves between looks: then what came is
  /// taken for it.
  double share = 0;
};

/// Wishes for what Prometheus is to say about one arm, and judges it when `due`: writes `arm.checks`. Nothing decided
/// otherwise.
Assessment judge_guardrails(const std::vector<policy::Check>& checks, bool due, ArmState& arm,
                            const VersionEvidence& own, const Reference& reference, const RolloutState& state,
                            const Context& context, Transition& transition);

/// A person said to go on although checks stay undecided: their patience begins anew.
void forgive_undecided(std::vector<ArmState>& arms);

}  // namespace sluice::strategy
