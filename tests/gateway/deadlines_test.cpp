#include "sluice/gateway/deadlines.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kNow{1h};

TEST(Deadlines, AreNeverDueBeforeTheyAreSet) {
  const Deadlines deadlines;
  EXPECT_EQ(deadlines.earliest(), Deadlines::kNever);
  for (std::size_t kind = 0; kind < kDeadlineKinds; ++kind) {
    EXPECT_FALSE(deadlines.is_due(static_cast<DeadlineKind>(kind), kNow)) << kind;
  }
}

TEST(Deadlines, TheEarliestOfAllKindsCounts) {
  Deadlines deadlines;
  deadlines.set(DeadlineKind::Request, kNow + 30s);
  deadlines.set(DeadlineKind::Backend, kNow + 10s);
  EXPECT_EQ(deadlines.earliest(), kNow + 10s);
  deadlines.clear(DeadlineKind::Backend);
  EXPECT_EQ(deadlines.earliest(), kNow + 30s);
}

TEST(Deadlines, AreDueAtTheirMomentAndAfter) {
  Deadlines deadlines;
  deadlines.set(DeadlineKind::Linger, kNow);
  EXPECT_FALSE(deadlines.is_due(DeadlineKind::Linger, kNow - 1ns));
  EXPECT_TRUE(deadlines.is_due(DeadlineKind::Linger, kNow));
  EXPECT_TRUE(deadlines.is_due(DeadlineKind::Linger, kNow + 1ns));
  EXPECT_FALSE(deadlines.is_due(DeadlineKind::Header, kNow)) << "each kind has its own";
}

TEST(Deadlines, ALaterSettingReplacesTheEarlierOne) {
  Deadlines deadlines;
  deadlines.set(DeadlineKind::StreamIdle, kNow);
  deadlines.set(DeadlineKind::StreamIdle, kNow + 1s);
  EXPECT_FALSE(deadlines.is_due(DeadlineKind::StreamIdle, kNow));
  EXPECT_EQ(deadlines.earliest(), kNow + 1s);
}

TEST(Deadlines, ClearAllLeavesNothingDue) {
  Deadlines deadlines;
  for (std::size_t kind = 0; kind < kDeadlineKinds; ++kind) deadlines.set(static_cast<DeadlineKind>(kind), kNow);
  deadlines.clear_all();
  EXPECT_EQ(deadlines.earliest(), Deadlines::kNever);
}

}  // namespace
}  // namespace sluice::gateway
