#include "sluice/strategy/check_runs.hpp"

#include "canary_world.hpp"

namespace sluice::strategy {
namespace {

class CheckRunsTest : public CanaryWorld {
 protected:
  CheckRuns runs() const { return state.check_runs.empty() ? CheckRuns{} : state.check_runs->front(); }
};

TEST_F(CheckRunsTest, TheLookAtWhichARolloutMovesOnIsCounted) {
  canary.analysis = error_rate_below_one_percent();
  given({set_weight(5), set_weight(25)});
  tick();
  seen(37, 0);
  tick(10s);
  EXPECT_EQ(runs(), (CheckRuns{"error-rate", 0, 0, 1, 0}));
  seen(6131, 0);
  tick(10s);
  ASSERT_EQ(state.weight, 0.25);
  EXPECT_TRUE(state.checks.empty()) << "its window is over";
  EXPECT_EQ(runs(), (CheckRuns{"error-rate", 1, 0, 1, 0}));
  tick(5s);
  EXPECT_EQ(runs().passed, 1u) << "no look, nothing counted";
  seen(100, 100);
  tick(10s);
  ASSERT_EQ(state.phase, Phase::RolledBack);
  EXPECT_EQ(runs().failed, 1u);
}

Assessment found(std::vector<std::pair<std::string, Verdict>> checks, bool looked = true) {
  Assessment made;
  made.looked = looked;
  for (auto& [name, verdict] : checks) {
    CheckMemory& check = made.memory.emplace_back();
    check.name = name;
    check.verdict = verdict;
  }
  return made;
}

TEST(CheckRuns, AreKeptByCheckAndVerdict) {
  RolloutState state;
  count_looks(found({{"error-rate", Verdict::Pass}, {"latency-p99", Verdict::Inconclusive}}), state);
  count_looks(found({{"error-rate", Verdict::Fail}, {"latency-p99", Verdict::Error}}), state);
  EXPECT_EQ(*state.check_runs, (std::vector<CheckRuns>{{"error-rate", 1, 1, 0, 0}, {"latency-p99", 0, 0, 1, 1}}));
}

TEST(CheckRuns, OnlyLooksCount) {
  RolloutState state;
  count_looks(found({{"error-rate", Verdict::Pass}}, false), state);
  EXPECT_TRUE(state.check_runs.empty());
  count_looks(found({{"error-rate", Verdict::Pending}}), state);
  EXPECT_EQ(*state.check_runs, (std::vector<CheckRuns>{{"error-rate", 0, 0, 0, 0}})) << "its value is on its way";
}

}  // namespace
}  // namespace sluice::strategy
