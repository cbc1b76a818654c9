#include "sluice/cli/pairs_output.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sluice/cli/terminal.hpp"

namespace sluice::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson shadow_json() {
  return OrderedJson::parse(R"({
    "pairs": [{"version": "v2", "pairs": 1204, "compared": 1150, "disagreements": 5, "disagreement": 0.004,
               "interval": {"lower": 0.001, "upper": 0.009}, "twins": 30, "noiseKnown": true, "noisyFields": 1,
               "worstField": "/outputs/score", "worstFieldPairs": 5, "rows": 2300, "flips": 3,
               "segments": [{"name": "mobile", "pairs": 120, "disagreements": 3},
                            {"name": "tablet", "pairs": 20, "disagreements": 0}],
               "limit": 0.01, "pairsCertify": 360,
               "replays": [{"outcome": "click", "value": 0.05, "interval": {"lower": 0.045, "upper": 0.057},
                            "covered": 0.96, "served": 0.049, "ofAll": {"lower": 0.04, "upper": 0.09}}]}],
    "budgets": [{"name": "requests", "spent": 12000, "limit": 100000}, {"name": "bytes", "spent": 1342177280,
                 "limit": 5368709120}, {"name": "duration", "spent": 7200, "limit": 604800}]})");
}

TEST(PairsOutput, SaysWhatPairsFoundWhatTheyWouldHaveEarnedAndWhatTheyCost) {
  EXPECT_EQ(pairs_as_text(shadow_json()),
            "Pairs:   v2 1 204 (1 150 compared), 30 twins, 1 noisy field; disagreement 0.4% (0.1% to 0.9%), most at "
            "/outputs/score (5); 3 of 2 300 rows flip; in mobile 3 of 120\n"
            "Replay:  v2 click 0.05 (0.045 to 0.057), an estimate of the 96% of requests that both answer alike; live "
            "0.049 of all, v2 0.04 to 0.09\n"
            "Budget:  requests 12 000 of 100 000, bytes 1.25GiB of 5GiB, duration " +
                age(7200) + " of " + age(604800) + "\n");
}

TEST(PairsOutput, SaysByHowMuchScoresDifferOnTheSameRequests) {
  OrderedJson json = shadow_json();
  json["pairs"][0]["scoreDifference"] = {{"mean", 0.0213}, {"interval", {{"lower", -0.001}, {"upper", 0.0436}}}};
  EXPECT_NE(pairs_as_text(json).find("3 of 2 300 rows flip; score +0.0213 (-0.001 to +0.0436); in mobile"),
            std::string::npos)
      << pairs_as_text(json);
  json["pairs"][0]["scoreDifference"]["interval"] = nullptr;
  EXPECT_NE(pairs_as_text(json).find("; score +0.0213; in mobile"), std::string::npos);
}

TEST(PairsOutput, SaysHowManyPairsAreStillNeeded) {
  OrderedJson json = OrderedJson::parse(
      R"({"pairs": [{"version": "v2", "pairs": 100, "compared": 100, "disagreements": 0, "disagreement": 0,
                     "interval": {"lower": 0, "upper": 0.05}, "twins": 3, "limit": 0.01, "pairsCertify": 360}]})");
  EXPECT_EQ(pairs_as_text(json),
            "Pairs:   v2 100, 3 twins, noise not known yet; disagreement 0% (0% to 5%); 1% is certified by 260 more "
            "that agree\n");
}

TEST(PairsOutput, SaysThatLiveRefusesTwins) {
  OrderedJson json = shadow_json();
  json["pairs"][0]["noiseKnown"] = false;
  json["pairs"][0]["refusedTwins"] = 25;
  EXPECT_NE(pairs_as_text(json).find("30 twins (25 more with another status), noise not known yet"), std::string::npos)
      << pairs_as_text(json);
}

TEST(PairsOutput, SaysNothingWhereThereIsNothing) {
  EXPECT_EQ(pairs_as_text(OrderedJson::parse("{}")), "");
  EXPECT_EQ(pairs_as_text(OrderedJson::parse(R"({"pairs": [], "budgets": []})")), "");
}

TEST(PairsOutput, NoFieldsNameReachesTheTerminalAsItIs) {
  const OrderedJson json = OrderedJson::parse(
      R"({"pairs": [{"version": "v2", "pairs": 1, "compared": 1, "disagreements": 1, "disagreement": 1,
                     "worstField": "\u001b[31m/x", "worstFieldPairs": 1}]})");
  EXPECT_EQ(pairs_as_text(json).find('\033'), std::string::npos);
}

}  // namespace
}  // namespace sluice::cli
