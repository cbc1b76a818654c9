#include "sluice/metrics/exporter.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>
#include <string>

#include "metrics/promtool.hpp"

namespace sluice::metrics {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// Value by series as printed: `name{labels}`.
std::map<std::string, double> series_of(const std::string& text) {
  std::map<std::string, double> series;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t space = line.rfind(' ');
    const bool fresh = series.emplace(line.substr(0, space), std::strtod(line.c_str() + space, nullptr)).second;
    EXPECT_TRUE(fresh) << "twice: " << line;
  }
  return series;
}

class ExporterTest : public ::testing::Test {
 protected:
  ExporterTest() {
    slots_ = registry_.configure(
        {{"fraud", "canary", {{"v1", "stable", 0.75, 2}, {"v2", "candidate", 0.25, 1}, {"v3", "shadow", 0, 1}}}});
    registry_.set_build_info({"0.1.0", "abc", "gcc \"12\""});
  }

  VersionCounters& version(std::size_t index, std::size_t worker = 0) {
    return registry_.version(worker, slots_[0].versions[index]);
  }
  std::map<std::string, double> scrape() { return series_of(Exporter(registry_).text()); }

  Registry registry_{2};
  std::vector<RouteSlots> slots_;
};

TEST_F(ExporterTest, EveryFamilyOfTheContractIsThereAtZero) {
  auto series = scrape();
  const std::string v1 = R"({route="fraud",version="v1")";
  for (const std::string& name :
       {R"(sluice_requests_total)" + v1 + R"(,code="200"})",
        R"(sluice_request_duration_seconds_count)" + v1 + "}",
        "sluice_upstream_duration_seconds_count" + v1 + "}",
        "sluice_time_to_first_byte_seconds_count" + v1 + "}",
        "sluice_pool_wait_seconds_count" + v1 + "}",
        "sluice_requests_in_flight" + v1 + "}",
        "sluice_streams_open" + v1 + "}",
        "sluice_request_failures_total" + v1 + R"(,reason="connect_failed"})",
        "sluice_decisions_total" + v1 + R"(,reason="bandit"})",
        "sluice_observed_weight_ratio" + v1 + "}",
        "sluice_retries_total" + v1 + "}",
        "sluice_endpoints" + v1 + R"(,state="ejected"})",
        "sluice_endpoint_connections" + v1 + R"(,state="idle"})",
        std::string(R"(sluice_overhead_seconds_count{route="fraud"})"),
        std::string(R"(sluice_requests_total{route="",version="",code="404"})"),
        std::string(R"(sluice_shadow_requests_total{route="fraud",version="v3",code="200"})"),
        std::string(R"(sluice_shadow_dropped_total{route="fraud",version="v3",reason="rate"})"),
        std::string(R"(sluice_shadow_duration_seconds_count{route="fraud",version="v3"})"),
        std::string("sluice_config_generation"),
        std::string("sluice_connections_open")}) {
    ASSERT_EQ(series.count(name), 1U) << name;
    EXPECT_EQ(series[name], 0) << name;
  }
  EXPECT_EQ(series[R"(sluice_target_weight_ratio{route="fraud",version="v1"})"], 0.75);
  EXPECT_EQ(series[R"(sluice_version_info{route="fraud",version="v2",role="candidate",strategy="canary"})"], 1);
  EXPECT_EQ(series[R"(sluice_endpoints{route="fraud",version="v1",state="admitted"})"], 2);
  EXPECT_EQ(series["sluice_config_last_reload_successful"], 1);
  EXPECT_EQ(series[R"(sluice_build_info{version="0.1.0",revision="abc",compiler="gcc \"12\""})"], 1);
  EXPECT_GT(series["process_resident_memory_bytes"], 0);
}

TEST_F(ExporterTest, WhoWaitsIsToldByTheLimitTheyWaitAt) {
  registry_.gateway(0).waiting.add(3);
  registry_.gateway(1).waiting.add(1);
  registry_.route(1, slots_[0].route).waiting.add(2);
  registry_.route(1, slots_[0].route).queue_wait.record(milliseconds(3));
  version(1).waiting.add(5);
  auto series = scrape();
  EXPECT_EQ(series.at(R"(sluice_requests_waiting{route="",version=""})"), 4);
  EXPECT_EQ(series.at(R"(sluice_requests_waiting{route="fraud",version=""})"), 2);
  EXPECT_EQ(series.at(R"(sluice_requests_waiting{route="fraud",version="v1"})"), 0);
  EXPECT_EQ(series.at(R"(sluice_requests_waiting{route="fraud",version="v2"})"), 5);
  EXPECT_EQ(series.at(R"(sluice_queue_wait_seconds_count{route="fraud"})"), 1);
}

