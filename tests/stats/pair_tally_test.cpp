#include "sluice/stats/pair_tally.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "sluice/base/random.hpp"

namespace sluice::stats {
namespace {

using std::chrono::milliseconds;

TEST(PairTally, KeepsItsStrataByWeight) {
  PairTally tally;
  tally.stratum(0.25).pairs = 2;
  tally.stratum(1).pairs = 1;
  tally.stratum(0.5).pairs = 4;
  tally.stratum(0.25).pairs += 6;
  ASSERT_EQ(tally.strata.size(), 3U);
  EXPECT_EQ(tally.strata[0].weight, 1);
  EXPECT_EQ(tally.strata[1].weight, 0.5);
  EXPECT_EQ(tally.strata[2].weight, 0.25);
  EXPECT_EQ(tally.strata[2].pairs, 8U);
  EXPECT_EQ(tally.pairs(), 13U);
  for (const double none : {0.0, -1.0, 7.0, std::nan("")}) tally.stratum(none).pairs += 1;
  EXPECT_EQ(tally.strata.size(), 3U) << "what is no weight counts as 1";
  EXPECT_EQ(tally.strata[0].pairs, 5U);
}

TEST(PairTally, WeighsSharesBack) {
  // 900 pairs of 9000 requests, and 1000 of 1000 that are copied ten times as often: 1 % and 20 % make 2.9 %.
  PairTally tally;
  tally.stratum(1).compared = 900;
  tally.stratum(1).disagreements = 9;
  tally.stratum(0.1).compared = 1000;
  tally.stratum(0.1).disagreements = 200;
  EXPECT_NEAR(tally.disagreement(), (0.9 * 0.01 + 0.1 * 0.2), 1e-12);
  EXPECT_EQ(tally.compared(), 1900U);
  EXPECT_EQ(tally.disagreements(), 209U);
  EXPECT_EQ(PairTally{}.disagreement(), 0);
  const auto comparisons = tally.comparisons();
  ASSERT_EQ(comparisons.size(), 2U);
  EXPECT_EQ(comparisons[0], (WeightedPairs{1, 900, 9}));
  EXPECT_EQ(comparisons[1], (WeightedPairs{0.1, 1000, 200}));
}

TEST(PairTally, KnowsWhoFailed) {
  PairTally tally;
  tally.stratum(1) = {1, 100, 5, 3, 2, 0, 0, {}, {}, {}, {}};
  tally.stratum(0.5) = {0.5, 200, 0, 20, 0, 0, 0, {}, {}, {}, {}};
  EXPECT_EQ(tally.both_failed(), 5U);
  EXPECT_EQ(tally.only_candidate_failed(), 23U);
  EXPECT_EQ(tally.only_live_failed(), 2U);
  EXPECT_NEAR(tally.candidate_failures(), (8 + 10) / 200.0, 1e-12);
  EXPECT_NEAR(tally.live_failures(), 7 / 200.0, 1e-12);
  EXPECT_EQ(tally.failures()[1], (DiscordantPairs{0.5, 200, 20, 0}));
  EXPECT_NEAR(paired_estimate(tally.failures()), tally.candidate_failures() - tally.live_failures(), 1e-12);
}

void add_latency(PairTally& tally, double weight, Duration live, Duration candidate) {
  auto& stratum = tally.stratum(weight);
  ++stratum.pairs;
  stratum.joint.add(live, candidate);
  stratum.latency.add(std::chrono::duration<double>(candidate - live).count());
  stratum.live_latency.add(std::chrono::duration<double>(live).count());
}

TEST(PairTally, SaysWhoIsSlowerByWeight) {
  PairTally tally;
  for (int i = 0; i < 90; ++i) add_latency(tally, 1, milliseconds(5), milliseconds(7));
  for (int i = 0; i < 100; ++i) add_latency(tally, 0.1, milliseconds(50), milliseconds(40));
  EXPECT_EQ(tally.timed(), 190U);
  EXPECT_EQ(tally.timed_lost(), 0U);
  EXPECT_NEAR(tally.latency_difference().mean, 0.9 * 0.002 - 0.1 * 0.010, 1e-9);
  EXPECT_NEAR(tally.live_latency(), 0.9 * 0.005 + 0.1 * 0.050, 1e-9);
  const auto at = [](Duration value) { return Duration(static_cast<std::int64_t>(bucket_bound(bucket_of(value)))); };
  EXPECT_EQ(tally.live_quantile(0.5), at(milliseconds(5))) << "although most pairs are slower";
  EXPECT_EQ(tally.live_quantile(0.95), at(milliseconds(50)));
  EXPECT_EQ(tally.candidate_quantile(0.95), at(milliseconds(40)));
  const auto slower = tally.slower(milliseconds(5), milliseconds(5));
  ASSERT_EQ(slower.size(), 2U);
  EXPECT_EQ(slower[0], (DiscordantPairs{1, 90, 90, 0}));
  EXPECT_EQ(slower[1], (DiscordantPairs{0.1, 100, 0, 0})) << "both are beyond";
  EXPECT_EQ(tally.slower(milliseconds(45), milliseconds(45))[1], (DiscordantPairs{0.1, 100, 0, 100}));
}

TEST(PairTally, AddsUp) {
  Random random(21);
  PairTally all;
  PairTally parts[2];
  for (int i = 0; i < 500; ++i) {
    const double weight = random.uniform() < 0.3 ? 0.5 : 1;
    const auto live = Duration(1 + static_cast<std::int64_t>(random.below(50'000'000)));
    const auto candidate = Duration(1 + static_cast<std::int64_t>(random.below(50'000'000)));
    for (PairTally* tally : {&all, &parts[i % 2]}) {
      add_latency(*tally, weight, live, candidate);
      auto& stratum = tally->stratum(weight);
      ++stratum.compared;
      stratum.disagreements += i % 10 == 0 ? 1 : 0;
      stratum.only_candidate_failed += i % 11 == 0 ? 1 : 0;
      stratum.score.add(i % 7);
    }
  }
  parts[0].merge(parts[1]);
  EXPECT_EQ(parts[0].comparisons(), all.comparisons());
  EXPECT_EQ(parts[0].failures(), all.failures());
  EXPECT_EQ(parts[0].strata[0].joint, all.strata[0].joint);
  EXPECT_EQ(parts[0].strata[1].joint, all.strata[1].joint);
  EXPECT_NEAR(parts[0].latency_difference().mean, all.latency_difference().mean, 1e-12);
  EXPECT_NEAR(parts[0].latency_difference().variance, all.latency_difference().variance, 1e-12);
  EXPECT_NEAR(parts[0].score_difference().mean, all.score_difference().mean, 1e-12);
  PairTally same = all;
  same.merge({});
  EXPECT_EQ(same, all);
}

}  // namespace
}  // namespace sluice::stats
