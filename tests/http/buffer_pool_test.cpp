#include "sluice/http/buffer_pool.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::http {
namespace {

TEST(BufferPool, LendsWholeBlocks) {
  BufferPool pool;
  const auto block = pool.take();
  ASSERT_TRUE(block);
  EXPECT_EQ(block.size(), BufferPool::kBlockBytes);
  block.data()[0] = 'a';
  block.data()[block.size() - 1] = 'z';
}

TEST(BufferPool, LendsAGivenBackBlockAgain) {
  BufferPool pool;
  char* const first = pool.take().data();
  EXPECT_EQ(pool.take().data(), first);
}

TEST(BufferPool, BlocksOnLoanAreDifferent) {
  BufferPool pool;
  const auto a = pool.take();
  const auto b = pool.take();
  EXPECT_NE(a.data(), b.data());
}

TEST(BufferPool, WhatAWholeIntervalDidNotNeedGoesBackToTheSystem) {
  BufferPool pool(1);
  {
    const auto a = pool.take();
    const auto b = pool.take();
    const auto c = pool.take();
  }
  EXPECT_EQ(pool.free_bytes(), 3 * BufferPool::kBlockBytes);
  pool.trim();
  EXPECT_EQ(pool.free_bytes(), 3 * BufferPool::kBlockBytes) << "all three were needed in this interval";
  (void)pool.take();
  pool.trim();
  EXPECT_EQ(pool.free_bytes(), 2 * BufferPool::kBlockBytes) << "two were not needed, one of them is kept anyway";
  pool.trim();
  EXPECT_EQ(pool.free_bytes(), BufferPool::kBlockBytes);
  pool.trim();
  EXPECT_EQ(pool.free_bytes(), BufferPool::kBlockBytes);
}

TEST(BufferPool, RoomForWhatComesBackIsMadeSeldom) {
  BlockPool<1> pool(4);
  std::vector<BlockPool<1>::Block> lent;
  std::size_t room = pool.room();
  int changes = 0;
  for (std::size_t i = 1; i <= 10000; ++i) {
    lent.push_back(pool.take());
    ASSERT_GE(pool.room(), i) << "or giving back would allocate";
    if (pool.room() != room) ++changes;
    room = pool.room();
  }
  EXPECT_LE(changes, 14);
}

TEST(BufferPool, ReleasingTwiceIsReleasingOnce) {
  BufferPool pool;
  auto block = pool.take();
  block.release();
  EXPECT_FALSE(block);
  block.release();
  const auto a = pool.take();
  const auto b = pool.take();
  EXPECT_NE(a.data(), b.data());
}

TEST(BufferPool, AMovedBlockHasOneOwner) {
  BufferPool pool;
  auto block = pool.take();
  char* const data = block.data();
  BufferPool::Block owner(std::move(block));
  EXPECT_FALSE(block);  // NOLINT(bugprone-use-after-move): what is left behind is the point
  EXPECT_EQ(owner.data(), data);
  BufferPool::Block last;
  last = std::move(owner);
  EXPECT_EQ(last.data(), data);
}

TEST(BufferPool, AnEmptyBlockBelongsToNoPool) {
  BufferPool::Block block;
  EXPECT_FALSE(block);
  block.release();
}

}  // namespace
}  // namespace sluice::http
