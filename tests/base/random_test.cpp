#include "sluice/base/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace sluice {
namespace {

TEST(Random, RepeatsItselfForEqualSeeds) {
  Random a(42);
  Random b(42);
  Random c(43);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const auto number = a.next();
    EXPECT_EQ(number, b.next());
    differs = differs || number != c.next();
  }
  EXPECT_TRUE(differs);
}

// Scenario tests and simulations hang on these sequences.
TEST(Random, HasTheSameSequenceForEver) {
  Random random(1);
  EXPECT_EQ(random.next(), 0xCFC5D07F6F03C29Bu);
  EXPECT_EQ(random.next(), 0xBF424132963FE08Du);
  EXPECT_EQ(random.next(), 0x19A37D5757AAF520u);
}

TEST(Random, WorksWithASeedOfZero) {
  Random random(0);
  EXPECT_NE(random.next(), random.next());
}

TEST(Random, IsUniformBetweenZeroAndOne) {
  Random random(7);
  constexpr int draws = 100000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < draws; ++i) {
    const double u = random.uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
    squares += u * u;
  }
  EXPECT_NEAR(sum / draws, 0.5, 5 * 0.2887 / std::sqrt(draws));
  EXPECT_NEAR(squares / draws, 1.0 / 3, 5 * 0.2981 / std::sqrt(draws));
}

TEST(Random, DrawsBelowABoundWithoutBias) {
  Random random(11);
  constexpr int draws = 60000;
  std::array<int, 6> counts{};
  for (int i = 0; i < draws; ++i) ++counts.at(random.below(6));
  for (const int count : counts) EXPECT_NEAR(count, 10000, 5 * std::sqrt(draws * (1.0 / 6) * (5.0 / 6)));
}

TEST(Random, HasNothingBelowZeroOrOne) {
  Random random(3);
  EXPECT_EQ(random.below(0), 0u);
  EXPECT_EQ(random.below(1), 0u);
}

// With a bound of 3/4 of the range, a plain remainder would give the lower third twice as often as the rest.
TEST(Random, DrawsBelowAHugeBoundWithoutBias) {
  Random random(5);
  constexpr std::uint64_t bound = 3ull << 62;
  constexpr int draws = 30000;
  int lower_third = 0;
  for (int i = 0; i < draws; ++i) {
    const auto number = random.below(bound);
    ASSERT_LT(number, bound);
    lower_third += number < (1ull << 62) ? 1 : 0;
  }
  EXPECT_NEAR(lower_third, draws / 3.0, 5 * std::sqrt(draws * (1.0 / 3) * (2.0 / 3)));
}

TEST(Random, TakesItsSeedFromTheSystemWhenAsked) {
  auto a = Random::from_entropy();
  auto b = Random::from_entropy();
  EXPECT_NE(a.next(), b.next());
}

}  // namespace
}  // namespace sluice
