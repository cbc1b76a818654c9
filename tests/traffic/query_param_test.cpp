#include "sluice/traffic/query_param.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "sluice/base/random.hpp"

namespace sluice::traffic {
namespace {

std::array<char, 64> buffer;

std::string_view find(std::string_view query, std::string_view name) {
  return find_query_param(query, name, buffer);
}

TEST(QueryParam, IsFoundByItsName) {
  EXPECT_EQ(find("a=1&b=2&c=3", "a"), "1");
  EXPECT_EQ(find("a=1&b=2&c=3", "b"), "2");
  EXPECT_EQ(find("a=1&b=2&c=3", "c"), "3");
  EXPECT_EQ(find("ab=1&b=2", "b"), "2");
  EXPECT_EQ(find("a=1&a=2", "a"), "1");
  EXPECT_EQ(find("a=b=c", "a"), "b=c");
}

TEST(QueryParam, StaysWhereItIsWhenThereIsNothingToDecode) {
  const std::string query = "user=anna";
  EXPECT_EQ(find(query, "user").data(), query.data() + 5);
}

TEST(QueryParam, IsPercentDecoded) {
  EXPECT_EQ(find("user=anna%40example.org", "user"), "anna@example.org");
  EXPECT_EQ(find("user=a+b%2Bc%2bd", "user"), "a b+c+d");
  EXPECT_EQ(find("user=%00", "user"), std::string_view("\0", 1));
  EXPECT_EQ(find("u%73er=1", "user"), "1");
  EXPECT_EQ(find("first+name=1", "first name"), "1");
}

TEST(QueryParam, TakesABrokenEscapeAsItStands) {
  EXPECT_EQ(find("a=%", "a"), "%");
  EXPECT_EQ(find("a=%4", "a"), "%4");
  EXPECT_EQ(find("a=%zz%41", "a"), "%zzA");
  EXPECT_EQ(find("a=%%41", "a"), "%A");
}

TEST(QueryParam, TellsEmptyFromAbsent) {
  EXPECT_NE(find("a=", "a").data(), nullptr);
  EXPECT_NE(find("a", "a").data(), nullptr);
  EXPECT_NE(find("b=1&a", "a").data(), nullptr);
  EXPECT_TRUE(find("a&b", "a").empty());
  for (const auto* query : {"", "&", "&&&", "b=1", "=a", "aa=1", "%"}) {
    EXPECT_EQ(find(query, "a").data(), nullptr) << query;
  }
}

TEST(QueryParam, IsAbsentWhenItDoesNotFitAfterDecoding) {
  EXPECT_EQ(find("a=" + std::string(63, 'x') + "%41", "a").size(), 64u);
  EXPECT_EQ(find("a=" + std::string(64, 'x') + "%41", "a").data(), nullptr);
}

TEST(QueryParam, SurvivesAnyBytes) {
  Random random(1);
  const std::string_view alphabet = "a=&%+41\x00\xff";
  for (int round = 0; round < 20000; ++round) {
    std::string query;
    for (auto left = random.below(24); left > 0; --left) query += alphabet[random.below(alphabet.size())];
    const std::string exact(query);  // its own allocation, so that a sanitizer sees one byte too many
    EXPECT_LE(find(exact, "a").size(), exact.size());
  }
}

}  // namespace
}  // namespace sluice::traffic
