#include "sluice/policy/scalars.hpp"

#include <gtest/gtest.h>

namespace sluice::policy {
namespace {

using namespace std::chrono_literals;

TEST(Durations, NeedAUnit) {
  EXPECT_EQ(parse_duration("250ms"), Duration(250ms));
  EXPECT_EQ(parse_duration("1.5s"), Duration(1500ms));
  EXPECT_EQ(parse_duration("10m"), Duration(10min));
  EXPECT_EQ(parse_duration("2h"), Duration(2h));
  EXPECT_EQ(parse_duration("7d"), Duration(168h));
  EXPECT_EQ(parse_duration("1h30m"), Duration(90min));
  EXPECT_EQ(parse_duration("0s"), Duration(0));
  for (const char* bad : {"", "30", "s", "1 s", "1S", "-1s", "+1s", "1sec", "1us", "1s1", "1.s.", "1e3s", "infs",
                          "nans", "0x1s", "99999999999999999999s", "1h ", " 1h", "36526d"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(Durations, AreWrittenAsTheyAreRead) {
  for (const char* text : {"0s", "1ms", "250ms", "1s", "1s500ms", "1h30m", "7d", "1d1h1m1s1ms"}) {
    const auto value = parse_duration(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(format_duration(*value), text);
  }
  EXPECT_EQ(format_duration(1500us), "1ms");
  EXPECT_EQ(format_duration(500us), "0.5ms");
}

TEST(Sizes, NeedAUnit) {
  EXPECT_EQ(parse_bytes("512B"), Bytes{512});
  EXPECT_EQ(parse_bytes("60KiB"), 60_KiB);
  EXPECT_EQ(parse_bytes("64MiB"), 64_MiB);
  EXPECT_EQ(parse_bytes("1TiB"), Bytes{1ULL << 40});
  EXPECT_EQ(parse_bytes("18446744073709551615B"), Bytes{UINT64_MAX});
  for (const char* bad : {"", "1", "KiB", "1KB", "1k", "1.5KiB", "-1B", "01B", "1 B", "18446744073709551615KiB",
                          "18446744073709551616B"}) {
    EXPECT_FALSE(parse_bytes(bad)) << bad;
  }
  EXPECT_EQ(format_bytes(60_KiB), "60KiB");
  EXPECT_EQ(format_bytes(Bytes{1025}), "1025B");
  EXPECT_EQ(format_bytes(Bytes{0}), "0B");
}

TEST(Shares, NeedTheirSign) {
  EXPECT_EQ(parse_ratio("20%"), 20_pct);
  EXPECT_DOUBLE_EQ(parse_ratio("0.5%")->fraction, 0.005);
  EXPECT_DOUBLE_EQ(parse_ratio("-3%")->fraction, -0.03);
  for (const char* bad : {"", "20", "%", "20 %", "%20", "1e999%", "20%%", "twenty%"}) {
    EXPECT_FALSE(parse_ratio(bad)) << bad;
  }
  for (const char* text : {"0%", "0.5%", "7%", "29%", "99.999%", "100%"}) {
    EXPECT_EQ(format_ratio(*parse_ratio(text)), text);
  }
}

TEST(Numbers, AreDecimalAndFinite) {
  EXPECT_EQ(parse_integer("0"), 0U);
  EXPECT_EQ(parse_integer("18446744073709551615"), UINT64_MAX);
  for (const char* bad : {"", "00", "0777", "0x10", "1_000", "1.0", "-1", "+1", " 1", "18446744073709551616"}) {
    EXPECT_FALSE(parse_integer(bad)) << bad;
  }
  EXPECT_DOUBLE_EQ(*parse_number("-0.5"), -0.5);
  EXPECT_DOUBLE_EQ(*parse_number("1e-3"), 0.001);
  for (const char* bad : {"", "-", ".5", "inf", "nan", ".inf", "1e999", "0x1p3", "1,5", "1 "}) {
    EXPECT_FALSE(parse_number(bad)) << bad;
  }
}

}  // namespace
}  // namespace sluice::policy
