// Compared answers and drift on the metrics page.
#include "sluice/metrics/comparisons.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "metrics/promtool.hpp"
#include "sluice/metrics/exporter.hpp"
#include "sluice/metrics/families.hpp"

namespace sluice::metrics {
namespace {

ComparisonsSnapshot some_comparisons() {
  ComparisonsSnapshot seen;
  ComparisonSnapshot& one = seen.comparisons.emplace_back();
  one.route = "fraud";
  one.version = "v2";
  one.results = {{"match", 90}, {"mismatch", 3}, {"noise", 7}, {"not_compared", 0}};
  one.fields = {{"/outputs/score", 3}};
  one.segments = {{"", 1}, {"mobile", 2}};
  one.rows = {{"", "/outputs/probabilities", 100, 2}, {"mobile", "/outputs/probabilities", 30, 1}};
  one.differences = {{0.01, 0.1}, {95, 4, 1}, 0.75};
  one.disagreement = 0.03;
  one.noise_known = true;
  one.noisy_fields = 2;
  seen.comparisons.push_back(one);
  seen.comparisons.back().route = "gone";
  seen.drifts = {{"fraud", "v2", "score", "stable", 0.2, 0.05, 0.25, 40},
                 {"gone", "v2", "score", "stable", 1, 1, 1, 1}};
  seen.distributions = {{"fraud", "v2", "label", {{"fine", 60}, {"_other", 4}}},
                        {"gone", "v2", "label", {{"fine", 1}}}};
  seen.unread = {{"fraud", "score", "absent", 5}, {"gone", "score", "absent", 5}};
  seen.lost_queue = 11;
  seen.lost_memory = 12;
  seen.lost_over = 13;
  seen.lost_replay = 14;
  seen.waiting_bytes = 4096;
  seen.busy_seconds = 1.5;
  return seen;
}

class ComparisonFamilies : public testing::Test {
 protected:
  ComparisonFamilies() {
    registry_.configure({{"fraud", "shadow", {{"v1", "live", 1, 1}, {"v2", "shadow", 0, 1}}}});
    registry_.set_comparisons(some_comparisons());
    text_ = Exporter(registry_).text();
  }
  bool has(const std::string& line) const { return text_.find("\n" + line + "\n") != std::string::npos; }

