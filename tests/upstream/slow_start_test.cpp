#include "sluice/upstream/slow_start.hpp"

#include <gtest/gtest.h>

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;

constexpr SlowStartSettings kHalfMinute{.duration = 30s, .floor = 0.1};
constexpr TimePoint kRampBegins{1h};

TEST(SlowStart, RisesFromTheFloorInAStraightLine) {
  const SlowStartStatus ramp = begin_ramp(kHalfMinute, kRampBegins);
  ASSERT_TRUE(ramp.ramping);
  EXPECT_DOUBLE_EQ(ramp_at(kHalfMinute, ramp, kRampBegins).share, 0.1);
  EXPECT_DOUBLE_EQ(ramp_at(kHalfMinute, ramp, kRampBegins + 10s).share, 0.4);
  EXPECT_DOUBLE_EQ(ramp_at(kHalfMinute, ramp, kRampBegins + 20s).share, 0.7);
}

TEST(SlowStart, EndsWithTheWholeShare) {
  const SlowStartStatus ramp = begin_ramp(kHalfMinute, kRampBegins);
  EXPECT_TRUE(ramp_at(kHalfMinute, ramp, kRampBegins + 30s - 1ns).status.ramping);
  const SlowStartStep over = ramp_at(kHalfMinute, ramp, kRampBegins + 30s);
  EXPECT_FALSE(over.status.ramping);
  EXPECT_EQ(over.share, 1);
}

TEST(SlowStart, WithoutARampTheShareIsWhole) {
  EXPECT_EQ(ramp_at(kHalfMinute, {}, kRampBegins).share, 1);
  EXPECT_FALSE(begin_ramp({.duration = 0s}, kRampBegins).ramping);
}

TEST(SlowStart, ADurationThatIsShortenedMeanwhileHoldsAtOnce) {
  const SlowStartStatus ramp = begin_ramp(kHalfMinute, kRampBegins);
  EXPECT_FALSE(ramp_at({.duration = 5s}, ramp, kRampBegins + 6s).status.ramping);
}

TEST(SlowStart, AFloorOutsideItsBoundsIsHeldWithinThem) {
  EXPECT_EQ(ramp_at({.duration = 10s, .floor = -1}, {true, kRampBegins}, kRampBegins).share, 0);
  EXPECT_EQ(ramp_at({.duration = 10s, .floor = 7}, {true, kRampBegins}, kRampBegins + 5s).share, 1);
}

}  // namespace
}  // namespace sluice::upstream
