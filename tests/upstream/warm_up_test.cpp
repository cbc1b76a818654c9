#include "sluice/upstream/warm_up.hpp"

#include <gtest/gtest.h>

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;
using Kind = WarmUpEvent::Kind;

constexpr TimePoint kWarmUpBegins{1h};

struct WarmUpTest : testing::Test {
  WarmUpAction feed(Kind kind, Duration at = 0s, std::uint32_t planned = 0) {
    const WarmUpStep step = after_event(settings, status, {kind, kWarmUpBegins + at, planned});
    status = step.status;
    return step.action;
  }
  WarmUpSettings settings{.timeout = 30s};
  WarmUpStatus status;
};

TEST_F(WarmUpTest, WaitsForReadiness) {
  EXPECT_EQ(feed(Kind::Time, 1h), WarmUpAction::None);
  EXPECT_EQ(status.phase, WarmUpPhase::Waiting);
  EXPECT_EQ(feed(Kind::Answered), WarmUpAction::None) << "nobody asked";
  EXPECT_EQ(status, WarmUpStatus{});
}

TEST_F(WarmUpTest, IsDoneAtOnceWhenThereIsNothingToSend) {
  EXPECT_EQ(feed(Kind::Ready, 0s, 0), WarmUpAction::None);
  EXPECT_EQ(status.phase, WarmUpPhase::Done);
}

TEST_F(WarmUpTest, EndsWhenEveryRequestHasEnded) {
  EXPECT_EQ(feed(Kind::Ready, 0s, 3), WarmUpAction::Begin);
  EXPECT_EQ(status.phase, WarmUpPhase::Warming);
  EXPECT_EQ(feed(Kind::Answered, 1s), WarmUpAction::None);
  EXPECT_EQ(feed(Kind::Answered, 2s), WarmUpAction::None);
  EXPECT_EQ(feed(Kind::Answered, 3s), WarmUpAction::End);
  EXPECT_EQ(status.phase, WarmUpPhase::Done);
  EXPECT_EQ(status.answered, 3u);
  EXPECT_FALSE(status.timed_out);
}

TEST_F(WarmUpTest, FailuresAreCountedAndDoNotKeepTrafficAway) {
  feed(Kind::Ready, 0s, 2);
  feed(Kind::Failed, 1s);
  EXPECT_EQ(status.phase, WarmUpPhase::Warming);
  feed(Kind::Failed, 2s);
  EXPECT_EQ(status.phase, WarmUpPhase::Done);
  EXPECT_EQ(status.failed, 2u);
}

TEST_F(WarmUpTest, LetsTrafficInWhenItTakesTooLong) {
  feed(Kind::Ready, 10s, 100);
  EXPECT_EQ(feed(Kind::Time, 40s - 1ms), WarmUpAction::None);
  EXPECT_EQ(feed(Kind::Time, 40s), WarmUpAction::End);
  EXPECT_EQ(status.phase, WarmUpPhase::Done);
  EXPECT_TRUE(status.timed_out);
}

TEST_F(WarmUpTest, BeginsAnewWhenTheEndpointIsReadyAgain) {
  feed(Kind::Ready, 0s, 2);
  feed(Kind::Answered, 1s);
  EXPECT_EQ(feed(Kind::Unready, 2s), WarmUpAction::End);
  EXPECT_EQ(status, WarmUpStatus{});
  EXPECT_EQ(feed(Kind::Ready, 60s, 2), WarmUpAction::Begin);
  EXPECT_EQ(status.answered, 0u);
  EXPECT_EQ(status.until, kWarmUpBegins + 90s);
}

TEST_F(WarmUpTest, AReadyEndpointIsWarmedUpOnce) {
  feed(Kind::Ready, 0s, 1);
  feed(Kind::Answered, 1s);
  EXPECT_EQ(feed(Kind::Ready, 2s, 1), WarmUpAction::None);
  EXPECT_EQ(status.phase, WarmUpPhase::Done);
  EXPECT_EQ(feed(Kind::Unready, 3s), WarmUpAction::None) << "nothing is under way";
  EXPECT_EQ(status.phase, WarmUpPhase::Waiting);
}

}  // namespace
}  // namespace sluice::upstream