TEST_F(ExporterTest, OnlyVersionsWithAnAdaptiveLimitHaveOne) {
  const std::string v2 = R"(sluice_concurrency_limit{route="fraud",version="v2"})";
  EXPECT_EQ(scrape().count(v2), 0u);
  version(1, 0).concurrency_limit.set(12);
  version(1, 1).concurrency_limit.set(9);
  EXPECT_EQ(scrape().at(v2), 21) << "of both workers";
  EXPECT_EQ(scrape().count(R"(sluice_concurrency_limit{route="fraud",version="v1"})"), 0u);
}

TEST_F(ExporterTest, LiveVersionsCarryNoShadowFamilies) {
  const auto series = scrape();
  EXPECT_EQ(series.count(R"(sluice_shadow_duration_seconds_count{route="fraud",version="v1"})"), 0U);
}

TEST_F(ExporterTest, NoShadowAnywhereMeansNoShadowFamily) {
  registry_.configure({{"fraud", "none", {{"v1", "stable", 1, 1}}}});
  EXPECT_EQ(Exporter(registry_).text().find("sluice_shadow"), std::string::npos);
}

TEST_F(ExporterTest, CountsAppearUnderTheirLabels) {
  version(1, 0).responses.add(200);
  version(1, 1).responses.add(200);
  version(1).responses.add(418);
  version(1).responses.add(999);
  version(1).failures[FailureReason::PoolTimeout].add(4);
  version(2).shadow_responses.add(500);
  version(2).shadow_dropped[ShadowDropReason::InFlight].add(2);
  registry_.gateway(1).refused.add(400);
  registry_.route(0, slots_[0].route).refused.add(413);

  auto series = scrape();
  EXPECT_EQ(series[R"(sluice_requests_total{route="fraud",version="v2",code="200"})"], 2);
  EXPECT_EQ(series[R"(sluice_requests_total{route="fraud",version="v2",code="418"})"], 1);
  EXPECT_EQ(series[R"(sluice_requests_total{route="fraud",version="v2",code="other"})"], 1);
  EXPECT_EQ(series[R"(sluice_requests_total{route="fraud",version="",code="413"})"], 1);
  EXPECT_EQ(series[R"(sluice_requests_total{route="",version="",code="400"})"], 1);
  EXPECT_EQ(series[R"(sluice_request_failures_total{route="fraud",version="v2",reason="pool_timeout"})"], 4);
  EXPECT_EQ(series[R"(sluice_shadow_requests_total{route="fraud",version="v3",code="500"})"], 1);
  EXPECT_EQ(series[R"(sluice_shadow_dropped_total{route="fraud",version="v3",reason="in_flight"})"], 2);
}

TEST_F(ExporterTest, RequestsThatLiveAnswersTwiceAreInAFamilyOfTheirOwn) {
  version(0, 0).shadow_twins[TwinResult::Answered].add(2);
  version(0, 1).shadow_twins[TwinResult::Answered].add();
  auto series = scrape();
  EXPECT_EQ(series[R"(sluice_shadow_twins_total{route="fraud",version="v1",result="answered"})"], 3)
      << "of all workers";
  EXPECT_EQ(series.count(R"(sluice_shadow_twins_total{route="fraud",version="v1",result="skipped"})"), 1U);
  EXPECT_EQ(series.count(R"(sluice_shadow_twins_total{route="fraud",version="v2",result="answered"})"), 0U);
  EXPECT_EQ(series.count(R"(sluice_shadow_requests_total{route="fraud",version="v1",code="200"})"), 0U);
}

TEST_F(ExporterTest, WhatBefellEndpointsAndFurtherAttemptsHasItsSeries) {
  SupervisionCounters& endpoints = registry_.supervision(slots_[0].versions[1]);
  endpoints.ejections[EjectionReason::SuccessRate].add(2);
  endpoints.checks_failed.add(3);
  endpoints.check_duration.record(milliseconds(4));
  endpoints.warm_ups_answered.add(5);
  version(1).fallbacks[FailureReason::ServerError].add(6);
  version(1, 0).retried.add(7);
  version(1, 1).retries_denied.add(8);
  version(1).hedges.add(9);
  version(1).hedges_won.add(1);
  registry_.set_endpoints(slots_[0].versions[1], {0, 0, 0, 0, 1}, true);
  auto series = scrape();
  const std::string v2 = R"({route="fraud",version="v2")";
  EXPECT_EQ(series["sluice_endpoint_ejections_total" + v2 + R"(,reason="success_rate"})"], 2);
  EXPECT_EQ(series["sluice_health_checks_total" + v2 + R"(,result="failed"})"], 3);
  EXPECT_EQ(series["sluice_health_check_duration_seconds_count" + v2 + "}"], 1);
  EXPECT_EQ(series["sluice_warm_up_requests_total" + v2 + R"(,result="answered"})"], 5);
  EXPECT_EQ(series["sluice_fallbacks_total" + v2 + R"(,reason="server_error"})"], 6);
  EXPECT_EQ(series["sluice_retried_requests_total" + v2 + "}"], 7);
  EXPECT_EQ(series["sluice_retries_denied_total" + v2 + "}"], 8);
  EXPECT_EQ(series["sluice_hedges_total" + v2 + "}"], 9);
  EXPECT_EQ(series["sluice_hedges_won_total" + v2 + "}"], 1);
  EXPECT_EQ(series["sluice_version_panic" + v2 + "}"], 1);
  EXPECT_EQ(series["sluice_endpoints" + v2 + R"(,state="ejected"})"], 1);
  EXPECT_EQ(series["sluice_endpoints" + v2 + R"(,state="admitted"})"], 0);
}

