#include "sluice/stats/joint_latency.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>
#include <vector>

#include "sluice/base/random.hpp"

namespace sluice::stats {
namespace {

using std::chrono::milliseconds;

using LatencyPairs = std::vector<std::pair<Duration, Duration>>;

/// Stable's and the candidate's, which have the request's difficulty in common.
LatencyPairs latency_pairs(std::uint64_t seed, std::size_t count) {
  Random random(seed);
  LatencyPairs pairs;
  for (std::size_t i = 0; i < count; ++i) {
    const double difficulty = 1e6 * std::exp(3 * random.uniform());
    const auto draw = [&] { return Duration(static_cast<std::int64_t>(difficulty * (1 + random.uniform()))); };
    const Duration stable = draw();
    pairs.emplace_back(stable, draw());
  }
  return pairs;
}

JointLatency joint_of(const LatencyPairs& pairs) {
  JointLatency joint;
  for (const auto& [stable, candidate] : pairs) joint.add(stable, candidate);
  return joint;
}

bool is_beyond(Duration value, Duration limit) {
  return static_cast<std::uint64_t>(value.count()) > bucket_bound(bucket_of(limit));
}

TEST(JointLatency, CountsThePairsBeyondAnyTwoLimits) {
  const auto pairs = latency_pairs(11, 5000);
  const JointLatency joint = joint_of(pairs);
  EXPECT_EQ(joint.pairs(), 5000U);
  EXPECT_EQ(joint.lost(), 0U);
  for (const int stable_ms : {1, 3, 5, 10, 25, 60}) {
    for (const int candidate_ms : {1, 4, 5, 12, 25, 60}) {
      JointLatency::Discordant expected;
      for (const auto& [stable, candidate] : pairs) {
        const bool slow = is_beyond(candidate, milliseconds(candidate_ms));
        const bool stable_slow = is_beyond(stable, milliseconds(stable_ms));
        expected.only_candidate += slow && !stable_slow ? 1 : 0;
        expected.only_stable += stable_slow && !slow ? 1 : 0;
      }
      EXPECT_EQ(joint.beyond(milliseconds(stable_ms), milliseconds(candidate_ms)), expected)
          << stable_ms << " " << candidate_ms;
    }
  }
}

TEST(JointLatency, AddsUpInAnyOrder) {
  const auto pairs = latency_pairs(12, 3000);
  JointLatency left;
  JointLatency right;
  for (std::size_t i = 0; i < pairs.size(); ++i) (i % 3 == 0 ? left : right).add(pairs[i].first, pairs[i].second);
  JointLatency one = left;
  one.merge(right);
  JointLatency other = right;
  other.merge(left);
  EXPECT_EQ(one, joint_of(pairs));
  EXPECT_EQ(other, one);
  one.merge({});
  EXPECT_EQ(other, one);
}

TEST(JointLatency, KnowsBothSidesByThemselves) {
  const auto pairs = latency_pairs(13, 2000);
  const JointLatency joint = joint_of(pairs);
  std::array<std::uint64_t, kBuckets> stable{};
  std::array<std::uint64_t, kBuckets> candidate{};
  for (const auto& pair : pairs) {
    ++stable[bucket_of(pair.first)];
    ++candidate[bucket_of(pair.second)];
  }
  EXPECT_EQ(joint.stable_counts(), stable);
  EXPECT_EQ(joint.candidate_counts(), candidate);
}

TEST(JointLatency, KnowsWhatStableStaysWithin) {
  const auto pairs = latency_pairs(14, 2000);
  std::vector<Duration> sorted;
  for (const auto& pair : pairs) sorted.push_back(pair.first);
  std::sort(sorted.begin(), sorted.end());
  const JointLatency joint = joint_of(pairs);
  for (const double quantile : {0.001, 0.5, 0.9, 0.95, 0.99, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(quantile * 2000 - 1e-9));
    const auto bound = static_cast<std::int64_t>(bucket_bound(bucket_of(sorted[rank - 1])));
    EXPECT_EQ(joint.stable_quantile(quantile).count(), bound) << quantile;
  }
  EXPECT_EQ(joint.stable_quantile(-1), joint.stable_quantile(0));
  EXPECT_EQ(joint.stable_quantile(2), joint.stable_quantile(1));
  EXPECT_EQ(JointLatency{}.stable_quantile(0.5), Duration(0));
}

TEST(JointLatency, TakesDurationsOfAnySize) {
  JointLatency joint;
  joint.add(Duration::min(), Duration::max());
  joint.add(Duration(-1), Duration(0));
  EXPECT_EQ(joint.pairs(), 2U);
  EXPECT_EQ(joint.beyond(milliseconds(1), milliseconds(1)), (JointLatency::Discordant{1, 0}));
  JointLatency endless;
  endless.add(Duration::max(), Duration(1));
  EXPECT_EQ(endless.stable_quantile(0.5), Duration::max());
}

/// One pair in every cell, in an order that is not that of the cells.
JointLatency one_of_each(std::size_t stride) {
  JointLatency joint;
  for (std::size_t i = 0; i < kBuckets * kBuckets; ++i) {
    const std::size_t cell = i * stride % (kBuckets * kBuckets);
    joint.add(Duration(static_cast<std::int64_t>(std::min<std::uint64_t>(bucket_bound(cell / kBuckets), 1ULL << 62))),
              Duration(static_cast<std::int64_t>(std::min<std::uint64_t>(bucket_bound(cell % kBuckets), 1ULL << 62))));
  }
  return joint;
}

TEST(JointLatency, IsBoundedAndSaysWhatItLost) {
  JointLatency joint = one_of_each(9973);
  const std::uint64_t all = kBuckets * kBuckets;
  EXPECT_EQ(joint.pairs(), JointLatency::kCells);
  EXPECT_EQ(joint.lost(), all - JointLatency::kCells);
  joint.merge(one_of_each(7919));
  EXPECT_EQ(joint.pairs() + joint.lost(), 2 * all);
  std::uint64_t counted = 0;
  for (const auto count : joint.stable_counts()) counted += count;
  EXPECT_EQ(counted, joint.pairs()) << "what is lost is in no count";
}

TEST(BucketQuantile, GoesByWeights) {
  std::array<double, kBuckets> weights{};
  weights[40] = 1;
  weights[50] = 0.1;
  weights[60] = 0.1;
  EXPECT_EQ(bucket_quantile(weights, 0.5).count(), static_cast<std::int64_t>(bucket_bound(40)));
  EXPECT_EQ(bucket_quantile(weights, 0.9).count(), static_cast<std::int64_t>(bucket_bound(50)));
  EXPECT_EQ(bucket_quantile(weights, 0.95).count(), static_cast<std::int64_t>(bucket_bound(60)));
}

}  // namespace
}  // namespace sluice::stats
