#include "sluice/base/rate_limit.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace sluice {
namespace {

using std::chrono::milliseconds;

TEST(RateLimit, AdmitsSoManyASecondAndCountsTheRest) {
  ManualClock clock;
  RateLimit limit(3);
  int admitted = 0;
  for (int i = 0; i < 10; ++i) admitted += limit.admit(clock.now()).has_value() ? 1 : 0;
  EXPECT_EQ(admitted, 3);

  clock.advance(milliseconds(999));
  EXPECT_FALSE(limit.admit(clock.now()).has_value());
  clock.advance(milliseconds(1));
  EXPECT_EQ(limit.admit(clock.now()), 8U);  // what was dropped since the last one
  EXPECT_EQ(limit.admit(clock.now()), 0U);
}

TEST(RateLimit, OfZeroAdmitsNothing) {
  ManualClock clock;
  RateLimit limit(0);
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(limit.admit(clock.now()).has_value());
    clock.advance(std::chrono::seconds(1));
  }
}

TEST(RateLimit, LosesNoEventBetweenThreads) {
  ManualClock clock;
  RateLimit limit(100);
  std::atomic<std::uint64_t> admitted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10000; ++i) admitted += limit.admit(clock.now()).has_value() ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(admitted.load(), 100U);
  EXPECT_LE(admitted.load(), 100U + 4U);  // threads that met at the first event
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(limit.admit(clock.now()), 40000 - admitted.load());
}

}  // namespace
}  // namespace sluice
