#include "sluice/strategy/harm.hpp"

#include <gtest/gtest.h>

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;

TEST(Harm, IsWhatStableWouldNotHaveFailed) {
  EXPECT_DOUBLE_EQ(extra_failures({1000, 50}, {1000, 10}), 40);
  EXPECT_DOUBLE_EQ(extra_failures({500, 10}, {1000, 10}), 5);
}

TEST(Harm, IsNegativeWhereStableWouldHaveFailedMoreOften) {
  EXPECT_DOUBLE_EQ(extra_failures({1000, 5}, {1000, 50}), -45);
}

TEST(Harm, IsCertainOnceTheRatesLieApart) {
  EXPECT_FALSE(exceeds_for_certain({4000, 60}, {4000, 40}));
  EXPECT_TRUE(exceeds_for_certain({4000, 80}, {4000, 40}));
  EXPECT_TRUE(exceeds_for_certain({20, 20}, {20, 0}));
  EXPECT_FALSE(exceeds_for_certain({}, {}));
  EXPECT_TRUE(exceeds_for_certain({20, 1}, {})) << "nothing to compare with";
}

TEST(Harm, CountsEveryFailureWhereThereIsNothingToCompareWith) {
  EXPECT_EQ(extra_failures({10, 3}, {}), 3);
  EXPECT_EQ(extra_failures({}, {}), 0);
}

TEST(Excess, IsEverythingUntilSomethingIsKnown) {
  EXPECT_EQ(excess_bound({}, {}), 1);
  EXPECT_EQ(excess_bound({}, {1000, 0}), 1);
}

TEST(Excess, ShrinksWithTheEvidence) {
  EXPECT_NEAR(excess_bound({100, 0}, {100, 0}), 0.0370, 0.0001);
  EXPECT_NEAR(excess_bound({10'000, 0}, {10'000, 0}), 0.000384, 0.000001);
  double last = 1;
  for (std::uint64_t n = 100; n <= 1'000'000; n *= 10) {
    const double bound = excess_bound({n, n / 100}, {n, n / 100});
    EXPECT_LT(bound, last) << n;
    EXPECT_GT(bound, 0) << n;
    last = bound;
  }
}

TEST(Excess, StaysWithinWhatARateCanBe) {
  EXPECT_EQ(excess_bound({1000, 0}, {1000, 1000}), 0);
  EXPECT_LE(excess_bound({5, 5}, {1000, 0}), 1);
}

TEST(Exposure, IsWhatFitsIntoTheRestOfTheBudgetAtWorst) {
  // 100 requests per second for 10 s, all of which could fail: 20 failures are 2 % of 1000.
  EXPECT_DOUBLE_EQ(largest_share({20, 100, 10s, 1}), 0.02);
  EXPECT_DOUBLE_EQ(largest_share({20, 100, 10s, 0.1}), 0.2);
  EXPECT_DOUBLE_EQ(largest_share({20, 100, 2500ms, 1}), 0.08);
}

TEST(Exposure, IsUnboundedWhereNothingCanHappenAndNothingWhereNothingIsLeft) {
  EXPECT_EQ(largest_share({20, 0, 10s, 1}), 1);
  EXPECT_EQ(largest_share({20, 100, 10s, 0}), 1);
  EXPECT_EQ(largest_share({2000, 100, 10s, 1}), 1);
  EXPECT_EQ(largest_share({0, 0, 10s, 0}), 0);
  EXPECT_EQ(largest_share({-1, 100, 10s, 1}), 0);
}

}  // namespace
}  // namespace sluice::strategy
