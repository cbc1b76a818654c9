#include "sluice/strategy/shadow_spending.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "sluice/policy/scalars.hpp"
#include "sluice/strategy/moves.hpp"
#include "sluice/strategy/reading.hpp"

namespace sluice::strategy {
namespace {

bool is_counted(const policy::ShadowBudget& budget) noexcept {
  return budget.requests || budget.bytes || budget.backend_time;
}

double seconds_in(Duration duration) noexcept {
  return std::chrono::duration<double>(duration).count();
}

/// What they show now, at this look, is less than they showed before: they began anew in the same process, as when the
/// versions of the policy come in another order. A look without a copy says nothing.
bool began_anew(const ArmState& arm, const VersionEvidence& seen) noexcept {
  if (seen.shadow.requests == 0) return false;
  return seen.shadow.requests < arm.copies_seen || seen.shadow_bytes < arm.copied_bytes_seen;
}

/// What the counters named by the arm show, never less than at the look before.
struct SeenOfArm {
  std::uint64_t copies = 0;
  std::uint64_t bytes = 0;
  double seconds = 0;
};

SeenOfArm seen_of(const ArmState& arm, const VersionEvidence& seen) noexcept {
  return {std::max(seen.shadow.requests, arm.copies_seen), std::max(seen.shadow_bytes, arm.copied_bytes_seen),
          std::max(seen.shadow_seconds, arm.backend_seconds_seen)};
}

void add_spent(const ArmState& arm, const SeenOfArm& seen, Spending& spending) noexcept {
  spending.copies += arm.copies + seen.copies;
  spending.bytes += arm.copied_bytes + seen.bytes;
  spending.backend_seconds += arm.backend_seconds + seen.seconds;
}

/// Another hundredth of one of them.
bool is_worth_keeping(const policy::ShadowBudget& budget, const ArmState& arm, const SeenOfArm& seen) noexcept {
  if (budget.requests && seen.copies > arm.copies_seen + *budget.requests / 100) return true;
  if (budget.bytes && seen.bytes > arm.copied_bytes_seen + budget.bytes->count / 100) return true;
  return budget.backend_time && seen.seconds > arm.backend_seconds_seen + seconds_in(*budget.backend_time) / 100;
}

Duration lasted(const RolloutState& state, WallTime now) noexcept {
  return std::max<Duration>(now - state.step_since, Duration::zero());
}

}  // namespace

Spending count_spending(const policy::ShadowBudget& budget, const Evidence& evidence, bool remember, WallTime now,
                        RolloutState& state) {
  Spending spending;
  spending.lasted = lasted(state, now);
  if (!is_counted(budget)) return spending;
  const std::uint64_t counters = evidence.counters;
  for (ArmState& arm : state.arms) {
    const VersionEvidence& now_seen = evidence_of(evidence, state, arm.version);
    if ((counters != arm.seen_counters || began_anew(arm, now_seen)) && counters != 0) {
      arm.copies += std::exchange(arm.copies_seen, 0);
      arm.copied_bytes += std::exchange(arm.copied_bytes_seen, 0);
      arm.backend_seconds += std::exchange(arm.backend_seconds_seen, 0);
      arm.seen_counters = counters;
    }
    const SeenOfArm seen = seen_of(arm, now_seen);
    add_spent(arm, seen, spending);
    if (!remember && !is_worth_keeping(budget, arm, seen)) continue;
    arm.copies_seen = seen.copies;
    arm.copied_bytes_seen = seen.bytes;
    arm.backend_seconds_seen = seen.seconds;
  }
  return spending;
}

Spending spending_of(const RolloutState& state, const Evidence& evidence, WallTime now) {
  Spending spending;
  spending.lasted = lasted(state, state.ended.value_or(now));
  for (const ArmState& arm : state.arms) {
    static const VersionEvidence nothing;
    // Counters that the state does not know yet are added to what it saw of those before.
    const VersionEvidence& now_seen = evidence_of(evidence, state, arm.version);
    const bool other = evidence.counters != arm.seen_counters || began_anew(arm, now_seen);
    const bool anew = other && evidence.counters != 0;
    add_spent(arm, seen_of(arm, anew ? nothing : now_seen), spending);
    if (!anew) continue;
    spending.copies += now_seen.shadow.requests;
    spending.bytes += now_seen.shadow_bytes;
    spending.backend_seconds += now_seen.shadow_seconds;
  }
  return spending;
}

std::vector<BudgetLine> budget_lines(const policy::ShadowBudget& budget, const Spending& spending) {
  std::vector<BudgetLine> lines;
  const auto add = [&](const char* name, double spent, double limit) { lines.push_back({name, spent, limit}); };
  if (budget.requests) {
    add("requests", static_cast<double>(spending.copies), static_cast<double>(*budget.requests));
  }
  if (budget.bytes) {
    add("bytes", static_cast<double>(spending.bytes), static_cast<double>(budget.bytes->count));
  }
  if (budget.backend_time) add("backendTime", spending.backend_seconds, seconds_in(*budget.backend_time));
  if (budget.duration) add("duration", seconds_in(spending.lasted), seconds_in(*budget.duration));
  return lines;
}

std::optional<std::string> what_is_spent(const policy::ShadowBudget& budget, const Spending& spending) {
  if (budget.requests && spending.copies >= *budget.requests) {
    return "all " + grouped(*budget.requests) + " copies were answered (" + grouped(spending.copies) + ")";
  }
  if (budget.bytes && spending.bytes >= budget.bytes->count) {
    return "the " + policy::format_bytes(*budget.bytes) + " for copies and their answers are spent (" +
           grouped(spending.bytes) + " bytes)";
  }
  if (budget.backend_time && spending.backend_seconds >= seconds_in(*budget.backend_time)) {
    return "candidates have answered for " + short_duration(*budget.backend_time) + " in all";
  }
  if (budget.duration && spending.lasted >= *budget.duration) {
    return "the " + short_duration(*budget.duration) + " that it may last are over";
  }
  return std::nullopt;
}

}  // namespace sluice::strategy
