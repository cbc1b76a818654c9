#include "sluice/compare/number_compare.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "sluice/base/bfloat16.hpp"
#include "sluice/base/random.hpp"

namespace sluice::compare {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinite = std::numeric_limits<double>::infinity();

TEST(Numbers, AgreeWhenOneOfTheTolerancesSaysSo) {
  struct Case {
    double a;
    double b;
    Tolerance tolerance;
    bool agree;
  };
  const Case cases[] = {
      {1, 1, {}, true},
      {0.0, -0.0, {}, true},
      {1, std::nextafter(1, 2), {}, false},
      {100, 101, {0.01, 0, 0}, true},
      {100, 102, {0.01, 0, 0}, false},
      {-100, -101, {0.01, 0, 0}, true},
      {100, -100, {1.5, 0, 0}, false},
      {0, 1e-9, {0.5, 0, 0}, false},
      {0, 1e-9, {0, 1e-8, 0}, true},
      {5, 5.5, {0, 0.5, 0}, true},
      {5, 5.5, {0, 0.4, 0}, false},
      {5, 5.5, {0.1, 0.4, 0}, true},
      {kNan, kNan, {}, true},
      {kNan, 1, {10, 10, 10}, false},
      {kInfinite, kInfinite, {}, true},
      {kInfinite, -kInfinite, {10, 10, 10}, false},
      {kInfinite, 1e308, {10, 1e308, 4'000'000'000U}, false},
      {1.7e308, -1.7e308, {0.5, 1e308, 0}, false},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(agree(one.a, one.b, one.tolerance), one.agree) << one.a << " and " << one.b;
    EXPECT_EQ(agree(one.b, one.a, one.tolerance), one.agree) << one.b << " and " << one.a;
  }
}

TEST(Numbers, AreCountedInStepsOfTheirType) {
  EXPECT_EQ(steps_between(1, std::nextafter(1, 2), fp64), 1);
  EXPECT_EQ(steps_between(0, std::numeric_limits<double>::denorm_min(), fp64), 1);
  EXPECT_EQ(steps_between(-std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::denorm_min(), fp64),
            2);
  EXPECT_EQ(steps_between(1, static_cast<double>(std::nextafterf(1.0F, 2.0F)), fp32), 1);
  EXPECT_EQ(steps_between(1, 1 + 0x1p-10, fp16), 1);
  EXPECT_EQ(steps_between(1, 1 + 0x1p-7, bf16), 1);
  EXPECT_EQ(steps_between(1, 1 - 0x1p-11, fp16), 1);
  EXPECT_EQ(steps_between(0x1p-24, 0, fp16), 1);
  EXPECT_EQ(steps_between(1, 1 + 0x1p-13, fp16), 0);
  EXPECT_TRUE(agree(1, 1 + 3 * 0x1p-7, {0, 0, 3}, bf16));
  EXPECT_FALSE(agree(1, 1 + 4 * 0x1p-7, {0, 0, 3}, bf16));
  EXPECT_EQ(steps_between(-std::numeric_limits<double>::max(), std::numeric_limits<double>::max(), fp64),
            2 * 9218868437227405311.0);
}

TEST(Numbers, AgreeWhereTheirTypeHasThemAsOne) {
  EXPECT_TRUE(agree(0.1, 0.10000000149011612, {}, fp32));
  EXPECT_FALSE(agree(0.1, 0.10000000149011612, {}, fp64));
  EXPECT_FALSE(agree(0.1, 0.10000001, {}, fp32));
  EXPECT_TRUE(agree(0.1, 0.0999755859375, {}, fp16));
  EXPECT_FALSE(agree(0.1, 0.0999, {}, fp16));
  EXPECT_TRUE(agree(4e-8, 0x1p-24, {}, fp16));
  EXPECT_FALSE(agree(0, 0x1p-24, {}, fp16));
  EXPECT_TRUE(agree(1e-300, 2e-300, {}, bf16));
}

TEST(Numbers, AreAsManyStepsApartAsTheirBits) {
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    const auto bits = static_cast<std::uint32_t>(random.next()) & 0x7F7FFFFFU;
    const auto steps = static_cast<std::uint32_t>(random.below(1000));
    const double a = static_cast<double>(std::bit_cast<float>(bits));
    const double b = static_cast<double>(std::bit_cast<float>(bits + steps));
    if (!std::isfinite(a) || !std::isfinite(b)) continue;
    ASSERT_EQ(steps_between(a, b, fp32), steps) << a;
    const auto half = static_cast<std::uint16_t>(random.below(0x7800));
    const auto other = static_cast<std::uint16_t>(half + random.below(100));
    ASSERT_EQ(steps_between(static_cast<double>(from_float16(half)), static_cast<double>(from_float16(other)), fp16),
              other - half);
    const auto brain = static_cast<std::uint16_t>(random.below(0x7F00));
    ASSERT_EQ(steps_between(static_cast<double>(from_bfloat16(brain)),
                            static_cast<double>(from_bfloat16(static_cast<std::uint16_t>(brain + 7))), bf16),
              7);
  }
}

TEST(Numbers, OfHalfPrecisionMeanWhatTheStandardSays) {
  EXPECT_EQ(from_float16(0x3C00), 1.0F);
  EXPECT_EQ(from_float16(0xC000), -2.0F);
  EXPECT_EQ(from_float16(0x7BFF), 65504.0F);
  EXPECT_EQ(from_float16(0x0400), 0x1p-14F);
  EXPECT_EQ(from_float16(0x0001), 0x1p-24F);
  EXPECT_EQ(from_float16(0x03FF), 1023 * 0x1p-24F);
  EXPECT_EQ(from_float16(0x8000), 0.0F);
  EXPECT_TRUE(std::isinf(from_float16(0x7C00)));
  EXPECT_TRUE(std::isnan(from_float16(0x7E00)));
}

TEST(Numbers, DifferByAShareOfTheLarger) {
  EXPECT_DOUBLE_EQ(relative_difference(100, 90), 0.1);
  EXPECT_DOUBLE_EQ(relative_difference(-1, 1), 2);
  EXPECT_DOUBLE_EQ(relative_difference(1e308, -1e308), 2);
  EXPECT_EQ(relative_difference(0, 0), 0);
  EXPECT_EQ(relative_difference(kNan, kNan), 0);
  EXPECT_EQ(relative_difference(kNan, 3), 2);
  EXPECT_EQ(finite_difference(1.7e308, -1.7e308), 0);
  EXPECT_EQ(finite_difference(3, 1), 2);
}

}  // namespace
}  // namespace sluice::compare
