#include "sluice/traffic/text_test.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>

namespace sluice::traffic {
namespace {

TEST(TextTest, ComparesExactlyAndByPrefix) {
  EXPECT_TRUE(TextTest::exact("gold").holds("gold"));
  EXPECT_FALSE(TextTest::exact("gold").holds("Gold"));
  EXPECT_FALSE(TextTest::exact("gold").holds("golden"));
  EXPECT_TRUE(TextTest::exact("").holds(""));
  EXPECT_TRUE(TextTest::prefix("gold").holds("golden"));
  EXPECT_FALSE(TextTest::prefix("gold").holds("gol"));
}

TEST(TextTest, ComparesPathPrefixesBySegment) {
  EXPECT_TRUE(TextTest::segments("/v2/").holds("/v2"));
  EXPECT_TRUE(TextTest::segments("/v2").holds("/v2/models"));
  EXPECT_FALSE(TextTest::segments("/v2").holds("/v2x"));
  EXPECT_TRUE(TextTest::segments("/").holds("/anything"));
}

TEST(TextTest, MatchesAnExpressionAgainstTheWholeText) {
  const auto test = *TextTest::regular_expression("(eu|us)-[0-9]+");
  EXPECT_TRUE(test.holds("eu-1"));
  EXPECT_FALSE(test.holds("eu-1b"));
  EXPECT_FALSE(test.holds("xeu-1"));
  EXPECT_FALSE(test.holds("eu-1\n"));
  EXPECT_FALSE(test.holds(""));
}

TEST(TextTest, RefusesAnExpressionThatDoesNotCompile) {
  const auto broken = TextTest::regular_expression("(eu");
  ASSERT_FALSE(broken.ok());
  EXPECT_NE(broken.error().message.find("(eu"), std::string::npos);
  EXPECT_FALSE(TextTest::regular_expression("(a)\\1").ok()) << "back references are not linear";
  EXPECT_FALSE(TextTest::regular_expression("((((a{1,100}){1,100}){1,100}){1,100})").ok());
}

TEST(TextTest, MatchesHostileTextInLinearTime) {
  const auto test = *TextTest::regular_expression("(a|aa|a*)*b");
  const auto time_of = [&](std::size_t size) {
    const std::string text(size, 'a');
    auto best = std::chrono::nanoseconds::max();
    for (int round = 0; round < 5; ++round) {
      const auto start = std::chrono::steady_clock::now();
      EXPECT_FALSE(test.holds(text));
      best = std::min<std::chrono::nanoseconds>(best, std::chrono::steady_clock::now() - start);
    }
    return best;
  };
  // A backtracking matcher would need longer than the age of the universe for the short one already. Quadratic work
  // would make the second 4096 times as long; linear 64 times, with room for noise.
  EXPECT_LT(time_of(64 * 1024), 1000 * time_of(1024) + std::chrono::milliseconds(20));
}

TEST(TextTest, ReadsANumberForARange) {
  const auto test = *TextTest::range(-1.5, 10);
  for (const auto* text : {"-1.5", "0", "10", "10.0", "1e1", "3.25"}) EXPECT_TRUE(test.holds(text)) << text;
  for (const auto* text : {"-1.6", "10.1", "11", "", "ten", "5x", " 5", "0x5", "nan", "inf", "1e999", "--1"}) {
    EXPECT_FALSE(test.holds(text)) << text;
  }
}

TEST(TextTest, TakesARangeThatIsOpenOnOneSide) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(TextTest::range(18, infinity)->holds("99999999"));
  EXPECT_FALSE(TextTest::range(18, infinity)->holds("17"));
  EXPECT_TRUE(TextTest::range(-infinity, 0)->holds("-5"));
}

TEST(TextTest, RefusesARangeThatNothingCanBeIn) {
  EXPECT_FALSE(TextTest::range(2, 1).ok());
  EXPECT_FALSE(TextTest::range(std::nan(""), 1).ok());
  EXPECT_TRUE(TextTest::range(1, 1).ok());
}

}  // namespace
}  // namespace sluice::traffic
