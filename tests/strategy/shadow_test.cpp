#include "sluice/strategy/shadow.hpp"

#include <gtest/gtest.h>

#include "rig.hpp"

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;

policy::Shadow shadow_of(std::string live, std::vector<policy::ShadowCandidate> candidates) {
  policy::Shadow shadow;
  shadow.live = std::move(live);
  shadow.candidates = std::move(candidates);
  return shadow;
}

policy::Shadow of_one() {
  return shadow_of("v1", {{"v2", 50, {}}});
}

policy::Shadow of_two() {
  return shadow_of("v1", {{"v2", 50, {}}, {"v3", 100, {}}});
}

policy::Shadow conclusive(policy::Shadow shadow) {
  shadow.stop_when = policy::ShadowStop::Conclusive;
  shadow.analysis = analysis_of({error_rate_below(0.01)});
  return shadow;
}

/// From nine to five.
policy::Shadow by_day(policy::Shadow shadow) {
  shadow.schedule.push_back({{}, {9 * 60}, {17 * 60}, {}});
  return shadow;
}

Rig<policy::Shadow> shadow_rig(policy::Shadow spec) {
  return {std::move(spec), {"v1", "v2", "v3"}};
}

TEST(Shadow, AnswersFromLiveAndCopiesToTheCandidates) {
  auto r = shadow_rig(of_two());
  EXPECT_EQ(r.where(), "Progressing/Copying");
  EXPECT_EQ(r.share("v1"), 1);
  EXPECT_EQ(r.mirrored("v2"), 0.5);
  EXPECT_EQ(r.mirrored("v3"), 1);
  EXPECT_EQ(r.mirrored("v1"), 0);
  EXPECT_EQ(r.role("v1"), "live");
  EXPECT_EQ(r.role("v2"), "shadow");
  r.copy("v2", 5000, 5000);
  r.tick(24h).tick(24h);
  EXPECT_EQ(r.where(), "Progressing/Copying") << "it goes on until the policy changes";
  EXPECT_TRUE(r.events.empty());
}

TEST(Shadow, BoundsItsCopiesAsThePolicySays) {
  auto spec = of_one();
  spec.budget.requests_in_flight = 7;
  spec.budget.requests_per_second = 2.5;
  spec.budget.body_bytes = 3_KiB;
  spec.budget.idle_only = true;
  const auto copies = shadow_rig(spec).steering().copies;
  EXPECT_EQ(copies.requests_in_flight, 7u);
  EXPECT_EQ(copies.requests_per_second, 2.5);
  EXPECT_EQ(copies.body_bytes, 3072u);
  EXPECT_TRUE(copies.idle_only);
  EXPECT_FALSE(copies.requests.has_value());
}

TEST(Shadow, FollowsAChangedPercentage) {
  auto r = shadow_rig(of_one());
  r.spec.candidates[0].percent = 5;
  r.tick();
  EXPECT_DOUBLE_EQ(r.mirrored("v2"), 0.05);
  EXPECT_DOUBLE_EQ(r.state.arms[0].share, 0.05);
}

// ---- verdicts

TEST(Shadow, ReportsACandidateThatFailsOnceAndGoesOn) {
  auto spec = of_one();
  spec.analysis = analysis_of({error_rate_below(0.01)});
  auto r = shadow_rig(spec);
  r.copy("v2", 500, 100);
  r.tick(10s).tick(10s).tick(10s);
  EXPECT_EQ(r.where(), "Progressing/Copying");
  EXPECT_EQ(r.told("CheckFailed"), 1);
  ASSERT_EQ(r.state.checks.size(), 1u);
  EXPECT_EQ(r.state.checks[0].verdict, Verdict::Fail);
  EXPECT_EQ(r.mirrored("v2"), 0.5);
}

TEST(Shadow, EndsWithTheFirstCandidateThatPassesOnceAllAreDecided) {
  auto r = shadow_rig(conclusive(of_two()));
  r.copy("v2", 500, 100);
  r.tick(10s);
  EXPECT_EQ(r.where(), "Progressing/Copying") << "v3 is undecided";
  r.copy("v3", 500);
  r.tick(10s);
  EXPECT_EQ(r.where(), "Concluded/Passed");
  EXPECT_EQ(r.state.winner, "v3");
  EXPECT_EQ(r.told("WinnerFound"), 1);
  EXPECT_EQ(r.mirrored("v2"), 0);
  EXPECT_EQ(r.mirrored("v3"), 0);
  EXPECT_EQ(r.share("v1"), 1) << "nobody is promoted by a shadow";
}

