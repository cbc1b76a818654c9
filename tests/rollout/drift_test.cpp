#include "sluice/rollout/drift.hpp"

#include <gtest/gtest.h>

namespace sluice::rollout {
namespace {

using namespace std::chrono_literals;

TEST(Drift, AWaveGoesUpFirstAndComesBack) {
  const auto wave = parse_drift("error-rate:±50%/24h");
  ASSERT_TRUE(wave) << wave.error().message;
  EXPECT_NEAR(wave->factor(0h), 1, 1e-12);
  EXPECT_NEAR(wave->factor(6h), 1.5, 1e-12);
  EXPECT_NEAR(wave->factor(18h), 0.5, 1e-12);
  EXPECT_NEAR(wave->factor(24h), 1, 1e-12);
}

TEST(Drift, ARampEndsAndStays) {
  const auto ramp = parse_drift("v2:click:x3/6h");
  ASSERT_TRUE(ramp) << ramp.error().message;
  EXPECT_EQ(ramp->version, "v2");
  EXPECT_EQ(ramp->metric, "click");
  EXPECT_NEAR(ramp->factor(3h), 2, 1e-12);
  EXPECT_NEAR(ramp->factor(7h), 3, 1e-12);
}

TEST(Drift, IsWrittenAsItIsRead) {
  for (const char* text : {"rate:±60%/1d", "v2:latency:x1.5/2h", "click:x0/30m"}) {
    const auto read = parse_drift(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(parse_drift(to_string(*read)).value(), *read) << to_string(*read);
  }
  EXPECT_EQ(parse_drift("rate:+-60%/24h").value(), parse_drift("rate:±60%/24h").value());
}

TEST(Drift, RefusesWhatMakesNoSense) {
  for (const char* text : {"", "rate", "rate:±60%", "rate:60%/24h", "rate:±160%/24h", "rate:x-1/24h", "rate:x2/0s",
                           ":x2/1h", "rate:x2/soon", "::x2/1h"}) {
    EXPECT_FALSE(parse_drift(text)) << text;
  }
}

TEST(Drift, ThoseOfAllAndOfOneVersionMultiply) {
  const std::vector<Drift> drifts{parse_drift("latency:x3/1h").value(), parse_drift("v2:latency:x2/1h").value(),
                                  parse_drift("v2:click:x9/1h").value()};
  EXPECT_NEAR(factor_of(drifts, "v1", "latency", 2h), 3, 1e-12);
  EXPECT_NEAR(factor_of(drifts, "v2", "latency", 2h), 6, 1e-12);
  EXPECT_NEAR(factor_of(drifts, "v1", "error-rate", 2h), 1, 1e-12);
}

}  // namespace
}  // namespace sluice::rollout
