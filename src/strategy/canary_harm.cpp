#include "canary_harm.hpp"

#include <algorithm>

#include "sluice/strategy/reading.hpp"

namespace sluice::strategy {
namespace {

/// From how many requests on a rate that was seen is taken for what may come.
constexpr std::uint64_t enough_to_believe = 30;

/// What of the budget may still be risked while what it has cost may all be noise.
constexpr double never_below = 0.1;

Counts counts_of(const Sample& sample) noexcept {
  return {sample.requests, sample.failures};
}

/// Of all windows, the one under way included.
Counts all_of_candidate(const HarmSeen& seen, const HarmCounts& counts) {
  return counts.candidate + Counts{seen.requests, seen.failures};
}
Counts all_of_control(const HarmSeen& seen, const HarmCounts& counts) {
  return counts.control + Counts{seen.control_requests, seen.control_failures};
}

/// The signed sum: what one window cost less than expected makes up for noise in another.
double harm_sum(const RolloutState& state, const HarmCounts& counts) {
  return state.harm + extra_failures(counts.candidate, counts.control);
}

bool is_certain(const RolloutState& state, const HarmCounts& counts) {
  return exceeds_for_certain(all_of_candidate(state.harm_seen, counts), all_of_control(state.harm_seen, counts));
}

void add_to_past(HarmSeen& seen, const Counts& candidate, const Counts& control) {
  seen.requests += candidate.requests;
  seen.failures += candidate.failures;
  seen.control_requests += control.requests;
  seen.control_failures += control.failures;
}

/// Nothing of a window that has just begun.
void forget_window(HarmSeen& seen) {
  seen.in_window = 0;
  seen.window_requests = seen.window_failures = 0;
  seen.window_control_requests = seen.window_control_failures = 0;
  seen.window_audience = 0;
}

}  // namespace

HarmCounts harm_counts(const policy::Canary& canary, const RolloutState& state, const Evidence& evidence) {
  const VersionEvidence& candidate = evidence_of(evidence, state, canary.candidate);
  const VersionEvidence& stable = evidence_of(evidence, state, canary.stable);
  return {counts_of(candidate.all), counts_of(stable.control), candidate.all.requests + stable.all.requests};
}

void notice_restart(RolloutState& state, const HarmCounts& counts) {
  HarmSeen& seen = state.harm_seen;
  if (counts.candidate.requests >= seen.window_requests && counts.audience >= seen.window_audience) return;
  state.harm += seen.in_window;
  add_to_past(seen, {seen.window_requests, seen.window_failures},
              {seen.window_control_requests, seen.window_control_failures});
  forget_window(seen);
}

double harm_so_far(const RolloutState& state, const HarmCounts& counts) {
  return std::max(0.0, harm_sum(state, counts));
}

bool budget_is_spent(const policy::Canary& canary, const RolloutState& state, const HarmCounts& counts) {
  return canary.harm_budget && harm_so_far(state, counts) >= static_cast<double>(*canary.harm_budget) &&
         is_certain(state, counts);
}

void remember_harm(RolloutState& state, const HarmCounts& counts, WallTime now) {
  HarmSeen& seen = state.harm_seen;
  const double seconds = std::chrono::duration<double>(now - state.last_look.value_or(state.window_since)).count();
  if (seconds > 0) {
    const double rate = static_cast<double>(counts.audience - seen.window_audience) / seconds;
    // A lull is not believed at once: what comes back after it would find the candidate with too large a share.
    seen.rate = std::max(rate, seen.rate / 2);
  }
  seen.in_window = extra_failures(counts.candidate, counts.control);
  seen.window_requests = counts.candidate.requests;
  seen.window_failures = counts.candidate.failures;
  seen.window_control_requests = counts.control.requests;
  seen.window_control_failures = counts.control.failures;
  seen.window_audience = counts.audience;
}

void carry_harm(RolloutState& state, const HarmCounts& counts) {
  HarmSeen& seen = state.harm_seen;
  state.harm = harm_sum(state, counts);
  add_to_past(seen, counts.candidate, counts.control);
  forget_window(seen);
}

Exposure exposure_of(const policy::Canary& canary, const RolloutState& state, const HarmCounts& counts,
                     Duration interval) {
  const HarmSeen& seen = state.harm_seen;
  const auto budget = static_cast<double>(canary.harm_budget.value_or(0));
  Exposure exposure;
  exposure.left = budget - harm_so_far(state, counts);
  if (!is_certain(state, counts)) exposure.left = std::max(exposure.left, budget * never_below);
  exposure.rate = seen.rate;
  exposure.interval = interval;
  exposure.excess = excess_bound(all_of_candidate(seen, counts), all_of_control(seen, counts));
  // What goes wrong in this window weighs more than a good past.
  if (counts.candidate.requests >= enough_to_believe) {
    exposure.excess = std::max(exposure.excess, failure_rate(counts.candidate) - failure_rate(counts.control));
  }
  return exposure;
}

}  // namespace sluice::strategy
