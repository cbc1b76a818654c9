#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "sluice/base/random.hpp"
#include "sluice/stats/combine.hpp"
#include "sluice/stats/pair_tally.hpp"
#include "sluice/stats/pairs.hpp"

/// What the e-values of pairs promise: exactly, by going through all that can happen, and by simulation with fixed
/// seeds.
namespace sluice::stats {
namespace {

using PairCases = std::vector<std::uint64_t>;

/// Σ over all counts of n pairs in these cases: their probability times `worth` of them.
double expected_worth(std::uint64_t n, const std::vector<double>& chances,
                      const std::function<double(const PairCases&)>& worth) {
  PairCases counts(chances.size());
  double sum = 0;
  const std::function<void(std::size_t, std::uint64_t, double)> go = [&](std::size_t at, std::uint64_t left,
                                                                         double log_chance) {
    if (at + 1 == chances.size()) {
      counts[at] = left;
      const auto some = static_cast<double>(left);
      sum += std::exp(log_chance + some * std::log(chances[at]) - std::lgamma(some + 1)) * worth(counts);
      return;
    }
    for (std::uint64_t k = 0; k <= left; ++k) {
      counts[at] = k;
      const auto some = static_cast<double>(k);
      go(at + 1, left - k, log_chance + some * std::log(chances[at]) - std::lgamma(some + 1));
    }
  };
  go(0, n, std::lgamma(static_cast<double>(n) + 1));
  return sum;
}

TEST(PairEvidence, IsWorthOneOnAverageAtTheLimitWhateverTheWeights) {
  // Two segments, the second copied five times as often: 0.4 · 1 · 0.04 + 0.6 · 0.2 · 0.3 is 10 % of 0.4 · 1 + 0.6 ·
  // 0.2.
  const std::vector<double> chances = {0.4 * 0.04, 0.4 * 0.96, 0.6 * 0.3, 0.6 * 0.7};
  const auto seen = [](const PairCases& c) {
    return std::array<WeightedPairs, 2>{{{1, c[0] + c[1], c[0]}, {0.2, c[2] + c[3], c[2]}}};
  };
  for (const std::uint64_t n : {1U, 2U, 5U, 14U}) {
    const auto agreement = [&](const PairCases& c) { return std::exp(log_e_agreement(seen(c), 0.1)); };
    const auto disagreement = [&](const PairCases& c) { return std::exp(log_e_disagreement(seen(c), 0.1)); };
    EXPECT_NEAR(expected_worth(n, chances, agreement), 1, 1e-9) << n;
    EXPECT_NEAR(expected_worth(n, chances, disagreement), 1, 1e-9) << n;
  }
  const auto beyond = [&](const PairCases& c) { return std::exp(log_e_agreement(seen(c), 0.05)); };
  EXPECT_LT(expected_worth(14, chances, beyond), 1) << "less where the rate is above the limit";
}

TEST(PairedEvents, AreWorthOneOnAverageAtTheMargin) {
  // x = 1, 0, −1 in each of two segments; 0.5 · 1 · 0.07 + 0.5 · 0.25 · (−0.2) is 1.6 % of 0.5 · 1 + 0.5 · 0.25.
  const std::vector<double> chances = {0.5 * 0.12, 0.5 * 0.83, 0.5 * 0.05, 0.5 * 0.1, 0.5 * 0.6, 0.5 * 0.3};
  const double margin = (0.5 * 0.07 - 0.5 * 0.25 * 0.2) / (0.5 + 0.125);
  const auto seen = [](const PairCases& c) {
    return std::array<DiscordantPairs, 2>{
        {{1, c[0] + c[1] + c[2], c[0], c[2]}, {0.25, c[3] + c[4] + c[5], c[3], c[5]}}};
  };
  for (const std::uint64_t n : {1U, 2U, 5U, 9U}) {
    const auto above = [&](const PairCases& c) { return std::exp(log_e_paired_above(seen(c), margin)); };
    const auto below = [&](const PairCases& c) { return std::exp(log_e_paired_below(seen(c), margin)); };
    EXPECT_NEAR(expected_worth(n, chances, above), 1, 1e-9) << n;
    EXPECT_NEAR(expected_worth(n, chances, below), 1, 1e-9) << n;
  }
}

/// How many of so many runs ever reach 20 while they are looked at after every pair.
template <typename Run>
int runs_with_alarm(int runs, std::uint64_t seed, Run run) {
  Random random(seed);
  int alarms = 0;
  for (int i = 0; i < runs; ++i) alarms += run(random) ? 1 : 0;
  return alarms;
}

TEST(PairEvidence, KeepsBothPromisesWithUnequalWeights) {
  // Every fifth request is of a segment that is copied ten times as often and differs in 4.6 %; the others in 0.1 %.
  const double copied_rare = 0.2 * 10 / (0.2 * 10 + 0.8);
  const double limit = 0.2 * 0.046 + 0.8 * 0.001;
  int certified = 0;
  const auto run = [&](Random& random) {
    std::array<WeightedPairs, 2> seen = {{{1, 0, 0}, {0.1, 0, 0}}};
    bool below = false;
    bool above = false;
    for (int pair = 0; pair < 4000; ++pair) {
      const bool rare = random.uniform() < copied_rare;
      const bool apart = random.uniform() < (rare ? 0.046 : 0.001);
      ++seen[rare ? 1 : 0].pairs;
      seen[rare ? 1 : 0].disagreements += apart ? 1 : 0;
      if (apart) above = above || log_e_disagreement(seen, limit) >= std::log(20);
      if (pair % 4 == 0) below = below || log_e_agreement(seen, limit) >= std::log(20);
    }
    certified += below ? 1 : 0;
    return above;
  };
  constexpr int runs = 400;
  const int alarms = runs_with_alarm(runs, 71, run);
  RecordProperty("alarms", alarms);
  RecordProperty("certified", certified);
  // A standard error is 1.1 %.
  EXPECT_LE(alarms, runs * 7 / 100);
  EXPECT_LE(certified, runs * 7 / 100);
}

/// Pairs in which so many fail on both sides, on one, on the other.
struct FailureLaw {
  double both = 0;
  double only_candidate = 0;
  double only_stable = 0;
};

void add_pair(Random& random, const FailureLaw& law, DiscordantPairs& seen) {
  ++seen.pairs;
  const double x = random.uniform() - law.both;
  if (x < 0) return;
  if (x < law.only_candidate) {
    ++seen.only_candidate;
  } else if (x < law.only_candidate + law.only_stable) {
    ++seen.only_stable;
  }
}

TEST(PairedEvents, AlarmSeldomAtTheMarginHoweverOftenOneLooks) {
  const auto alarms_of = [](const FailureLaw& law, double margin, std::uint64_t seed) {
    return runs_with_alarm(400, seed, [&](Random& random) {
      DiscordantPairs seen;
      for (int pair = 0; pair < 4000; ++pair) {
        const auto before = seen.only_candidate;
        add_pair(random, law, seen);
        // Only then does the evidence rise.
        if (seen.only_candidate > before && log_e_paired_above({&seen, 1}, margin) >= std::log(20)) return true;
      }
      return false;
    });
  };
  // 5 % of 400 are 20; a standard error is 4.4.
  EXPECT_LE(alarms_of({0.01, 0.02, 0.02}, 0, 72), 30);
  EXPECT_LE(alarms_of({0, 0.2, 0.2}, 0, 73), 30);
  EXPECT_LE(alarms_of({0.01, 0.015, 0.005}, 0.01, 74), 30);
  EXPECT_GE(alarms_of({0.01, 0.03, 0.005}, 0.01, 75), 320) << "and sees what is there";
}

TEST(PairedEvents, PassSeldomAtTheMarginHoweverOftenOneLooks) {
  const auto passes_of = [](const FailureLaw& law, double margin, std::uint64_t seed) {
    return runs_with_alarm(400, seed, [&](Random& random) {
      DiscordantPairs seen;
      for (int pair = 0; pair < 3000; ++pair) {
        add_pair(random, law, seen);
        if (pair % 4 == 0 && log_e_paired_below({&seen, 1}, margin) >= std::log(20)) return true;
      }
      return false;
    });
  };
  EXPECT_LE(passes_of({0.01, 0.011, 0.001}, 0.01, 76), 30);
  EXPECT_LE(passes_of({0, 0.15, 0.1}, 0.05, 77), 30);
  EXPECT_GE(passes_of({0.01, 0.001, 0.001}, 0.01, 78), 390) << "and passes a good one";
}

TEST(PairedDifference, HoldsTheTruthAtAllLooks) {
  const FailureLaw law{0.05, 0.03, 0.01};
  const int lost = runs_with_alarm(200, 79, [&](Random& random) {
    DiscordantPairs seen;
    for (int pair = 1; pair <= 4000; ++pair) {
      add_pair(random, law, seen);
      if (pair % 200 != 0) continue;
      const auto found = paired_difference({&seen, 1}, 0.05);
      if (found.lower > 0.02 || found.upper < 0.02) return true;
    }
    return false;
  });
  EXPECT_LE(lost, 14);
}

TEST(DisagreementConfidence, HoldsTheTruthAtAllLooks) {
  const int lost = runs_with_alarm(200, 80, [&](Random& random) {
    std::array<WeightedPairs, 2> seen = {{{1, 0, 0}, {0.2, 0, 0}}};
    for (int pair = 1; pair <= 4000; ++pair) {
      const bool often = random.uniform() < 0.5;
      auto& entry = seen[often ? 1 : 0];
      ++entry.pairs;
      entry.disagreements += random.uniform() < (often ? 0.1 : 0.01) ? 1 : 0;
      if (pair % 200 != 0) continue;
      const auto found = disagreement_confidence(seen, 0.05);
      const double truth = (0.01 + 0.2 * 0.1) / 1.2;
      if (found.lower > truth || found.upper < truth) return true;
    }
    return false;
  });
  EXPECT_LE(lost, 14);
}

TEST(PairedMean, HoldsTheTruthAtAllLooks) {
  const int lost = runs_with_alarm(300, 81, [&](Random& random) {
    std::array<Moments, 2> values;
    for (int pair = 1; pair <= 5000; ++pair) {
      const bool often = random.uniform() < 0.6;
      values[often ? 1 : 0].add(-std::log(1 - random.uniform()) * (often ? 3 : 1) - 1);
      if (pair % 100 != 0) continue;
      const auto found = paired_mean_confidence(paired_mean(values, std::array{1.0, 0.25}), 0.05, 2000);
      if (!found) continue;
      const double truth = (0.4 * 0 + 0.6 * 0.25 * 2) / (0.4 + 0.6 * 0.25);
      if (found->lower > truth || found->upper < truth) return true;
    }
    return false;
  });
  EXPECT_LE(lost, 24);  // of 15: asymptotic
}

/// One pair of answers whose times have the request's difficulty in common.
void add_times(Random& random, double slower, PairTally& tally) {
  const double difficulty = 2e7 * std::exp(2 * random.uniform());
  const auto draw = [&](double factor) {
    return Duration(static_cast<std::int64_t>(difficulty * factor * (0.5 + random.uniform())));
  };
  const Duration live = draw(1);
  tally.stratum(random.uniform() < 0.5 ? 1 : 0.2).joint.add(live, draw(slower));
}

/// Without what was there before.
std::vector<DiscordantPairs> since(std::vector<DiscordantPairs> now, const std::vector<DiscordantPairs>& before) {
  for (std::size_t i = 0; i < before.size(); ++i) {
    now[i].pairs -= before[i].pairs;
    now[i].only_candidate -= before[i].only_candidate;
    now[i].only_stable -= before[i].only_stable;
  }
  return now;
}

/// Runs that ever find the candidate slower, by the mean of five limits that were read off the first hundred pairs.
int runs_found_slower(int runs, double slower, std::uint64_t seed) {
  constexpr std::array<double, 5> quantiles = {0.5, 0.9, 0.95, 0.99, 0.999};
  return runs_with_alarm(runs, seed, [&](Random& random) {
    PairTally tally;
    for (int pair = 0; pair < 100; ++pair) add_times(random, slower, tally);
    std::array<Duration, 5> limits{};
    std::array<std::vector<DiscordantPairs>, 5> before;
    for (std::size_t i = 0; i < limits.size(); ++i) {
      limits[i] = tally.live_quantile(quantiles[i]);
      before[i] = tally.slower(limits[i], limits[i]);
    }
    for (int look = 0; look < 50; ++look) {
      for (int pair = 0; pair < 40; ++pair) add_times(random, slower, tally);
      std::array<double, 5> evidence{};
      for (std::size_t i = 0; i < limits.size(); ++i) {
        evidence[i] = log_e_paired_above(since(tally.slower(limits[i], limits[i]), before[i]), 0);
      }
      if (log_mean_e(evidence) >= std::log(20)) return true;
    }
    return false;
  });
}

TEST(PairedLatency, IsFoundSlowerSeldomWhereItIsNot) {
  EXPECT_LE(runs_found_slower(200, 1, 82), 18);
  EXPECT_GE(runs_found_slower(50, 1.15, 83), 48) << "and where it is";
}

}  // namespace
}  // namespace sluice::stats
