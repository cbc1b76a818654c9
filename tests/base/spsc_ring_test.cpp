#include "sluice/base/spsc_ring.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>
#include <vector>

namespace sluice {
namespace {

TEST(SpscRing, GivesBackInOrderAndRefusesWhatDoesNotFit) {
  SpscRing<int> ring(4);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.push(i));
  EXPECT_FALSE(ring.push(4));
  std::vector<int> seen;
  EXPECT_EQ(ring.drain([&](int value) { seen.push_back(value); }), 4u);
  EXPECT_EQ(seen, (std::vector{0, 1, 2, 3}));
  EXPECT_TRUE(ring.push(5));
  EXPECT_EQ(ring.drain([&](int value) { EXPECT_EQ(value, 5); }), 1u);
  EXPECT_EQ(ring.drain([](int) { FAIL(); }), 0u);
}

TEST(SpscRing, AnOddCapacityIsRoundedUp) {
  SpscRing<int> ring(3);
  int fits = 0;
  while (ring.push(fits)) ++fits;
  EXPECT_EQ(fits, 4);
}

TEST(SpscRing, NoMoreIsTakenThanWasAskedFor) {
  SpscRing<int> ring(4);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.push(i));
  EXPECT_EQ(ring.size(), 4u);
  std::vector<int> seen;
  EXPECT_EQ(ring.drain([&](int value) { seen.push_back(value); }, 3), 3u);
  EXPECT_EQ(ring.size(), 1u);
  EXPECT_TRUE(ring.push(4)) << "what was taken has made room";
  EXPECT_EQ(ring.drain([&](int value) { seen.push_back(value); }, 3), 2u);
  EXPECT_EQ(seen, (std::vector{0, 1, 2, 3, 4}));
  EXPECT_EQ(ring.size(), 0u);
}

TEST(SpscRing, NothingIsLostOrMixedUpBetweenTwoThreads) {
  struct Pair {
    std::uint64_t number = 0;
    std::uint64_t twice = 0;
  };
  constexpr std::uint64_t count = 200'000;
  SpscRing<Pair> ring(64);
  std::thread writer([&] {
    for (std::uint64_t i = 0; i < count;) {
      if (ring.push({i, 2 * i})) {
        ++i;
      } else {
        std::this_thread::yield();
      }
    }
  });
  std::uint64_t next = 0;
  while (next < count) {
    const auto drained = ring.drain([&](const Pair& pair) {
      ASSERT_EQ(pair.number, next);
      ASSERT_EQ(pair.twice, 2 * next);
      ++next;
    });
    if (drained == 0) std::this_thread::yield();
  }
  writer.join();
  EXPECT_EQ(ring.drain([](const Pair&) {}), 0u);
}

}  // namespace
}  // namespace sluice
