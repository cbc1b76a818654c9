#include "sluice/outcomes/observation_ring.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace sluice::outcomes {
namespace {

Observation numbered(std::uint64_t nonce) {
  Observation made;
  made.decision.nonce = nonce;
  return made;
}

std::vector<std::uint64_t> drained(ObservationRing& ring) {
  std::vector<std::uint64_t> nonces;
  ring.drain([&](const Observation& seen) { nonces.push_back(seen.decision.nonce); });
  return nonces;
}

TEST(ObservationRing, BringsWhatEveryWorkerSawInItsOrder) {
  ObservationRing ring(2, 8);
  ring.open();
  ring.note(1, numbered(5));
  ring.note(0, numbered(1));
  ring.note(0, numbered(2));
  EXPECT_EQ(drained(ring), (std::vector<std::uint64_t>{1, 2, 5}));
  EXPECT_EQ(drained(ring), std::vector<std::uint64_t>{});
  EXPECT_EQ(ring.lost(), 0U);
}

TEST(ObservationRing, WhatFindsNoRoomIsCounted) {
  ObservationRing ring(2, 4);
  ring.note(0, numbered(1));
  EXPECT_EQ(ring.lost(), 1U) << "nobody has opened it";
  EXPECT_TRUE(drained(ring).empty());
  ring.open();
  for (std::uint64_t i = 0; i < 6; ++i) ring.note(0, numbered(i));
  ring.note(1, numbered(9));
  ring.open();
  EXPECT_EQ(drained(ring), (std::vector<std::uint64_t>{0, 1, 2, 3, 9})) << "opening it again changes nothing";
  EXPECT_EQ(ring.lost(), 3U);
}

TEST(ObservationRing, NothingIsLostOrTwiceBetweenTwoThreads) {
  ObservationRing ring(1, 64);
  ring.open();
  constexpr std::uint64_t kSent = 20'000;
  std::atomic<bool> done{false};
  std::thread worker([&] {
    for (std::uint64_t i = 0; i < kSent; ++i) ring.note(0, numbered(i));
    done = true;
  });
  std::uint64_t heard = 0;
  std::uint64_t last = 0;
  bool in_order = true;
  const auto hear = [&](const Observation& seen) {
    in_order = in_order && (heard == 0 || seen.decision.nonce > last);
    last = seen.decision.nonce;
    ++heard;
  };
  while (!done) ring.drain(hear);
  worker.join();
  ring.drain(hear);
  EXPECT_TRUE(in_order);
  EXPECT_EQ(heard + ring.lost(), kSent);
  EXPECT_GT(heard, 0U);
}

}  // namespace
}  // namespace sluice::outcomes
