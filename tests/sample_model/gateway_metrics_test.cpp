#include "sample_model/gateway_metrics.hpp"

#include <gtest/gtest.h>

#include <random>

namespace sluice::sample_model {
namespace {

constexpr std::string_view page = R"(# HELP sluice_requests_total answered
# TYPE sluice_requests_total counter
sluice_requests_total{route="digits",version="v1",code="200"} 70
sluice_requests_total{route="digits",version="v1",code="500"} 2
sluice_requests_total{route="other",version="v1",code="200"} 1000
sluice_requests_total{route="digits",version="",code="404"} 3
sluice_request_duration_seconds_bucket{route="digits",version="v1",le="0.001"} 36
sluice_request_duration_seconds_bucket{route="digits",version="v1",le="0.0025"} 72
sluice_request_duration_seconds_bucket{route="digits",version="v1",le="+Inf"} 72
sluice_request_duration_seconds_sum{route="digits",version="v1"} 0.072
sluice_request_duration_seconds_count{route="digits",version="v1"} 72
sluice_requests_in_flight{route="digits",version="v1"} 9
process_cpu_seconds_total 4
)";

TEST(GatewayMetrics, CountsAreSummedPerVersionOfOneRoute) {
  const auto metrics = parse_gateway_metrics(page, "digits");
  EXPECT_EQ(metrics.at("v1").requests, 72);
  EXPECT_EQ(metrics.at("").requests, 3);
  EXPECT_EQ(parse_gateway_metrics(page).at("v1").requests, 1072);
}

TEST(GatewayMetrics, QuantilesAreInterpolatedInTheirBucket) {
  const auto v1 = parse_gateway_metrics(page, "digits").at("v1");
  EXPECT_DOUBLE_EQ(*v1.quantile(0.5), 0.001);
  EXPECT_NEAR(*v1.quantile(0.75), 0.00175, 1e-9);
  EXPECT_DOUBLE_EQ(*v1.quantile(1.0), 0.0025);
  EXPECT_DOUBLE_EQ(*v1.mean(), 0.001);
  EXPECT_FALSE(VersionMetrics().quantile(0.5));
  EXPECT_FALSE(VersionMetrics().mean());
}

TEST(GatewayMetrics, TheLastBucketIsAnsweredWithItsLowerBound) {
  VersionMetrics slow;
  slow.timed = 10;
  slow.buckets = {{1.0, 2}, {std::numeric_limits<double>::infinity(), 10}};
  EXPECT_DOUBLE_EQ(*slow.quantile(0.9), 1.0);
}

TEST(GatewayMetrics, ADifferenceIsWhatHappenedBetweenTwoScrapes) {
  const auto metrics = parse_gateway_metrics(page, "digits");
  const auto none = difference(metrics, metrics);
  EXPECT_EQ(none.at("v1").requests, 0);
  EXPECT_FALSE(none.at("v1").quantile(0.5));
  EXPECT_EQ(difference(metrics, {}).at("v1").timed, 72);
}

TEST(GatewayMetrics, EscapesInLabelsAreUndone) {
  const auto metrics = parse_gateway_metrics("sluice_requests_total{version=\"a\\\"b\\\\c\\n\",route=\"r\"} 1\n");
  EXPECT_EQ(metrics.at("a\"b\\c\n").requests, 1);
}

TEST(GatewayMetrics, NoBytesCrashTheReader) {
  std::mt19937 random(3);
  for (int round = 0; round < 5000; ++round) {
    std::string text(page);
    for (int change = 0; change < 6; ++change) text[random() % text.size()] = static_cast<char>(random());
    (void)parse_gateway_metrics(text.substr(random() % text.size()));
  }
}

}  // namespace
}  // namespace sluice::sample_model
