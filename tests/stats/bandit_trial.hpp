#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sluice/base/random.hpp"
#include "sluice/stats/allocation.hpp"
#include "sluice/stats/kaplan_meier.hpp"

/// A bandit on made-up arms, request by request, whose shares are set once per batch.
namespace sluice::stats {

struct BanditTrial {
  std::vector<double> rates;
  std::size_t requests = 0;
  AllocationRules rules;
};

struct TrialResult {
  double regret = 0;  ///< conversions lost to always taking the best arm, on average over the runs
  double error = 0;   ///< standard error of that
};

inline std::size_t draw_from(std::span<const double> shares, Random& random) {
  double at = random.uniform();
  for (std::size_t k = 0; k + 1 < shares.size(); ++k) {
    if (at < shares[k]) return k;
    at -= shares[k];
  }
  return shares.size() - 1;
}

inline TrialResult summary_of(const std::vector<double>& regrets) {
  RewardMoments all;
  for (const double regret : regrets) all.add(regret);
  return {all.mean(), std::sqrt(all.variance() / std::max(1.0, all.n - 1))};
}

inline double regret_of_one(const BanditTrial& trial, Random& random) {
  const double best = *std::max_element(trial.rates.begin(), trial.rates.end());
  std::vector<ArmStanding> arms(trial.rates.size());
  std::vector<double> shares;
  double regret = 0;
  const auto batch = static_cast<std::size_t>(trial.rules.batch);
  for (std::size_t i = 0; i < trial.requests; ++i) {
    if (i % batch == 0) shares = allocate(trial.rules, arms).share;
    const std::size_t arm = draw_from(shares, random);
    regret += best - trial.rates[arm];
    arms[arm].requests += 1;
    arms[arm].rewards.add(random.uniform() < trial.rates[arm] ? 1 : 0);
  }
  return regret;
}

inline TrialResult regret_of(const BanditTrial& trial, int runs, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> regrets;
  for (int run = 0; run < runs; ++run) regrets.push_back(regret_of_one(trial, random));
  return summary_of(regrets);
}

/// The same where arm k converts after an exponential delay of mean `delay[k]` requests.
struct DelayedTrial {
  BanditTrial trial;
  std::vector<double> delay;
  double window = 0;
  PlateauRules plateau;
  bool pending_is_failure = false;
};

struct LateConversion {
  double at;
  std::size_t arm;
  double decided;
  bool operator<(const LateConversion& other) const { return at > other.at; }
};

inline double regret_of_one(const DelayedTrial& delayed, Random& random) {
  const auto& trial = delayed.trial;
  const double best = *std::max_element(trial.rates.begin(), trial.rates.end());
  const std::size_t k = trial.rates.size();
  std::vector<ArmStanding> arms(k);
  std::vector<DelayTable> tables(k, DelayTable(delayed.window));
  std::vector<double> shares(k, 1 / static_cast<double>(k));
  std::vector<double> converted(k);
  std::vector<LateConversion> late;
  double regret = 0;
  const auto batch = static_cast<std::size_t>(trial.rules.batch);
  for (std::size_t i = 0; i < trial.requests; ++i) {
    const auto now = static_cast<double>(i);
    while (!late.empty() && late.front().at <= now) {
      const LateConversion one = late.front();
      std::pop_heap(late.begin(), late.end());
      late.pop_back();
      if (tables[one.arm].add_conversion(one.decided, one.at - one.decided)) converted[one.arm] += 1;
    }
    if (i % batch == 0 && i > 0) {
      bool follow = true;
      if (delayed.pending_is_failure) {
        for (std::size_t a = 0; a < k; ++a) {
          arms[a].rewards = binary_rewards(converted[a], arms[a].requests - converted[a]);
        }
      } else {
        const DelayedRates found = delayed_rates(tables, now, delayed.plateau);
        follow = found.settled;
        for (std::size_t a = 0; a < k; ++a) {
          arms[a].rewards = binary_rewards(found.arms[a].successes, found.arms[a].failures);
        }
      }
      if (follow) shares = allocate(trial.rules, arms).share;
    }
    const std::size_t arm = draw_from(shares, random);
    regret += best - trial.rates[arm];
    arms[arm].requests += 1;
    tables[arm].add_decisions(now);
    if (random.uniform() < trial.rates[arm]) {
      late.push_back({now - delayed.delay[arm] * std::log1p(-random.uniform()), arm, now});
      std::push_heap(late.begin(), late.end());
    }
  }
  return regret;
}

inline TrialResult regret_of(const DelayedTrial& delayed, int runs, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> regrets;
  for (int run = 0; run < runs; ++run) regrets.push_back(regret_of_one(delayed, random));
  return summary_of(regrets);
}

}  // namespace sluice::stats
