#include "sluice/gateway/overload.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "sluice/http/task.hpp"

namespace sluice::gateway {
namespace {

using namespace std::chrono_literals;

http::Task<> enter_gate(Gate& gate, TimePoint now, bool& inside) {
  Gate::Waiter waiter(gate, now);
  inside = co_await waiter == GateRefusal::None;
}

/// The last one who waits: leaves as soon as it is in, and takes the gate along.
http::Task<> visit_and_forget(std::shared_ptr<VersionGate>& gate, TimePoint now) {
  Gate::Waiter waiter(gate->gate(), now);
  if (co_await waiter != GateRefusal::None) co_return;
  gate->gate().leave(now);
  gate.reset();
}

class VersionGateTest : public testing::Test {
 protected:
  void configure(bool adaptive) {
    version.adaptive.enabled = adaptive;
    gate->configure(version, 1, now);
  }
  void enter(int times) {
    for (int i = 0; i < times; ++i) ASSERT_TRUE(gate->gate().enter_at_once());
  }
  void pass(Duration time) {
    now += time;
    wheel.advance(now);
  }

  TimePoint now{std::chrono::hours(1)};
  http::DeadlineWheel wheel{now};
  metrics::VersionCounters counters;
  Version version;
  std::shared_ptr<VersionGate> gate = std::make_shared<VersionGate>(wheel, counters);
};

TEST_F(VersionGateTest, ARequestOfBeforeSaysNothingOnceTheLimitIsNoMoreAdaptive) {
  version.adaptive = {.enabled = true, .min = 2, .max = 100};
  configure(true);
  enter(1);
  EXPECT_EQ(gate->gate().limits().in_flight, 2u);
  configure(false);
  gate->answered(1ms, now);
  gate->dropped(now);
  EXPECT_EQ(gate->gate().limits().in_flight, 0u);
  EXPECT_EQ(counters.concurrency_limit.value(), 0);
  EXPECT_FALSE(gate->is_adaptive());
}

TEST_F(VersionGateTest, ALimitThatGrewLetsInThoseWhoWaitThoughNobodyLeaves) {
  version.adaptive = {.enabled = true, .min = 1, .max = 2};
  version.limits = {.requests_in_flight = 100, .waiting = 10, .wait = 10s};
  configure(true);
  enter(1);
  bool inside = false;
  const auto visitor = enter_gate(gate->gate(), now, inside);
  visitor.start();
  for (int i = 0; i < 200 && gate->gate().limits().in_flight < 2; ++i) {
    pass(10ms);
    gate->answered(5ms, now);
  }
  EXPECT_FALSE(inside) << "not within the call";
  EXPECT_FALSE(gate->gate().enter_at_once()) << "it is another's turn";
  pass(2 * wheel.tick());
  EXPECT_TRUE(inside);
}

TEST_F(VersionGateTest, AMeasurementIsGivenUpInTimeThoughNoAnswerComes) {
  version.adaptive = {.enabled = true, .min = 4, .max = 40};
  version.limits = {.requests_in_flight = 100, .waiting = 10, .wait = 10s};
  configure(true);
  const auto use = [&](Duration latency) {
    while (gate->gate().enter_at_once()) continue;
    pass(10ms);
    gate->answered(latency, now);
    return gate->gate().limits().in_flight;
  };
  for (int i = 0; i < 500; ++i) use(i < 400 ? 5ms : 10ms);  // the rise of the start ends
  for (int i = 0; i < 1000 && use(5ms) < 40; ++i) continue;
  for (int i = 0; i < 5000 && use(5ms) == 40; ++i) continue;
  ASSERT_EQ(gate->gate().limits().in_flight, 20u) << "half of it";
  EXPECT_EQ(gate->gate().in_flight(), 40u);
  gate->gate().leave(now);
  bool inside = false;
  const auto visitor = enter_gate(gate->gate(), now, inside);
  visitor.start();
  pass(2900ms);
  EXPECT_FALSE(inside);
  pass(200ms);
  EXPECT_TRUE(inside) << "there were places all the time";
  EXPECT_EQ(gate->gate().limits().in_flight, 40u);
  EXPECT_EQ(counters.concurrency_limit.value(), 40);
}

TEST_F(VersionGateTest, StaysUntilTheLastOneWhoWaitedIsThrough) {
  version.adaptive = {.enabled = true, .min = 1, .max = 2};
  version.limits = {.requests_in_flight = 100, .waiting = 10, .wait = 10s};
  configure(true);
  enter(1);
  const auto visitor = visit_and_forget(gate, now);
  visitor.start();
  for (int i = 0; i < 200 && gate->gate().limits().in_flight < 2; ++i) {
    pass(10ms);
    gate->answered(5ms, now);
  }
  pass(2 * wheel.tick());
  EXPECT_EQ(gate, nullptr);
}

}  // namespace
}  // namespace sluice::gateway
