#include "sluice/gateway/recent_mean.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

using namespace std::chrono_literals;

TEST(RecentMean, IsZeroBeforeThereIsAnything) {
  EXPECT_EQ(RecentMean().value(TimePoint(1h)), 0ns);
}

TEST(RecentMean, IsTheMeanOfWhatCameTogether) {
  RecentMean mean;
  TimePoint now(1h);
  mean.note(10ms, now);
  EXPECT_EQ(mean.value(now), 10ms);
  mean.note(30ms, now);
  EXPECT_EQ(mean.value(now), 20ms);
}

TEST(RecentMean, FollowsAChangeWithinSeconds) {
  RecentMean mean;
  TimePoint now(1h);
  for (int i = 0; i < 1000; ++i) mean.note(10ms, now += 10ms);
  EXPECT_NEAR(static_cast<double>(mean.value(now).count()), 10e6, 1);
  for (int i = 0; i < 200; ++i) mean.note(110ms, now += 10ms);
  EXPECT_NEAR(static_cast<double>(mean.value(now).count()), 10e6 + 100e6 * (1 - 0.3679), 1e6) << "after two seconds";
  for (int i = 0; i < 800; ++i) mean.note(110ms, now += 10ms);
  EXPECT_GT(mean.value(now), 109ms);
}

TEST(RecentMean, DoesNotDependOnHowOftenThereIsAValue) {
  RecentMean dense;
  RecentMean sparse;
  TimePoint now(1h);
  for (int i = 0; i < 4000; ++i) {
    now += 1ms;
    dense.note(Duration(i * 1000), now);
    if (i % 100 == 99) sparse.note(Duration(i * 1000), now);
  }
  EXPECT_NEAR(static_cast<double>(dense.value(now).count()), static_cast<double>(sparse.value(now).count()), 60'000);
}

TEST(RecentMean, ForgetsWhatIsTenSecondsOld) {
  RecentMean mean;
  const TimePoint now(1h);
  for (int i = 0; i < 100'000; ++i) mean.note(1s, now);
  EXPECT_EQ(mean.value(now + 10s), 1s);
  EXPECT_EQ(mean.value(now + 10s + 1ns), 0ns);
  mean.note(1ms, now + 1h);
  EXPECT_EQ(mean.value(now + 1h), 1ms) << "nothing of what was before";
}

}  // namespace
}  // namespace sluice::gateway
