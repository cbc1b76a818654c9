#include "sluice/admin/api_json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::admin {
namespace {

std::string refusal(std::string_view text) {
  const auto order = parse_drain_order(text);
  return order ? "accepted" : order.error().message;
}

TEST(ApiJson, AnEmptyOrderIsAboutTheProcess) {
  for (const char* text : {"", " \n", "{}", " { } "}) {
    const auto order = parse_drain_order(text);
    ASSERT_TRUE(order) << text;
    EXPECT_EQ(order->route, "");
    EXPECT_FALSE(order->undo);
  }
}

TEST(ApiJson, AnOrderNamesARouteAndPerhapsMore) {
  const auto order =
      parse_drain_order(R"({"route": "fraud", "version": "v1", "endpoint": "127.0.0.1:9001", "undo": true})");
  ASSERT_TRUE(order);
  EXPECT_EQ(order->route, "fraud");
  EXPECT_EQ(order->version, "v1");
  EXPECT_EQ(order->endpoint, "127.0.0.1:9001");
  EXPECT_TRUE(order->undo);
}

TEST(ApiJson, AnOrderThatIsNotUnderstoodIsNotGuessedAt) {
  for (const char* text : {"[]", "1", "null", "{", "{}{}", "\xff"}) {
    EXPECT_EQ(refusal(text), "the body is no JSON object") << text;
  }
  EXPECT_EQ(refusal(R"({"rout": "a"})"), "unknown field \"rout\"; there are route, version, endpoint and undo");
  EXPECT_EQ(refusal(R"({"undo": "yes"})"), "undo is true or false");
  EXPECT_EQ(refusal(R"({"route": 1})"), "route is a name in quotes");
  EXPECT_EQ(refusal(R"({"route": ""})"), "route is a name in quotes") << "an empty name must not mean the process";
  EXPECT_EQ(refusal(R"({"route": null})"), "route is a name in quotes");
  EXPECT_EQ(refusal(R"({"version": "v1"})"), "a version or an endpoint needs its route");
  EXPECT_EQ(refusal(R"({"endpoint": "a:1"})"), "a version or an endpoint needs its route");
}

TEST(ApiJson, DeepNestingIsRefusedWithoutHarm) {
  EXPECT_EQ(refusal(std::string(60'000, '[')), "the body is no JSON object");
  EXPECT_EQ(refusal(std::string(30'000, '[') + std::string(30'000, ']')), "the body is no JSON object");
}

TEST(ApiJson, ARouteSaysEverythingThatIsKnown) {
  VersionView version;
  version.version = "v1";
  version.role = "stable";
  version.target_weight = 0.75;
  version.p99 = std::chrono::milliseconds(40);
  version.endpoints.push_back({"127.0.0.1:9001", "ejected", 0, "5 errors in a row", 1.5,
                               WallTime(std::chrono::hours(1)), "passed: 200 in 3ms", 2, 1});
  const auto json = to_json(RouteView{"fraud", "canary", {version}});
  EXPECT_EQ(json["route"], "fraud");
  EXPECT_EQ(json["strategy"], "canary");
  const auto& shown = json["versions"][0];
  EXPECT_EQ(shown["targetWeight"], 0.75);
  EXPECT_EQ(shown["latency"]["p99"], 0.04);
  const auto& endpoint = shown["endpoints"][0];
  EXPECT_EQ(endpoint["stateSince"], "1970-01-01T01:00:00.000Z");
  EXPECT_EQ(endpoint["state"], "ejected");
  EXPECT_EQ(endpoint["reason"], "5 errors in a row");
  EXPECT_EQ(endpoint["inFlight"], 2);
}

TEST(ApiJson, ATextIsAlwaysUtf8) {
  ConfigView config;
  config.policy = "policies/\xff.yaml";
  EXPECT_TRUE(nlohmann::json::accept(text_of(to_json(config))));
}

}  // namespace
}  // namespace sluice::admin
