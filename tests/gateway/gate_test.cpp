#include "sluice/gateway/gate.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "sluice/http/task.hpp"

namespace sluice::gateway {
namespace {

using namespace std::chrono_literals;

/// Somebody who wants to be inside, and how that ended.
struct Visitor {
  bool told = false;
  GateRefusal refusal = GateRefusal::None;
  Gate::Waiter* waiter = nullptr;  ///< while it stands in line
  http::Task<> life;

  bool inside() const noexcept { return told && refusal == GateRefusal::None; }
  bool refused(GateRefusal why) const noexcept { return told && refusal == why; }
};

http::Task<> visit(Gate& gate, TimePoint now, Visitor& visitor) {
  Gate::Waiter waiter(gate, now);
  visitor.waiter = &waiter;
  visitor.refusal = co_await waiter;
  visitor.waiter = nullptr;
  visitor.told = true;
}

http::Task<> visit_and_leave(Gate& gate, TimePoint now, int& visits) {
  Gate::Waiter waiter(gate, now);
  if (co_await waiter != GateRefusal::None) co_return;
  ++visits;
  gate.leave(now);
}

class GateTest : public testing::Test {
 protected:
  std::unique_ptr<Visitor> come() {
    auto visitor = std::make_unique<Visitor>();
    visitor->life = visit(gate, now, *visitor);
    visitor->life.start();
    return visitor;
  }
  void pass(Duration time) {
    now += time;
    wheel.advance(now);
  }
  /// Until what is due at once was told.
  void tick() { pass(2 * wheel.tick()); }

  TimePoint now{std::chrono::hours(1)};
  http::DeadlineWheel wheel{now};
  metrics::Gauge waiting;
  Gate gate{wheel, waiting};
};

TEST_F(GateTest, LetsInAtOnceWhileThereIsRoom) {
  gate.set({2, 5, 1000ms});
  EXPECT_TRUE(gate.enter_at_once());
  EXPECT_TRUE(come()->inside());
  EXPECT_FALSE(gate.enter_at_once());
  EXPECT_EQ(gate.in_flight(), 2u);
}

TEST_F(GateTest, WhoeverLeavesLetsOneInWhoWaits) {
  gate.set({1, 5, 1000ms});
  const auto a = come();
  const auto b = come();
  const auto c = come();
  EXPECT_FALSE(b->told);
  EXPECT_EQ(waiting.value(), 2);
  gate.leave(now);
  EXPECT_TRUE(b->inside());
  EXPECT_FALSE(c->told);
  EXPECT_EQ(waiting.value(), 1);
  gate.leave(now);
  EXPECT_TRUE(c->inside());
  gate.leave(now);
  EXPECT_EQ(gate.in_flight(), 0u);
  EXPECT_EQ(waiting.value(), 0);
}

TEST_F(GateTest, AFullQueueRefusesAtOnce) {
  gate.set({1, 1, 1000ms});
  const auto a = come();
  const auto b = come();
  const auto c = come();
  EXPECT_TRUE(c->refused(GateRefusal::Full));
  EXPECT_FALSE(b->told);
  EXPECT_EQ(waiting.value(), 1);
}

TEST_F(GateTest, TheWaitHasAnEnd) {
  gate.set({1, 5, 1000ms});
  const auto inside = come();
  const auto early = come();
  pass(600ms);
  const auto late = come();
  pass(400ms + 2 * wheel.tick());
  EXPECT_TRUE(early->refused(GateRefusal::TooLate));
  EXPECT_FALSE(late->told) << "everyone has the whole time";
  EXPECT_EQ(waiting.value(), 1);
  gate.leave(now);
  EXPECT_TRUE(late->inside());
}

TEST_F(GateTest, AStandingQueueServesTheNewestAndSendsTheOldestAway) {
  gate.set({1, 2, 1000ms});
  const auto inside = come();
  const auto oldest = come();
  pass(250ms);
  const auto middle = come();
  const auto newest = come();
  EXPECT_FALSE(oldest->told) << "not within the newcomer's own call";
  EXPECT_EQ(waiting.value(), 2);
  tick();
  EXPECT_TRUE(oldest->refused(GateRefusal::Full));
  EXPECT_FALSE(middle->told);
  gate.leave(now);
  EXPECT_TRUE(newest->inside());
  gate.leave(now);
  EXPECT_TRUE(middle->inside());
}

TEST_F(GateTest, WhoeverGivesUpLeavesTheLine) {
  gate.set({1, 3, 1000ms});
  const auto inside = come();
  const auto first = come();
  auto second = come();
  const auto third = come();
  first->waiter->cancel();
  EXPECT_TRUE(first->refused(GateRefusal::Cancelled));
  second.reset();
  EXPECT_EQ(gate.waiting(), 1u) << "one that is destroyed leaves, too";
  gate.leave(now);
  EXPECT_TRUE(third->inside());
  EXPECT_EQ(gate.in_flight(), 1u);
}

TEST_F(GateTest, OneThatIsSentAwayMayGiveUpBeforeItIsTold) {
  gate.set({1, 2, 1000ms});
  const auto inside = come();
  const auto first = come();
  auto second = come();
  pass(300ms);
  const auto third = come();
  const auto fourth = come();
  first->waiter->cancel();
  EXPECT_TRUE(first->refused(GateRefusal::Cancelled));
  second.reset();
  tick();
  EXPECT_EQ(gate.waiting(), 2u);
  EXPECT_FALSE(third->told);
  EXPECT_FALSE(fourth->told);
}

TEST_F(GateTest, AHigherLimitLetsInWhoeverWaitsOnceItIsAsked) {
  gate.set({1, 5, 1000ms});
  const auto inside = come();
  const auto a = come();
  const auto b = come();
  const auto c = come();
  gate.set({3, 5, 1000ms});
  EXPECT_FALSE(a->told);
  gate.serve(now);
  EXPECT_TRUE(a->inside());
  EXPECT_TRUE(b->inside());
  EXPECT_FALSE(c->told);
  gate.set({});
  gate.serve(now);
  EXPECT_TRUE(c->inside());
}

TEST_F(GateTest, ALimitThatMovesWhileOneLeavesHoldsForThoseWhoWait) {
  gate.set({2, 5, 1000ms});
  const auto a = come();
  const auto b = come();
  const auto c = come();
  gate.set_in_flight(1);
  gate.leave(now);
  EXPECT_FALSE(c->told) << "still as many inside as may be";
  gate.set_in_flight(2);
  gate.leave(now);
  EXPECT_TRUE(c->inside());
}

TEST_F(GateTest, AHundredThousandWhoLeaveAsSoonAsTheyAreInAreServedInOneTurn) {
  gate.set({1, 100000, 10000ms});
  int visits = 0;
  ASSERT_TRUE(gate.enter_at_once());
  std::vector<http::Task<>> all;
  for (int i = 0; i < 100000; ++i) all.push_back(visit_and_leave(gate, now, visits));
  for (const auto& one : all) one.start();
  EXPECT_EQ(visits, 0);
  gate.leave(now);
  EXPECT_EQ(visits, 100000) << "in a loop, not in calls within calls";
  EXPECT_EQ(gate.in_flight(), 0u);
}

}  // namespace
}  // namespace sluice::gateway
