#include "sluice/app/signals.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

TEST(Signals, ArriveOneByOneInsteadOfInterrupting) {
  const Signals signals;
  EXPECT_EQ(signals.wait(0ms), 0);
  raise(SIGHUP);
  raise(SIGTERM);
  const int first = signals.wait(10s);
  const int second = signals.wait(10s);
  EXPECT_NE(first, second);
  for (const int number : {first, second}) EXPECT_TRUE(number == SIGHUP || number == SIGTERM) << number;
  EXPECT_EQ(signals.wait(0ms), 0);
}

TEST(Signals, NeitherAPeerThatIsGoneNorAFileThatMayNotGrowEndsTheProcess) {
  const Signals signals;
  raise(SIGPIPE);
  raise(SIGXFSZ);
  EXPECT_EQ(signals.wait(0ms), 0);
}

TEST(Signals, AnotherThreadEndsTheWait) {
  const Signals signals;
  std::thread other([&] { signals.wake(); });
  EXPECT_EQ(signals.wait(24h), 0);
  other.join();
  signals.wake();
  EXPECT_EQ(signals.wait(24h), 0) << "a wake before the wait is not lost";
  EXPECT_EQ(signals.wait(0ms), 0);
}

TEST(Signals, AWakeHidesNoSignal) {
  const Signals signals;
  raise(SIGINT);
  signals.wake();
  EXPECT_EQ(signals.wait(10s), SIGINT);
}

}  // namespace
}  // namespace sluice::app
