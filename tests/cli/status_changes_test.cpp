#include "sluice/cli/status_changes.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson watched() {
  return OrderedJson::parse(R"({
    "time": 1790000000.9,
    "config": {"generation": 7, "hash": "4f1c2aab00000000", "lastReloadSuccessful": true},
    "drain": {"phase": "serving"},
    "routes": [{"route": "fraud", "versions": [
        {"version": "v1", "targetWeight": 0.75, "answered": 10, "endpoints": [{"share": 1}, {"share": 0}]},
        {"version": "v2", "targetWeight": 0.25, "endpoints": [{"share": 1}]}],
      "rollout": {"phase": "Paused", "reason": "AwaitingTime", "step": 3, "steps": 6, "serving": "Healthy",
                  "stepText": "pause 10m, 6m12s left"}}]})");
}

TEST(StatusChanges, BeginWithEverything) {
  EXPECT_EQ(status_changes(watched(), nullptr),
            (std::vector<std::string>{
                "2026-09-21 14:13:20  gateway serving, policy generation 7 (sha 4f1c2aab)",
                "2026-09-21 14:13:20  fraud  Paused/AwaitingTime  step 3/6 (pause 10m)  v1=75% v2=25%  Healthy  "
                "endpoints 2/3"}));
}

TEST(StatusChanges, WhatOnlyGoesOnIsNone) {
  const OrderedJson before = watched();
  OrderedJson later = watched();
  later["time"] = 1790000060;
  later["routes"][0]["rollout"]["stepText"] = "pause 10m, 5m12s left";
  later["routes"][0]["versions"][0]["answered"] = 1000;
  EXPECT_TRUE(status_changes(later, &before).empty());
}

TEST(StatusChanges, EachHasItsLine) {
  const OrderedJson before = watched();
  const auto lines = [&](const char* pointer, const OrderedJson& value) {
    OrderedJson later = watched();
    later[OrderedJson::json_pointer(pointer)] = value;
    return status_changes(later, &before).size();
  };
  EXPECT_EQ(lines("/routes/0/rollout/phase", "Promoted"), 1U);
  EXPECT_EQ(lines("/routes/0/rollout/reason", "AwaitingPromotion"), 1U);
  EXPECT_EQ(lines("/routes/0/rollout/step", 4), 1U);
  EXPECT_EQ(lines("/routes/0/rollout/serving", "Degraded"), 1U);
  EXPECT_EQ(lines("/routes/0/versions/1/targetWeight", 0.5), 1U);
  EXPECT_EQ(lines("/routes/0/versions/1/endpoints/0/share", 0), 1U);
  EXPECT_EQ(lines("/config/generation", 8), 1U);
  EXPECT_EQ(lines("/drain/phase", "announced"), 1U);
}

TEST(StatusChanges, ARefusedReloadAndARouteThatIsGoneAreSaid) {
  const OrderedJson before = watched();
  OrderedJson later = watched();
  later["config"]["lastReloadSuccessful"] = false;
  later["config"]["lastReloadError"] = "policy.yaml:3:1: error";
  later["routes"] = OrderedJson::array();
  EXPECT_EQ(
      status_changes(later, &before),
      (std::vector<std::string>{"2026-09-21 14:13:20  gateway serving, policy generation 7 (sha 4f1c2aab), the last "
                                "reload was refused: policy.yaml:3:1: error",
                                "2026-09-21 14:13:20  fraud  gone"}));
}

TEST(StatusChanges, OfStagesSayWhichOne) {
  OrderedJson staged = watched();
  staged["routes"][0]["rollout"]["stage"] = 1;
  staged["routes"][0]["rollout"]["stages"] = 3;
  EXPECT_NE(status_changes(staged, nullptr)[1].find("  stage 1/3, 3/6 (pause 10m)  "), std::string::npos);
}

}  // namespace
}  // namespace sluice::cli