TEST(Shadow, EndsWithoutAWinnerWhenAllFail) {
  auto r = shadow_rig(conclusive(of_one()));
  r.copy("v2", 500, 100);
  r.tick(10s);
  EXPECT_EQ(r.where(), "Concluded/CheckFailed");
  EXPECT_EQ(r.state.winner, "");
  EXPECT_NE(r.state.message.find("20%"), std::string::npos) << r.state.message;
}

TEST(Shadow, ComparesErrorsWithLiveWhenNothingElseIsSaid) {
  auto spec = of_one();
  spec.stop_when = policy::ShadowStop::Conclusive;
  auto worse = shadow_rig(spec);
  worse.serve("v1", 5000, 5);
  worse.copy("v2", 2500, 250);
  worse.tick(10s);
  EXPECT_EQ(worse.where(), "Concluded/CheckFailed");

  auto alike = shadow_rig(spec);
  alike.serve("v1", 50000, 100);
  alike.copy("v2", 25000, 50);
  alike.tick(10s);
  EXPECT_EQ(alike.where(), "Concluded/Passed");
}

TEST(Shadow, UndecidedForTooLongIsAPersonsToDecide) {
  auto spec = conclusive(of_one());
  spec.analysis->checks[0].inconclusive_limit = 2;
  auto r = shadow_rig(spec);
  for (int i = 0; i < 5; ++i) r.tick(10s);
  EXPECT_EQ(r.where(), "Held/Undecided");
  EXPECT_EQ(r.told("Held"), 1);
  EXPECT_EQ(r.mirrored("v2"), 0.5) << "what was goes on";
  r.copy("v2", 500);
  r.tick(10s);
  EXPECT_EQ(r.where(), "Held/Undecided");
  EXPECT_EQ(r.say(Verb::Promote), "");
  EXPECT_EQ(r.state.phase, Phase::Promoted);
}

TEST(Shadow, ConcludesNothingWhilePaused) {
  auto r = shadow_rig(conclusive(of_one()));
  r.state.paused = true;
  r.copy("v2", 500);
  r.tick(10s).tick(10s);
  EXPECT_FALSE(is_over(r.state.phase));
  EXPECT_EQ(r.mirrored("v2"), 0.5);
  r.state.paused = false;
  r.tick();
  EXPECT_EQ(r.where(), "Concluded/Passed");
}

// ---- hours

TEST(Shadow, CopiesWithinItsHoursOnly) {
  auto r = shadow_rig(by_day(of_one()));
  EXPECT_EQ(r.where(), "Progressing/OutsideHours") << "the rig begins at midnight";
  EXPECT_EQ(r.mirrored("v2"), 0);
  r.tick(9h - 1s);
  EXPECT_EQ(r.mirrored("v2"), 0);
  r.tick(1s);
  EXPECT_EQ(r.where(), "Progressing/Copying");
  EXPECT_EQ(r.mirrored("v2"), 0.5);
  r.tick(8h - 1s);
  EXPECT_EQ(r.mirrored("v2"), 0.5);
  r.tick(1s).tick();
  EXPECT_EQ(r.where(), "Progressing/OutsideHours");
  EXPECT_EQ(r.mirrored("v2"), 0);
  EXPECT_EQ(r.told("Waiting"), 1);
  EXPECT_EQ(r.told("Advanced"), 1);
}

TEST(Shadow, ComparesEachOfItsHoursWithWhatLiveDidInThem) {
  auto spec = by_day(conclusive(of_one()));
  spec.analysis = analysis_of({});
  spec.analysis->checks.emplace_back().metric = "error-rate";
  spec.analysis->checks[0].versus_stable.emplace().margin = policy::Quantity{0.01, policy::QuantityUnit::Ratio};
  spec.budget.requests = 10'000;
  auto r = shadow_rig(spec);
  r.serve("v1", 5000, 400);  // a bad night, of which v2 gets no copy
  r.tick(9h);
  ASSERT_EQ(r.where(), "Progressing/Copying");
  r.serve("v1", 500);
  r.copy("v2", 500, 40);
  r.tick(10s);
  EXPECT_EQ(r.where(), "Concluded/CheckFailed") << r.state.message;
  EXPECT_EQ(r.state.checks[0].reference, 0) << "of the same hours";
}

