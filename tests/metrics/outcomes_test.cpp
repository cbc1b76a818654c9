// Outcomes on the metrics page.
#include "sluice/metrics/outcomes.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "sluice/metrics/exporter.hpp"
#include "sluice/metrics/families.hpp"

namespace sluice::metrics {
namespace {

OutcomesSnapshot some_outcomes() {
  OutcomesSnapshot seen;
  seen.outcomes = {{"fraud", "v1", "click", 3, 2, {{1, 60}, {1, 1, 1}, 100.5}},
                   {"fraud", "v2", "click", 0, 0, {{1, 60}, {0, 0, 0}, 0}},
                   {"gone", "v1", "click", 9, 9, {{1, 60}, {9, 0, 0}, 1}},
                   {"fraud", "v1", "score", 12, 3.5, {}}};
  seen.unread = {{"fraud", "score", "too_large", 13}, {"gone", "score", "absent", 14}};
  seen.unmatched = {{"fraud", "expired", 4}, {"", "forged", 5}, {"gone", "expired", 6}};
  seen.duplicates = 7;
  seen.turned_away = 8;
  seen.ledger_reports = 10;
  seen.ledger_capacity = 1000;
  seen.decision_log_lost = 11;
  seen.observations_lost = 15;
  return seen;
}

class OutcomeFamilies : public testing::Test {
 protected:
  OutcomeFamilies() {
    registry_.configure({{"fraud", "abTest", {{"v1", "stable", 1, 1}, {"v2", "candidate", 0, 1}}}});
    registry_.set_outcomes(some_outcomes());
    text_ = Exporter(registry_).text();
  }
  bool has(const std::string& line) const { return text_.find("\n" + line + "\n") != std::string::npos; }

  Registry registry_{1};
  std::string text_;
};

TEST_F(OutcomeFamilies, EverySeriesIsThereAlsoAtZero) {
  EXPECT_TRUE(has("sluice_outcomes_total{route=\"fraud\",version=\"v1\",outcome=\"click\"} 3")) << text_;
  EXPECT_TRUE(has("sluice_outcomes_total{route=\"fraud\",version=\"v2\",outcome=\"click\"} 0"));
  EXPECT_TRUE(has("sluice_outcome_value_total{route=\"fraud\",version=\"v1\",outcome=\"click\"} 2"));
  EXPECT_TRUE(has("sluice_outcome_unmatched_total{route=\"fraud\",reason=\"expired\"} 4"));
  EXPECT_TRUE(has("sluice_outcome_unmatched_total{route=\"\",reason=\"forged\"} 5"));
  EXPECT_TRUE(has("sluice_outcome_duplicates_total 7"));
  EXPECT_TRUE(has("sluice_outcome_posts_turned_away_total 8"));
  EXPECT_TRUE(has("sluice_outcome_ledger_reports 10"));
  EXPECT_TRUE(has("sluice_outcome_ledger_capacity 1000"));
  EXPECT_TRUE(has("sluice_decision_log_lost_total 11"));
  EXPECT_TRUE(has("sluice_outcome_value_total{route=\"fraud\",version=\"v1\",outcome=\"score\"} 3.5"));
  EXPECT_TRUE(has("sluice_outcome_unread_total{route=\"fraud\",outcome=\"score\",reason=\"too_large\"} 13")) << text_;
  EXPECT_TRUE(has("sluice_observations_lost_total 15"));
}

TEST_F(OutcomeFamilies, DelaysAreCountedUpToTheirBounds) {
  const std::string labels = "{route=\"fraud\",version=\"v1\",outcome=\"click\"";
  EXPECT_TRUE(has("sluice_outcome_delay_seconds_bucket" + labels + ",le=\"1\"} 1"));
  EXPECT_TRUE(has("sluice_outcome_delay_seconds_bucket" + labels + ",le=\"60\"} 2"));
  EXPECT_TRUE(has("sluice_outcome_delay_seconds_bucket" + labels + ",le=\"+Inf\"} 3"));
  EXPECT_TRUE(has("sluice_outcome_delay_seconds_sum" + labels + "} 100.5"));
  EXPECT_EQ(text_.find("outcome_delay_seconds_sum{route=\"fraud\",version=\"v1\",outcome=\"score\""), std::string::npos)
      << "what stands in an answer has no delay";
}

TEST_F(OutcomeFamilies, ARouteThatIsNotExportedHasNone) {
  EXPECT_EQ(text_.find("route=\"gone\""), std::string::npos);
}

TEST_F(OutcomeFamilies, EachIsDocumented) {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/docs/metrics.md");
  std::stringstream docs;
  docs << file.rdbuf();
  const Snapshot snapshot = registry_.snapshot();
  Families page(snapshot);
  add_outcome_families(page);
  const auto families = std::move(page).take();
  EXPECT_EQ(families.size(), 11U);
  for (const Family& family : families) {
    EXPECT_NE(docs.str().find("`" + family.name.substr(7) + "`"), std::string::npos) << family.name;
    EXPECT_EQ(family.type == FamilyType::Counter, family.name.ends_with("_total")) << family.name;
  }
}

TEST(OutcomesOnThePage, AreAbsentBeforeAnybodyLookedAtThem) {
  EXPECT_EQ(Exporter(Registry(1)).text().find("sluice_outcome"), std::string::npos);
}

}  // namespace
}  // namespace sluice::metrics
