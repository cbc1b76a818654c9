#include "sluice/cli/status_summary.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

using Status = nlohmann::ordered_json;

Status two_routes() {
  return Status::parse(R"({
    "config": {"build": "0.1.0", "generation": 7, "hash": "4f1c2aab00000000"},
    "drain": {"phase": "serving", "openConnections": 12, "requestsInFlight": 9},
    "routes": [
      {"route": "fraud", "strategy": "canary", "versions": [
         {"version": "v1", "targetWeight": 0.75, "answered": 900, "failed": 0, "latency": {"p99": 0.04},
          "endpoints": [{"share": 1}, {"share": 0}]},
         {"version": "v2", "targetWeight": 0.25, "answered": 300, "failed": 0, "latency": {"p99": 0.055}},
         {"version": "v0", "targetWeight": 0, "answered": 10, "failed": 10, "latency": {"p99": 1}}],
       "rollout": {"serving": "Healthy", "phase": "Paused", "reason": "AwaitingPromotion", "step": 4, "steps": 5,
         "stepText": "pause until promote",
         "versions": [{"version": "v1", "requests": 90, "failures": 0}, {"version": "v2", "requests": 30, "failures": 3}],
         "events": [{"time": "2026-11-22T09:51:07.042Z", "kind": "Advanced", "text": "v2 to 25%"}]}},
      {"route": "plain", "strategy": "none", "versions": [{"version": "only", "targetWeight": 1}]}]})");
}

TEST(StatusSummary, HasOneLinePerRoute) {
  EXPECT_EQ(
      summary_as_text(two_routes(), {}),
      "Gateway: 0.1.0   policy generation 7 (sha 4f1c2aab)   serving   12 connections, 9 requests in flight\n"
      "\n"
      "ROUTE  STRATEGY  SERVING  PHASE                     STEP  SPLIT          SUCCESS      P99        ENDPOINTS  "
      "LAST "
      "EVENT (UTC)\n"
      "fraud  canary    Healthy  Paused/AwaitingPromotion  4/5   v1=75% v2=25%  100% 90.00%  40ms 55ms        1/2  "
      "11-22 "
      "09:51 Advanced: v2 to 25%\n"
      "plain  none                                               only=100%      -            -                0/0\n"
      "\n"
      "All about one of them: sluice status ROUTE\n");
}

TEST(StatusSummary, MarksWhatItSaysAndKeepsItsColumns) {
  const std::string text = summary_as_text(two_routes(), {.colour = false, .unicode = true});
  EXPECT_NE(text.find("✔ Healthy  ॥ Paused/AwaitingPromotion  4/5"), std::string::npos) << text;
  EXPECT_NE(text.find("SERVING    PHASE                       STEP"), std::string::npos) << text;
  EXPECT_NE(summary_as_text(two_routes(), {.colour = true}).find("\033[32mHealthy\033[0m"), std::string::npos);
}

TEST(StatusSummary, SaysWhoGetsCopiesAndHowManyMoreThereAre) {
  Status status = two_routes();
  Status& route = status["routes"][0];
  route["rollout"]["versions"] = Status::parse(R"([{"version": "v0", "mirrored": 0.5}])");
  EXPECT_NE(summary_as_text(status, {}).find("v1=75% v2=25% v0=50%(copies) "), std::string::npos);
  for (int i = 3; i < 6; ++i) {
    route["versions"].push_back({{"version", "v" + std::to_string(i)}, {"targetWeight", 0.01}});
  }
  EXPECT_NE(summary_as_text(status, {}).find("v0=50%(copies) +3 "), std::string::npos);
}

TEST(StatusSummary, StagesCountTheirStepsAndAPersonsPauseIsSaid) {
  Status status = two_routes();
  Status& rollout = status["routes"][0]["rollout"];
  rollout["stage"] = 1;
  rollout["stages"] = 3;
  rollout["pausedByPerson"] = true;
  const std::string text = summary_as_text(status, {});
  EXPECT_NE(text.find("Paused/PausedByPerson  stage 1/3, 4/5 "), std::string::npos) << text;
}

TEST(StatusSummary, CutsALongEventBetweenTwoCharacters) {
  Status status = two_routes();
  std::string words;
  for (int i = 0; i < 100; ++i) words += "ü";
  status["routes"][0]["rollout"]["events"][0]["text"] = words;
  const std::string text = summary_as_text(status, {});
  EXPECT_NE(text.find("Advanced: " + words.substr(0, 120) + "...\n"), std::string::npos) << text;
}

TEST(StatusSummary, WhatIsMissingOrOfAnotherTypeShowsAsEmpty) {
  EXPECT_NE(summary_as_text(Status::object(), {}).find("No routes."), std::string::npos);
  const Status odd = Status::parse(R"({"routes": [{"route": 3, "versions": [{"targetWeight": 1}], "rollout": []}]})");
  EXPECT_NE(summary_as_text(odd, {}).find("=100%"), std::string::npos);
}

}  // namespace
}  // namespace sluice::cli
