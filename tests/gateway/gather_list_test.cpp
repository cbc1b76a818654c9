#include "sluice/gateway/gather_list.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace sluice::gateway {
namespace {

std::string flat(const GatherList& list) {
  std::string out;
  list.flatten_into(out);
  return out;
}

class GatherListTest : public testing::Test {
 protected:
  GatherList list;
};

TEST_F(GatherListTest, IsEmptyAtFirst) {
  EXPECT_EQ(list.size(), 0u);
  EXPECT_TRUE(list.pieces().empty());
  EXPECT_EQ(flat(list), "");
}

TEST_F(GatherListTest, KeepsThePiecesInOrderAndWhereTheyAre) {
  const std::string a = "one ";
  const std::string b = "two";
  list.add(a);
  list.add(b);
  ASSERT_EQ(list.pieces().size(), 2u);
  EXPECT_EQ(list.pieces()[0].iov_base, a.data()) << "a view, not a copy";
  EXPECT_EQ(list.pieces()[1].iov_len, 3u);
  EXPECT_EQ(list.size(), 7u);
  EXPECT_EQ(flat(list), "one two");
}

TEST_F(GatherListTest, NeighboursInMemoryBecomeOnePiece) {
  const std::string text = "abcdef";
  list.add({text.data(), 2});
  list.add({text.data() + 2, 3});
  list.add({text.data() + 5, 1});
  ASSERT_EQ(list.pieces().size(), 1u);
  EXPECT_EQ(list.pieces()[0].iov_len, 6u);
  list.add({text.data(), 1});
  EXPECT_EQ(list.pieces().size(), 2u) << "only what follows directly is a neighbour";
  EXPECT_EQ(flat(list), "abcdefa");
}

TEST_F(GatherListTest, EmptyPiecesAreNone) {
  list.add({});
  list.add(std::string_view("x", 0));
  list.copy({});
  EXPECT_TRUE(list.pieces().empty());
}

TEST_F(GatherListTest, CopiesOutliveWhatTheyWereMadeOf) {
  {
    std::string text = "short-lived";
    list.copy(text);
    text.assign(text.size(), '!');
  }
  EXPECT_EQ(flat(list), "short-lived");
}

TEST_F(GatherListTest, CopiesThatFollowEachOtherAreOnePiece) {
  list.copy("a: ");
  list.copy("b");
  list.copy("\r\n");
  EXPECT_EQ(list.pieces().size(), 1u);
  const std::string between = "-";
  list.add(between);
  list.copy("c");
  EXPECT_EQ(list.pieces().size(), 3u);
  EXPECT_EQ(flat(list), "a: b\r\n-c");
}

TEST_F(GatherListTest, ClearStartsAnewWithAllRoom) {
  for (int round = 0; round < 3; ++round) {
    list.clear();
    EXPECT_EQ(list.size(), 0u);
    list.copy(std::string(1024, 'x'));
    EXPECT_EQ(list.size(), 1024u);
  }
}

TEST_F(GatherListTest, HoldsTheWorstHeadThatTheLimitsLetThrough) {
  // 128 fields, all of them X-Forwarded-For: a value and a comma each, and the lines around them.
  const std::string values(2 * 256 + 64, 'v');
  for (std::size_t i = 0; i < 256 + 60; ++i) list.add({values.data() + 2 * (i % 256), 1});
  EXPECT_EQ(list.pieces().size(), 316u);
  EXPECT_EQ(list.size(), 316u);
}

TEST_F(GatherListTest, FlatteningAppends) {
  std::string out = "before ";
  list.copy("after");
  list.flatten_into(out);
  EXPECT_EQ(out, "before after");
}

}  // namespace
}  // namespace sluice::gateway
