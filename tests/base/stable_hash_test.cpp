#include "sluice/base/stable_hash.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <set>
#include <string>

namespace sluice {
namespace {

// These values are a promise: changing one moves users between versions in every rollout that is under way.
TEST(StableHash, HasTheSameValuesForEver) {
  EXPECT_EQ(stable_hash("", "", ""), 0x238275BC38FCBE91u);
  EXPECT_EQ(stable_hash("fraud", "", "user-1"), 0x3C64CCE13F3C75C2u);
  EXPECT_EQ(stable_hash("fraud", "", "user-2"), 0x6B9F7A24BF4C3BA4u);
  EXPECT_EQ(stable_hash("fraud", "autumn", "user-1"), 0x6B8178B341BD02BFu);
  EXPECT_EQ(stable_hash("digits", "", "user-1"), 0x07ECFA5D59267D92u);
  EXPECT_EQ(stable_hash("fraud", "", "01234567"), 0xA620FD80DA339947u);
  EXPECT_EQ(stable_hash("fraud", "", "a unit of more than sixteen bytes"), 0xD91E6D466AAFDB40u);
  EXPECT_EQ(stable_hash("fraud", "", std::string_view("\0\xff\x80", 3)), 0x8D8F9482EF40CC70u);
}

TEST(StableHash, IsWhatTheSeedContinuesTo) {
  EXPECT_EQ(stable_hash(stable_seed("fraud", "s"), "unit"), stable_hash("fraud", "s", "unit"));
}

TEST(StableHash, TellsApartWhereOneTextEndsAndTheNextBegins) {
  EXPECT_NE(stable_hash("ab", "c", "d"), stable_hash("a", "bc", "d"));
  EXPECT_NE(stable_hash("a", "bc", "d"), stable_hash("a", "b", "cd"));
  EXPECT_NE(stable_hash("a", "", "b"), stable_hash("a", "b", ""));
  EXPECT_NE(stable_hash("r", "", "x"), stable_hash("r", "", std::string_view("x\0", 2)));
}

TEST(StableHash, ReadsNoByteBeyondTheTextAndNoneTwice) {
  const std::string text = "abcdefghijklmnopqrstuvwxyz";
  std::set<std::uint64_t> seen;
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const std::string exact = text.substr(0, size);  // its own allocation, so that a sanitizer sees one byte too many
    EXPECT_EQ(stable_hash(7, exact), stable_hash(7, std::string_view(text).substr(0, size)));
    seen.insert(stable_hash(7, exact));
  }
  EXPECT_EQ(seen.size(), text.size() + 1);
}

TEST(StableHash, FlipsHalfOfTheBitsForEveryInputBit) {
  const std::string unit = "user-000123";
  for (std::size_t bit = 0; bit < unit.size() * 8; ++bit) {
    double flips = 0;
    constexpr int routes = 200;
    for (int route = 0; route < routes; ++route) {
      const auto seed = stable_seed(std::to_string(route), "");
      std::string other = unit;
      other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
      flips += std::popcount(stable_hash(seed, unit) ^ stable_hash(seed, other));
    }
    // 32 of 64 bits, with a standard error of 4 / sqrt(200) = 0.28.
    EXPECT_NEAR(flips / routes, 32, 1.7) << "bit " << bit;
  }
}

// Bernoulli(1/2) on both sides: the correlation of n pairs has a standard deviation of 1/sqrt(n).
double correlation_of_halves(std::uint64_t seed_a, std::uint64_t seed_b, int units) {
  int agree = 0;
  for (int i = 0; i < units; ++i) {
    const auto unit = "user-" + std::to_string(i);
    agree += (stable_hash(seed_a, unit) >> 63) == (stable_hash(seed_b, unit) >> 63) ? 1 : 0;
  }
  return 2.0 * agree / units - 1;
}

TEST(StableHash, IsIndependentBetweenRoutes) {
  for (int i = 0; i < 20; ++i) {
    const auto a = stable_seed("route-" + std::to_string(i), "");
    const auto b = stable_seed("route-" + std::to_string(i + 1), "");
    EXPECT_LT(std::abs(correlation_of_halves(a, b, 20000)), 5 / std::sqrt(20000.0));
  }
}

TEST(StableHash, IsIndependentBetweenSalts) {
  for (int i = 0; i < 20; ++i) {
    const auto a = stable_seed("fraud", std::to_string(i));
    const auto b = stable_seed("fraud", std::to_string(i + 1));
    EXPECT_LT(std::abs(correlation_of_halves(a, b, 20000)), 5 / std::sqrt(20000.0));
  }
}

TEST(StableHash, SpreadsConsecutiveUnitsEvenly) {
  constexpr int buckets = 256;
  constexpr int units = 256 * 400;
  std::array<int, buckets> counts{};
  const auto seed = stable_seed("fraud", "");
  for (int i = 0; i < units; ++i) ++counts[stable_hash(seed, std::to_string(i)) >> 56];
  double chi_square = 0;
  for (const int count : counts) chi_square += (count - 400.0) * (count - 400.0) / 400.0;
  // 255 degrees of freedom: mean 255, standard deviation 22.6. Too even would be as wrong as too uneven.
  EXPECT_NEAR(chi_square, 255, 5 * 22.6);
}

}  // namespace
}  // namespace sluice
