#include <gtest/gtest.h>

#include "sample_model/quantities.hpp"
#include "sample_model/url.hpp"

namespace sluice::sample_model {
namespace {

using namespace std::chrono_literals;

TEST(Quantities, PercentNeedsItsSignAndItsRange) {
  EXPECT_EQ(parse_percent("5%"), Ratio{0.05});
  EXPECT_EQ(parse_percent("100%"), Ratio{1});
  for (const auto* bad : {"", "5", "%", "101%", "-1%", "5 %", "nan%", "inf%", "1e1%", "5%%"}) {
    EXPECT_FALSE(parse_percent(bad)) << bad;
  }
}

TEST(Quantities, DurationNeedsItsUnitAndItsRange) {
  EXPECT_EQ(parse_duration("80ms"), Duration(80ms));
  EXPECT_EQ(parse_duration("1.5s"), Duration(1500ms));
  EXPECT_EQ(parse_duration("1m"), Duration(1min));
  for (const auto* bad : {"", "80", "ms", "-1s", "61m", "1h", "80 ms", "nans"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(Url, HostPortAndPathAreRead) {
  const auto url = parse_url("http://127.0.0.1:8080/base");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "127.0.0.1");
  EXPECT_EQ(url->port, 8080);
  EXPECT_EQ(url->path, "/base");
  EXPECT_EQ(parse_url("http://models")->port, 80);
  EXPECT_EQ(parse_url("http://[::1]:9/")->host, "::1");
  EXPECT_EQ(parse_url("http://[::1]:9/")->port, 9);
}

TEST(Url, WhatCannotBeAskedIsRefused) {
  for (const auto* bad :
       {"", "127.0.0.1:80", "https://a", "http://", "http://:80", "http://a:", "http://a:0", "http://a:65536",
        "http://a:8x", "http://u@a", "http://[::1", "http://[::1]x:3", "http://[]"}) {
    EXPECT_FALSE(parse_url(bad)) << bad;
  }
}

}  // namespace
}  // namespace sluice::sample_model
