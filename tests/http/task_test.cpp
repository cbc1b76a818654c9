#include "sluice/http/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/patience.hpp"

namespace sluice::http {
namespace {

/// A place where a coroutine waits until the test lets it go on.
struct Door {
  std::coroutine_handle<> waiting;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) noexcept { waiting = coroutine; }
  void await_resume() const noexcept {}
  void open() { std::exchange(waiting, nullptr).resume(); }
};

using Steps = std::vector<std::string>;

Task<> pass(Door& door, Steps& steps) {
  steps.push_back("in");
  co_await door;
  steps.push_back("out");
}

Task<int> number(Door& door) {
  co_await door;
  co_return 7;
}

Task<std::unique_ptr<int>> boxed() {
  co_return std::make_unique<int>(9);
}

Task<> outer(Door& door, Steps& steps) {
  auto asking = number(door);
  steps.push_back(std::to_string(co_await asking));
  auto opening = boxed();
  const auto box = co_await opening;
  steps.push_back(std::to_string(*box));
}

Task<> wait_for_end(Task<>& other, Steps& steps) {
  co_await other.join();
  steps.push_back("joined");
}

TEST(Task, DoesNothingUntilItIsStarted) {
  Door door;
  Steps steps;
  const auto task = pass(door, steps);
  EXPECT_TRUE(steps.empty());
  EXPECT_FALSE(task.done());
  task.start();
  EXPECT_EQ(steps, Steps{"in"});
  door.open();
  EXPECT_EQ(steps, (Steps{"in", "out"}));
  EXPECT_TRUE(task.done());
}

TEST(Task, GivesItsValueToWhoeverAwaitsIt) {
  Door door;
  Steps steps;
  const auto task = outer(door, steps);
  task.start();
  EXPECT_TRUE(steps.empty());
  door.open();
  EXPECT_EQ(steps, (Steps{"7", "9"}));
  EXPECT_TRUE(task.done());
}

TEST(Task, CanBeJoinedWhileItRunsAndAfterItEnded) {
  Door door;
  Steps steps;
  auto task = pass(door, steps);
  task.start();
  const auto early = wait_for_end(task, steps);
  early.start();
  EXPECT_EQ(steps, Steps{"in"});
  door.open();
  EXPECT_EQ(steps, (Steps{"in", "out", "joined"}));
  const auto late = wait_for_end(task, steps);
  late.start();
  EXPECT_EQ(steps.size(), 4u);
}

TEST(Task, OneThatNeverWasIsDone) {
  Steps steps;
  Task<> none;
  EXPECT_TRUE(none.done());
  const auto joining = wait_for_end(none, steps);
  joining.start();
  EXPECT_EQ(steps, Steps{"joined"});
}

struct Witness {
  int* gone;
  ~Witness() { ++*gone; }
};

Task<> hold(Door& door, int* gone) {
  const Witness witness{gone};
  co_await door;
}

TEST(Task, DestroyedWhileItWaitsItDestroysWhatItHolds) {
  Door door;
  int gone = 0;
  {
    const auto task = hold(door, &gone);
    task.start();
    EXPECT_EQ(gone, 0);
  }
  EXPECT_EQ(gone, 1);
}

TEST(Task, DestroyedBeforeItStartedItHoldsNothing) {
  Door door;
  int gone = 0;
  { const auto task = hold(door, &gone); }
  EXPECT_EQ(gone, 0);
}

TEST(Task, ANewOneTakesThePlaceOfTheOld) {
  Door door;
  Door other;
  int gone = 0;
  auto task = hold(door, &gone);
  task.start();
  task = hold(other, &gone);
  EXPECT_EQ(gone, 1);
  task.start();
  task = {};
  EXPECT_EQ(gone, 2);
}

TEST(TaskFrames, AreReusedBySize) {
  if (test::kSanitized) GTEST_SKIP() << "every frame is a heap block of its own there";
  void* const first = detail::allocate_frame(300);
  detail::free_frame(first, 300);
  void* const second = detail::allocate_frame(290);
  EXPECT_EQ(second, first) << "of the same size class";
  void* const third = detail::allocate_frame(290);
  EXPECT_NE(third, first);
  detail::free_frame(second, 290);
  detail::free_frame(third, 290);
}

TEST(TaskFrames, OfAnySizeCanBeMade) {
  for (const std::size_t size : {1u, 127u, 128u, 129u, 4096u, 4097u, 100000u}) {
    void* const frame = detail::allocate_frame(size);
    ASSERT_NE(frame, nullptr);
    static_cast<char*>(frame)[size - 1] = 'x';
    detail::free_frame(frame, size);
  }
}

}  // namespace
}  // namespace sluice::http
