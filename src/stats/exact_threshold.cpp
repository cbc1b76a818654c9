#include "sluice/stats/exact_threshold.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "null_walk.hpp"

namespace sluice::stats {
namespace {

constexpr std::uint64_t most_events = 100'000;

NullWalk walk_of(const RiskGrid& grid, double share) noexcept {
  NullWalk walk;
  walk.bets = grid.size;
  walk.chance = share;
  for (std::size_t j = 0; j < grid.size; ++j) {
    walk.start[j] = 1 / static_cast<double>(grid.size);
    walk.rise[j] = 1 + grid.risk_minus_one[j];
    walk.stay[j] = 1 / (1 + share * grid.risk_minus_one[j]);
  }
  return walk;
}

/// Walks that were given up count as if they came back as often as they may.
double chance_to_reach(const RiskGrid& grid, double share, double threshold, std::uint64_t horizon) {
  const WalkEnd end = follow(walk_of(grid, share), threshold, horizon);
  return end.reached + end.hopeless * kHopeless / threshold;
}

struct Found {
  double threshold = 0;
  double chance = 0;
};

/// The smallest threshold that is reached with probability `level` at most. The chance is nearly inverse to it, which
/// gives the next guess; it falls in steps, which is why a bracket is kept.
Found solve(const RiskGrid& grid, double share, double level, std::uint64_t horizon) {
  constexpr double close_enough = 1e-3;
  double low = 1;
  Found best{1 / level, level};
  double guess = 0.6 / level;
  for (int i = 0; i < 40 && best.threshold / low > 1.0002; ++i) {
    const double chance = chance_to_reach(grid, share, guess, horizon);
    if (chance <= level) {
      best = {guess, chance};
      if (chance >= level * (1 - close_enough)) break;
    } else {
      low = guess;
    }
    const double next = guess * chance / level;
    guess = i < 4 && next > low && next < best.threshold ? next : std::sqrt(low * best.threshold);
  }
  return best;
}

ExactThreshold make_plan(const RiskGrid& grid, double walk_share, double alpha, std::uint64_t horizon,
                         double kept_back) {
  const auto plain = ville_threshold(alpha);
  horizon = std::min(horizon, most_events);
  if (!(walk_share > 0 && walk_share < 1) || !(alpha > 0 && alpha < 1) || horizon == 0) return plain;
  const auto found = solve(grid, walk_share, alpha * (1 - std::clamp(kept_back, 0.0, 1.0)), horizon);
  if (found.threshold >= 1 / alpha) return plain;
  const double left = alpha - found.chance;
  ExactThreshold plan;
  plan.horizon = horizon;
  plan.log_within = std::log(found.threshold);
  plan.log_beyond = kept_back > 0 && left > 0
                        ? std::log(std::max(found.threshold, (1 - found.chance * found.threshold) / left))
                        : std::numeric_limits<double>::infinity();
  return plan;
}

/// A test of fewer events on the candidate is one of more events on the others.
RiskGrid upward(RiskPrior prior) {
  return risk_grid(prior == RiskPrior::Smaller ? RiskPrior::Larger : prior);
}

bool two_sided(RiskPrior prior) {
  return prior == RiskPrior::Either || prior == RiskPrior::Odds;
}

}  // namespace

double ExactThreshold::log_threshold(const RelativeRisk& process) const noexcept {
  const auto& shares = process.shares();
  const bool planned =
      process.events() <= horizon &&
      (shares.size() == 0 || (shares.size() == 1 && shares[0].low == share && shares[0].high == share));
  return planned ? log_within : log_beyond;
}

ExactThreshold ville_threshold(double alpha) noexcept {
  const double log_level = std::log(1 / std::clamp(alpha, 1e-300, 1.0));
  return {log_level, log_level, 0, 0};
}

ExactThreshold exact_threshold(const RelativeRisk& process, double share, double alpha, std::uint64_t horizon,
                               double kept_back) {
  if (two_sided(process.prior())) return ville_threshold(alpha);
  const double candidate = event_share(share, process.null_risk());
  const double walk = process.prior() == RiskPrior::Smaller ? 1 - candidate : candidate;
  auto plan = make_plan(upward(process.prior()), walk, alpha, horizon, kept_back);
  plan.share = share;
  return plan;
}

double crossing_probability(RiskPrior prior, double event_share_under_null, double log_threshold,
                            std::uint64_t horizon) {
  if (two_sided(prior) || !(event_share_under_null > 0 && event_share_under_null < 1)) return 1;
  const double walk = prior == RiskPrior::Smaller ? 1 - event_share_under_null : event_share_under_null;
  return chance_to_reach(upward(prior), walk, std::exp(log_threshold), std::min(horizon, most_events));
}

const ExactThreshold& ThresholdCache::get(const RelativeRisk& process, double share, double alpha,
                                          std::uint64_t horizon) {
  const Key key{process.prior(), process.null_risk(), share, alpha, horizon};
  const auto known = plans_.find(key);
  if (known != plans_.end()) return known->second;
  if (plans_.size() >= kMost) plans_.clear();
  return plans_.emplace(key, exact_threshold(process, share, alpha, horizon)).first->second;
}

}  // namespace sluice::stats
