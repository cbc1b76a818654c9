// A shadow that judges by pairs, and what ends it.
#include <gtest/gtest.h>

#include "rig.hpp"
#include "sluice/strategy/shadow.hpp"

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;

policy::Shadow comparing(double noise = 0.01) {
  policy::Shadow spec;
  spec.live = "v1";
  spec.candidates = {{"v2", 50, {}}};
  spec.stop_when = policy::ShadowStop::Conclusive;
  spec.compare.emplace().noise = Ratio{noise};
  return spec;
}

Rig<policy::Shadow> pairs_rig(policy::Shadow spec) {
  Rig<policy::Shadow> rig(spec, {"v1", "v2", "v3"});
  rig.route.strategy = spec;
  rig.restart_rollout();
  return rig;
}

TEST(ShadowPairs, PassesByFewPairsAndSaysHowFew) {
  auto r = pairs_rig(comparing());
  r.compare("v2", {.pairs = 400, .both_failed = 8});
  r.tick(10s);
  EXPECT_EQ(r.where(), "Concluded/Passed") << r.state.message;
  EXPECT_EQ(r.state.winner, "v2");
  EXPECT_NE(r.state.message.find("'v2' took 400 pairs: error-rate Pass (about "), std::string::npos) << r.state.message;
  EXPECT_NE(r.state.message.find(" are enough; a split in halves: about "), std::string::npos) << r.state.message;
  EXPECT_NE(r.state.message.find("disagreement Pass (about 3"), std::string::npos) << r.state.message;
  EXPECT_EQ(r.mirrored("v2"), 0);
  EXPECT_EQ(r.role("v2"), "idle");
}

TEST(ShadowPairs, FailsOnDisagreement) {
  auto r = pairs_rig(comparing());
  r.compare("v2", {.pairs = 500, .disagreements = 100, .twins = 40});
  r.tick(10s);
  EXPECT_EQ(r.where(), "Concluded/CheckFailed") << r.state.message;
  EXPECT_NE(r.state.message.find("most differ at /outputs/score"), std::string::npos) << r.state.message;
  EXPECT_EQ(r.told("CheckFailed"), 1);
}

TEST(ShadowPairs, FailsOnErrorsThatLiveDoesNotHave) {
  auto r = pairs_rig(comparing());
  r.compare("v2", {.pairs = 500, .both_failed = 20, .only_candidate_failed = 60});
  r.tick(10s);
  EXPECT_EQ(r.where(), "Concluded/CheckFailed") << r.state.message;
}

TEST(ShadowPairs, WithoutCompareErrorsAloneAreJudged) {
  auto spec = comparing();
  spec.compare.reset();
  auto r = pairs_rig(spec);
  r.compare("v2", {.pairs = 400});
  r.tick(10s);
  EXPECT_EQ(r.where(), "Concluded/Passed");
  EXPECT_EQ(r.state.checks.size(), 1U);
}

TEST(ShadowPairs, NoiseThatIsNotKnownFailsNobody) {
  auto r = pairs_rig(comparing());
  r.compare("v2", {.pairs = 5000, .disagreements = 5000, .twins = 19});
  r.tick(10s);
  EXPECT_EQ(r.where(), "Progressing/Copying") << r.state.message;
  EXPECT_NE(r.state.message.find("noise is not known yet"), std::string::npos) << r.state.message;
}

TEST(ShadowPairs, NoiseOfZeroMeansThatEveryDifferenceCounts) {
  auto r = pairs_rig(comparing(0));
  r.compare("v2", {.pairs = 500, .disagreements = 100});
  r.tick(10s);
  EXPECT_EQ(r.where(), "Concluded/CheckFailed");
}

TEST(ShadowPairs, ARestartLosesNoPair) {
  auto r = pairs_rig(comparing());
  r.compare("v2", {.pairs = 300, .twins = 20});
  r.tick(10s);
  ASSERT_EQ(r.where(), "Progressing/Copying");
  r.restart_process();
  r.tick(10s);
  ASSERT_EQ(r.where(), "Progressing/Copying");
  r.compare("v2", {.pairs = 80});
  r.tick(10s);
  EXPECT_EQ(r.where(), "Concluded/Passed") << r.state.message;
}

