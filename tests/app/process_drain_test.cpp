#include "sluice/app/process_drain.hpp"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

class ProcessDrainTest : public ::testing::Test {
 protected:
  DrainFacts facts_{TimePoint(1h), 5s, 30s, 1};
  int wakes_ = 0;
  ProcessDrain drain_{[this] { return facts_; }, [this] { ++wakes_; }};
};

TEST_F(ProcessDrainTest, NothingIsToBeDoneUntilSomebodyAsks) {
  EXPECT_EQ(drain_.next(), DrainAction::None);
  EXPECT_FALSE(drain_.in_progress());
  EXPECT_EQ(wakes_, 0);
}

TEST_F(ProcessDrainTest, AnOrderWakesTheMainThreadThatThenFollowsTheTime) {
  ASSERT_TRUE(drain_.order(false));
  EXPECT_EQ(wakes_, 1);
  EXPECT_TRUE(drain_.in_progress());
  EXPECT_EQ(drain_.next(), DrainAction::Announce);
  EXPECT_EQ(drain_.next(), DrainAction::None);
  facts_.now += 5s;
  EXPECT_EQ(drain_.next(), DrainAction::Close);
  facts_.open_connections = 0;
  EXPECT_EQ(drain_.next(), DrainAction::None);
  EXPECT_EQ(drain_.status().phase, DrainPhase::Drained);
  EXPECT_FALSE(drain_.in_progress());
  drain_.signal();
  EXPECT_EQ(drain_.next(), DrainAction::Stop);
}

TEST_F(ProcessDrainTest, AnOrderThatIsCalledOffAtOnceIsStillAnnouncedAndResumedInThisOrder) {
  ASSERT_TRUE(drain_.order(false));
  ASSERT_TRUE(drain_.order(true));
  EXPECT_EQ(drain_.next(), DrainAction::Announce);
  EXPECT_EQ(drain_.next(), DrainAction::Resume);
  EXPECT_EQ(drain_.next(), DrainAction::None);
  EXPECT_FALSE(drain_.in_progress());
}

TEST_F(ProcessDrainTest, OrdersAreIdempotent) {
  EXPECT_EQ(drain_.order(true).value().phase, DrainPhase::Serving) << "nothing to call off";
  EXPECT_EQ(drain_.order(false).value().phase, DrainPhase::Announced);
  EXPECT_EQ(drain_.order(false).value().phase, DrainPhase::Announced);
  EXPECT_EQ(drain_.next(), DrainAction::Announce);
  EXPECT_EQ(drain_.next(), DrainAction::None);
}

TEST_F(ProcessDrainTest, CallingOffTooLateIsRefusedWithTheReason) {
  drain_.signal();
  EXPECT_EQ(drain_.order(true).error(), "a signal has come: the process ends");
  ProcessDrain closing([this] { return facts_; }, [] {});
  ASSERT_TRUE(closing.order(false));
  closing.next();
  facts_.now += 5s;
  EXPECT_EQ(closing.next(), DrainAction::Close);
  EXPECT_EQ(closing.order(true).error(), "the listeners are closed: only a restart opens them again");
}

TEST_F(ProcessDrainTest, ASecondSignalIsNotHeldUpByWhatWaits) {
  drain_.signal();
  drain_.signal();
  EXPECT_EQ(drain_.next(), DrainAction::Announce);
  EXPECT_EQ(drain_.next(), DrainAction::EndAtOnce);
}

}  // namespace
}  // namespace sluice::app
