#include <algorithm>
#include <cmath>

#include "canary_path.hpp"
#include "canary_walk.hpp"
#include "sluice/stats/combine.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/reading.hpp"

/// What a canary's share may be, and how its numbers are told.
namespace sluice::strategy {

Duration CanaryWalk::interval() const {
  return analysis_ == nullptr ? default_interval : analysis_->interval;
}

double CanaryWalk::allowed_share(std::int32_t step) const {
  const double wished = wished_share(spec_, path_, step);
  if (!spec_.harm_budget) return wished;
  const Exposure exposure = exposure_of(spec_, state_, counts_, interval());
  return std::min({wished, largest_share(exposure), exposure.rate > 0 ? 1 : unmeasured_share});
}

/// "25%", or "0.4% instead of 25%: …" where the harm budget does not allow more.
std::string CanaryWalk::to_share(std::int32_t step) const {
  const double wished = wished_share(spec_, path_, step);
  if (state_.weight >= wished * close_to) return percent(state_.weight);
  const Exposure exposure = exposure_of(spec_, state_, counts_, interval());
  if (exposure.rate <= 0) return percent(state_.weight) + " instead of " + percent(wished) + ": no request came yet";
  const auto requests = exposure.rate * std::chrono::duration<double>(interval()).count();
  return percent(state_.weight) + " instead of " + percent(wished) + ": of " +
         grouped(static_cast<std::uint64_t>(requests)) + " requests in " + short_duration(interval()) + " up to " +
         percent(exposure.excess) + " could fail, and " + budget_text();
}

std::string CanaryWalk::budget_text() const {
  const double spent = harm_so_far(state_, counts_);
  return "about " + grouped(static_cast<std::uint64_t>(spent + 0.5)) + " of " + grouped(*spec_.harm_budget) +
         " extra failures are spent";
}

/// How far the check that is furthest from passing has come, 0…1.
double CanaryWalk::proven_part() const {
  if (analysis_ == nullptr || state_.checks.empty()) return 0;
  const double enough = std::log(1 / (1 - analysis_->confidence.fraction));
  double least = 1;
  for (const CheckMemory& check : state_.checks) {
    if (!check.dry_run && check.verdict != Verdict::Pass) {
      least = std::min(least, stats::evidence_share(check.proof.log_good, enough));
    }
  }
  return least;
}

std::string CanaryWalk::findings_text(const Assessment& found) const {
  if (analysis_ == nullptr || state_.weight <= 0) return "";
  const auto count = static_cast<std::size_t>(
      std::count_if(found.memory.begin(), found.memory.end(), [](const CheckMemory& check) { return !check.dry_run; }));
  return std::to_string(count) + (count == 1 ? " check passes" : " checks pass") +
         " (n=" + grouped(evidence_of(context_.evidence, state_, spec_.candidate).all.requests) + ")";
}

}  // namespace sluice::strategy
