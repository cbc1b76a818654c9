#include "sluice/strategy/rolling.hpp"

#include "rolling_world.hpp"

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;

TEST(Rolling, ReplacesOneEndpointAfterTheOtherAndNeverHasLessThanThreeOfFour) {
  RollingWorld world(4, 4);
  world.warm_up = 3s;
  world.begin_rollout();
  EXPECT_EQ(world.candidate_share(), 0);
  std::vector<double> shares;
  ASSERT_TRUE(world.run_until([&] {
    if (shares.empty() || shares.back() != world.candidate_share()) shares.push_back(world.candidate_share());
    return world.state.phase == Phase::Promoted;
  })) << world.told();
  EXPECT_TRUE(std::is_sorted(shares.begin(), shares.end()));
  EXPECT_NEAR(shares[1], 1.0 / 4, 0.09);
  EXPECT_EQ(shares.back(), 1);
  EXPECT_EQ(world.least_serving, 3);
  EXPECT_LE(world.most_let_in, 4);
  EXPECT_EQ(world.state.live, "v2");
  EXPECT_EQ(world.state.step, 4);
}

TEST(Rolling, WaitsUntilNothingIsUnderWayAtTheEndpointThatGoes) {
  RollingWorld world(2, 2);
  world.node("a1").in_flight = 30;
  world.begin_rollout();
  ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::Draining) == 1; }));
  EXPECT_TRUE(world.is_withheld(0, "a1"));
  for (int i = 0; i < 28; ++i) {
    world.tick();
    ASSERT_EQ(world.state.slots[0].phase, SlotPhase::Draining) << i;
    ASSERT_TRUE(world.is_withheld(1, "b1"));
  }
  EXPECT_TRUE(world.run_until([&] { return world.state.slots[0].phase == SlotPhase::New; }, 6));
}

TEST(Rolling, LetsAnEndpointInOnlyWhenItIsReadyAndCountsItOnlyWhenItIsWarm) {
  RollingWorld world(2, 2);
  world.node("b1").up = false;
  world.warm_up = 5s;
  world.begin_rollout();
  for (int i = 0; i < 20; ++i) world.tick();
  EXPECT_EQ(world.state.slots[0].phase, SlotPhase::Readying);
  EXPECT_TRUE(world.is_withheld(1, "b1"));
  world.node("b1").up = true;
  world.tick();
  EXPECT_EQ(world.state.slots[0].phase, SlotPhase::Warming);
  EXPECT_FALSE(world.is_withheld(1, "b1"));
  EXPECT_EQ(world.candidate_share(), 0) << "nothing is meant for it while it warms up";
  EXPECT_TRUE(world.run_until([&] { return world.candidate_share() == 0.5; }, 8));
}

TEST(Rolling, AnInstanceSettlesForMinReadyBeforeTheNextOneBegins) {
  RollingWorld world(2, 2);
  world.spec().min_ready = 30s;
  world.begin_rollout();
  ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::Settling) == 1; }, 10));
  const WallTime since = world.now;
  ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::New) == 1; }, 40));
  EXPECT_GE(world.now - since, 29s);
}

TEST(Rolling, EveryAdmissionOpensAWindowAndTheChecksMustPassInIt) {
  RollingWorld world(3, 3);
  world.spec().analysis = errors_below(0.01);
  world.begin_rollout();
  world.requests_per_tick = 0;
  ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::Settling) == 1; }, 10));
  const auto window = world.state.window;
  EXPECT_GT(window, 101u);
  for (int i = 0; i < 60; ++i) world.tick();
  EXPECT_EQ(world.slots_in(SlotPhase::Settling), 1u) << "nothing was seen, so nothing has passed";
  EXPECT_EQ(world.state.window, window);
  world.requests_per_tick = 100;
  ASSERT_TRUE(world.run_to(Phase::Promoted)) << world.told();
  EXPECT_GT(world.state.window, window);
}

TEST(Rolling, TheLastInstanceIsComparedWithWhatStableDidBefore) {
  RollingWorld world(2, 2);
  world.spec().analysis = errors_below(1);
  world.spec().analysis->checks[0].threshold_range.reset();
  world.spec().analysis->checks[0].versus_stable =
      policy::VersusStable{policy::Quantity{0.05, policy::QuantityUnit::Ratio}, {}};
  world.begin_rollout();
  EXPECT_TRUE(world.run_to(Phase::Promoted, 600)) << world.told();
  // With one instance there never was anything to compare with.
  RollingWorld single(1, 1);
  single.spec().analysis = world.spec().analysis;
  single.begin_rollout();
  EXPECT_TRUE(single.run_to(Phase::Promoted, 600)) << single.told();
}

