#include "sluice/compare/pair_lanes.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "pair_fixtures.hpp"
#include "support/patience.hpp"

namespace sluice::compare {
namespace {

using Batch = std::vector<std::unique_ptr<AnswerPair>>;

std::unique_ptr<AnswerPair> numbered_pair(std::uint64_t nonce, Memory* memory = nullptr, std::size_t bytes = 0) {
  AnswerPair pair = a_pair();
  pair.nonce = nonce;
  if (memory != nullptr) {
    EXPECT_TRUE(pair.other_answer.memory.grow(*memory, bytes));
  }
  return on_heap(std::move(pair));
}

TEST(PairLanes, PairsOfAWorkerComeInTheirOrder) {
  const Memory memory(1000);
  PairLanes lanes(2, 64, memory);
  for (std::uint64_t i = 0; i < 40; ++i) lanes.note(i % 2, numbered_pair(i));
  std::vector<std::uint64_t> last{0, 1};
  std::size_t heard = 0;
  for (Batch batch; lanes.take(batch); batch.clear()) {
    for (const auto& pair : batch) {
      EXPECT_EQ(pair->nonce, last[pair->nonce % 2]);
      last[pair->nonce % 2] += 2;
      ++heard;
    }
  }
  EXPECT_EQ(heard, 40U);
  EXPECT_EQ(lanes.lost(), 0U);
}

TEST(PairLanes, WhatFindsNoRoomIsLostAndItsMemoryIsFree) {
  Memory memory(1000);
  PairLanes lanes(1, 4, memory);
  for (std::uint64_t i = 0; i < 6; ++i) lanes.note(0, numbered_pair(i, &memory, 100));
  EXPECT_EQ(lanes.lost(), 2U);
  EXPECT_EQ(memory.used(), 400U);
  lanes.note(7, numbered_pair(9, &memory, 100));
  EXPECT_EQ(lanes.lost(), 3U) << "of no worker that there is";
  lanes.close();
  lanes.note(0, numbered_pair(9, &memory, 100));
  EXPECT_EQ(lanes.lost(), 4U);
  lanes.drop();
  EXPECT_EQ(lanes.lost(), 8U);
  EXPECT_EQ(memory.used(), 0U);
}

TEST(PairLanes, WhatIsStillInsideAtTheEndIsFreed) {
  Memory memory(1000);
  {
    PairLanes lanes(2, 4, memory);
    lanes.note(0, numbered_pair(1, &memory, 100));
    lanes.note(1, numbered_pair(2, &memory, 100));
    EXPECT_EQ(memory.used(), 200U);
  }
  EXPECT_EQ(memory.used(), 0U);
}

/// Takes what comes until the lanes are closed.
class Reader {
 public:
  explicit Reader(PairLanes& lanes) : lanes_(lanes), thread_([this] { run(); }) {}
  ~Reader() {
    lanes_.close();
    thread_.join();
  }
  bool hears(int pairs) const {
    return test::eventually([&] { return heard_ >= pairs; });
  }
  int heard() const { return heard_; }

 private:
  void run() {
    Batch batch;
    while (!lanes_.is_closed()) {
      bool found = false;
      while (lanes_.take(batch)) {
        found = true;
        heard_ += static_cast<int>(batch.size());
        batch.clear();
      }
      lanes_.wait(found);
    }
  }

  PairLanes& lanes_;
  std::atomic<int> heard_{0};
  std::thread thread_;
};

TEST(PairLanes, APairWakesWhoSleeps) {
  const Memory memory(1000);
  PairLanes lanes(1, 64, memory, {std::chrono::milliseconds(1), 1});
  Reader reader(lanes);
  for (int i = 1; i <= 200; ++i) {
    lanes.note(0, numbered_pair(1));
    ASSERT_TRUE(reader.hears(i));
  }
}

TEST(PairLanes, WhoNapsIsWokenWhereRoomRunsShort) {
  const Memory memory(1000);
  PairLanes lanes(1, 64, memory, {std::chrono::hours(1), 1'000'000});
  Reader reader(lanes);
  constexpr int kSent = 500;
  for (int i = 0; i < kSent; ++i) lanes.note(0, numbered_pair(1));
  EXPECT_TRUE(test::eventually([&] { return reader.heard() + static_cast<int>(lanes.lost()) >= kSent - 32; }));
  EXPECT_GT(reader.heard(), 0);
}

TEST(PairLanes, WhoNapsIsWokenWhereMemoryRunsShort) {
  Memory memory(1000);
  PairLanes lanes(1, 64, memory, {std::chrono::hours(1), 1'000'000});
  Reader reader(lanes);
  for (int i = 1; i <= 20; ++i) {
    lanes.note(0, numbered_pair(1, &memory, 501));
    ASSERT_TRUE(reader.hears(i));
    ASSERT_TRUE(test::eventually([&] { return memory.used() == 0; }));
  }
}

TEST(PairLanes, NothingIsLostOrTwiceBetweenThreads) {
  Memory memory(std::size_t{1} << 30);
  PairLanes lanes(3, 256, memory);
  constexpr std::uint64_t kSent = 5000;
  std::vector<std::thread> workers;
  std::atomic<int> working{3};
  for (std::size_t worker = 0; worker < 3; ++worker) {
    workers.emplace_back([&, worker] {
      for (std::uint64_t i = 0; i < kSent; ++i) lanes.note(worker, numbered_pair(i, &memory, 10));
      --working;
    });
  }
  std::uint64_t heard = 0;
  Batch batch;
  while (working > 0) {
    const bool found = lanes.take(batch);
    heard += batch.size();
    batch.clear();
    lanes.wait(found);
  }
  for (std::thread& worker : workers) worker.join();
  while (lanes.take(batch)) {
    heard += batch.size();
    batch.clear();
  }
  EXPECT_EQ(heard + lanes.lost(), 3 * kSent);
  EXPECT_GT(heard, 0U);
  EXPECT_EQ(memory.used(), 0U);
}

}  // namespace
}  // namespace sluice::compare
