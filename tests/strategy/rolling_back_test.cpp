#include "rolling_world.hpp"

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;

bool all_old(const RollingWorld& world) {
  return world.slots_in(SlotPhase::Old) == world.state.slots.size();
}

/// Two of four are replaced and the third settles.
RollingWorld half_way() {
  RollingWorld world(4, 4);
  world.spec().min_ready = 20s;
  world.spec().analysis = errors_below(0.01);
  world.begin_rollout();
  EXPECT_TRUE(
      world.run_until([&] { return world.slots_in(SlotPhase::New) == 2 && world.slots_in(SlotPhase::Settling) == 1; }));
  return world;
}

TEST(RollingBack, AFailedCheckGivesEverythingBackToStable) {
  RollingWorld world = half_way();
  world.error_rate["v2"] = 0.2;
  ASSERT_TRUE(world.run_to(Phase::RolledBack, 30)) << world.told();
  EXPECT_TRUE(all_old(world));
  EXPECT_EQ(world.candidate_share(), 0);
  EXPECT_EQ(world.serving(), 4);
  EXPECT_EQ(world.least_serving, 3) << "the endpoints of stable are there: nobody has to be missing";
  EXPECT_EQ(world.state.reason, "CheckFailed");
  EXPECT_NE(world.state.message.find("> max 1% (n="), std::string::npos) << world.state.message;
  EXPECT_TRUE(world.has_event("CheckFailed"));
  EXPECT_EQ(world.state.live, "v1");
  for (const char* host : {"b1", "b2", "b3", "b4"}) EXPECT_TRUE(world.is_withheld(1, host));
}

TEST(RollingBack, ACandidateServesOnlyUntilStableIsBackAndGoesAtOnceWhereOthersAreEnough) {
  RollingWorld world = half_way();
  world.warm_up = 15s;
  world.error_rate["v2"] = 0.2;
  ASSERT_TRUE(world.run_to(Phase::RollingBack, 30)) << world.told();
  EXPECT_LT(world.candidate_share(), 3.0 / 4) << "one of four may be missing";
  EXPECT_GE(world.serving(), 3);
  ASSERT_TRUE(world.run_to(Phase::RolledBack, 60)) << world.told();
  EXPECT_EQ(world.least_serving, 3);
}

TEST(RollingBack, GoesBackInBatches) {
  RollingWorld world = half_way();
  world.spec().rollback_batch = 25_pct;
  world.warm_up = 5s;
  world.command(Verb::Abort);
  std::size_t most = 0;
  ASSERT_TRUE(world.run_until(
      [&] {
        most = std::max(most, static_cast<std::size_t>(std::count_if(world.state.slots.begin(), world.state.slots.end(),
                                                                     [](const SlotState& slot) { return slot.back; })));
        return world.state.phase == Phase::Aborted;
      },
      100))
      << world.told();
  EXPECT_EQ(most, 1u);
  EXPECT_TRUE(all_old(world));
}

TEST(RollingBack, AnEndpointThatDoesNotBecomeReadyInTimeIsAFailure) {
  RollingWorld world(2, 2);
  world.spec().replace_timeout = 60s;
  world.node("b2").up = false;
  world.begin_rollout();
  ASSERT_TRUE(world.run_to(Phase::RolledBack, 120)) << world.told();
  EXPECT_EQ(world.state.reason, "ReplaceTimeout");
  EXPECT_NE(world.state.message.find("b2:80 is not in service after 1m"), std::string::npos) << world.state.message;
  EXPECT_NE(world.state.message.find("connection refused"), std::string::npos) << world.state.message;
  EXPECT_EQ(world.serving(), 2);
  EXPECT_EQ(world.least_serving, 1);
}

