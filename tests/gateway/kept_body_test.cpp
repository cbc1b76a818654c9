#include "sluice/gateway/kept_body.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "sluice/base/random.hpp"

namespace sluice::gateway {
namespace {

constexpr std::uint64_t kAny = ~std::uint64_t{0};
constexpr std::size_t kBlock = http::BodyPool::kBlockBytes;

/// Bytes that tell where they stood.
std::string numbered(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>((i * 31 + i / 251) & 0xff);
  return out;
}

/// Puts as much of `bytes` there as fits into one room, like a read of at most `most`.
std::size_t put(KeptBody& body, std::string_view bytes, std::size_t most, std::uint64_t wanted = kAny) {
  const auto room = body.room(wanted);
  const std::size_t count = std::min({room.size(), bytes.size(), most});
  std::memcpy(room.data(), bytes.data(), count);
  body.add(count);
  return count;
}

std::string all_of(const KeptBody& body, std::uint64_t from = 0) {
  std::string out;
  for (;;) {
    const std::string_view piece = body.from(from);
    if (piece.empty()) return out;
    out.append(piece);
    from += piece.size();
  }
}

class KeptBodyTest : public testing::Test {
 protected:
  http::BodyPool pool;
  KeptBody body;
};

TEST_F(KeptBodyTest, KeepsNothingUntilToldTo) {
  EXPECT_FALSE(body.keeping());
  EXPECT_EQ(body.from(0), "");
  body.begin(pool, 0);
  EXPECT_FALSE(body.keeping()) << "a limit of nothing";
}

TEST_F(KeptBodyTest, GivesBackWhatWasPutThereInPiecesOfAnySize) {
  const std::string wanted = numbered(5 * kBlock + 77);
  for (const std::size_t most : {std::size_t{1000}, std::size_t{4096}, kBlock - 1, kBlock, 2 * kBlock}) {
    body.begin(pool, kAny);
    std::size_t done = 0;
    while (done < wanted.size()) done += put(body, std::string_view(wanted).substr(done), most);
    EXPECT_EQ(body.size(), wanted.size());
    EXPECT_TRUE(all_of(body) == wanted) << most;
    body.end();
    EXPECT_EQ(body.size(), 0u);
    EXPECT_EQ(body.from(0), "");
  }
}

TEST_F(KeptBodyTest, CanBeReadWhileItGrows) {
  const std::string wanted = numbered(400000);
  Random random(11);
  body.begin(pool, kAny);
  std::size_t written = 0;
  std::string read;
  while (read.size() < wanted.size()) {
    if (written < wanted.size() && random.below(2) == 0) {
      written += put(body, std::string_view(wanted).substr(written), 1 + random.below(90000));
    } else if (const std::string_view piece = body.from(read.size()); !piece.empty()) {
      read.append(piece.substr(0, 1 + random.below(piece.size())));
    }
    ASSERT_LE(read.size(), written);
  }
  EXPECT_TRUE(read == wanted);
}

TEST_F(KeptBodyTest, WhatIsThereStaysWhereItIs) {
  body.begin(pool, kAny);
  put(body, "first", 5);
  const char* const first = body.from(0).data();
  const std::string more = numbered(20 * kBlock);
  for (std::size_t done = 0; done < more.size();) done += put(body, std::string_view(more).substr(done), kBlock);
  EXPECT_EQ(body.from(0).data(), first) << "a write of it may still be under way";
}

TEST_F(KeptBodyTest, StopsExactlyAtItsLimit) {
  for (const std::size_t limit : {std::size_t{1}, std::size_t{100}, kBlock - 1, kBlock, kBlock + 1, 3 * kBlock}) {
    const std::string wanted = numbered(limit + 10);
    body.begin(pool, limit);
    std::size_t done = 0;
    while (body.has_room()) done += put(body, std::string_view(wanted).substr(done), 7001);
    EXPECT_EQ(done, limit);
    EXPECT_TRUE(body.keeping()) << "all of what came is here";
    EXPECT_TRUE(all_of(body) == wanted.substr(0, limit)) << limit;
    body.end();
    EXPECT_FALSE(body.keeping());
  }
}

TEST_F(KeptBodyTest, OffersNoMoreRoomThanWanted) {
  body.begin(pool, 1000);
  EXPECT_EQ(body.room(10).size(), 10u);
  EXPECT_EQ(body.room(kAny).size(), 1000u) << "asking twice takes nothing";
  put(body, numbered(990), 990);
  EXPECT_EQ(body.room(kAny).size(), 10u);
}

TEST_F(KeptBodyTest, AReadThatBroughtNothingTakesNoSecondBlock) {
  body.begin(pool, kAny);
  char* const first = body.room(kAny).data();
  body.add(0);
  EXPECT_EQ(body.room(kAny).data(), first);
  EXPECT_EQ(body.size(), 0u);
}

TEST_F(KeptBodyTest, GivesItsBlocksBackToThePool) {
  char* const lent = pool.take().data();
  body.begin(pool, kAny);
  EXPECT_EQ(body.room(kAny).data(), lent);
  body.end();
  EXPECT_EQ(pool.take().data(), lent);
}

}  // namespace
}  // namespace sluice::gateway
