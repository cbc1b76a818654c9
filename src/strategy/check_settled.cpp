#include "check_settled.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "sluice/stats/kaplan_meier.hpp"

namespace sluice::strategy {

Conversions settled_conversions(const policy::Outcome& outcome, const OutcomeEvidence& seen, WallTime now) {
  if (outcome.from || !seen.delays) return {seen.decisions, seen.events};
  const stats::DelayTable& table = *seen.delays;
  const double seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
  double decisions = 0;
  double events = 0;
  const auto add = [&](const stats::DecisionRow& row) {
    decisions += row.decisions;
    events += std::accumulate(row.converted.begin(), row.converted.end(), 0.0);
  };
  add(table.complete());
  for (std::size_t i = 0; i < table.rows().size() && seconds - table.row_end(i) >= table.window(); ++i) {
    add(table.rows()[i]);
  }
  const auto n = static_cast<std::uint64_t>(std::llround(std::max(decisions, 0.0)));
  return {n, std::min(n, static_cast<std::uint64_t>(std::llround(std::max(events, 0.0))))};
}

}  // namespace sluice::strategy
