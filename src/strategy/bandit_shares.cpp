#include "sluice/strategy/bandit_shares.hpp"

#include <algorithm>

#include "sluice/stats/best_arm.hpp"

namespace sluice::strategy {

bool absorb(ArmState& arm, const Sample& sample, std::uint64_t counters) {
  // Nothing counted may also mean that nothing could be read: it must not pass for counters that began anew.
  if (sample.requests == 0) return false;
  const std::uint64_t failures = std::min(sample.failures, sample.requests);
  const std::uint64_t successes = sample.requests - failures;
  if (counters != arm.seen_counters || sample.requests < arm.seen_successes + arm.seen_failures) {
    arm.seen_successes = arm.seen_failures = 0;
  }
  const bool more = successes != arm.seen_successes || failures != arm.seen_failures;
  // One of the two may go back a little: a request may be read before its failure is. The sum stays right.
  arm.successes = arm.successes - arm.seen_successes + successes;
  arm.failures = arm.failures - arm.seen_failures + failures;
  arm.seen_successes = successes;
  arm.seen_failures = failures;
  arm.seen_counters = counters;
  return more;
}

BanditView view_of(const std::vector<ArmState>& arms, double minimum_share) {
  BanditView view;
  std::vector<stats::ArmCounts> counts;
  std::vector<std::size_t> taking_part;
  view.exploring = false;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (arms[i].dropped) continue;
    taking_part.push_back(i);
    counts.push_back({static_cast<double>(arms[i].successes), static_cast<double>(arms[i].failures)});
    if (arms[i].successes + arms[i].failures < requests_first) view.exploring = true;
  }
  const double floor = arms.empty() ? 0 : std::min(minimum_share, 1 / static_cast<double>(arms.size()));
  view.share.assign(arms.size(), floor);
  view.probability_best.assign(arms.size(), 0);
  if (taking_part.empty()) return view;

  const auto best = stats::best_arm(counts);
  const double rest = std::max(0.0, 1 - floor * static_cast<double>(arms.size()));
  view.leader = taking_part[best.leader];
  view.value_remaining = best.value_remaining;
  for (std::size_t i = 0; i < taking_part.size(); ++i) {
    const double equal = 1 / static_cast<double>(taking_part.size());
    view.probability_best[taking_part[i]] = best.probability[i];
    view.share[taking_part[i]] += rest * (view.exploring ? equal : best.probability[i]);
  }
  return view;
}

}  // namespace sluice::strategy
