#include "sluice/app/control_thread.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

constexpr Duration kNever = std::chrono::hours(1);

TEST(ControlThread, TicksAgainAndAgain) {
  std::latch third(3);
  ControlThread thread;
  thread.start(1ms, [&third] {
    if (!third.try_wait()) third.count_down();
  });
  third.wait();
}

TEST(ControlThread, DoesWhatIsAskedBetweenTwoTicks) {
  ControlThread thread;
  std::atomic<std::thread::id> ticked{};
  std::latch first(1);
  thread.start(kNever, [&] {
    ticked = std::this_thread::get_id();
    first.count_down();
  });
  first.wait();
  const auto answer = thread.ask([] { return std::this_thread::get_id(); }, 10s);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(*answer, ticked.load());
}

TEST(ControlThread, AnswersNothingOnceItHasEnded) {
  ControlThread thread;
  EXPECT_FALSE(thread.ask([] { return 1; }, 10s).has_value()) << "not started";
  thread.start(kNever, [] {});
  EXPECT_EQ(thread.ask([] { return 1; }, 10s), 1);
  thread.stop();
  EXPECT_FALSE(thread.ask([] { return 1; }, 10s).has_value());
}

TEST(ControlThread, LetsNobodyWaitLongerThanTheyWant) {
  ControlThread thread;
  std::latch go(1);
  std::latch busy(1);
  thread.start(kNever, [&] {
    busy.count_down();
    go.wait();
  });
  busy.wait();
  std::atomic<bool> done{false};
  EXPECT_FALSE(thread
                   .ask(
                       [&done] {
                         done = true;
                         return 1;
                       },
                       1ms)
                   .has_value());
  go.count_down();
  EXPECT_EQ(thread.ask([] { return 2; }, 10s), 2);
  EXPECT_TRUE(done) << "what was asked for is done, late";
}

TEST(ControlThread, DoesNotChangeWhatNobodyWaitsForAnyMore) {
  ControlThread thread;
  std::latch go(1);
  std::latch busy(1);
  thread.start(kNever, [&] {
    busy.count_down();
    go.wait();
  });
  busy.wait();
  std::atomic<int> wanted{-1};
  const auto work = [&wanted](const ControlThread::StillWanted& still_wanted) {
    wanted = still_wanted() ? 1 : 0;
    return 1;
  };
  EXPECT_FALSE(thread.ask_or_withdraw(work, 1ms).has_value());
  go.count_down();
  EXPECT_EQ(thread.ask([] { return 2; }, 10s), 2);
  EXPECT_EQ(wanted, 0) << "its turn came, and it was told";
}

TEST(ControlThread, WaitsForTheEndOfWhatHasBegunToChangeThings) {
  ControlThread thread;
  thread.start(kNever, [] {});
  std::atomic<int> changes{0};
  const auto slow = [&changes](const ControlThread::StillWanted& still_wanted) {
    if (!still_wanted()) return 0;
    const auto until = std::chrono::steady_clock::now() + 30ms;
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
    return ++changes;
  };
  std::optional<int> answer;
  while (!answer) answer = thread.ask_or_withdraw(slow, 5ms);  // on a busy machine its turn may come too late
  EXPECT_EQ(answer, 1) << "nothing said to be undone was done";
  EXPECT_EQ(changes, 1);
}

TEST(ControlThread, TellsThoseWhoWaitWhenItEndsBeforeTheirTurn) {
  ControlThread thread;
  std::latch busy(1);
  std::latch go(1);
  thread.start(kNever, [&] {
    busy.count_down();
    go.wait();
  });
  busy.wait();
  constexpr int count = 8;
  std::vector<std::thread> others;
  for (int i = 0; i < count; ++i) {
    others.emplace_back([&, i] {
      if (i % 2 == 0) {
        (void)thread.ask([] { return 1; }, 60s);
      } else {
        (void)thread.ask_or_withdraw([](const ControlThread::StillWanted& /*wanted*/) { return 1; }, 60s);
      }
    });
  }
  // Behind this one's turn in the queue, most of the others have theirs, too.
  EXPECT_FALSE(thread.ask([] { return 2; }, 100ms).has_value());
  const auto begun = std::chrono::steady_clock::now();
  std::thread ender([&] { thread.stop(); });
  go.count_down();
  ender.join();
  for (auto& other : others) other.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 30s) << "long before their patience ends";
}

}  // namespace
}  // namespace sluice::app
