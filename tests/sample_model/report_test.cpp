#include "sample_model/report.hpp"

#include <gtest/gtest.h>

namespace sluice::sample_model {
namespace {

Tally seven_to_three() {
  Tally tally;
  for (int i = 0; i < 70; ++i) tally.add_answer("v1", "user-" + std::to_string(i), i < 56);
  for (int i = 70; i < 100; ++i) tally.add_answer("v2", "user-" + std::to_string(i), true);
  return tally;
}

TEST(Tally, SharesAndAccuraciesArePerVersion) {
  const auto tally = seven_to_three();
  EXPECT_DOUBLE_EQ(tally.share("v1"), 0.7);
  EXPECT_DOUBLE_EQ(tally.versions().at("v1").accuracy(), 0.8);
  EXPECT_DOUBLE_EQ(tally.share("v9"), 0);
  EXPECT_EQ(tally.users(), 100u);
}

TEST(Tally, AUserSeenByTwoVersionsWanders) {
  auto tally = seven_to_three();
  EXPECT_EQ(tally.wandering_users(), 0u);
  tally.add_answer("v2", "user-0", true);
  EXPECT_EQ(tally.wandering_users(), 1u);
}

TEST(Report, HasALinePerVersionWithTheGatewaysShareAndLatency) {
  GatewayMetrics metrics;
  metrics["v1"].requests = 60;
  metrics["v2"].requests = 40;
  metrics["v2"].timed = 40;
  metrics["v2"].seconds = 0.8;
  metrics["v2"].buckets = {{0.025, 40}};
  const auto text = render_report(seven_to_three(), metrics);
  EXPECT_NE(text.find("v1                60    60.0%      80.0%          -"), std::string::npos) << text;
  EXPECT_NE(text.find("v2                40    40.0%     100.0%    20.0 ms    23.8 ms"), std::string::npos) << text;
  EXPECT_NE(text.find("100 answered, 0 failed; 100 users, 0 of them"), std::string::npos) << text;
}

TEST(Report, WithoutMetricsTheShareIsTheAskersOwn) {
  EXPECT_NE(render_report(seven_to_three(), {}).find("v1                70    70.0%"), std::string::npos);
}

TEST(Report, MetExpectationsGiveNoSentences) {
  EXPECT_TRUE(unmet({{{"v1", 72_pct}, {"v2", 28_pct}}, {{"v2", 95_pct}}}, seven_to_three()).empty());
}

TEST(Report, EveryUnmetExpectationGivesASentence) {
  auto tally = seven_to_three();
  tally.add_failure("status 502");
  const auto sentences = unmet({{{"v1", 50_pct}, {"v3", 10_pct}}, {{"v1", 95_pct}, {"v3", 1_pct}}}, tally);
  ASSERT_EQ(sentences.size(), 5u);
  EXPECT_EQ(sentences[0], "1 requests failed");
  EXPECT_NE(sentences[1].find("v1 answered 70.0%"), std::string::npos);
}

TEST(Report, AnEmptyRoundIsNeverGood) {
  EXPECT_EQ(unmet({}, Tally()).size(), 1u);
}

}  // namespace
}  // namespace sluice::sample_model
