#include <gtest/gtest.h>

#include "rows.hpp"
#include "sluice/strategy/stages.hpp"
#include "sluice/strategy/step.hpp"

namespace sluice::strategy::rows {
namespace {

using namespace std::chrono_literals;
using policy::StageEnd;

// ---- verbs

TEST(Stages, PromoteMovesTheStageUnderWay) {
  auto slow = canary();
  slow.steps.emplace_back().weight = 40;
  auto r = rig({stage(slow), stage(flip())});
  for (int i = 0; i < 3 && r.state.weight == 0; ++i) r.tick();
  EXPECT_EQ(r.say(Verb::Promote), "");
  EXPECT_EQ(r.state.stage, 0u);
  EXPECT_DOUBLE_EQ(r.share("v2"), 0.4);
  EXPECT_EQ(r.say(Verb::Promote), "");
  EXPECT_EQ(r.state.stage, 1u);
}

TEST(Stages, PromoteTakesAShadowsCandidateOnToTheNextStage) {
  auto endless = shadow();
  endless.stop_when = policy::ShadowStop::Never;
  auto r = rig({stage(endless), stage(canary())});
  r.tick(1h);
  EXPECT_EQ(r.say(Verb::Promote), "");
  EXPECT_EQ(r.state.stage, 1u);
  EXPECT_EQ(r.share("v1"), 1) << "not live yet: the canary decides";
}

TEST(Stages, PromoteFullyGoesToTheLastStagesCandidate) {
  for (const policy::StageStrategy& last : {policy::StageStrategy(flip()), policy::StageStrategy(canary()),
                                            policy::StageStrategy(shadow()), policy::StageStrategy(test_of_errors())}) {
    auto r = rig({stage(shadow()), stage(canary()), stage(last)});
    EXPECT_EQ(r.say(Verb::Promote, true), "") << last.index();
    EXPECT_EQ(r.state.phase, Phase::Promoted) << last.index();
    EXPECT_EQ(r.state.stage, 2u);
    EXPECT_EQ(r.state.live, "v2");
    EXPECT_EQ(r.share("v2"), 1);
    EXPECT_EQ(r.told("Promoted"), 1);
    EXPECT_EQ(r.say(Verb::Undo), "");
    EXPECT_EQ(r.share("v1"), 1);
  }
}

TEST(Stages, PromoteFullyIsRefusedWhereItIsNotClearWhoOrNobodyAnswers) {
  auto three = test_of_errors();
  three.variants.push_back({"v3", 1, {}});
  Rig<policy::Stages> r(policy::Stages{{stage(shadow()), stage(three)}}, {"v1", "v2", "v3"});
  const auto before = r.state;
  EXPECT_NE(r.say(Verb::Promote, true).find("several candidates"), std::string::npos);
  EXPECT_EQ(r.state, before);

  for (const policy::StageStrategy& last : {policy::StageStrategy(flip()), policy::StageStrategy(test_of_errors())}) {
    auto down = rig({stage(shadow()), stage(last)});
    down.usable("v2", 0);
    EXPECT_NE(down.say(Verb::Promote, true).find("'v2' cannot take the traffic"), std::string::npos);
    EXPECT_EQ(down.state.stage, 0u);
    EXPECT_EQ(down.share("v1"), 1);
  }
}

TEST(Stages, UndoAfterTheEndGoesBackToTheFirstStableVersion) {
  auto r = rig({stage(shadow()), stage(canary())});
  pass_shadow(r);
  pass_canary(r);
  ASSERT_EQ(r.state.phase, Phase::Promoted);
  r.usable("v1", 0);
  EXPECT_NE(r.say(Verb::Undo).find("'v1' cannot take the traffic"), std::string::npos);
  r.usable("v1", 2);
  EXPECT_EQ(r.say(Verb::Undo), "");
  EXPECT_EQ(r.where(), "Aborted/Undone");
  EXPECT_EQ(r.share("v1"), 1);
}

TEST(Stages, UndoBeforeTheEndIsForAFlipOnly) {
  auto r = rig({stage(canary()), stage(flip())});
  r.tick().tick();
  EXPECT_NE(r.say(Verb::Undo).find("use abort"), std::string::npos);
  pass_canary(r);
  r.tick().tick();
  ASSERT_EQ(r.share("v2"), 1);
  EXPECT_EQ(r.say(Verb::Undo), "");
  EXPECT_EQ(r.where(), "Aborted/Undone");
  EXPECT_EQ(r.share("v1"), 1);
}

TEST(Stages, AreReleasedAfterTheEnd) {
  auto r = rig({stage(shadow()), stage(canary())});
  pass_shadow(r);
  pass_canary(r);
  r.tick(10min).tick();
  EXPECT_EQ(r.told("Released"), 1);
  EXPECT_EQ(r.share("v2"), 1);
}

TEST(Stages, ATestsTimeBeginsWithItsStage) {
  auto test = test_of_errors();
  test.max_duration = 1h;
  auto r = rig({stage(even_split(), StageEnd::Passed, 3h), stage(test)});
  r.tick(3h).tick();
  ASSERT_EQ(r.state.stage, 1u);
  r.tick(30min);
  EXPECT_EQ(r.state.phase, Phase::Progressing) << "not over before it began";
  r.tick(30min).tick(10s);
  EXPECT_EQ(r.where(), "Concluded/MaxDuration");
}

TEST(Stages, GatesOfTwoStagesAreAskedApart) {
  auto asked = flip();
  asked.post_promotion = {};
  asked.webhooks = {hook(policy::WebhookType::ConfirmPromotion)};
  auto r = rig({stage(asked), stage(asked)});
  r.tick().tick();
  r.answer("confirm-promotion", ErrandAnswer::State::Succeeded);
  r.tick();
  ASSERT_EQ(r.state.stage, 1u);
  r.tick().tick().tick();
  EXPECT_EQ(r.where(), "Progressing/AwaitingConfirmation") << "the first stage's yes is not the second's";
  EXPECT_EQ(r.share("v1"), 1);
}

// ---- models that were exchanged on the servers

policy::Rolling exchange() {
  policy::Rolling made;
  made.stable = "v1";
  made.candidate = "v2";
  made.replace = policy::Replace::ModelRepository;
  made.repository = policy::Repository{"digits", {}, {}, true};
  return made;
}

/// What a person hears in this state; empty: it is done.
std::string heard(std::vector<policy::Stage> stages, RolloutState state, Verb verb, bool full = false) {
  auto route = route_with({"v1", "v2"});
  route.strategy = policy::Stages{std::move(stages)};
  state.strategy = "stages";
  state.route = route.name;
  const Command command{verb, full, "ada"};
  const Transition made = advance(route, state, Evidence{}, &command, WallTime(1h));
  if (made.refusal) {
    EXPECT_EQ(made.state, state);
  }
  return made.refusal.value_or("");
}

RolloutState exchanged(Phase phase, SlotPhase first, SlotPhase second) {
  RolloutState state;
  state.phase = phase;
  state.live = "v1";
  state.slots = {{"s1:80", "s1:80", first}, {"s2:80", "s2:80", second}};
  return state;
}

TEST(Stages, ServersThatWereGivenAnotherModelAreNotTakenForStablesByAnotherAttempt) {
  const std::vector<policy::Stage> row{stage(exchange()), stage(canary())};
  const auto held = exchanged(Phase::Held, SlotPhase::New, SlotPhase::Old);
  EXPECT_NE(heard(row, held, Verb::Retry).find("abort first"), std::string::npos);
  EXPECT_EQ(heard(row, exchanged(Phase::RolledBack, SlotPhase::Old, SlotPhase::Old), Verb::Retry), "");
  RolloutState later;
  later.phase = Phase::RolledBack;
  later.live = "v2";
  later.stage = 1;
  EXPECT_NE(heard(row, later, Verb::Retry).find("the servers of 'v1' have the model of 'v2'"), std::string::npos);
}

TEST(Stages, AnExchangeOfModelsIsNotGonePast) {
  const std::vector<policy::Stage> row{stage(shadow()), stage(exchange()), stage(canary())};
  RolloutState first;
  first.phase = Phase::Progressing;
  first.live = "v1";
  EXPECT_NE(heard(row, first, Verb::Promote, true).find("stage 2 of 3 exchanges models"), std::string::npos);
  auto half = exchanged(Phase::Progressing, SlotPhase::New, SlotPhase::Draining);
  half.stage = 1;
  EXPECT_NE(heard(row, half, Verb::Promote, true).find("stage 2 of 3 exchanges models"), std::string::npos);
}

}  // namespace
}  // namespace sluice::strategy::rows
