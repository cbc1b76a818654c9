#include "sluice/admin/disagreement_json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::admin {
namespace {

DisagreementView differing(const std::string& version, std::size_t bytes = 2) {
  DisagreementView view;
  view.version = version;
  view.segment = "mobile";
  view.request_id = "r-1";
  view.at = WallTime(std::chrono::seconds(1'700'000'000));
  view.severity = 0.75;
  view.differences = {{"/outputs/label", "value", 1, 2}};
  view.live = {200, 0.125, std::string(bytes, 'a')};
  view.candidate = {0, 0, ""};
  return view;
}

TEST(DisagreementJson, SaysAllOfAPair) {
  const auto json = to_json("fraud", {differing("v2")}, {});
  EXPECT_EQ(json.dump(), R"({"route":"fraud","pairs":[{"version":"v2","segment":"mobile","requestId":"r-1",)"
                         R"("at":"2023-11-14T22:13:20.000Z","severity":0.75,)"
                         R"("differences":[{"field":"/outputs/label","change":"value","size":1.0,"places":2}],)"
                         R"("live":{"status":200,"seconds":0.125,"body":"aa"},)"
                         R"("candidate":{"status":null,"seconds":0.0,"body":""}}],"leftOut":0})");
}

TEST(DisagreementJson, IsBounded) {
  const std::vector<DisagreementView> pairs(30, differing("v2"));
  EXPECT_EQ(to_json("fraud", pairs, {})["pairs"].size(), 20U);
  EXPECT_EQ(to_json("fraud", pairs, {})["leftOut"], 10);
  const std::vector<DisagreementView> large(5, differing("v2", disagreement_bytes / 3));
  const auto json = to_json("fraud", large, {});
  EXPECT_EQ(json["pairs"].size(), 3U);
  EXPECT_EQ(json["leftOut"], 2);
}

TEST(DisagreementJson, IsOfOneCandidateWhereAskedFor) {
  const auto json = to_json("fraud", {differing("v2"), differing("v3"), differing("v2")}, {"v3", 20});
  ASSERT_EQ(json["pairs"].size(), 1U);
  EXPECT_EQ(json["pairs"][0]["version"], "v3");
  EXPECT_EQ(json["leftOut"], 0) << "nobody asked for the others";
}

TEST(DisagreementJson, QueriesAreReadOrRefused) {
  EXPECT_EQ(parse_disagreement_query("")->limit, 20U);
  const auto query = parse_disagreement_query("version=v3&limit=7");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->version, "v3");
  EXPECT_EQ(query->limit, 7U);
  for (const char* const bad : {"limit=0", "limit=1001", "limit=", "limit=x", "limit=1x", "limit=-1", "pairs=2", "x"}) {
    EXPECT_FALSE(parse_disagreement_query(bad)) << bad;
  }
}

}  // namespace
}  // namespace sluice::admin