TEST(Rolling, TakesAsManyAtATimeAsMayBeUnavailable) {
  RollingWorld world(6, 6);
  world.spec().max_unavailable = {0, 50_pct};
  world.spec().min_ready = 5s;
  world.begin_rollout();
  world.tick();
  EXPECT_EQ(world.slots_in(SlotPhase::Draining), 3u);
  ASSERT_TRUE(world.run_to(Phase::Promoted)) << world.told();
  EXPECT_EQ(world.least_serving, 3);
}

TEST(Rolling, WithASurgeNobodyGoesBeforeSomebodyCame) {
  RollingWorld world(4, 4);
  world.spec().max_surge = {1, {}};
  world.spec().max_unavailable = {0, {}};
  world.spec().min_ready = 5s;
  world.warm_up = 3s;
  world.node("a2").in_flight = 20;
  world.begin_rollout();
  ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::Settling) == 1; }, 20));
  EXPECT_DOUBLE_EQ(world.candidate_share(), 0.2) << "one of five";
  ASSERT_TRUE(world.run_to(Phase::Promoted)) << world.told();
  EXPECT_EQ(world.least_serving, 4);
  EXPECT_EQ(world.most_let_in, 5);
}

TEST(Rolling, WhatTheCandidateHasMoreOfComesInAtTheEnd) {
  RollingWorld world(2, 5);
  world.begin_rollout();
  ASSERT_TRUE(world.run_to(Phase::Promoted)) << world.told();
  EXPECT_EQ(world.serving(), 5);
  EXPECT_EQ(world.least_serving, 1);
}

TEST(Rolling, WhatTheCandidateHasFewerOfLeavesAtTheEnd) {
  RollingWorld world(4, 2);
  world.begin_rollout();
  ASSERT_TRUE(world.run_until([&] { return world.candidate_share() == 0.5; })) << world.told();
  EXPECT_EQ(world.least_serving, 3);
  EXPECT_FALSE(world.is_withheld(0, "a3"));
  ASSERT_TRUE(world.run_to(Phase::Promoted)) << world.told();
  EXPECT_EQ(world.serving(), 2);
  EXPECT_EQ(world.least_serving, 2);
}

TEST(Rolling, NothingGoesWhileNothingIsKnownOfTheCandidate) {
  RollingWorld world(2, 0);
  world.begin_rollout();
  for (int i = 0; i < 30; ++i) world.tick();
  EXPECT_EQ(world.state.reason, "NoEndpoints") << world.told();
  EXPECT_EQ(world.serving(), 2);
  // A name is looked up, and there they are.
  world.name(1, "b1");
  world.name(1, "b2");
  EXPECT_TRUE(world.run_to(Phase::Promoted)) << world.told();
}

TEST(Rolling, ABrokenInstanceOfStableDoesNotStandInTheWayOfItsReplacement) {
  RollingWorld world(3, 3);
  world.node("a2").up = false;
  world.begin_rollout();
  ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::New) == 1; })) << world.told();
  EXPECT_EQ(world.state.slots[1].phase, SlotPhase::New) << "the others must not be missing as well";
  ASSERT_TRUE(world.run_to(Phase::Promoted)) << world.told();
  EXPECT_EQ(world.least_serving, 2);
}

TEST(Rolling, AVersionThatIsDownAltogetherIsMended) {
  RollingWorld world(3, 3);
  for (const char* host : {"a1", "a2", "a3"}) world.node(host).up = false;
  world.begin_rollout();
  world.tick();
  EXPECT_EQ(world.slots_in(SlotPhase::Draining), 1u) << "one at a time, in case it only looks like that";
  EXPECT_TRUE(world.run_to(Phase::Promoted)) << world.told();
}

TEST(Rolling, GatesHoldTheBeginningEachInstanceAndTheEnd) {
  RollingWorld world(2, 2);
  world.spec().webhooks = {hook(policy::WebhookType::ConfirmRollout, "http://h/begin"),
                           hook(policy::WebhookType::ConfirmTrafficIncrease, "http://h/more"),
                           hook(policy::WebhookType::ConfirmPromotion, "http://h/end")};
  std::string closed = "begin";
  world.refuses = [&](const Errand& errand) { return errand.url.ends_with(closed); };
  world.begin_rollout();
  for (int i = 0; i < 700; ++i) world.tick();
  EXPECT_EQ(world.state.phase, Phase::Pending);
  EXPECT_EQ(world.state.reason, "AwaitingConfirmation") << world.told();
  EXPECT_EQ(world.serving(), 2);
  closed = "more";
  for (int i = 0; i < 700; ++i) world.tick();
  EXPECT_EQ(world.slots_in(SlotPhase::Old), 2u) << "waiting for somebody is no lack of progress";
  world.command(Verb::Promote);
  ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::New) == 1; }, 20)) << world.told();
  for (int i = 0; i < 30; ++i) world.tick();
  EXPECT_EQ(world.slots_in(SlotPhase::New), 1u) << "the word was for one instance";
  closed = "end";
  ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::New) == 2; }, 30)) << world.told();
  for (int i = 0; i < 30; ++i) world.tick();
  EXPECT_EQ(world.state.phase, Phase::Progressing);
  closed = "nothing";
  EXPECT_TRUE(world.run_to(Phase::Promoted, 20)) << world.told();
}

