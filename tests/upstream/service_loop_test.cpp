#include "sluice/upstream/service_loop.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "support/gate.hpp"

namespace sluice::upstream {
namespace {

using namespace std::chrono_literals;

struct Alarm final : http::DeadlineWheel::Hook {
  test::Gate gate;
  void on_deadline(TimePoint) override { gate.open(); }
};

TEST(ServiceLoop, RunsWorkOnItsOwnThread) {
  const SystemClock clock;
  ServiceLoop loop(clock);
  EXPECT_FALSE(loop.on_loop());
  std::thread::id where;
  test::Gate ran;
  loop.dispatch([&] { where = std::this_thread::get_id(); });  // before it starts: waits for that
  loop.start();
  bool on_loop = false;
  loop.dispatch([&] {
    on_loop = loop.on_loop();
    ran.open();
  });
  ASSERT_TRUE(ran.wait());
  EXPECT_TRUE(on_loop);
  EXPECT_NE(where, std::this_thread::get_id());
  loop.stop([] { return true; });
}

TEST(ServiceLoop, WorkDispatchedFromTheLoopRunsAtOnce) {
  const SystemClock clock;
  ServiceLoop loop(clock);
  loop.start();
  test::Gate ran;
  bool at_once = false;
  loop.dispatch([&] {
    bool inner = false;
    loop.dispatch([&] { inner = true; });
    at_once = inner;
    ran.open();
  });
  ASSERT_TRUE(ran.wait());
  EXPECT_TRUE(at_once);
  loop.stop([] { return true; });
}

TEST(ServiceLoop, ItsWheelTurns) {
  const SystemClock clock;
  ServiceLoop loop(clock);
  Alarm alarm;
  loop.start();
  loop.dispatch([&] { loop.context().wheel.set(alarm, clock.now() + 30ms); });
  EXPECT_TRUE(alarm.gate.wait());
  loop.stop([] { return true; });
}

TEST(ServiceLoop, StoppingWaitsUntilAllIsQuiet) {
  const SystemClock clock;
  ServiceLoop loop(clock);
  loop.start();
  int asked = 0;
  bool on_loop = true;
  loop.stop([&] {
    on_loop = on_loop && loop.on_loop();
    return ++asked == 3;
  });
  EXPECT_EQ(asked, 3);
  EXPECT_TRUE(on_loop);
}

TEST(ServiceLoop, WorkAfterItsEndIsThrownAway) {
  const SystemClock clock;
  const auto held = std::make_shared<int>(0);
  {
    ServiceLoop loop(clock);
    loop.start();
    loop.stop([] { return true; });
    loop.stop([] { return true; });  // harmless twice
    loop.dispatch([held] { ++*held; });
  }
  EXPECT_EQ(*held, 0);
  EXPECT_EQ(held.use_count(), 1) << "not kept either";
}

TEST(ServiceLoop, OneThatNeverStartedNeedsNoStop) {
  const SystemClock clock;
  ServiceLoop loop(clock);
  loop.dispatch([] { FAIL() << "there is no thread to run it"; });
  loop.stop([] { return false; });
}

}  // namespace
}  // namespace sluice::upstream
