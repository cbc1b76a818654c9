#include "sluice/strategy/bandit_shares.hpp"

#include <algorithm>

#include "sluice/stats/allocation.hpp"
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
  const auto outcome = bandit.reward.empty() ? std::nullopt : primary_metric(bandit.reward, route);
  stats::AllocationRules rules;
  rules.algorithm = algorithm_of(bandit.algorithm);
  const bool numbers = outcome && outcome->kind == PrimaryMetric::Kind::RealMean;
  rules.kind = numbers ? stats::RewardKind::Real : stats::RewardKind::Binary;
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

}  // namespace sluice::strategy
