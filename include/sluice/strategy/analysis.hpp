#pragma once

#include <string>
#include <vector>

#include "sluice/policy/analysis.hpp"
#include "sluice/strategy/evidence.hpp"
#include "sluice/strategy/rollout_state.hpp"
#include "sluice/strategy/transition.hpp"

namespace sluice::strategy {

/// Whose numbers a check is about.
struct Subject {
  const Sample* candidate = nullptr;   ///< never null
  const Sample* stable = nullptr;      ///< a same-size, same-time control where there is one; null: nothing to compare
  const Evidence* evidence = nullptr;  ///< for Prometheus' answers
  std::string key;                     ///< begins the keys of queries
};

/// What one look at one check finds. Pure, and the only place that says what "pass" means.
struct Finding {
  Verdict verdict = Verdict::Pending;
  std::optional<double> value;
  std::optional<double> reference;
  std::optional<double> threshold;
  std::uint64_t samples = 0;
  std::string message;
};
Finding judge_check(const policy::Check& check, const policy::Analysis& analysis, const Subject& subject,
                    std::size_t index);

/// All checks of one analysis at one moment.
struct Assessment {
  Verdict verdict = Verdict::Pending;  ///< Fail when one check failed beyond its limit; Pass when all pass
  bool looked = false;     ///< false: the interval has not passed; `memory` and the verdict are the last look's
  bool exhausted = false;  ///< a check stayed undecided for longer than its limit: a person is to decide
  std::vector<CheckMemory> memory;
  std::string message;  ///< the checks that decide, with both numbers
};

/// Looks when `interval` has passed since `last_look`, otherwise repeats what was found then. Applies failureLimit,
/// inconclusiveLimit, onNoData and dryRun.
Assessment assess(const policy::Analysis& analysis, const std::vector<CheckMemory>& memory,
                  const std::optional<WallTime>& last_look, const Subject& subject, WallTime now);

/// What Prometheus is to be asked for these checks.
std::vector<Query> queries_of(const policy::Analysis& analysis, const std::string& route, const std::string& version,
                              const std::string& key);

}  // namespace sluice::strategy