TEST(Rolling, APersonsPauseLetsTheInstanceUnderWayFinishAndNoOtherBegin) {
  RollingWorld world(3, 3);
  world.begin_rollout();
  world.tick();
  ASSERT_EQ(world.slots_in(SlotPhase::Draining), 1u);
  world.state.paused = true;
  for (int i = 0; i < 900; ++i) world.tick();
  EXPECT_EQ(world.slots_in(SlotPhase::New), 1u);
  EXPECT_EQ(world.slots_in(SlotPhase::Old), 2u) << world.told();
  world.state.paused = false;
  world.state.last_progress = world.now;
  EXPECT_TRUE(world.run_to(Phase::Promoted)) << world.told();
}

TEST(Rolling, PromoteLetsTheInstanceThatSettlesPassAndFullLetsAllPass) {
  RollingWorld world(3, 3);
  world.spec().min_ready = 5min;
  world.begin_rollout();
  ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::Settling) == 1; }, 20));
  world.command(Verb::Promote);
  EXPECT_EQ(world.slots_in(SlotPhase::New), 1u);
  for (int i = 0; i < 60; ++i) world.tick();
  EXPECT_EQ(world.slots_in(SlotPhase::New), 1u) << "the second one settles again";
  world.command(Verb::Promote, true);
  EXPECT_TRUE(world.run_to(Phase::Promoted, 60)) << world.told();
  EXPECT_EQ(world.least_serving, 2);
}

TEST(Rolling, UndecidedChecksHoldItUntilAPersonPromotes) {
  RollingWorld world(2, 2);
  world.spec().analysis = errors_below(0.01);
  world.spec().analysis->checks[0].inconclusive_limit = 3;
  world.begin_rollout();
  world.requests_per_tick = 0;
  ASSERT_TRUE(world.run_to(Phase::Held, 60)) << world.told();
  for (int i = 0; i < 700; ++i) world.tick();
  EXPECT_EQ(world.state.phase, Phase::Held);
  EXPECT_EQ(world.serving(), 2);
  world.requests_per_tick = 100;
  world.command(Verb::Promote);
  EXPECT_TRUE(world.run_to(Phase::Promoted, 60)) << world.told();
}

TEST(Rolling, ARepeatedLookChangesNothingAndTellsNothing) {
  RollingWorld world(2, 2);
  world.begin_rollout();
  world.node("b1").up = false;
  for (int i = 0; i < 10; ++i) world.tick();
  const RolloutState before = world.state;
  const auto events = world.events.size();
  for (int i = 0; i < 10; ++i) world.tick();
  EXPECT_EQ(world.state, before);
  EXPECT_EQ(world.events.size(), events);
}

TEST(RollingSteering, StableAnswersForTheCandidateWhileItHasAnEndpoint) {
  RollingWorld world(2, 2);
  world.begin_rollout();
  EXPECT_EQ(world.steering.fallbacks, (std::vector<std::int32_t>{-1, -1})) << "nobody is tried yet";
  EXPECT_EQ(world.steering.roles, (std::vector<std::string>{"stable", "candidate"}));
  ASSERT_TRUE(world.run_until([&] { return world.candidate_share() == 0.5; }, 20));
  EXPECT_EQ(world.steering.fallbacks, (std::vector<std::int32_t>{-1, 0}));
  ASSERT_TRUE(world.run_until([&] { return world.candidate_share() == 1; }, 20));
  EXPECT_EQ(world.steering.fallbacks, (std::vector<std::int32_t>{-1, -1}));
  ASSERT_TRUE(world.run_to(Phase::Promoted, 20));
  EXPECT_EQ(world.steering.roles, (std::vector<std::string>{"previous", "stable"}));
  EXPECT_EQ(world.steering.plan.spec().stable, 1);
  world.spec().parachute = false;
  world.begin_rollout();
  ASSERT_TRUE(world.run_until([&] { return world.candidate_share() == 0.5; }, 20));
  EXPECT_EQ(world.steering.fallbacks, (std::vector<std::int32_t>{-1, -1}));
}

TEST(RollingSteering, RefusesVersionsThatAreNotThere) {
  RollingWorld world(1, 1);
  world.spec().candidate = "v9";
  EXPECT_FALSE(steer(world.spec(), world.route, world.state).ok());
  world.spec().candidate = "v1";
  EXPECT_FALSE(steer(world.spec(), world.route, world.state).ok());
}

}  // namespace
}  // namespace sluice::strategy
