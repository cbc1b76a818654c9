#include "bandit_arms.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sluice::strategy {

void line_up(const policy::Bandit& bandit, RolloutState& state) {
  const bool fits = std::equal(bandit.arms.begin(), bandit.arms.end(), state.arms.begin(), state.arms.end(),
                               [](const auto& name, const auto& arm) { return name == arm.version; });
  if (fits) return;
  std::vector<ArmState> arms;
  for (const auto& name : bandit.arms) {
    const auto before =
        std::find_if(state.arms.begin(), state.arms.end(), [&](const ArmState& arm) { return arm.version == name; });
    arms.push_back(before == state.arms.end() ? ArmState{} : *before);
    arms.back().version = name;
  }
  state.arms = std::move(arms);
}

double largest_move(const std::vector<ArmState>& arms, const std::vector<double>& shares) {
  double largest = 0;
  for (std::size_t i = 0; i < arms.size(); ++i) largest = std::max(largest, std::abs(arms[i].share - shares[i]));
  return largest;
}

double untold_move(const std::vector<ArmState>& arms) {
  double largest = 0;
  for (const auto& arm : arms) largest = std::max(largest, std::abs(arm.share - arm.told_share));
  return largest;
}

double requests_of(const std::vector<ArmState>& arms) {
  double sum = 0;
  for (const auto& arm : arms) sum += static_cast<double>(arm.successes + arm.failures);
  return sum;
}

bool earned_anew(const std::vector<ArmState>& before, const std::vector<ArmState>& now) {
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto& tallies = now[i].tallies;
    if (before[i].tallies.size() != tallies.size() || before[i].tallies.front() != tallies.front()) return true;
  }
  return false;
}

void forget_rewards(RolloutState& state, const std::string& reward) {
  state.experiment = {};
  state.experiment.metric = reward;
  state.bank = 0;
  for (auto& arm : state.arms) {
    arm.tallies.clear();
    arm.seen = {};
    arm.contexts.reset();
  }
}

}  // namespace sluice::strategy