TEST(ShadowPairs, ComparisonsOfAProcessThatNeverKnewItsNoiseAreForgottenAndItsErrorsAreNot) {
  auto r = pairs_rig(comparing());
  r.compare("v2", {.pairs = 300, .twins = 3});
  r.tick(10s);
  r.restart_process();
  r.compare("v2", {.pairs = 120});
  r.tick(10s);
  ASSERT_EQ(r.state.checks.size(), 2U);
  EXPECT_EQ(r.state.checks[0].samples, 420U);
  EXPECT_EQ(r.state.checks[1].samples, 120U);
}

TEST(ShadowPairs, OtherRulesOfComparingBeginToCountAnew) {
  auto r = pairs_rig(comparing());
  r.compare("v2", {.pairs = 300});
  r.tick(10s);
  const auto window = r.state.window;
  r.spec.compare->ignore = {"/id"};
  r.route.strategy = r.spec;
  r.tick(1s);
  EXPECT_GT(r.state.window, window);
  EXPECT_EQ(r.told("CountedAnew"), 1);
  r.compare("v2", {.pairs = 80});
  r.tick(10s);
  EXPECT_EQ(r.where(), "Progressing/Copying") << "those of before are of other rules";
  r.tick(10s);
  EXPECT_EQ(r.told("CountedAnew"), 1);
}

TEST(ShadowPairs, PairsOfSeveralHoursAddUp) {
  auto spec = comparing();
  spec.schedule.push_back({{}, {9 * 60}, {17 * 60}, {}});
  auto r = pairs_rig(spec);
  r.tick(9h);
  r.compare("v2", {.pairs = 300, .twins = 20});
  r.tick(10s);
  r.tick(8h).tick(16h);
  ASSERT_EQ(r.where(), "Progressing/Copying");
  r.compare("v2", {.pairs = 80});
  r.tick(10s);
  EXPECT_EQ(r.where(), "Concluded/Passed") << r.state.message;
}

// ---- budgets

TEST(ShadowPairs, EndsWhenItsBytesAreSpentOverRestarts) {
  auto spec = comparing();
  spec.stop_when = policy::ShadowStop::Never;
  spec.budget.bytes = 1_MiB;
  auto r = pairs_rig(spec);
  r.version("v2").shadow_bytes = 700'000;
  r.tick(10s);
  EXPECT_EQ(r.where(), "Progressing/Copying");
  r.restart_process();
  r.version("v2").shadow_bytes = 300'000;
  r.tick(10s);
  EXPECT_EQ(r.where(), "Progressing/Copying");
  r.version("v2").shadow_bytes = 400'000;
  r.tick(10s);
  EXPECT_EQ(r.where(), "Concluded/BudgetSpent");
  EXPECT_NE(r.state.message.find("the 1MiB for copies and their answers are spent (1 100 000 bytes)"),
            std::string::npos)
      << r.state.message;
}

TEST(ShadowPairs, EndsWhenItsBackendTimeIsSpent) {
  auto spec = comparing();
  spec.budget.backend_time = 60s;
  auto r = pairs_rig(spec);
  r.compare("v2", {.pairs = 50});
  r.version("v2").shadow_seconds = 59;
  r.tick(10s);
  EXPECT_EQ(r.where(), "Progressing/Copying");
  r.version("v2").shadow_seconds = 60;
  r.tick(1s);
  EXPECT_EQ(r.where(), "Concluded/BudgetSpent");
  EXPECT_EQ(r.state.winner, "") << "fifty pairs decide nothing";
}

TEST(ShadowPairs, EndsWhenItsTimeIsOverAlsoOutsideItsHours) {
  auto spec = comparing();
  spec.stop_when = policy::ShadowStop::Never;
  spec.budget.duration = 20h;
  spec.schedule.push_back({{}, {9 * 60}, {17 * 60}, {}});
  auto r = pairs_rig(spec);
  r.tick(9h).tick(8h).tick(1h);
  EXPECT_EQ(r.where(), "Progressing/OutsideHours");
  r.tick(2h);
  EXPECT_EQ(r.where(), "Concluded/BudgetSpent");
  EXPECT_NE(r.state.message.find("the 20h that it may last are over"), std::string::npos) << r.state.message;
}

TEST(ShadowPairs, TheLastLookOfASpentBudgetMayStillDecide) {
  auto spec = comparing();
  spec.budget.backend_time = 60s;
  auto r = pairs_rig(spec);
  r.compare("v2", {.pairs = 400});
  r.version("v2").shadow_seconds = 61;
  r.tick(1s);
  EXPECT_EQ(r.where(), "Concluded/Passed");
}

}  // namespace
}  // namespace sluice::strategy