TEST(RollingBack, NoProgressForTooLongIsAFailure) {
  RollingWorld world(2, 2);
  world.spec().progress_deadline = 60s;
  world.spec().analysis = errors_below(0.01);
  world.spec().min_ready = 2min;
  world.requests_per_tick = 0;
  world.begin_rollout();
  ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::Settling) == 1; }, 10));
  for (int i = 0; i < 150; ++i) world.tick();
  EXPECT_EQ(world.state.phase, Phase::Progressing) << "minReady is no standstill";
  ASSERT_TRUE(world.run_to(Phase::RolledBack, 60)) << world.told();
  EXPECT_EQ(world.state.reason, "ProgressDeadlineExceeded");
}

TEST(RollingBack, AHookOfTypeRollbackSendsItBack) {
  RollingWorld world(3, 3);
  world.spec().webhooks = {hook(policy::WebhookType::Rollback, "http://h/stop")};
  bool stop = false;
  world.refuses = [&](const Errand&) { return !stop; };
  world.begin_rollout();
  ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::New) == 1; }, 60)) << world.told();
  stop = true;
  ASSERT_TRUE(world.run_to(Phase::RolledBack, 60)) << world.told();
  EXPECT_EQ(world.state.reason, "RollbackRequested");
}

TEST(RollingBack, AbortEndsAbortedFromWhereverItIs) {
  for (int seconds = 0; seconds < 40; ++seconds) {
    RollingWorld world(3, 3);
    world.warm_up = 2s;
    world.node("a2").in_flight = 6;
    world.begin_rollout();
    for (int i = 0; i < seconds; ++i) world.tick();
    if (world.state.phase == Phase::Promoted) return;
    world.command(Verb::Abort);
    ASSERT_TRUE(world.run_to(Phase::Aborted, 60)) << seconds << "\n" << world.told();
    EXPECT_EQ(world.state.reason, "Aborted");
    EXPECT_TRUE(all_old(world));
    EXPECT_EQ(world.serving(), 3);
    EXPECT_GE(world.least_serving, 2) << seconds;
    EXPECT_EQ(world.candidate_share(), 0);
  }
  FAIL() << "it never came to an end";
}

TEST(RollingBack, UndoBringsStableBackWithoutAnInstantWithNobody) {
  RollingWorld world(4, 4);
  world.begin_rollout();
  ASSERT_TRUE(world.run_to(Phase::Promoted)) << world.told();
  world.warm_up = 10s;
  world.command(Verb::Undo);
  EXPECT_EQ(world.state.phase, Phase::RollingBack);
  EXPECT_FALSE(world.state.ended.has_value());
  EXPECT_EQ(world.serving(), 3) << "the candidate serves until stable is warm, but for the one that may be missing";
  ASSERT_TRUE(world.run_to(Phase::Aborted, 40)) << world.told();
  EXPECT_EQ(world.state.reason, "Undone");
  EXPECT_TRUE(world.has_event("Undone"));
  EXPECT_EQ(world.least_serving, 3);
  EXPECT_EQ(world.state.live, "v1");
}

TEST(RollingBack, UndoIsRefusedWhenNothingOfStableIsLeft) {
  RollingWorld world(2, 2);
  world.begin_rollout();
  ASSERT_TRUE(world.run_to(Phase::Promoted)) << world.told();
  world.node("a1").up = world.node("a2").up = false;
  const Transition refused = world.command(Verb::Undo);
  ASSERT_TRUE(refused.refusal.has_value());
  EXPECT_EQ(world.state.phase, Phase::Promoted);
  world.node("a2").up = true;
  world.command(Verb::Undo);
  EXPECT_EQ(world.state.phase, Phase::RollingBack);
  for (int i = 0; i < 30; ++i) world.tick();
  EXPECT_GE(world.serving(), 1);
  world.node("a1").up = true;
  EXPECT_TRUE(world.run_to(Phase::Aborted, 30)) << world.told();
}

