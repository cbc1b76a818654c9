#pragma once

#include <optional>

#include "sluice/policy/model_route.hpp"
#include "sluice/strategy/analysis.hpp"
#include "sluice/strategy/transition.hpp"

/// What a rolling update's candidate is judged by, also when stable has no traffic any more to compare it with.
namespace sluice::strategy {

struct Judgement {
  Assessment found;
  std::optional<WallTime> proven;  ///< at what moment it was good enough, as far as is known
};

/// Looks at the checks where it is time, wishes their queries, and keeps in the transition's state what is remembered.
/// Comparisons with a stable version that has nothing left become limits: what it was last seen to do goes on being the
/// measure, also over a restart that lost its counters. One that stable could be seen for but was not is undecided; it
/// is left out where there was no request of stable from the beginning.
Judgement judge_candidate(const policy::Rolling& rolling, const Context& context, Transition& transition);

/// A newcomer is let in: evidence counts from its first request. But when stable has nothing left to be compared with,
/// what it did before goes on being the measure, and is remembered at once.
void judge_anew(const policy::Rolling& rolling, const Context& context, RolloutState& state);

}  // namespace sluice::strategy
