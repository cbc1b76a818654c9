#include "canary_harm.hpp"

#include <algorithm>

#include "sluice/strategy/reading.hpp"

namespace sluice::strategy {
namespace {

/// From how many requests on a rate that was seen is taken for what may come.
constexpr std::uint64_t enough_to_believe = 30;

Counts counts_of(const Sample& sample) noexcept {
  return {sample.requests, sample.failures};
}

double rate_of(const Counts& counts) noexcept {
  return counts.requests == 0 ? 0 : static_cast<double>(counts.failures) / static_cast<double>(counts.requests);
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
  seen.in_window = 0;
  seen.window_requests = 0;
  seen.window_audience = 0;
}

double harm_so_far(const RolloutState& state, const HarmCounts& counts) {
  return state.harm + extra_failures(counts.candidate, counts.control);
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
  seen.window_audience = counts.audience;
}

void carry_harm(RolloutState& state, const HarmCounts& counts) {
  HarmSeen& seen = state.harm_seen;
  state.harm = harm_so_far(state, counts);
  seen.in_window = 0;
  seen.window_requests = 0;
  seen.window_audience = 0;
  seen.requests += counts.candidate.requests;
  seen.failures += counts.candidate.failures;
  seen.control_requests += counts.control.requests;
  seen.control_failures += counts.control.failures;
}

Exposure exposure_of(const policy::Canary& canary, const RolloutState& state, const HarmCounts& counts,
                     Duration interval) {
  const HarmSeen& seen = state.harm_seen;
  const Counts candidate = counts.candidate + Counts{seen.requests, seen.failures};
  const Counts control = counts.control + Counts{seen.control_requests, seen.control_failures};
  Exposure exposure;
  exposure.left = static_cast<double>(canary.harm_budget.value_or(0)) - harm_so_far(state, counts);
  exposure.rate = seen.rate;
  exposure.interval = interval;
  exposure.excess = excess_bound(candidate, control);
  // What goes wrong in this window weighs more than a good past.
  if (counts.candidate.requests >= enough_to_believe) {
    exposure.excess = std::max(exposure.excess, rate_of(counts.candidate) - rate_of(counts.control));
  }
  return exposure;
}

}  // namespace sluice::strategy
