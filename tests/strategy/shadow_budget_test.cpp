// The last look of a shadow whose copies are all answered.
#include <gtest/gtest.h>

#include "rig.hpp"
#include "sluice/strategy/shadow.hpp"
#include "sluice/strategy/shadow_spending.hpp"

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;

Rig<policy::Shadow> budget_rig(std::uint64_t copies, const std::vector<std::string>& candidates,
                               policy::ShadowStop stop = policy::ShadowStop::Never) {
  policy::Shadow spec;
  spec.live = "v1";
  for (const auto& name : candidates) spec.candidates.push_back({name, 50, {}});
  spec.stop_when = stop;
  spec.analysis = analysis_of({error_rate_below(0.01)});
  spec.budget.requests = copies;
  return {std::move(spec), {"v1", "v2", "v3"}};
}

TEST(ShadowBudget, LooksAtOnceWhenItIsSpentBeforeTheFirstLook) {
  auto r = budget_rig(1000, {"v2", "v3"});
  r.copy("v2", 500, 100);
  r.copy("v3", 500);
  r.tick(1s);
  EXPECT_EQ(r.where(), "Concluded/BudgetSpent");
  EXPECT_EQ(r.state.winner, "v3");
  EXPECT_EQ(r.told("WinnerFound"), 1);
  EXPECT_NE(r.state.message.find("20% > max 1% (n=500)"), std::string::npos) << r.state.message;
}

TEST(ShadowBudget, LooksAtOnceWhenItIsSpentBetweenTwoLooks) {
  auto r = budget_rig(500, {"v2"}, policy::ShadowStop::Conclusive);
  r.copy("v2", 50);
  r.tick(10s);
  ASSERT_EQ(r.where(), "Progressing/Copying") << "too few to say";
  r.copy("v2", 450, 100);
  r.tick(1s);
  EXPECT_EQ(r.where(), "Concluded/CheckFailed") << r.state.message;
  EXPECT_EQ(r.state.winner, "");
}

TEST(ShadowBudget, AfterARestartItEndsByWhatWasFoundBefore) {
  auto r = budget_rig(500, {"v2"});
  r.state.paused = true;
  r.copy("v2", 500);
  r.tick(10s);
  r.restart_process();
  r.state.paused = false;
  r.tick(1s);
  EXPECT_EQ(r.where(), "Concluded/BudgetSpent");
  EXPECT_EQ(r.state.winner, "v2") << r.state.message;
}

TEST(ShadowBudget, WaitsForAPersonsPauseWithItsLastLook) {
  auto r = budget_rig(500, {"v2"});
  r.state.paused = true;
  r.copy("v2", 500);
  r.tick(1s).tick(1s);
  EXPECT_EQ(r.where(), "Progressing/Copying");
  EXPECT_TRUE(r.state.checks.empty() || r.state.checks[0].looks == 0) << "no look of its own while it may not end";
  r.state.paused = false;
  r.tick(1s);
  EXPECT_EQ(r.state.winner, "v2");
}

TEST(ShadowBudget, EndsWhatNobodyDecidedOn) {
  auto r = budget_rig(500, {"v2"}, policy::ShadowStop::Conclusive);
  r.spec.analysis->checks[0].inconclusive_limit = 2;
  for (int i = 0; i < 5; ++i) r.tick(10s);
  ASSERT_EQ(r.where(), "Held/Undecided");
  r.copy("v2", 40);
  r.tick(10s);
  EXPECT_EQ(r.where(), "Held/Undecided");
  r.copy("v2", 460);
  r.tick(1s);
  EXPECT_EQ(r.where(), "Concluded/Passed") << "what came meanwhile decides: " << r.state.message;
  EXPECT_EQ(r.mirrored("v2"), 0);
}

TEST(ShadowBudget, OfTimeEndsItToo) {
  auto r = budget_rig(500, {"v2"}, policy::ShadowStop::Conclusive);
  r.spec.analysis->checks[0].inconclusive_limit = 2;
  r.spec.budget.duration = 24h;
  for (int i = 0; i < 5; ++i) r.tick(10s);
  ASSERT_EQ(r.where(), "Held/Undecided");
  r.tick(24h);
  EXPECT_EQ(r.where(), "Concluded/BudgetSpent");
  EXPECT_EQ(r.state.winner, "");
  EXPECT_EQ(r.mirrored("v2"), 0);
}

TEST(ShadowBudget, WithinAPersonsPauseItEndsTheCopies) {
  auto r = budget_rig(5000, {"v2"});
  r.spec.budget.bytes = 1_KiB;
  r.state.paused = true;
  r.copy("v2", 500);
  r.version("v2").shadow_bytes = 1000;
  r.tick(1s);
  EXPECT_EQ(r.mirrored("v2"), 0.5);
  r.version("v2").shadow_bytes = 1024;
  r.tick(1s).tick(1s);
  EXPECT_EQ(r.mirrored("v2"), 0);
  EXPECT_EQ(r.told("Waiting"), 1);
  EXPECT_FALSE(is_over(r.state.phase));
  r.tick(24h);
  EXPECT_FALSE(is_over(r.state.phase));
  r.state.paused = false;
  r.tick(1s);
  EXPECT_EQ(r.where(), "Concluded/BudgetSpent");
  EXPECT_EQ(r.state.winner, "v2") << "by what was copied: " << r.state.message;
}

TEST(ShadowBudget, APausesTimeIsNotSpent) {
  auto r = budget_rig(500, {"v2"});
  r.spec.budget.duration = 1h;
  r.state.paused = true;
  r.tick(2h);
  EXPECT_EQ(r.mirrored("v2"), 0.5);
}

TEST(ShadowBudget, CountersThatBeginAnewInOneProcessDoNotRefillIt) {
  auto r = budget_rig(1000, {"v2"});
  r.spec.budget.bytes = 1_MiB;
  r.copy("v2", 900);
  r.version("v2").shadow_bytes = 900'000;
  r.tick(1s);
  auto& v2 = r.version("v2");  // another order of the policy's versions makes other counters
  v2.shadow = {};
  v2.shadow_bytes = 0;
  r.tick(1s);
  EXPECT_EQ(r.steering().copies.requests, 1000U) << "what says nothing changes nothing";
  r.copy("v2", 50);
  r.version("v2").shadow_bytes = 50'000;
  r.tick(1s);
  EXPECT_EQ(r.steering().copies.requests, 100U);
  EXPECT_EQ(spending_of(r.state, r.evidence, r.now).copies, 950U);
  EXPECT_EQ(spending_of(r.state, r.evidence, r.now).bytes, 950'000U);
  r.copy("v2", 50);
  r.tick(1s);
  EXPECT_EQ(r.where(), "Concluded/BudgetSpent");
}

}  // namespace
}  // namespace sluice::strategy
