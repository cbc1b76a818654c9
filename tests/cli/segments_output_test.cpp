// What status shows of a route's segments.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sluice/cli/rollout_output.hpp"

namespace sluice::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

const OrderedJson rollout_with_segments = OrderedJson::parse(R"({"segments": [
  {"name": "mobile", "version": "v2", "worse": true, "excluded": true, "message": "error-rate 31% > 1%", "checks": []},
  {"name": "tablet", "version": "v2", "worse": false, "excluded": false, "message": "", "checks": [
    {"name": "error-rate", "verdict": "Inconclusive", "value": 0.02, "reference": 0.01, "samples": 1204,
     "message": "not certain yet", "evidence": {"fraction": 0.25}}]}]})");

TEST(SegmentsOutput, TellsWhoStaysOnStableAndHowTheOthersStand) {
  const std::string text = rollout_tables(rollout_with_segments, {});
  EXPECT_NE(text.find("SEGMENT"), std::string::npos) << text;
  EXPECT_NE(text.find("on stable: error-rate 31% > 1%"), std::string::npos) << text;
  EXPECT_NE(text.find("1 204"), std::string::npos) << text;
  EXPECT_NE(text.find("25%"), std::string::npos) << text;
  EXPECT_NE(text.find("inconclusive: not certain yet"), std::string::npos) << text;
}

TEST(SegmentsOutput, HasNoTableWhereThereAreNone) {
  EXPECT_EQ(rollout_tables(OrderedJson::object(), {}).find("SEGMENT"), std::string::npos);
}

}  // namespace
}  // namespace sluice::cli
