// Rollouts on the metrics page.
#include "sluice/metrics/rollouts.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "metrics/promtool.hpp"
#include "sluice/metrics/exporter.hpp"
#include "sluice/metrics/families.hpp"

namespace sluice::metrics {
namespace {

using namespace std::chrono_literals;

TEST(RolloutDurations, EachDurationCountsUpToItsBound) {
  RolloutDurations durations;
  durations.record(60s);
  durations.record(61s);
  durations.record(24h * 30);
  durations.record(-1s);
  EXPECT_EQ(durations.counts.front(), 2u) << "a minute, and a clock that went back";
  EXPECT_EQ(durations.counts[1], 1u);
  EXPECT_EQ(durations.counts.back(), 1u) << "longer than any bound";
  EXPECT_DOUBLE_EQ(durations.sum, 60 + 61 + 30 * 86400);
}

RolloutSnapshot canary_snapshot() {
  RolloutSnapshot rollout;
  rollout.route = "fraud";
  rollout.phase = "Paused";
  rollout.phases = {"Progressing", "Paused"};
  rollout.step = 3;
  rollout.results = {{"Promoted", 2}, {"RolledBack", 0}};
  rollout.durations.record(10min);
  rollout.durations.record(50h);
  rollout.aborts = {{"CheckFailed", 1}};
  rollout.checks = {{"v2", "error-rate", 0.0162, 0.01, 1204, 0.75},
                    {"v2", "latency-p99", std::nullopt, std::nullopt, 0, 0}};
  rollout.split_mismatch = 33;
  rollout.check_runs = {{"error-rate", {{"Pass", 7}, {"Fail", 1}}}};
  rollout.arms = {{"v1", 0.2, 0.05, {}, {}, {}}, {"v2", 0.8, 0.95, 0.12, -0.01, {}}};
  rollout.arms_earn = true;
  rollout.metric = "click";
  return rollout;
}

std::map<std::string, double> exported_series(const Registry& registry) {
  std::map<std::string, double> series;
  std::istringstream lines(Exporter(registry).text());
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t space = line.rfind(' ');
    series.emplace(line.substr(0, space), std::strtod(line.c_str() + space, nullptr));
  }
  return series;
}

class RolloutFamilies : public testing::Test {
 protected:
  RolloutFamilies() { registry.configure({{"fraud", "canary", {{"v1", "stable", 1, 1}, {"v2", "candidate", 0, 1}}}}); }
  Registry registry{1};
};

TEST_F(RolloutFamilies, TellWhichSegmentsWentBack) {
  RolloutSnapshot rollout = canary_snapshot();
  rollout.segments = {{"mobile", "v2", 1, true}, {"tablet", "v2", 0.25, false}};
  registry.set_rollouts({rollout});
  auto series = exported_series(registry);
  EXPECT_EQ(series.at(R"(sluice_segment_excluded{route="fraud",version="v2",segment="mobile"})"), 1);
  EXPECT_EQ(series.at(R"(sluice_segment_excluded{route="fraud",version="v2",segment="tablet"})"), 0);
  EXPECT_EQ(series.at(R"(sluice_segment_evidence_ratio{route="fraud",version="v2",segment="tablet"})"), 0.25);
}

TEST_F(RolloutFamilies, TellWhereARolloutIsAndHowTheLastOnesEnded) {
  registry.set_rollouts({canary_snapshot()});
  auto series = exported_series(registry);
  EXPECT_EQ(series.at(R"(sluice_rollout_phase{route="fraud",phase="Paused"})"), 1);
  EXPECT_EQ(series.at(R"(sluice_rollout_phase{route="fraud",phase="Progressing"})"), 0);
  EXPECT_EQ(series.at(R"(sluice_rollout_step{route="fraud"})"), 3);
  EXPECT_EQ(series.at(R"(sluice_rollouts_total{route="fraud",result="Promoted"})"), 2);
  EXPECT_EQ(series.at(R"(sluice_rollouts_total{route="fraud",result="RolledBack"})"), 0);
  EXPECT_EQ(series.at(R"(sluice_rollout_duration_seconds_bucket{route="fraud",le="900"})"), 1);
  EXPECT_EQ(series.at(R"(sluice_rollout_duration_seconds_bucket{route="fraud",le="604800"})"), 2);
  EXPECT_EQ(series.at(R"(sluice_rollout_duration_seconds_count{route="fraud"})"), 2);
  EXPECT_EQ(series.at(R"(sluice_rollout_duration_seconds_sum{route="fraud"})"), 600 + 50 * 3600);
  EXPECT_EQ(series.at(R"(sluice_rollout_aborts_total{route="fraud",reason="CheckFailed"})"), 1);
}

TEST_F(RolloutFamilies, TellWhatChecksSaidAndWhatArmsGet) {
  registry.set_rollouts({canary_snapshot()});
  auto series = exported_series(registry);
  EXPECT_DOUBLE_EQ(series.at(R"(sluice_check_value{route="fraud",version="v2",check="error-rate"})"), 0.0162);
  EXPECT_DOUBLE_EQ(series.at(R"(sluice_check_threshold{route="fraud",version="v2",check="error-rate"})"), 0.01);
  EXPECT_EQ(series.at(R"(sluice_check_samples{route="fraud",version="v2",check="error-rate"})"), 1204);
  EXPECT_EQ(series.at(R"(sluice_check_samples{route="fraud",version="v2",check="latency-p99"})"), 0);
  EXPECT_EQ(series.at(R"(sluice_check_evidence_ratio{route="fraud",version="v2",check="error-rate"})"), 0.75);
  EXPECT_EQ(series.at(R"(sluice_experiment_sample_ratio_mismatch{route="fraud"})"), 33);
  EXPECT_EQ(series.count(R"(sluice_check_value{route="fraud",version="v2",check="latency-p99"})"), 0u)
      << "no value is not a value of 0";
  EXPECT_EQ(series.at(R"(sluice_check_runs_total{route="fraud",check="error-rate",verdict="Fail"})"), 1);
  EXPECT_EQ(series.at(R"(sluice_bandit_share_ratio{route="fraud",version="v2"})"), 0.8);
  EXPECT_EQ(series.at(R"(sluice_bandit_probability_best_ratio{route="fraud",version="v2"})"), 0.95);
  EXPECT_EQ(series.at(R"(sluice_experiment_lift_ratio{route="fraud",version="v2",metric="click"})"), 0.12);
  EXPECT_EQ(series.at(R"(sluice_experiment_lift_ratio_lower{route="fraud",version="v2",metric="click"})"), -0.01);
  EXPECT_EQ(series.count(R"(sluice_experiment_lift_ratio_upper{route="fraud",version="v2",metric="click"})"), 0u);
  EXPECT_EQ(series.count(R"(sluice_experiment_lift_ratio{route="fraud",version="v1",metric="click"})"), 0u);
}

TEST_F(RolloutFamilies, OfAnABTestNameNoBandit) {
  RolloutSnapshot test = canary_snapshot();
  test.arms_earn = false;
  registry.set_rollouts({test});
  EXPECT_EQ(Exporter(registry).text().find("sluice_bandit"), std::string::npos);
  EXPECT_EQ(
      exported_series(registry).count(R"(sluice_experiment_lift_ratio{route="fraud",version="v2",metric="click"})"),
      1u);
}

TEST_F(RolloutFamilies, AreThereWhileTheirRouteIs) {
  EXPECT_EQ(Exporter(registry).text().find("sluice_rollout"), std::string::npos) << "nothing is told yet";
  registry.set_rollouts({canary_snapshot()});
  EXPECT_NE(Exporter(registry).text().find("sluice_rollout_phase"), std::string::npos);
  registry.configure({{"other", "none", {{"v1", "stable", 1, 1}}}});
  EXPECT_EQ(Exporter(registry).text().find("sluice_rollout"), std::string::npos);
}

TEST_F(RolloutFamilies, TellOfTheStoreOnceItIsKnown) {
  EXPECT_EQ(exported_series(registry).count("sluice_state_up"), 0u);
  registry.set_state({false, true});
  auto series = exported_series(registry);
  EXPECT_EQ(series.at("sluice_state_up"), 0);
  EXPECT_EQ(series.at("sluice_state_degraded"), 1);
}

TEST_F(RolloutFamilies, AreDocumentedAndPassPromtool) {
  registry.set_rollouts({canary_snapshot()});
  registry.set_state({true, false});
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/docs/metrics.md");
  std::stringstream docs;
  docs << file.rdbuf();
  const Snapshot snapshot = registry.snapshot();
  Families page(snapshot);
  add_rollout_families(page);
  const auto families = std::move(page).take();
  EXPECT_EQ(families.size(), 18u);
  for (const Family& family : families) {
    const std::string name = "`" + family.name.substr(7) + "`";
    EXPECT_NE(docs.str().find(name), std::string::npos) << name << " is not in docs/metrics.md";
    EXPECT_EQ(family.type == FamilyType::Counter, family.name.ends_with("_total")) << family.name;
  }
  expect_promtool_accepts(Exporter(registry).text());
}

}  // namespace
}  // namespace sluice::metrics
