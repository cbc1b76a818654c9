#include "sluice/stats/buckets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace sluice::stats {
namespace {

/// The slow truth: the first bucket whose bound is not below the value.
std::size_t searched_bucket(std::uint64_t nanoseconds) {
  std::size_t bucket = 0;
  while (bucket_bound(bucket) < nanoseconds) ++bucket;
  return bucket;
}

TEST(Buckets, BoundsGrow) {
  for (std::size_t i = 1; i < kBuckets; ++i) EXPECT_LT(bucket_bound(i - 1), bucket_bound(i)) << i;
}

TEST(Buckets, EveryExportedBoundEndsABucketAndBelongsToIt) {
  for (const std::uint64_t bound : kExportedBounds) {
    const std::size_t bucket = bucket_of(Duration(static_cast<std::int64_t>(bound)));
    EXPECT_EQ(bucket_bound(bucket), bound);
    EXPECT_EQ(bucket_of(Duration(static_cast<std::int64_t>(bound + 1))), bucket + 1);
  }
}

TEST(Buckets, EveryBoundIsTheLastValueOfItsBucket) {
  for (std::size_t i = 0; i + 1 < kBuckets; ++i) {
    const auto bound = static_cast<std::int64_t>(bucket_bound(i));
    EXPECT_EQ(bucket_of(Duration(bound)), i);
    EXPECT_EQ(bucket_of(Duration(bound + 1)), i + 1);
  }
}

TEST(Buckets, AgreeWithASearchForRandomValues) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t value = random() >> (1 + random() % 63);
    EXPECT_EQ(bucket_of(Duration(static_cast<std::int64_t>(value))), searched_bucket(value)) << value;
  }
}

TEST(Buckets, AreAtMostAnEighthOfAnOctaveWide) {
  const double step = std::exp2(1.0 / 8);
  for (std::size_t i = 1; i + 1 < kBuckets; ++i) {
    const auto low = static_cast<double>(bucket_bound(i - 1));
    const auto high = static_cast<double>(bucket_bound(i));
    EXPECT_LE(high, low * step + 1) << i;  // plus one: bounds are whole nanoseconds
  }
}

TEST(Buckets, CoverAMicrosecondToAnHour) {
  EXPECT_LT(bucket_bound(0), 1000U);
  EXPECT_GT(bucket_bound(kBuckets - 2), 3'600'000'000'000U);
}

TEST(Buckets, TakeAnyDuration) {
  EXPECT_EQ(bucket_of(Duration::min()), 0U);
  EXPECT_EQ(bucket_of(Duration(-1)), 0U);
  EXPECT_EQ(bucket_of(Duration(0)), 0U);
  EXPECT_EQ(bucket_of(Duration::max()), kBuckets - 1);
}

}  // namespace
}  // namespace sluice::stats
