#include "sluice/strategy/bandit.hpp"

#include <gtest/gtest.h>

#include <random>

#include "checks.hpp"

namespace sluice::strategy {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

policy::Bandit bandit_of(std::vector<std::string> arms = {"v1", "v2", "v3"}) {
  policy::Bandit bandit;
  bandit.arms = std::move(arms);
  return bandit;
}

using BanditRig = Rig<policy::Bandit>;

BanditRig bandit_rig(policy::Bandit bandit = bandit_of()) {
  return {std::move(bandit), {"v1", "v2", "v3"}};
}

void serve_all(BanditRig& bandit, std::uint64_t requests, std::uint64_t v1, std::uint64_t v2, std::uint64_t v3) {
  bandit.serve("v1", requests, v1);
  bandit.serve("v2", requests, v2);
  bandit.serve("v3", requests, v3);
}

TEST(Bandit, BeginsWithEqualShares) {
  auto bandit = bandit_rig();
  EXPECT_EQ(bandit.where(), "Progressing/Exploring");
  for (const auto* name : {"v1", "v2", "v3"}) EXPECT_NEAR(bandit.share(name), 1.0 / 3, 1e-9);
  EXPECT_EQ(bandit.role("v2"), "arm");
  serve_all(bandit, 99, 0, 50, 50);
  bandit.tick();
  EXPECT_EQ(bandit.where(), "Progressing/Exploring");
  EXPECT_NEAR(bandit.share("v1"), 1.0 / 3, 1e-9) << "a hundred requests of each come first";
  EXPECT_EQ(bandit.state.message, "equal shares at first: 'v1' n=99 of 100, 'v2' n=99 of 100, 'v3' n=99 of 100");
}

TEST(Bandit, FollowsWhatEarnsMost) {
  auto bandit = bandit_rig();
  serve_all(bandit, 500, 25, 10, 100);
  bandit.tick();
  EXPECT_EQ(bandit.where(), "Progressing/Following");
  EXPECT_GT(bandit.share("v2"), 0.9);
  EXPECT_NEAR(bandit.share("v3"), 0.01, 1e-6) << "no arm falls below the floor";
  EXPECT_GT(bandit.state.arms[1].probability_best, 0.9);
  EXPECT_EQ(bandit.told("Advanced"), 1);
  EXPECT_NE(bandit.events[0].text.find("'v2' is the best with a probability of 99."), std::string::npos)
      << bandit.events[0].text;
  EXPECT_NE(bandit.events[0].text.find("(n=1 500)"), std::string::npos);
}

TEST(Bandit, UpdatesEveryIntervalOrThousandRequests) {
  auto bandit = bandit_rig();
  bandit.spec.update_interval = seconds(5);
  const auto counted = [&] { return bandit.state.arms[0].successes; };
  serve_all(bandit, 333, 15, 4, 60);
  EXPECT_EQ((bandit.tick(milliseconds(4'999)), counted()), 0u);
  EXPECT_EQ((bandit.tick(milliseconds(1)), counted()), 318u);
  serve_all(bandit, 333, 0, 0, 0);
  EXPECT_EQ((bandit.tick(milliseconds(1)), counted()), 318u);
  bandit.serve("v1", 1);
  EXPECT_EQ((bandit.tick(milliseconds(1)), counted()), 652u);
}

TEST(Bandit, ChangesNothingWhileNothingIsCounted) {
  auto bandit = bandit_rig();
  serve_all(bandit, 500, 25, 10, 100);
  bandit.tick();
  const auto state = bandit.state;
  bandit.tick().tick();
  EXPECT_EQ(bandit.state, state);
}

TEST(Bandit, DoesNotPublishWhatNobodyWouldNotice) {
  auto bandit = bandit_rig();
  serve_all(bandit, 5000, 250, 240, 900);
  bandit.tick();
  const auto before = bandit.state.arms;
  bandit.serve("v1", 1);
  bandit.tick();
  EXPECT_EQ(bandit.state.arms[0].share, before[0].share);
  EXPECT_EQ(bandit.state.arms[1].share, before[1].share);
  EXPECT_NE(bandit.state.arms[0].successes, before[0].successes) << "though it is counted";
}

TEST(Bandit, TellsTheJournalOnlyOfWhatMoved) {
  auto bandit = bandit_rig();
  serve_all(bandit, 500, 25, 24, 25);
  bandit.tick();
  const int first = bandit.told("Advanced");
  for (int i = 0; i < 200; ++i) {
    serve_all(bandit, 10, i % 2, i % 2, i % 2);
    bandit.tick();
  }
  EXPECT_EQ(first, 1);
  EXPECT_LE(bandit.told("Advanced"), 6);
}

// ---- restarts, repeated and missed ticks

TEST(BanditRestart, KeepsWhatItLearned) {
  auto bandit = bandit_rig();
  serve_all(bandit, 500, 25, 10, 100);
  bandit.tick();
  const double share = bandit.share("v2");
  bandit.restart_process();
  EXPECT_DOUBLE_EQ(bandit.share("v2"), share) << "the state alone says what the traffic does";
  bandit.tick();
  EXPECT_DOUBLE_EQ(bandit.share("v2"), share);
  serve_all(bandit, 10, 0, 0, 0);
  bandit.tick();
  EXPECT_EQ(bandit.state.arms[1].successes, 500u);
  EXPECT_EQ(bandit.state.arms[1].failures, 10u);
  EXPECT_NEAR(bandit.share("v2"), share, 0.02);
}

TEST(BanditRestart, LosesOnlyWhatCameAfterTheLastUpdate) {
  auto bandit = bandit_rig();
  serve_all(bandit, 500, 25, 10, 100);
  bandit.tick();
  serve_all(bandit, 40, 0, 0, 0);  // the process dies before the next tick
  bandit.restart_process();
  serve_all(bandit, 2000, 100, 40, 400);
  bandit.tick();
  EXPECT_EQ(bandit.state.arms[0].successes + bandit.state.arms[0].failures, 2500u);
}

TEST(BanditTicks, MayBeMissedOrRepeated) {
  auto every = bandit_rig();
  auto few = bandit_rig();
  for (int i = 1; i <= 60; ++i) {
    for (auto* one : {&every, &few}) serve_all(*one, 20, 1, 0, 4);
    every.tick(seconds(1)).tick(seconds(0)).tick(seconds(0));
    if (i % 20 == 0) few.tick(seconds(20));
  }
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(every.state.arms[i].successes, few.state.arms[i].successes);
    EXPECT_EQ(every.state.arms[i].failures, few.state.arms[i].failures);
    EXPECT_NEAR(every.state.arms[i].share, few.state.arms[i].share, 0.001);
  }
}

TEST(BanditTicks, OfAnotherWindowCountNothing) {
  auto bandit = bandit_rig();
  serve_all(bandit, 500, 25, 10, 100);
  bandit.tick();
  const auto counted = bandit.state.arms[0].successes;
  ++bandit.evidence.window;
  bandit.tick();
  --bandit.evidence.window;
  bandit.tick();
  EXPECT_EQ(bandit.state.arms[0].successes, counted);
}

// ---- guardrails

TEST(BanditGuardrails, DropAnArmToItsFloorForGood) {
  auto spec = bandit_of();
  spec.guardrails = {at_most("error-rate", ratio(0.1))};
  auto bandit = bandit_rig(spec);
  serve_all(bandit, 500, 25, 24, 200);
  bandit.tick(seconds(10));
  ASSERT_EQ(bandit.told("ArmDropped"), 1);
  EXPECT_TRUE(bandit.events[0].text.starts_with("'v3' to its floor of 1%: error-rate 40% > max 10% (n=500"))
      << bandit.events[0].text;
  EXPECT_NEAR(bandit.share("v3"), 0.01, 1e-9);
  bandit.serve("v3", 1'000'000, 0);
  bandit.tick(seconds(10));
  EXPECT_NEAR(bandit.share("v3"), 0.01, 1e-9) << "until a retry or another policy";
  bandit.restart_rollout();
  EXPECT_NEAR(bandit.share("v3"), 1.0 / 3, 1e-9);
}

TEST(BanditGuardrails, CompareWithTheFirstArm) {
  auto spec = bandit_of();
  spec.guardrails = {no_worse_by("error-rate", ratio(0.05))};
  auto bandit = bandit_rig(spec);
  serve_all(bandit, 500, 25, 24, 200);
  bandit.tick(seconds(10));
  EXPECT_TRUE(bandit.state.arms[2].dropped);
  EXPECT_FALSE(bandit.state.arms[0].dropped);
  EXPECT_TRUE(bandit.state.arms[0].checks.empty()) << "the first arm is compared with nobody";
}

TEST(BanditGuardrails, LeaveTheLastArm) {
  auto spec = bandit_of({"v1", "v2"});
  spec.guardrails = {at_most("error-rate", ratio(0.1))};
  auto bandit = bandit_rig(spec);
  bandit.serve("v1", 500, 200);
  bandit.serve("v2", 500, 20);
  bandit.tick(seconds(10));
  EXPECT_TRUE(bandit.state.arms[0].dropped);
  bandit.serve("v2", 5000, 4000);
  bandit.serve("v1", 5000, 0);
  bandit.tick(seconds(10)).tick(seconds(10));
  EXPECT_FALSE(bandit.state.arms[1].dropped);
  EXPECT_EQ(bandit.told("CheckFailed"), 1);
  EXPECT_NEAR(bandit.share("v2"), 0.99, 1e-9);
}

TEST(BanditGuardrails, HoldForAPersonWhenTheyStayUndecided) {
  auto spec = bandit_of();
  spec.guardrails = {at_most("latency-p99", policy::Quantity{1, policy::QuantityUnit::Seconds})};
  spec.guardrails[0].inconclusive_limit = 0;
  auto bandit = bandit_rig(spec);
  serve_all(bandit, 500, 25, 10, 100);  // without latencies
  bandit.tick(seconds(10));
  EXPECT_EQ(bandit.where(), "Held/Undecided");
  serve_all(bandit, 500, 25, 10, 100);
  const double share = bandit.share("v1");
  bandit.tick(seconds(1));
  EXPECT_DOUBLE_EQ(bandit.share("v1"), share) << "nothing moves while a person is to decide";
  EXPECT_EQ(bandit.state.arms[0].successes + bandit.state.arms[0].failures, 1000u) << "though it is counted";
  EXPECT_EQ(bandit.say(Verb::Promote), "");
  EXPECT_EQ(bandit.where(), "Progressing/Following");
  serve_all(bandit, 1, 0, 0, 0);
  bandit.tick(seconds(1));
  EXPECT_GT(bandit.share("v2"), 0.9);
}

TEST(BanditPause, FreezesSharesButNotTheCounting) {
  auto bandit = bandit_rig();
  bandit.state.paused = true;
  serve_all(bandit, 500, 25, 10, 100);
  bandit.tick();
  EXPECT_NEAR(bandit.share("v2"), 1.0 / 3, 1e-9);
  EXPECT_EQ(bandit.state.arms[1].successes, 490u);
  bandit.state.paused = false;
  serve_all(bandit, 1, 0, 0, 0);
  bandit.tick();
  EXPECT_GT(bandit.share("v2"), 0.9);
}

// ---- the end

TEST(BanditStop, GivesTheBestArmEverythingWhenBothConditionsHold) {
  auto spec = bandit_of();
  spec.stop_when = policy::BanditStop{95_pct, 1_pct, false, {}, {}};
  auto bandit = bandit_rig(spec);
  serve_all(bandit, 500, 25, 24, 100);
  bandit.tick();
  EXPECT_EQ(bandit.where(), "Progressing/Following") << "v1 and v2 are about equal";
  serve_all(bandit, 5000, 250, 100, 1000);
  bandit.tick();
  EXPECT_EQ(bandit.where(), "Promoted/WinnerFound");
  EXPECT_EQ(bandit.state.winner, "v2");
  EXPECT_EQ(bandit.state.live, "v2");
  EXPECT_DOUBLE_EQ(bandit.share("v2"), 1);
  EXPECT_EQ(bandit.role("v2"), "stable");
  EXPECT_EQ(bandit.fallback("v1"), -1);
  EXPECT_EQ(bandit.told("WinnerFound"), 1);
  EXPECT_EQ(bandit.told("Promoted"), 1);
  serve_all(bandit, 5000, 0, 5000, 0);
  bandit.tick(minutes(10));
  EXPECT_DOUBLE_EQ(bandit.share("v2"), 1);
}

TEST(BanditStop, WaitsWhileThereIsMoreToGain) {
  auto spec = bandit_of({"v1", "v2"});
  spec.stop_when = policy::BanditStop{60_pct, 0.01_pct, false, {}, {}};
  auto bandit = bandit_rig(spec);
  bandit.serve("v1", 200, 20);
  bandit.serve("v2", 200, 14);
  bandit.tick();
  EXPECT_GT(bandit.state.arms[1].probability_best, 0.6);
  EXPECT_EQ(bandit.where(), "Progressing/Following");
  bandit.spec.stop_when->value_remaining = 10_pct;
  bandit.serve("v2", 1);
  bandit.tick();
  EXPECT_EQ(bandit.where(), "Promoted/WinnerFound");
}

TEST(BanditStop, NeverComesWithoutAWish) {
  auto bandit = bandit_rig();
  serve_all(bandit, 50'000, 2500, 100, 1000);
  bandit.tick();
  EXPECT_EQ(bandit.where(), "Progressing/Following");
}

TEST(BanditVerbs, PromoteTakesTheLeaderOnceItHasShownItself) {
  auto bandit = bandit_rig();
  EXPECT_EQ(bandit.say(Verb::Promote, true), "no arm leads: nothing has been counted yet");
  serve_all(bandit, 50, 3, 1, 10);
  bandit.tick();
  EXPECT_EQ(bandit.say(Verb::Promote),
            "no arm leads yet: equal shares at first: 'v1' n=50 of 100, 'v2' n=50 of 100, 'v3' n=50 of 100; promote "
            "--full takes the one that is ahead");
  serve_all(bandit, 450, 22, 9, 90);
  bandit.tick();
  EXPECT_EQ(bandit.say(Verb::Promote), "");
  EXPECT_EQ(bandit.state.live, "v2");
  EXPECT_EQ(bandit.state.phase, Phase::Promoted);
}

TEST(BanditVerbs, PromoteNeedsAnArmThatCanAnswer) {
  auto spec = bandit_of();
  spec.stop_when = policy::BanditStop{};
  auto bandit = bandit_rig(spec);
  serve_all(bandit, 500, 25, 5, 100);
  bandit.usable("v2", 0);
  bandit.tick();
  EXPECT_EQ(bandit.where(), "Progressing/Following");
  EXPECT_EQ(bandit.say(Verb::Promote), "'v2' cannot take the traffic: 0 of 2 endpoints are usable");
  bandit.usable("v2", 1);
  EXPECT_EQ(bandit.say(Verb::Promote), "");
}

TEST(BanditVerbs, AbortAndUndoGiveTheFirstArmEverything) {
  auto bandit = bandit_rig();
  bandit.say(Verb::Abort);
  EXPECT_EQ(bandit.where(), "Aborted/Aborted");
  EXPECT_DOUBLE_EQ(bandit.share("v1"), 1);

  auto promoted = bandit_rig();
  serve_all(promoted, 500, 25, 10, 100);
  promoted.tick();
  promoted.say(Verb::Promote);
  promoted.usable("v1", 0);
  EXPECT_EQ(promoted.say(Verb::Undo), "'v1' cannot take the traffic: 0 of 2 endpoints are usable");
  promoted.usable("v1", 2);
  EXPECT_EQ(promoted.say(Verb::Undo), "");
  EXPECT_EQ(promoted.where(), "Aborted/Undone");
  EXPECT_DOUBLE_EQ(promoted.share("v1"), 1);
}

TEST(BanditVerbs, UndoIsRefusedWhereAGuardrailTookTheFirstArmOut) {
  auto bandit = bandit_rig();
  serve_all(bandit, 500, 25, 10, 100);
  bandit.tick();
  bandit.say(Verb::Promote);
  bandit.state.arms[0].dropped = true;
  bandit.state.arms[0].reason = "error-rate 5% > max 3% (n=500)";
  EXPECT_EQ(bandit.say(Verb::Undo),
            "'v1' was dropped and does not get everything back: error-rate 5% > max 3% (n=500); name other arms in the "
            "policy to begin another bandit");
  EXPECT_EQ(bandit.state.phase, Phase::Promoted);
  EXPECT_DOUBLE_EQ(bandit.share("v2"), 1);
}

TEST(BanditVerbs, AFirstArmThatWinsHasNothingToUndo) {
  auto bandit = bandit_rig();
  serve_all(bandit, 500, 10, 25, 100);
  bandit.tick();
  EXPECT_EQ(bandit.say(Verb::Promote), "");
  EXPECT_EQ(bandit.where(), "Promoted/StableStays");
}

TEST(BanditSteering, SendsWhatAnArmFailsToTheFirst) {
  auto bandit = bandit_rig();
  EXPECT_EQ(bandit.fallback("v1"), -1);
  EXPECT_EQ(bandit.fallback("v3"), 0);
  bandit.spec.parachute = false;
  EXPECT_EQ(bandit.fallback("v3"), -1);
}

TEST(BanditSteering, IsEqualBeforeTheFirstStateAndRefusesWhatIsNotThere) {
  const auto route = route_with({"v1", "v2"});
  EXPECT_DOUBLE_EQ(steer(bandit_of({"v1", "v2"}), route, {})->plan.target_share(1), 0.5);
  EXPECT_FALSE(steer(bandit_of({"v1", "v9"}), route, {}).ok());
  EXPECT_FALSE(steer(bandit_of({}), route, {}).ok());
}

/// Failed requests beyond those the best arm would have had, over a run of the whole loop.
double regret(const std::vector<double>& rates, int requests, int per_tick, std::uint64_t seed) {
  auto bandit = bandit_rig(bandit_of({"v1", "v2"}));
  std::mt19937_64 random(seed);
  const double best = std::max(rates[0], rates[1]);
  double lost = 0;
  for (int served = 0; served < requests; served += per_tick) {
    for (int i = 0; i < per_tick; ++i) {
      const std::size_t arm = std::uniform_real_distribution<double>()(random) < bandit.state.arms[0].share ? 0 : 1;
      const bool success = std::uniform_real_distribution<double>()(random) < rates[arm];
      bandit.serve(arm == 0 ? "v1" : "v2", 1, success ? 0 : 1);
      lost += best - rates[arm];
    }
    bandit.tick();
  }
  return lost;
}

TEST(BanditRegret, IsThatOfThompsonSamplingAfterTheFirstHundredOfEach) {
  double sum = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) sum += regret({0.9, 0.8}, 5000, 50, seed);
  // A hundred requests of the worse arm cost 10, the floor of 1 % five more; equal shares would cost 250.
  EXPECT_LT(sum / 20, 22);
  EXPECT_GT(sum / 20, 10);
}

}  // namespace
}  // namespace sluice::strategy
