#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>

#include "sluice/base/random.hpp"
#include "sluice/stats/exceedance.hpp"
#include "sluice/stats/joint_latency.hpp"
#include "sluice/stats/pairs.hpp"
#include "sluice/stats/relative_risk.hpp"

/// What a decision costs in pairs, and what the same one costs a split: the tables of docs/shadow-statistics.md,
/// printed and held to what stands there. Seeded.
namespace sluice::stats {
namespace {

constexpr double ln20 = 2.995732273553991;
constexpr int cost_runs = 200;

/// As the page has it, to three digits; the arithmetic of another machine may differ in the last ones.
void expect_cost(const std::string& what, double found, double told) {
  std::printf("  %-60s %10.0f\n", what.c_str(), found);
  EXPECT_NEAR(found, told, 0.02 * told + 1) << what;
}

/// Mean over runs of what `run` says it took.
template <typename Run>
double mean_cost(std::uint64_t seed, Run run) {
  double sum = 0;
  for (int i = 0; i < cost_runs; ++i) {
    Random random(seed + static_cast<std::uint64_t>(i));
    sum += run(random);
  }
  return sum / cost_runs;
}

double trials_until(Random& random, double chance) {
  return 1 + std::floor(std::log(1 - random.uniform()) / std::log1p(-chance));
}

/// Pairs until a rate of disagreement is decided against a limit of 1 %, whichever way.
double pairs_until_decided(double rate) {
  return mean_cost(1000, [rate](Random& random) {
    PairCounts seen;
    for (;;) {
      ++seen.pairs;
      const bool apart = random.uniform() < rate;
      seen.disagreements += apart ? 1 : 0;
      if (apart ? log_e_disagreement(seen, 0.01) >= ln20 : log_e_agreement(seen, 0.01) >= ln20) {
        return static_cast<double>(seen.pairs);
      }
    }
  });
}

/// Pairs until a candidate that fails on `more` of the requests on which live does not, and live on `less` on which it
/// does not, is found worse.
double pairs_until_worse(double more, double less) {
  return mean_cost(2000, [=](Random& random) {
    DiscordantPairs seen;
    double pairs = 0;
    for (;;) {
      pairs += trials_until(random, more + less);
      ++(random.uniform() * (more + less) < more ? seen.only_candidate : seen.only_stable);
      seen.pairs = static_cast<std::uint64_t>(pairs);
      if (log_e_paired_above({&seen, 1}, 0) >= ln20) return pairs;
    }
  });
}

/// Requests of both versions until a split finds the same.
double requests_until_worse(double share, double risk) {
  return mean_cost(3000, [=](Random& random) {
    RelativeRisk process;
    double requests = 0;
    for (;;) {
      requests += trials_until(random, 0.01 * (1 + share * (risk - 1)));
      process.add(share, random.uniform() < event_share(share, risk) ? 1 : 0, 1);
      if (process.log_e() >= ln20) return requests;
    }
  });
}

/// Pairs until a candidate with those chances is certain to fail at most one point more often.
double pairs_until_no_worse(double more, double less) {
  return mean_cost(4000, [=](Random& random) {
    DiscordantPairs seen;
    for (;;) {
      ++seen.pairs;
      const double x = random.uniform();
      if (x < more + less) ++(x < more ? seen.only_candidate : seen.only_stable);
      if (log_e_paired_below({&seen, 1}, 0.01) >= ln20) return static_cast<double>(seen.pairs);
    }
  });
}

double normal_draw(Random& random) {
  return std::sqrt(-2 * std::log(1 - random.uniform())) * std::cos(2 * 3.141592653589793 * random.uniform());
}

/// An answer to a request of that difficulty: requests differ by a factor of e^0.7, answers to the same one by e^0.2.
Duration answer_time(Random& random, double difficulty, double slower) {
  return Duration(static_cast<std::int64_t>(20e6 * std::exp(0.7 * difficulty + 0.2 * normal_draw(random)) * slower));
}

Histogram usual_times() {
  Random random(1);
  Histogram histogram;
  for (int i = 0; i < 20'000; ++i) histogram.record(answer_time(random, normal_draw(random), 1));
  return histogram;
}

Duration limit_at(std::uint16_t bucket) {
  return Duration(static_cast<std::int64_t>(bucket_bound(bucket)));
}

/// Pairs until it is certain that more of the candidate's answers than of live's are above live's median.
double pairs_until_slower(double slower, const SlowLimits& limits) {
  return mean_cost(5000, [&](Random& random) {
    DiscordantPairs seen;
    for (;;) {
      const double difficulty = normal_draw(random);
      const bool live = answer_time(random, difficulty, 1) > limit_at(limits.stable[0]);
      const bool candidate = answer_time(random, difficulty, slower) > limit_at(limits.candidate[0]);
      ++seen.pairs;
      if (live == candidate) continue;
      ++(candidate ? seen.only_candidate : seen.only_stable);
      if (log_e_paired_above({&seen, 1}, 0) >= ln20) return static_cast<double>(seen.pairs);
    }
  });
}

/// Requests of both until a split in halves finds it at one of its five limits.
double requests_until_slower(double slower, const SlowLimits& limits) {
  return mean_cost(6000, [&](Random& random) {
    Exceedance process(limits);
    double requests = 0;
    for (;;) {
      Histogram stable;
      Histogram candidate;
      for (int i = 0; i < 10; ++i) {
        const bool chosen = random.uniform() < 0.5;
        (chosen ? candidate : stable).record(answer_time(random, normal_draw(random), chosen ? slower : 1));
      }
      requests += 10;
      process.add(0.5, stable, candidate);
      if (process.log_e() >= ln20) return requests;
    }
  });
}

struct CostOfRate {
  double rate = 0;
  double pairs = 0;
};

TEST(PairedCosts, OfADisagreementAgainstOnePercent) {
  std::printf("identical answers certify\n");
  for (const auto& [limit, pairs] : {CostOfRate{0.05, 70}, {0.02, 178}, {0.01, 358}, {0.005, 717}, {0.001, 3590}}) {
    expect_cost("below " + std::to_string(limit), static_cast<double>(pairs_to_certify(limit, 0.05)), pairs);
  }
  std::printf("pairs until a limit of 1%% is decided\n");
  for (const auto& [rate, pairs] : {CostOfRate{0, 358},
                                    {0.001, 469},
                                    {0.0025, 760},
                                    {0.005, 2200},
                                    {0.02, 962},
                                    {0.03, 298},
                                    {0.05, 99},
                                    {0.1, 31}}) {
    expect_cost("at " + std::to_string(rate), pairs_until_decided(rate), pairs);
  }
}

struct CostOfErrors {
  double risk = 1;
  double common = 0;
  double half = 0;
  double own = 0;
  double even_split = 0;
  double canary = 0;
};

TEST(PairedCosts, OfErrorsAreAFractionOfThoseOfASplit) {
  std::printf("live fails 1%%; until the candidate is found to fail more often\n");
  for (const auto& told : {CostOfErrors{1.5, 1130, 4450, 8290, 15'800, 86'700},
                           {2, 567, 1400, 2140, 4350, 23'600},
                           {5, 142, 185, 239, 478, 2380}}) {
    const double more = 0.01 * (told.risk - 1);
    const std::string times = std::to_string(told.risk) + " times: ";
    expect_cost(times + "pairs, failures common to both", pairs_until_worse(more, 0), told.common);
    expect_cost(times + "pairs, half of them common", pairs_until_worse(more + 0.005, 0.005), told.half);
    expect_cost(times + "pairs, each fails by itself", pairs_until_worse((more + 0.01) * 0.99, 0.01 * (0.99 - more)),
                told.own);
    expect_cost(times + "requests of a split in halves", requests_until_worse(0.5, told.risk), told.even_split);
    expect_cost(times + "requests of a canary of 5%", requests_until_worse(0.05, told.risk), told.canary);
  }
  std::printf("until it is certain to fail at most one point more often\n");
  expect_cost("all failures common to both", pairs_until_no_worse(0, 0), 428);
  expect_cost("1% fail, half of them common", pairs_until_no_worse(0.005, 0.005), 1020);
  expect_cost("1% fail, each by itself", pairs_until_no_worse(0.01, 0.01), 1780);
}

struct CostOfLatency {
  double slower = 1;
  double pairs = 0;
  double split = 0;
};

TEST(PairedCosts, OfLatencyAreAFractionOfThoseOfASplit) {
  const auto limits = freeze_slow_limits(usual_times(), 0);
  ASSERT_TRUE(limits);
  std::printf("until the candidate is found slower\n");
  for (const auto& told : {CostOfLatency{1.1, 358, 6790}, {1.2, 108, 1600}, {1.5, 30, 293}}) {
    const std::string times = std::to_string(told.slower) + " times: ";
    expect_cost(times + "pairs", pairs_until_slower(told.slower, *limits), told.pairs);
    expect_cost(times + "requests of a split in halves", requests_until_slower(told.slower, *limits), told.split);
  }
}

}  // namespace
}  // namespace sluice::stats
