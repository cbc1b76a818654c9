#include "sluice/cli/status_output.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;

Json status() {
  return Json::parse(R"({
    "config": {"build": "0.1.0", "generation": 7, "hash": "4f1c2aab00000000", "lastReloadSuccessful": true},
    "drain": {"phase": "serving", "openConnections": 12, "requestsInFlight": 9},
    "routes": [{"route": "fraud", "strategy": "canary", "versions": [
      {"version": "v1", "role": "stable", "targetWeight": 0.75, "observedWeight": 0.748, "observedDecisions": 18204,
       "answered": 18204, "failed": 4, "inFlight": 7, "latency": {"p50": 0.008, "p95": 0.021, "p99": 0.04},
       "endpoints": [
         {"endpoint": "127.0.0.1:9001", "state": "admitted", "share": 1, "reason": "", "secondsInState": 200,
          "lastCheck": "passed: 200 in 3ms", "inFlight": 7, "ejections": 0},
         {"endpoint": "127.0.0.1:9002", "state": "ejected", "share": 0, "reason": "5 errors in a row",
          "secondsInState": 12, "lastCheck": "", "inFlight": 0, "ejections": 1}]},
      {"version": "v2", "role": "candidate", "targetWeight": 0.25, "observedWeight": 0, "observedDecisions": 0,
       "answered": 0, "failed": 0, "inFlight": 0, "latency": {"p50": 0, "p95": 0, "p99": 0}, "endpoints": []}]}]})");
}

TEST(StatusOutput, ShowsVersionsAndTheirEndpoints) {
  EXPECT_EQ(
      status_as_text(status(), false),
      "Gateway: 0.1.0   policy generation 7 (4f1c2aab)   serving   12 connections, 9 requests in flight\n"
      "\n"
      "Route: fraud    Strategy: canary\n"
      "VERSION  ROLE       TARGET     OBSERVED(n)  ANSWERED  SUCCESS    P50   P95   P99  IN-FLIGHT  ENDPOINTS\n"
      "v1       stable        75%  74.8% (18 204)    18 204   99.97%  8.0ms  21ms  40ms          7        1/2\n"
      "v2       candidate     25%               -         0               0     0     0          0        0/0\n"
      "ENDPOINT        VERSION  STATE     SHARE  IN-FLIGHT  EJECTIONS    FOR  LAST CHECK          REASON\n"
      "127.0.0.1:9001  v1       admitted   100%          7          0  3m20s  passed: 200 in 3ms\n"
      "127.0.0.1:9002  v1       ejected      0%          0          1    12s                      5 errors in a row\n");
}

TEST(StatusOutput, AFailureIsNeverRoundedAway) {
  Json one = status();
  one["routes"][0]["versions"][0]["answered"] = 1000000;
  one["routes"][0]["versions"][0]["failed"] = 1;
  EXPECT_NE(status_as_text(one, false).find(" 99.99% "), std::string::npos);
  one["routes"][0]["versions"][0]["failed"] = 0;
  EXPECT_NE(status_as_text(one, false).find(" 100% "), std::string::npos);
}

TEST(StatusOutput, ARefusedReloadIsSaidFirst) {
  Json refused = status();
  refused["config"]["lastReloadSuccessful"] = false;
  refused["config"]["lastReloadError"] = "policy.yaml:3:1: error";
  const std::string text = status_as_text(refused, false);
  EXPECT_EQ(text.find("The last reload was refused: policy.yaml:3:1: error\n"), text.find('\n') + 1);
}

TEST(StatusOutput, ColourMarksStates) {
  const std::string text = status_as_text(status(), true);
  EXPECT_NE(text.find("\033[32madmitted\033[0m"), std::string::npos);
  EXPECT_NE(text.find("\033[1;31mejected\033[0m"), std::string::npos);
  EXPECT_EQ(status_as_text(status(), false).find('\033'), std::string::npos);
}

TEST(StatusOutput, WhatIsMissingOrOfAnotherTypeShowsAsEmpty) {
  EXPECT_FALSE(status_as_text(Json::object(), false).empty());
  const Json odd = Json::parse(
      R"({"config": [], "drain": 3, "routes": [{"versions": [{"endpoints": [{"endpoint": 1, "share": "x"}]}]}]})");
  EXPECT_NE(status_as_text(odd, false).find("0/1"), std::string::npos);
}

}  // namespace
}  // namespace sluice::cli
