#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "sluice/base/clock.hpp"
#include "sluice/policy/analysis.hpp"
#include "sluice/strategy/evidence.hpp"
#include "sluice/strategy/rollout_state.hpp"

namespace sluice::strategy {

/// Whose numbers a check is about.
struct Subject {
  const Sample* candidate = nullptr;   ///< never null; `empty_sample()` where nothing is counted yet
  const Sample* stable = nullptr;      ///< a same-size, same-time control where there is one; null: nothing to compare
  const Evidence* evidence = nullptr;  ///< for Prometheus' answers; null: there are none
  std::string key;                     ///< begins the keys of queries
};

/// A sample without a request.
const Sample& empty_sample() noexcept;

/// What one look at one check finds.
struct Finding {
  Verdict verdict = Verdict::Pending;
  std::optional<double> value;
  std::optional<double> reference;
  std::optional<double> threshold;
  std::uint64_t samples = 0;
  std::string message;  ///< one sentence with both numbers
};

/// Pure, and the only place that says what "pass" means; docs/analysis.md has every rule with an example. `index` is
/// the check's place in its list: it is part of the key of its query.
///
/// The statistics are simple: a check passes when the estimate is within its limit, and fails when the estimate is
/// beyond and so is the near end of its interval; what lies between is Inconclusive. Intervals are widened for looks
/// that are repeated without end, asymptotically. Costs about a microsecond when it passes, some ten otherwise.
Finding judge_check(const policy::Check& check, const policy::Analysis& analysis, const Subject& subject,
                    std::size_t index, WallTime now);

/// "max 1%", "margin 0.5%", "relativeMargin 20%".
std::string rule_of(const policy::Check& check);

}  // namespace sluice::strategy
