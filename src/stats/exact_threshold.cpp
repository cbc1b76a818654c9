#include "sluice/stats/exact_threshold.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace sluice::stats {
namespace {

constexpr std::uint64_t most_events = 100'000;

/// For a growing number of events, the smallest count whose evidence reaches a level. One more event raises it by one
/// at most, because an event of the candidate always raises the evidence.
class Frontier {
 public:
  Frontier(const RiskGrid& grid, double share, double level) : size_(grid.size), level_(level) {
    for (std::size_t j = 0; j < size_; ++j) {
      term_[j] = 1 / static_cast<double>(size_);
      risk_[j] = 1 + grid.risk_minus_one[j];
      step_[j] = 1 / (1 + share * grid.risk_minus_one[j]);
    }
    climb();
  }
  std::uint64_t count() const noexcept { return count_; }
  void next_event() noexcept {
    for (std::size_t j = 0; j < size_; ++j) term_[j] *= step_[j];
    climb();
  }

 private:
  void climb() noexcept {
    for (;;) {
      double evidence = 0;
      for (std::size_t j = 0; j < size_; ++j) evidence += term_[j];
      if (evidence >= level_) return;
      for (std::size_t j = 0; j < size_; ++j) term_[j] *= risk_[j];
      ++count_;
    }
  }

  std::size_t size_;
  double level_;
  std::uint64_t count_ = 0;
  std::array<double, RiskGrid::kMost> term_{};
  std::array<double, RiskGrid::kMost> risk_{};
  std::array<double, RiskGrid::kMost> step_{};
};

/// All walks that have not reached the threshold yet, by their count; those whose evidence is hopeless are dropped, and
/// the chance that one of them comes back, hopeless / threshold by Ville, is counted as if it happened.
class Walks {
 public:
  Walks(const RiskGrid& grid, double share, double threshold, std::uint64_t horizon)
      : share_(share),
        lost_per_drop_(hopeless / threshold),
        upper_(grid, share, threshold),
        lower_(grid, share, hopeless),
        alive_(static_cast<std::size_t>(horizon + upper_.count()) + 2) {
    alive_[0] = 1;
  }

  double reached() const noexcept { return reached_; }

  void next_event() noexcept {
    ++events_;
    const std::size_t top = upper_.count();
    const double stay = 1 - share_;
    double* const alive = alive_.data();
    for (std::size_t k = std::min<std::size_t>(top, events_); k > low_; --k) {
      alive[k] = alive[k] * stay + alive[k - 1] * share_;
    }
    alive[low_] *= stay;
    upper_.next_event();
    if (upper_.count() == top) {
      reached_ += alive[top];
      alive[top] = 0;
    }
    lower_.next_event();
    for (; low_ < lower_.count() && low_ < top; ++low_) {
      reached_ += alive[low_] * lost_per_drop_;
      alive[low_] = 0;
    }
  }

 private:
  static constexpr double hopeless = 1e-4;

  double share_;
  double lost_per_drop_;
  Frontier upper_;
  Frontier lower_;
  std::vector<double> alive_;
  std::size_t low_ = 0;
  std::uint64_t events_ = 0;
  double reached_ = 0;
};

double chance_to_reach(const RiskGrid& grid, double share, double threshold, std::uint64_t horizon) {
  if (threshold <= 1) return 1;
  Walks walks(grid, share, threshold, horizon);
  for (std::uint64_t n = 0; n < horizon; ++n) walks.next_event();
  return walks.reached();
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
