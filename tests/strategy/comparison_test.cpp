#include "sluice/strategy/comparison.hpp"

#include <gtest/gtest.h>

#include "samples.hpp"

namespace sluice::strategy {
namespace {

using Relation = Comparison::Relation;
using std::chrono::milliseconds;

TEST(Compare, CallsBetterWhatIsBetterForCertain) {
  EXPECT_EQ(compare("error-rate", sample_of(5000, 50), sample_of(5000, 250), {}).relation, Relation::Better);
  EXPECT_EQ(compare("error-rate", sample_of(5000, 250), sample_of(5000, 50), {}).relation, Relation::Worse);
  EXPECT_EQ(
      compare("latency-p95", sample_of(5000, 0, milliseconds(20)), sample_of(5000, 0, milliseconds(40)), {}).relation,
      Relation::Better);
  EXPECT_EQ(
      compare("latency-mean", sample_of(5000, 0, milliseconds(40)), sample_of(5000, 0, milliseconds(20)), {}).relation,
      Relation::Worse);
}

TEST(Compare, KnowsNothingOfSmallDifferences) {
  EXPECT_EQ(compare("error-rate", sample_of(500, 10), sample_of(500, 14), {}).relation, Relation::Unknown);
  EXPECT_EQ(
      compare("latency-p50", sample_of(5000, 0, milliseconds(20)), sample_of(5000, 0, milliseconds(21)), {}).relation,
      Relation::Unknown);
}

TEST(Compare, AsksForEnoughOfBoth) {
  const Bar bar{100, 0.95, 0};
  EXPECT_EQ(compare("error-rate", sample_of(99, 0), sample_of(5000, 4000), bar).relation, Relation::Unknown);
  EXPECT_EQ(compare("error-rate", sample_of(5000, 0), sample_of(99, 99), bar).relation, Relation::Unknown);
  EXPECT_EQ(compare("error-rate", sample_of(100, 0), sample_of(100, 90), bar).relation, Relation::Better);
  EXPECT_EQ(compare("error-rate", {}, {}, {0, 0.95, 0}).relation, Relation::Unknown);
}

TEST(Compare, AsksForMoreThanTheSmallestEffect) {
  const auto own = sample_of(20'000, 800);
  const auto other = sample_of(20'000, 1200);
  EXPECT_EQ(compare("error-rate", own, other, {100, 0.95, 0.1}).relation, Relation::Better);
  EXPECT_EQ(compare("error-rate", own, other, {100, 0.95, 0.5}).relation, Relation::Unknown);
  EXPECT_EQ(compare("error-rate", sample_of(20'000, 0), other, {100, 0.95, 2}).relation, Relation::Unknown);
}

TEST(Compare, IsHarderToConvinceTheMoreConfidenceIsAsked) {
  const auto own = sample_of(1000, 50);
  const auto other = sample_of(1000, 93);
  EXPECT_EQ(compare("error-rate", own, other, {100, 0.95, 0}).relation, Relation::Better);
  EXPECT_EQ(compare("error-rate", own, other, {100, 0.9999, 0}).relation, Relation::Unknown);
}

TEST(ComparisonText, CarriesBothNumbers) {
  const auto found = compare("error-rate", sample_of(6131, 74), sample_of(6090, 91), {});
  EXPECT_EQ(comparison_text("error-rate", found, "v1"), "error-rate 1.21% against v1's 1.49% (n=6 131, v1 n=6 090)");
}

}  // namespace
}  // namespace sluice::strategy