  Registry registry_{1};
  std::string text_;
};

TEST_F(ComparisonFamilies, PairsAreCountedByWhatCameOfThem) {
  const std::string of = "{route=\"fraud\",version=\"v2\"";
  EXPECT_TRUE(has("sluice_shadow_comparisons_total" + of + ",result=\"match\"} 90")) << text_;
  EXPECT_TRUE(has("sluice_shadow_comparisons_total" + of + ",result=\"not_compared\"} 0"));
  EXPECT_TRUE(has("sluice_shadow_field_mismatches_total" + of + ",field=\"/outputs/score\"} 3"));
  EXPECT_TRUE(has("sluice_shadow_segment_mismatches_total" + of + ",segment=\"\"} 1"));
  EXPECT_TRUE(has("sluice_shadow_segment_mismatches_total" + of + ",segment=\"mobile\"} 2"));
  const std::string probabilities = ",output=\"/outputs/probabilities\"} ";
  EXPECT_TRUE(has("sluice_shadow_rows_total" + of + ",segment=\"\"" + probabilities + "100"));
  EXPECT_TRUE(has("sluice_shadow_flips_total" + of + ",segment=\"\"" + probabilities + "2"));
  EXPECT_TRUE(has("sluice_shadow_rows_total" + of + ",segment=\"mobile\"" + probabilities + "30"));
  EXPECT_TRUE(has("sluice_shadow_flips_total" + of + ",segment=\"mobile\"" + probabilities + "1"));
  EXPECT_TRUE(has("sluice_shadow_disagreement_ratio" + of + "} 0.03"));
  EXPECT_TRUE(has("sluice_shadow_noise_known" + of + "} 1"));
  EXPECT_TRUE(has("sluice_shadow_noisy_fields" + of + "} 2"));
  EXPECT_TRUE(has("sluice_shadow_difference_bucket" + of + ",le=\"0.01\"} 95"));
  EXPECT_TRUE(has("sluice_shadow_difference_bucket" + of + ",le=\"+Inf\"} 100"));
  EXPECT_TRUE(has("sluice_shadow_difference_sum" + of + "} 0.75"));
}

TEST_F(ComparisonFamilies, WhatComparingCostsIsThere) {
  EXPECT_TRUE(has("sluice_shadow_pairs_lost_total{reason=\"queue\"} 11"));
  EXPECT_TRUE(has("sluice_shadow_pairs_lost_total{reason=\"memory\"} 12"));
  EXPECT_TRUE(has("sluice_shadow_pairs_lost_total{reason=\"over\"} 13"));
  EXPECT_TRUE(has("sluice_shadow_replay_lost_total 14"));
  EXPECT_TRUE(has("sluice_shadow_compare_waiting_bytes 4096"));
  EXPECT_TRUE(has("sluice_shadow_compare_seconds_total 1.5"));
}

TEST_F(ComparisonFamilies, DriftIsToldByVersionAndWhatItIsAgainst) {
  const std::string of = "{route=\"fraud\",version=\"v2\",of=\"score\",against=\"stable\"}";
  EXPECT_TRUE(has("sluice_drift_stability_index" + of + " 0.2")) << text_;
  EXPECT_TRUE(has("sluice_drift_jensen_shannon" + of + " 0.05"));
  EXPECT_TRUE(has("sluice_drift_distance_ratio" + of + " 0.25"));
  EXPECT_TRUE(has("sluice_drift_e_value" + of + " 40"));
  EXPECT_TRUE(has("sluice_drift_values{route=\"fraud\",version=\"v2\",of=\"label\",bin=\"fine\"} 60"));
  EXPECT_TRUE(has("sluice_drift_values{route=\"fraud\",version=\"v2\",of=\"label\",bin=\"_other\"} 4"));
  EXPECT_TRUE(has("sluice_drift_unread_total{route=\"fraud\",of=\"score\",reason=\"absent\"} 5"));
}

TEST_F(ComparisonFamilies, ARouteThatIsNotExportedHasNone) {
  EXPECT_EQ(text_.find("route=\"gone\""), std::string::npos);
}

TEST_F(ComparisonFamilies, EachIsDocumented) {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/docs/metrics.md");
  std::stringstream docs;
  docs << file.rdbuf();
  const Snapshot snapshot = registry_.snapshot();
  Families page(snapshot);
  add_comparison_families(page);
  const auto families = std::move(page).take();
  EXPECT_EQ(families.size(), 19U);
  for (const Family& family : families) {
    EXPECT_NE(docs.str().find("`" + family.name.substr(7) + "`"), std::string::npos) << family.name;
    EXPECT_EQ(family.type == FamilyType::Counter, family.name.ends_with("_total")) << family.name;
    EXPECT_FALSE(family.samples.empty()) << family.name;
  }
}

TEST_F(ComparisonFamilies, PassPromtool) {
  expect_promtool_accepts(text_);
}

TEST(ComparisonsOnThePage, AreAbsentWhereNothingIsCompared) {
  Registry registry(1);
  EXPECT_EQ(Exporter(registry).text().find("sluice_shadow_pairs"), std::string::npos);
  registry.set_comparisons({});
  const std::string text = Exporter(registry).text();
  EXPECT_EQ(text.find("sluice_shadow_comparisons"), std::string::npos);
  EXPECT_EQ(text.find("sluice_drift"), std::string::npos);
  EXPECT_NE(text.find("\nsluice_shadow_compare_waiting_bytes 0\n"), std::string::npos);
}

}  // namespace
}  // namespace sluice::metrics
