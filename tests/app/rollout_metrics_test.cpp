#include "sluice/app/rollout_metrics.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;
using strategy::Phase;
using strategy::Verdict;

constexpr WallTime kBegin{std::chrono::hours(480'000)};

state::JournalEntry entry(std::string kind, Duration after, std::string rollout = "fraud-1") {
  state::JournalEntry made;
  made.route = "fraud";
  made.rollout = std::move(rollout);
  made.kind = std::move(kind);
  made.time = kBegin + after;
  return made;
}

rollout::RolloutView view(Phase phase, std::string id = "fraud-1") {
  rollout::RolloutView made;
  made.route = "fraud";
  made.id = std::move(id);
  made.phase = phase;
  made.begun = kBegin;
  made.versions = {{"v1", "stable", 0.9, 0, 0, 0}, {"v2", "candidate", 0.1, 0, 0, 0}};
  return made;
}

strategy::CheckMemory check(Verdict verdict, std::uint64_t looks) {
  strategy::CheckMemory made;
  made.name = "error-rate";
  made.verdict = verdict;
  made.looks = looks;
  made.value = 0.02;
  made.threshold = 0.01;
  made.samples = 1204;
  return made;
}

TEST(RolloutMetrics, ShowEveryEndFromTheStartAtZero) {
  RolloutMetrics metrics;
  const auto shown = metrics.update({view(Phase::Progressing)});
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0].phase, "Progressing");
  EXPECT_EQ(std::count(shown[0].phases.begin(), shown[0].phases.end(), "Progressing"), 1);
  EXPECT_EQ(shown[0].phases.size(), 11u);
  EXPECT_EQ(shown[0].results.at("Promoted"), 0u);
  EXPECT_EQ(shown[0].results.at("RolledBack"), 0u);
}

TEST(RolloutMetrics, CountAnEndOnceWithHowLongItTook) {
  RolloutMetrics metrics;
  metrics.on_entry(entry("Begun", 0s), "");
  metrics.on_entry(entry("Advanced", 5min), "");
  metrics.on_entry(entry("Promoted", 10min), "");
  metrics.update({view(Phase::Promoted)});
  const auto shown = metrics.update({view(Phase::Promoted)});
  EXPECT_EQ(shown[0].results.at("Promoted"), 1u);
  EXPECT_EQ(shown[0].durations.sum, 600);
}

TEST(RolloutMetrics, KnowHowLongARolloutTookThatBeganInAnotherProcess) {
  RolloutMetrics metrics;
  metrics.update({view(Phase::Progressing)});
  metrics.on_entry(entry("RolledBack", 2min), "CheckFailed");
  auto over = view(Phase::RolledBack);
  over.reason = "CheckFailed";
  const auto shown = metrics.update({over});
  EXPECT_EQ(shown[0].durations.sum, 120);
  EXPECT_EQ(shown[0].aborts.at("CheckFailed"), 1u);
  EXPECT_EQ(metrics.update({over})[0].aborts.at("CheckFailed"), 1u) << "not again with every look";
}

TEST(RolloutMetrics, CountAnAbortByItsOwnReasonAlsoWhenARetryComesBeforeAnybodyLooks) {
  RolloutMetrics metrics;
  metrics.update({view(Phase::Progressing)});
  metrics.on_entry(entry("RolledBack", 2min), "CheckFailed");
  metrics.on_entry(entry("Retried", 2min), "Weighting");
  auto again = view(Phase::Progressing);
  again.reason = "Weighting";
  const auto shown = metrics.update({again});
  EXPECT_EQ(shown[0].aborts, (std::map<std::string, std::uint64_t>{{"CheckFailed", 1}}));
}

TEST(RolloutMetrics, CountAPromotionThatIsUndoneAsBoth) {
  RolloutMetrics metrics;
  metrics.on_entry(entry("Begun", 0s), "");
  metrics.on_entry(entry("Promoted", 1min), "");
  metrics.on_entry(entry("Undone", 2min), "Undone");
  auto undone = view(Phase::Aborted);
  undone.reason = "Undone";
  const auto shown = metrics.update({undone});
  EXPECT_EQ(shown[0].results.at("Promoted"), 1u);
  EXPECT_EQ(shown[0].results.at("Undone"), 1u);
  EXPECT_EQ(shown[0].aborts.at("Undone"), 1u);
  EXPECT_EQ(shown[0].durations.sum, 60) << "it took as long as until its first end";
}