TEST(RollingBack, AnEndpointOfStableThatIsDownIsGivenBackAsItIs) {
  for (const auto batch : {30_pct, 50_pct, 100_pct}) {
    RollingWorld world(3, 3);
    world.spec().replace_timeout = 1min;
    world.spec().rollback_batch = batch;
    world.spec().analysis = errors_below(0.01);
    world.node("a1").up = false;
    world.begin_rollout();
    ASSERT_TRUE(world.run_until([&] { return world.slots_in(SlotPhase::New) == 2; }, 60)) << world.told();
    world.error_rate["v2"] = 0.2;
    ASSERT_TRUE(world.run_until([&] { return world.candidate_share() <= 0.5; }, 30))
        << "who can take over goes back first\n"
        << world.told();
    ASSERT_TRUE(world.run_to(Phase::RolledBack, 90)) << world.told();
    EXPECT_EQ(world.state.reason, "CheckFailed");
    EXPECT_EQ(world.candidate_share(), 0);
    EXPECT_EQ(world.serving(), 2);
    EXPECT_NE(world.told().find("a1:80 is given back to 'v1' as it is: a1:80 is not ready"), std::string::npos)
        << world.told();
  }
}

TEST(RollingBack, OneThatIsLateKeepsNoOtherWaiting) {
  RollingWorld world(3, 3);
  world.spec().replace_timeout = 1min;
  world.spec().rollback_batch = 30_pct;
  world.begin_rollout();
  ASSERT_TRUE(world.run_to(Phase::Promoted)) << world.told();
  world.warm_up = 5s;
  world.command(Verb::Undo);
  world.node("a1").up = false;
  ASSERT_TRUE(world.run_to(Phase::Aborted, 120)) << world.told();
  EXPECT_EQ(world.state.reason, "Undone");
  EXPECT_EQ(world.serving(), 2);
  EXPECT_GE(world.least_serving, 2);
}

TEST(RollingBack, CandidatesGoOnServingWhileNobodyOfStableIsThereUntilAPersonPromotesThem) {
  RollingWorld world(4, 4);
  world.spec().replace_timeout = 1min;
  world.begin_rollout();
  ASSERT_TRUE(world.run_to(Phase::Promoted)) << world.told();
  world.command(Verb::Undo);
  for (const char* host : {"a1", "a2", "a3", "a4"}) world.node(host).up = false;
  for (int i = 0; i < 300; ++i) world.tick();
  EXPECT_EQ(world.state.phase, Phase::RollingBack);
  EXPECT_EQ(world.state.reason, "NoWayBack") << world.told();
  EXPECT_GE(world.serving(), 3) << "one may be missing, and no more";
  EXPECT_EQ(world.candidate_share(), 1);
  world.command(Verb::Promote, true);
  EXPECT_EQ(world.state.phase, Phase::Progressing) << world.told();
  ASSERT_TRUE(world.run_to(Phase::Promoted, 60)) << world.told();
  EXPECT_EQ(world.serving(), 4);
}

TEST(RollingBack, APersonsPauseDoesNotKeepItFromGoingBack) {
  RollingWorld world = half_way();
  world.state.paused = true;
  world.error_rate["v2"] = 0.2;
  EXPECT_TRUE(world.run_to(Phase::RolledBack, 30)) << world.told();
}

TEST(RollingBack, AnotherAttemptBeginsWhereTheInstancesAre) {
  RollingWorld world = half_way();
  auto slots = world.state.slots;
  RolloutState again = world.state;
  again.attempt = 2;
  again = begin(world.spec(), again, {world.route, Evidence{}, nullptr, world.now});
  EXPECT_EQ(again.step, 2);
  EXPECT_DOUBLE_EQ(again.weight, 0.75);
  EXPECT_EQ(again.slots[0].phase, SlotPhase::New);
  // Behind a stage that was a rolling update too, all of that is over.
  for (auto& slot : again.slots) slot.phase = SlotPhase::New;
  again = begin(world.spec(), again, {world.route, Evidence{}, nullptr, world.now});
  EXPECT_EQ(again.weight, 0);
  EXPECT_EQ(again.slots[0].phase, SlotPhase::Old);
}

}  // namespace
}  // namespace sluice::strategy