TEST(Shadow, KeepsWhatItHasSpentWhereItCountsAnew) {
  auto spec = by_day(of_one());
  spec.budget.requests = 1000;
  auto r = shadow_rig(spec);
  r.tick(9h);
  r.copy("v2", 600);
  r.tick(8h).tick();
  ASSERT_EQ(r.where(), "Progressing/OutsideHours");
  r.tick(16h);
  ASSERT_EQ(r.where(), "Progressing/Copying");
  EXPECT_EQ(r.steering().copies.requests, 400U) << "as the data plane counts anew, too";
  r.copy("v2", 399);
  r.tick();
  EXPECT_EQ(r.where(), "Progressing/Copying");
  r.copy("v2", 1);
  r.tick();
  EXPECT_EQ(r.where(), "Concluded/BudgetSpent");
}

TEST(Shadow, DoesNotCountTheNightAsUndecided) {
  auto spec = by_day(conclusive(of_one()));
  spec.analysis->checks[0].inconclusive_limit = 1;
  auto r = shadow_rig(spec);
  for (int i = 0; i < 10; ++i) r.tick(10s);
  EXPECT_EQ(r.where(), "Progressing/OutsideHours");
  EXPECT_TRUE(r.state.checks.empty());
}

TEST(Shadow, WhilePausedItStopsCopyingButDoesNotBegin) {
  auto r = shadow_rig(by_day(of_one()));
  r.state.paused = true;
  r.tick(10h);
  EXPECT_EQ(r.mirrored("v2"), 0);
  r.state.paused = false;
  r.tick();
  EXPECT_EQ(r.mirrored("v2"), 0.5);
  r.state.paused = true;
  r.tick(8h);
  EXPECT_EQ(r.mirrored("v2"), 0);
}

// ---- the budget of copies

TEST(Shadow, EndsWhenItsBudgetIsSpent) {
  auto spec = of_two();
  spec.budget.requests = 1000;
  auto r = shadow_rig(spec);
  EXPECT_EQ(r.steering().copies.requests, 1000u);
  r.copy("v2", 400);
  r.copy("v3", 599);
  r.tick(10s);
  EXPECT_EQ(r.where(), "Progressing/Copying");
  r.copy("v3", 1);
  r.tick(10s);
  EXPECT_EQ(r.where(), "Concluded/BudgetSpent");
  EXPECT_NE(r.state.message.find("1 000"), std::string::npos) << r.state.message;
  EXPECT_EQ(r.mirrored("v3"), 0);
}

TEST(Shadow, KnowsTheWinnerOfWhatItCouldAfford) {
  auto spec = of_two();
  spec.analysis = analysis_of({error_rate_below(0.01)});
  spec.budget.requests = 1000;
  auto r = shadow_rig(spec);
  r.copy("v2", 500, 100);
  r.copy("v3", 500);
  r.tick(10s);
  EXPECT_EQ(r.where(), "Concluded/BudgetSpent");
  EXPECT_EQ(r.state.winner, "v3");
}

TEST(Shadow, ARestartDoesNotRefillTheBudget) {
  auto spec = of_one();
  spec.budget.requests = 1000;
  auto r = shadow_rig(spec);
  r.copy("v2", 600);
  r.tick(10s);
  r.restart_process();
  r.tick(1s);
  EXPECT_EQ(r.steering().copies.requests, 400u) << "what the data plane may still copy";
  r.copy("v2", 399);
  r.tick(10s);
  EXPECT_EQ(r.where(), "Progressing/Copying");
  r.restart_process();
  r.copy("v2", 1);
  r.tick(1s);
  EXPECT_EQ(r.where(), "Concluded/BudgetSpent");
}

TEST(Shadow, ALookWithoutCountersForgetsNothing) {
  auto spec = of_one();
  spec.budget.requests = 1000;
  auto r = shadow_rig(spec);
  r.copy("v2", 600);
  r.tick(10s);
  const auto seen = r.evidence;
  r.evidence = without_samples(seen);
  r.evidence.counters = 0;
  r.tick();
  r.evidence = seen;
  r.tick();
  EXPECT_EQ(r.steering().copies.requests, 1000u) << "it is one and the same window in one process";
  EXPECT_EQ(r.state.arms[0].copies_seen, 600u);
}