TEST(RolloutMetrics, CountEveryLookOnceAlsoWhenItsWindowIsOverBeforeAnybodyLooks) {
  RolloutMetrics metrics;
  auto now = view(Phase::Progressing);
  metrics.update({now});
  now.checks = {check(Verdict::Pass, 1)};
  now.check_runs = {{"error-rate", 1, 0, 0, 0}};
  metrics.update({now});
  metrics.update({now});
  now.checks.clear();  // the look at which the next step began
  now.check_runs = {{"error-rate", 3, 1, 0, 2}};
  auto runs = metrics.update({now})[0].check_runs.at("error-rate");
  EXPECT_EQ(runs.at("Pass"), 3u);
  EXPECT_EQ(runs.at("Fail"), 1u);
  EXPECT_EQ(runs.at("Inconclusive"), 0u);
  EXPECT_EQ(runs.at("Error"), 2u);

  now = view(Phase::Progressing, "fraud-2");
  now.check_runs = {{"error-rate", 2, 0, 0, 0}};
  EXPECT_EQ(metrics.update({now})[0].check_runs.at("error-rate").at("Pass"), 5u) << "the next rollout looks anew";
}

TEST(RolloutMetrics, DoNotCountLooksOfAnotherProcess) {
  RolloutMetrics metrics;
  auto now = view(Phase::Progressing);
  now.check_runs = {{"error-rate", 40, 1, 0, 0}};
  EXPECT_EQ(metrics.update({now})[0].check_runs.at("error-rate").at("Pass"), 0u);
  now.check_runs = {{"error-rate", 41, 1, 0, 0}};
  const auto shown = metrics.update({now});
  EXPECT_EQ(shown[0].check_runs.at("error-rate").at("Pass"), 1u);
  EXPECT_EQ(shown[0].check_runs.at("error-rate").at("Fail"), 0u);
}

TEST(RolloutMetrics, ShowTheLastLookAtACheckOfTheOneOnTrial) {
  RolloutMetrics metrics;
  auto now = view(Phase::Progressing);
  now.checks = {check(Verdict::Pass, 1)};
  const auto shown = metrics.update({now});
  ASSERT_EQ(shown[0].checks.size(), 1u);
  EXPECT_EQ(shown[0].checks[0].version, "v2");
  EXPECT_EQ(shown[0].checks[0].value, 0.02);
}

TEST(RolloutMetrics, ShowTheGuardrailsOfEveryArm) {
  RolloutMetrics metrics;
  auto now = view(Phase::Progressing);
  now.arms_earn = true;
  now.arms.resize(2);
  now.arms[0].version = "v1";
  now.arms[0].share = 0.7;
  now.arms[0].probability_best = 0.8;
  now.arms[0].checks = {check(Verdict::Pass, 1)};
  now.arms[1].version = "v2";
  now.arms[1].checks = {check(Verdict::Fail, 1)};
  const auto shown = metrics.update({now});
  EXPECT_TRUE(shown[0].arms_earn);
  ASSERT_EQ(shown[0].arms.size(), 2u);
  EXPECT_EQ(shown[0].arms[0].probability_best, 0.8);
  ASSERT_EQ(shown[0].checks.size(), 2u);
  EXPECT_EQ(shown[0].checks[1].version, "v2");
}

TEST(RolloutMetrics, ShowTheChecksOfASingleArmOnce) {
  RolloutMetrics metrics;
  auto now = view(Phase::Progressing);
  now.checks = {check(Verdict::Pass, 1)};  // a shadow's
  now.arms.resize(1);
  now.arms[0].version = "v2";
  now.arms[0].checks = now.checks;
  EXPECT_EQ(metrics.update({now})[0].checks.size(), 1u);
  EXPECT_FALSE(metrics.update({now})[0].arms_earn);
}

TEST(RolloutMetrics, KeepARoutesCountersWhileItIsAway) {
  RolloutMetrics metrics;
  metrics.on_entry(entry("Promoted", 1min), "");
  EXPECT_TRUE(metrics.update({}).empty());
  EXPECT_EQ(metrics.update({view(Phase::Promoted)})[0].results.at("Promoted"), 1u);
}

}  // namespace
}  // namespace sluice::app
