#include "sluice/strategy/bandit_shares.hpp"

#include <algorithm>

#include "sluice/stats/allocation.hpp"
#include "sluice/stats/bandit_stop.hpp"
#include "sluice/strategy/tally.hpp"

namespace sluice::strategy {
namespace {

stats::Algorithm algorithm_of(policy::BanditAlgorithm algorithm) noexcept {
  switch (algorithm) {
    case policy::BanditAlgorithm::TopTwoThompson:
      return stats::Algorithm::TopTwoThompson;
    case policy::BanditAlgorithm::KlUcb:
      return stats::Algorithm::KlUcb;
    case policy::BanditAlgorithm::Ucb1:
      return stats::Algorithm::Ucb1;
    case policy::BanditAlgorithm::EpsilonGreedy:
      return stats::Algorithm::EpsilonGreedy;
    case policy::BanditAlgorithm::ThompsonSampling:
    case policy::BanditAlgorithm::LinearThompson:
      break;
  }
  return stats::Algorithm::ThompsonSampling;
}

stats::RewardKind kind_of(const policy::Bandit& bandit, const policy::ModelRoute& route) {
  const auto outcome = bandit.reward.empty() ? std::nullopt : primary_metric(bandit.reward, route);
  const bool numbers = outcome && outcome->kind == PrimaryMetric::Kind::RealMean;
  return numbers ? stats::RewardKind::Real : stats::RewardKind::Binary;
}

stats::ArmStanding standing_of(const ArmState& arm) {
  stats::ArmStanding made;
  made.requests = static_cast<double>(arm.successes + arm.failures);
  made.at_floor = arm.dropped;
  if (!arm.tallies.empty()) {
    const Tally& all = arm.tallies[static_cast<std::size_t>(Purse::All)];
    made.rewards = {all.n, all.sum, all.squares};
  }
  return made;
}

}  // namespace

BanditView view_of(const policy::Bandit& bandit, const policy::ModelRoute& route, const std::vector<ArmState>& arms,
                   double batch) {
  BanditView view;
  if (arms.empty()) return view;
  stats::AllocationRules rules;
  rules.algorithm = algorithm_of(bandit.algorithm);
  rules.kind = kind_of(bandit, route);
  rules.floor = std::min(bandit.minimum_share.fraction, 1 / static_cast<double>(arms.size()));
  rules.requests_first = static_cast<double>(requests_first);
  rules.batch = std::max(1.0, batch);
  std::vector<stats::ArmStanding> standings;
  for (const auto& arm : arms) standings.push_back(standing_of(arm));
  auto made = stats::allocate(rules, standings);
  view.exploring = made.exploring;
  view.leader = made.leader;
  view.value_remaining = made.value_remaining;
  view.share = std::move(made.share);
  view.probability_best = std::move(made.probability_best);
  return view;
}

double chance_within(const policy::Bandit& bandit, const policy::ModelRoute& route, const std::vector<ArmState>& arms,
                     std::size_t leader) {
  if (!bandit.stop_when) return 0;
  std::vector<stats::RewardMoments> rewards;
  std::size_t place = 0;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (i == leader) place = rewards.size();
    if (!arms[i].dropped) rewards.push_back(standing_of(arms[i]).rewards);
  }
  const double gain = bandit.stop_when->value_remaining.fraction;
  return rewards.empty() ? 0 : stats::chance_value_within(kind_of(bandit, route), rewards, place, gain);
}

void set_shares(RolloutState& state, const std::vector<double>& shares) {
  for (std::size_t i = 0; i < state.arms.size(); ++i) state.arms[i].share = shares[i];
  state.weight = state.arms.empty() ? 0 : 1 - state.arms.front().share;
}

}  // namespace sluice::strategy
