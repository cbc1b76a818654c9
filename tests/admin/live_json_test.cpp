#include "sluice/admin/live_json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::admin {
namespace {

using namespace std::chrono_literals;

LiveView view() {
  LiveView live;
  EndpointView endpoint;
  endpoint.endpoint = "127.0.0.1:9001";
  endpoint.seconds_in_state = 12.5;
  endpoint.state_since = WallTime(1h);
  VersionView version;
  version.version = "v1";
  version.endpoints = {endpoint};
  live.routes = {{"fraud", "canary", {version}}, {"other", "canary", {}}};
  rollout::RolloutView rollout;
  rollout.route = "fraud";
  rollout.step_text = "pause 10m, 6m12s left";
  rollout.step_ends = WallTime(2h);
  live.rollouts = std::make_shared<const std::vector<rollout::RolloutView>>(1, rollout);
  VersionRates rates;
  rates.version = "v1";
  rates.rps = 91.23456;
  rates.success = 0.9981;
  rates.p99 = 40'123us;
  live.rates = {{"fraud", {rates}}};
  live.name = "default";
  live.started = WallTime(30min);
  return live;
}

TEST(LiveJson, RoutesStandUnderTheirNamesWithRatesBesideThem) {
  const auto json = to_json(view());
  EXPECT_EQ(json["routes"].size(), 2U);
  const auto& fraud = json["routes"]["fraud"];
  EXPECT_EQ(fraud["versions"][0]["version"], "v1");
  EXPECT_EQ(fraud["rates"]["v1"]["rps"], 91.23);
  EXPECT_EQ(fraud["rates"]["v1"]["p99"], 0.04012);
  EXPECT_TRUE(fraud["rates"]["v1"]["p50"].is_null());
  EXPECT_FALSE(json["routes"]["other"].contains("rates"));
  EXPECT_FALSE(json["routes"]["other"].contains("rollout"));
  EXPECT_EQ(json["gateway"]["name"], "default");
  EXPECT_EQ(json["gateway"]["started"], "1970-01-01T00:30:00.000Z");
}

TEST(LiveJson, NothingGrowsByItself) {
  const auto json = to_json(view());
  const auto& endpoint = json["routes"]["fraud"]["versions"][0]["endpoints"][0];
  EXPECT_FALSE(endpoint.contains("secondsInState"));
  EXPECT_EQ(endpoint["stateSince"], "1970-01-01T01:00:00.000Z");
  EXPECT_EQ(json["routes"]["fraud"]["rollout"]["stepText"], "pause 10m");
  EXPECT_EQ(json["routes"]["fraud"]["rollout"]["stepEnds"], "1970-01-01T02:00:00.000Z");
}

TEST(LiveJson, AStepThatDoesNotCountKeepsItsWords) {
  LiveView live = view();
  rollout::RolloutView rollout;
  rollout.route = "fraud";
  for (const char* text :
       {"", "setWeight 5", "25% of at most 50%", "2 of 3 instances replaced", "watch v2, all left"}) {
    rollout.step_text = text;
    live.rollouts = std::make_shared<const std::vector<rollout::RolloutView>>(1, rollout);
    const std::string shown = to_json(live)["routes"]["fraud"]["rollout"]["stepText"];
    EXPECT_EQ(shown, std::string(text) == "watch v2, all left" ? "watch v2" : text);
  }
}

}  // namespace
}  // namespace sluice::admin
