#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sluice/policy/analysis.hpp"
#include "sluice/strategy/check.hpp"
#include "sluice/strategy/evidence.hpp"
#include "sluice/strategy/rollout_state.hpp"
#include "sluice/strategy/transition.hpp"

namespace sluice::strategy {

/// All checks of one analysis at one moment.
struct Assessment {
  Verdict verdict = Verdict::Pending;  ///< Fail when one check, or all together, broke their rules; Pass when all pass
  bool looked = false;     ///< false: the interval has not passed; `memory` and the verdict are the last look's
  bool exhausted = false;  ///< a check stayed undecided for longer than its limit: a person is to decide
  std::vector<CheckMemory> memory;
  EvidenceOfChecks evidence;  ///< of these; whoever keeps `memory` keeps it too
  std::string message;        ///< the checks that decide, with both numbers
};

/// Looks when `interval` has passed since the last look, or since the window began when there was none; otherwise
/// repeats what was found then. Applies failureLimit, inconclusiveLimit, onNoData and dryRun. Whoever calls it keeps
/// `memory`, and `now` as the last look where `looked` is true.
Assessment assess(const policy::Analysis& analysis, const std::vector<CheckMemory>& memory,
                  const EvidenceOfChecks& evidence, const std::optional<WallTime>& last_look, WallTime window_since,
                  const Subject& subject, WallTime now);

/// The same with the rollout's own checks, last look and window.
Assessment assess(const policy::Analysis& analysis, const RolloutState& state, const Subject& subject, WallTime now);

/// What Prometheus is to be asked for these checks; `key` is the subject's. A check that compares also asks for
/// `stable`, which may be empty where there is nothing to compare with.
std::vector<Query> queries_of(const policy::Analysis& analysis, const std::string& route, const std::string& version,
                              const std::string& stable, const std::string& key);

}  // namespace sluice::strategy
