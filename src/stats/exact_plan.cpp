#include "sluice/stats/exact_plan.hpp"

#include <algorithm>
#include <cmath>

#include "null_walk.hpp"

namespace sluice::stats {
namespace {

/// Once a plan has ended, so many times as much as by Ville is asked for.
constexpr double asked_for_later = 4;

/// What is spent as nearly as this will do: the rest makes what is asked for later a little less.
constexpr double close_to_all = 0.985;
constexpr double aimed_at = 0.9925;

/// A threshold is never below that part of 1/α: what cannot be spent because E has fallen is for later.
constexpr double least_of_ville = 0.4;

/// Beyond these the walk would have too many counts, or its threshold be next to Ville's.
constexpr double least_chance = 1e-4;
constexpr double most_chance = 0.95;
const double log_too_low = std::log(1e-4);
const double log_too_far = std::log(1e9);

/// The walk from where `sums` are, relative to their E.
std::optional<NullWalk> walk_from(const RiskRule& rule, double share, const RiskSums& sums, double log_e) noexcept {
  auto walk = null_walk(rule, share);
  if (!walk || walk->chance < least_chance || walk->chance > most_chance) return std::nullopt;
  for (std::size_t j = 0; j < kRiskBets; ++j) {
    walk->start[j] = std::exp(sums[j] - log_e) / static_cast<double>(kRiskBets);
  }
  return walk;
}

double chance_at_most(const WalkEnd& end, double threshold) noexcept {
  return end.reached + end.hopeless * kHopeless / threshold;
}

struct Bound {
  double threshold = 0;  ///< 0: none was found
  WalkEnd end;
};

/// The smallest threshold, not below `least`, by which `to_spend` is not exceeded, now and later together. What is
/// spent is nearly inverse to it, which gives the next guess; it falls in steps, which is why a bracket is kept.
Bound find_bound(const NullWalk& walk, double to_spend, double least, std::uint64_t steps, std::uint64_t unseen) {
  constexpr int most_tries = 9;
  double low = std::max(1.0, least);
  double high = 1 / to_spend;
  bool low_is_too_low = false;
  Bound best;
  double guess = std::clamp(0.7 * high, low * (1 + 1e-9), std::max(high, low * (1 + 1e-9)));
  for (int i = 0; i < most_tries && guess > 0; ++i) {
    const WalkEnd end = follow(walk, guess, steps, unseen);
    const double spent = chance_at_most(end, guess) + std::max(0.0, 1 - end.taken) * to_spend / asked_for_later;
    if (spent <= to_spend) {
      best = {guess, end};
      high = guess;
      if (spent >= to_spend * close_to_all) break;
    } else {
      low = guess;
      low_is_too_low = true;
    }
    if (high / low < 1.001) break;
    const double next = guess * spent / (to_spend * aimed_at);
    const bool lowest = next <= low && !low_is_too_low;
    guess = lowest ? low * (1 + 1e-9) : next > low && next < high ? next : std::sqrt(low * high);
  }
  return best;
}

/// A plan for the walks that go on from where `sums` are; `unseen` steps from there have been made already.
void plan_from(ExactPlan& plan, const RiskRule& rule, double share, const RiskSums& sums, double log_e,
               std::uint64_t unseen) {
  const double log_ville = plan.log_threshold - log_e;  // relative to E, as all that follows
  if (log_ville <= 0 || log_ville > log_too_far) return;
  const auto walk = walk_from(rule, share, sums, log_e);
  if (!walk) return;
  const double to_spend = std::exp(-log_ville);
  const double least = least_of_ville * std::exp(-plan.log_alpha - log_e);
  const Bound bound = find_bound(*walk, to_spend, least, plan.steps + unseen, unseen);
  if (bound.threshold == 0) return;
  // What the walks that reached the bound took along, the others cannot bring up any more.
  const double left = to_spend - chance_at_most(bound.end, bound.threshold);
  const double beyond = std::max(bound.threshold, (1 - bound.end.taken) / left);
  plan.log_threshold = log_e + std::log(bound.threshold);
  plan.log_beyond = log_e + std::log(beyond);
  plan.share = share;
}

}  // namespace

void open_plan(ExactPlan& plan, double alpha, const RiskRule& rule, const RiskSums& sums) {
  const double log_alpha = std::log(std::clamp(alpha, 1e-300, 0.999));
  if (!plan.opened()) {
    plan = {log_alpha, -log_alpha, -log_alpha, 0, kPlannedSteps};
  } else if (plan.log_alpha != log_alpha) {
    leave_plan(plan, rule, sums);
    plan.log_threshold += plan.log_alpha - log_alpha;
    plan.log_beyond = plan.log_threshold;
    plan.log_alpha = log_alpha;
  }
}

void make_plan(ExactPlan& plan, const RiskRule& rule, double share, const RiskSums& sums) {
  if (!plan.opened() || plan.planned() || plan.steps == 0) return;
  const double log_e = log_e_against(sums);
  if (log_e >= log_too_low) plan_from(plan, rule, share, sums, log_e, 0);
}

void make_first_plan(ExactPlan& plan, const RiskRule& rule, double share, std::uint64_t unseen) {
  const bool is_fresh = plan.opened() && !plan.planned() && plan.log_threshold == -plan.log_alpha;
  if (is_fresh && unseen <= plan.steps) plan_from(plan, rule, share, RiskSums{}, 0, unseen);
}

void leave_plan(ExactPlan& plan, const RiskRule& rule, const RiskSums& sums) {
  if (!plan.planned()) return;
  const double log_e = log_e_against(sums);
  const double log_bound = plan.log_threshold - log_e;
  const double log_beyond = plan.log_beyond - log_e;
  const auto walk = walk_from(rule, plan.share, sums, log_e);
  double log_chance = 0;
  if (log_bound > log_too_far || !walk) {
    // At the bound E is above it by a step at most, and what is not spent there is spent beyond.
    const double log_rise = walk ? std::log(*std::max_element(walk->rise.begin(), walk->rise.end())) : 0;
    log_chance = -std::max(log_bound + log_rise, log_beyond);
  } else if (log_bound > 0) {
    const WalkEnd end = follow(*walk, std::exp(log_bound), plan.steps);
    const double to_come = std::max(0.0, 1 - end.taken - end.hopeless * kHopeless);
    log_chance = std::log(end.reached + to_come * std::exp(-log_beyond));
  }
  plan.log_threshold = std::max(plan.log_threshold, log_e - log_chance);
  plan.log_beyond = plan.log_threshold;
  plan.share = 0;
  plan.steps = kPlannedSteps;
}

void pass_steps(ExactPlan& plan, std::uint64_t steps) noexcept {
  if (!plan.planned()) return;
  if (steps <= plan.steps) {
    plan.steps -= steps;
    return;
  }
  plan.log_threshold = plan.log_beyond;
  plan.share = 0;
  plan.steps = 0;
}

}  // namespace sluice::stats
