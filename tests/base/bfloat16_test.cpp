#include "sluice/base/bfloat16.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "sluice/base/random.hpp"

namespace sluice {
namespace {

TEST(Bfloat16, HoldsSmallWholeNumbersAndPowersOfTwoExactly) {
  for (int i = -256; i <= 256; ++i) EXPECT_EQ(round_to_bfloat16(static_cast<float>(i)), static_cast<float>(i));
  for (const float power : {0x1p-126F, 0x1p-20F, 0.5F, 0x1p20F, 0x1p127F}) EXPECT_EQ(round_to_bfloat16(power), power);
  EXPECT_TRUE(std::signbit(round_to_bfloat16(-0.0F)));
}

TEST(Bfloat16, RoundsToTheNearestAndHalvesToTheEvenOne) {
  EXPECT_EQ(round_to_bfloat16(257), 256);
  EXPECT_EQ(round_to_bfloat16(259), 260);
  EXPECT_EQ(round_to_bfloat16(257.01F), 258);
  EXPECT_EQ(round_to_bfloat16(-257.01F), -258);
}

TEST(Bfloat16, IsAtMostA256thOffAndNeverMovesTwice) {
  Random random(1);
  for (int i = 0; i < 10'000; ++i) {
    const auto value = static_cast<float>((random.uniform() - 0.5) * std::exp2(200 * random.uniform() - 100));
    const float rounded = round_to_bfloat16(value);
    EXPECT_LE(std::abs(rounded - value), std::abs(value) / 256);
    EXPECT_EQ(round_to_bfloat16(rounded), rounded);
  }
}

TEST(Bfloat16, KeepsWhatIsNoNumberAndWhatHasNoEnd) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(round_to_bfloat16(infinity), infinity);
  EXPECT_EQ(round_to_bfloat16(-infinity), -infinity);
  EXPECT_EQ(round_to_bfloat16(std::numeric_limits<float>::max()), infinity);
  EXPECT_TRUE(std::isnan(round_to_bfloat16(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_TRUE(std::isnan(round_to_bfloat16(std::bit_cast<float>(0x7FFFFFFFU))));
  EXPECT_TRUE(std::isnan(round_to_bfloat16(std::bit_cast<float>(0x7F800001U))));
}

}  // namespace
}  // namespace sluice