TEST_F(ExporterTest, OnlyWhatCanHappenToAVersionIsThereAtZero) {
  const auto series = scrape();
  const std::string v1 = R"({route="fraud",version="v1",reason=)";
  EXPECT_EQ(series.count("sluice_fallbacks_total" + v1 + R"("server_error"})"), 1U);
  EXPECT_EQ(series.count("sluice_fallbacks_total" + v1 + R"("response_timeout"})"), 1U);
  EXPECT_EQ(series.count("sluice_fallbacks_total" + v1 + R"("client_abort"})"), 0U);
  EXPECT_EQ(series.count("sluice_request_failures_total" + v1 + R"("server_error"})"), 0U)
      << "an endpoint's 5xx that reaches the client is its answer";
}

TEST_F(ExporterTest, BucketsCountExactlyWhatIsAtMostTheirBound) {
  AtomicHistogram& durations = version(0).request_duration;
  durations.record(milliseconds(100));  // le means at most
  durations.record(milliseconds(100) + Duration(1));
  durations.record(milliseconds(99));
  durations.record(std::chrono::seconds(301));
  auto series = scrape();
  const auto bucket = [&](const char* le) {
    return series[R"(sluice_request_duration_seconds_bucket{route="fraud",version="v1",le=")" + std::string(le) +
                  "\"}"];
  };
  EXPECT_EQ(bucket("0.075"), 0);
  EXPECT_EQ(bucket("0.1"), 2);
  EXPECT_EQ(bucket("0.25"), 3);
  EXPECT_EQ(bucket("300"), 3);
  EXPECT_EQ(bucket("+Inf"), 4);
  EXPECT_EQ(series[R"(sluice_request_duration_seconds_count{route="fraud",version="v1"})"], 4);
  EXPECT_NEAR(series[R"(sluice_request_duration_seconds_sum{route="fraud",version="v1"})"], 301.299, 1e-6);
}

TEST_F(ExporterTest, ExportsExactlyTheBucketsOfTheContract) {
  std::set<double> bounds;
  const std::string start = R"(sluice_request_duration_seconds_bucket{route="fraud",version="v1",le=")";
  for (const auto& [name, value] : scrape()) {
    if (name.starts_with(start) && name.find("Inf") == std::string::npos) {
      bounds.insert(std::strtod(name.c_str() + start.size(), nullptr));
    }
  }
  const std::set<double> expected = {.001, .0025, .005, .01, .025, .05, .075, .1, .25, .5,
                                     .75,  1,     2.5,  5,   7.5,  10,  30,   60, 120, 300};
  EXPECT_EQ(bounds, expected);
}

TEST_F(ExporterTest, OverheadHasBucketsBelowAMillisecond) {
  registry_.route(0, slots_[0].route).overhead.record(microseconds(20));
  auto series = scrape();
  EXPECT_EQ(series[R"(sluice_overhead_seconds_bucket{route="fraud",le="1e-05"})"], 0);
  EXPECT_EQ(series[R"(sluice_overhead_seconds_bucket{route="fraud",le="2.5e-05"})"], 1);
}

TEST_F(ExporterTest, NamesWithQuotesAndLineEndsStayLabels) {
  registry_.configure({{"a\"b\\c\nd", "none", {{"v", "stable", 1, 1}}}});
  const auto series = scrape();
  EXPECT_EQ(series.count(R"(sluice_requests_in_flight{route="a\"b\\c\nd",version="v"})"), 1U);
}

TEST_F(ExporterTest, PrometheusToolAcceptsThePage) {
  for (std::size_t i = 0; i < 3; ++i) {
    version(i).responses.add(200);
    version(i).request_duration.record(milliseconds(7));
    version(i).shadow_duration.record(milliseconds(7));
  }
  expect_promtool_accepts(Exporter(registry_).text());
}

}  // namespace
}  // namespace sluice::metrics