TEST(Shadow, RemembersItsCopiesNowAndThenSoThatTheStateIsNotKeptAtEveryLook) {
  auto spec = of_one();
  spec.budget.requests = 100'000;
  auto r = shadow_rig(spec);
  r.copy("v2", 10);
  r.tick();
  const auto before = r.state;
  r.copy("v2", 10);
  r.tick();
  EXPECT_EQ(r.state, before);
}

// ---- verbs

TEST(Shadow, PromoteMakesTheOnlyCandidateLiveAndUndoGoesBack) {
  auto r = shadow_rig(of_one());
  EXPECT_EQ(r.say(Verb::Promote), "");
  EXPECT_EQ(r.where(), "Promoted/PromotedByPerson");
  EXPECT_EQ(r.share("v2"), 1);
  EXPECT_EQ(r.mirrored("v2"), 0);
  EXPECT_EQ(r.role("v2"), "live");
  EXPECT_EQ(r.role("v1"), "previous");
  r.tick(1h);
  EXPECT_EQ(r.share("v2"), 1);
  EXPECT_EQ(r.say(Verb::Undo), "");
  EXPECT_EQ(r.where(), "Aborted/Undone");
  EXPECT_EQ(r.share("v1"), 1);
  EXPECT_EQ(r.role("v1"), "live");
}

TEST(Shadow, PromoteTakesTheWinnerAndOtherwiseAsksForOne) {
  auto r = shadow_rig(conclusive(of_two()));
  const std::string refusal = r.say(Verb::Promote);
  EXPECT_NE(refusal.find("'v2', 'v3'"), std::string::npos) << refusal;
  EXPECT_EQ(r.state.phase, Phase::Progressing);
  r.copy("v2", 500, 100);
  r.copy("v3", 500);
  r.tick(10s);
  ASSERT_EQ(r.state.phase, Phase::Concluded);
  EXPECT_EQ(r.say(Verb::Promote), "");
  EXPECT_EQ(r.share("v3"), 1);
}

TEST(Shadow, ACandidateThatFailedIsPromotedOnlyFully) {
  auto r = shadow_rig(conclusive(of_one()));
  r.copy("v2", 500, 100);
  r.tick(10s);
  const std::string refusal = r.say(Verb::Promote);
  EXPECT_NE(refusal.find("promote --full"), std::string::npos) << refusal;
  EXPECT_EQ(r.share("v1"), 1);
  EXPECT_EQ(r.say(Verb::Promote, true), "");
  EXPECT_EQ(r.share("v2"), 1);
}

TEST(Shadow, NobodyBecomesLiveThatCannotAnswer) {
  auto r = shadow_rig(of_one());
  r.usable("v2", 0);
  EXPECT_NE(r.say(Verb::Promote).find("0 of 2"), std::string::npos);
  r.usable("v2", 1);
  r.say(Verb::Promote);
  r.usable("v1", 0);
  EXPECT_NE(r.say(Verb::Undo).find("'v1' cannot take the traffic"), std::string::npos);
  EXPECT_EQ(r.share("v2"), 1);
}

TEST(Shadow, UndoIsRefusedWhereNothingIsPromoted) {
  auto r = shadow_rig(of_one());
  EXPECT_NE(r.say(Verb::Undo).find("nothing is promoted"), std::string::npos);
}

TEST(Shadow, AbortEndsTheCopies) {
  auto r = shadow_rig(of_one());
  EXPECT_EQ(r.say(Verb::Abort), "");
  EXPECT_EQ(r.where(), "Aborted/Aborted");
  EXPECT_EQ(r.mirrored("v2"), 0);
  EXPECT_EQ(r.share("v1"), 1);
  r.tick(1h);
  EXPECT_EQ(r.where(), "Aborted/Aborted");
}

TEST(Shadow, RefusesWhatNoPlanCanBeMadeOf) {
  const auto r = shadow_rig(of_one());
  const std::vector<policy::Shadow> wrong{shadow_of("v9", {{"v2", 100, {}}}), shadow_of("v1", {{"v9", 100, {}}}),
                                          shadow_of("v1", {{"v1", 100, {}}}), shadow_of("v1", {{"v2", 101, {}}}),
                                          shadow_of("v1", {{"v2", 1, {}}, {"v2", 2, {}}})};
  for (const auto& spec : wrong) {
    RolloutState state = r.state;
    state.live = spec.live;
    EXPECT_FALSE(steer(spec, r.route, state).ok());
  }
}

}  // namespace
}  // namespace sluice::strategy
