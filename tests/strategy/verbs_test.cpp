#include "sluice/strategy/verbs.hpp"

#include <gtest/gtest.h>

#include <map>

namespace sluice::strategy {
namespace {

using Kind = Permission::Kind;

constexpr std::array<Phase, 11> all_phases{Phase::Idle,       Phase::Pending,     Phase::Progressing, Phase::Paused,
                                           Phase::Held,       Phase::RollingBack, Phase::Promoted,    Phase::Concluded,
                                           Phase::RolledBack, Phase::Aborted,     Phase::Superseded};
constexpr std::array<Verb, 6> all_verbs{Verb::Promote, Verb::Pause, Verb::Resume, Verb::Abort, Verb::Retry, Verb::Undo};

/// A letter per phase, in their order: A acts, = has been done, x is refused.
const std::map<Verb, std::string> table{
    //                 Idle Pend Prog Paus Held RolB Prom Conc RldB Abrt Supr
    {Verb::Promote, "x    A    A    A    A    x    =    A    x    x    x"},
    {Verb::Pause, "x    A    A    A    =    x    x    x    x    x    x"},
    {Verb::Resume, "x    =    =    x    x    =    x    x    x    x    x"},
    {Verb::Abort, "x    A    A    A    A    =    x    A    =    =    x"},
    {Verb::Retry, "x    =    =    =    A    x    x    x    A    A    x"},
    {Verb::Undo, "x    x    x    x    x    =    A    x    =    =    x"},
};

/// What a pause by a person changes of it; only these phases can be paused.
const std::map<Verb, std::string> paused_table{
    {Verb::Promote, "x    x    x    x    x    x    x    x    x    x    x"},
    {Verb::Pause, "x    =    =    =    =    x    x    x    x    x    x"},
    {Verb::Resume, "x    A    A    A    A    x    x    x    x    x    x"},
};

char letter(Kind kind) {
  return kind == Kind::Act ? 'A' : kind == Kind::Already ? '=' : 'x';
}

RolloutState in_phase(Phase phase) {
  RolloutState state;
  state.strategy = "canary";
  state.live = "v1";
  state.phase = phase;
  return state;
}

Permission permitted(Verb verb, const RolloutState& state) {
  return judge(Command{verb, false, "alice"}, state);
}

TEST(Verbs, EachIsDefinedInEachPhase) {
  for (const Verb verb : all_verbs) {
    for (std::size_t i = 0; i < all_phases.size(); ++i) {
      const Permission permission = permitted(verb, in_phase(all_phases[i]));
      EXPECT_EQ(letter(permission.kind), table.at(verb)[i * 5])
          << to_string(verb) << " in " << to_string(all_phases[i]) << ": " << permission.reason;
      EXPECT_EQ(permission.reason.empty(), permission.kind == Kind::Act)
          << to_string(verb) << " in " << to_string(all_phases[i]);
    }
  }
}

TEST(Verbs, APersonsPauseIsLiftedByResumeAndByNothingThatPromotes) {
  for (const auto& [verb, row] : paused_table) {
    for (const std::size_t i : {1U, 2U, 3U, 4U}) {
      RolloutState state = in_phase(all_phases[i]);
      state.paused = true;
      state.paused_by = "bob";
      const Permission permission = permitted(verb, state);
      EXPECT_EQ(letter(permission.kind), row[i * 5]) << to_string(verb) << " in " << to_string(all_phases[i]);
    }
  }
  RolloutState state = in_phase(Phase::Paused);
  state.paused = true;
  state.paused_by = "bob";
  EXPECT_EQ(permitted(Verb::Promote, state).reason, "paused by bob: use resume first");
}

TEST(Verbs, WhatRetreatsIsAllowedInAPersonsPause) {
  RolloutState state = in_phase(Phase::Paused);
  state.paused = true;
  EXPECT_EQ(permitted(Verb::Abort, state).kind, Kind::Act);
}

TEST(Verbs, ARefusalSaysWhatToDoInstead) {
  const std::map<std::pair<Verb, Phase>, std::string> advice{
      {{Verb::Undo, Phase::Progressing}, "nothing is promoted yet: use abort"},
      {{Verb::Abort, Phase::Promoted}, "v1 is promoted: use undo"},
      {{Verb::Resume, Phase::Paused}, "this pause is the policy's: promote goes past it"},
      {{Verb::Resume, Phase::Held}, "held, not paused: use promote to go on nevertheless, retry or abort"},
      {{Verb::Promote, Phase::RolledBack}, "everything is back on v1: use retry to begin again"},
      {{Verb::Retry, Phase::RollingBack}, "it is on the way back: use retry once that is over"},
  };
  for (const auto& [asked, reason] : advice) {
    EXPECT_EQ(permitted(asked.first, in_phase(asked.second)).reason, reason);
  }
}

TEST(Verbs, AWayBackThatMayNeverEndCanBeLeftByPromote) {
  RolloutState state = in_phase(Phase::RollingBack);
  state.strategy = "rolling";
  EXPECT_EQ(permitted(Verb::Promote, state).kind, Kind::Refuse);
  state.reason = "NoWayBack";
  EXPECT_EQ(permitted(Verb::Promote, state).kind, Kind::Act);
}

TEST(Verbs, ASwitchThatIsStillWatchedCanBeUndone) {
  for (const auto& [strategy, step, weight, kind] : {std::tuple{"blueGreen", 0, 0.0, Kind::Refuse},
                                                     {"blueGreen", 1, 1.0, Kind::Act},
                                                     {"stages", 0, 1.0, Kind::Refuse},  // a shadow's copies
                                                     {"stages", 1, 0.5, Kind::Refuse},  // a canary's share
                                                     {"stages", 1, 1.0, Kind::Act},
                                                     {"canary", 1, 0.5, Kind::Refuse}}) {
    RolloutState state = in_phase(Phase::Progressing);
    state.strategy = strategy;
    state.step = step;
    state.weight = weight;
    EXPECT_EQ(permitted(Verb::Undo, state).kind, kind) << strategy << " at step " << step;
    state.slots.resize(2);
    if (state.strategy == "stages") {
      EXPECT_EQ(permitted(Verb::Undo, state).kind, Kind::Refuse) << "a rolling update";
    }
  }
}

TEST(Verbs, WhatWasLostIsPromotedOnlyWhereThatBeginsAtTheFirstStep) {
  for (const auto& [strategy, plain, full] : {std::tuple{"canary", Kind::Act, Kind::Act},
                                              {"rolling", Kind::Act, Kind::Act},
                                              {"blueGreen", Kind::Refuse, Kind::Act},
                                              {"shadow", Kind::Refuse, Kind::Act},
                                              {"bandit", Kind::Refuse, Kind::Act},
                                              {"abTest", Kind::Refuse, Kind::Refuse},
                                              {"stages", Kind::Refuse, Kind::Act}}) {
    RolloutState state = in_phase(Phase::Held);
    state.strategy = strategy;
    state.reason = "StateLost";
    EXPECT_EQ(judge({Verb::Promote, false, "alice"}, state).kind, plain) << strategy;
    EXPECT_EQ(judge({Verb::Promote, true, "alice"}, state).kind, full) << strategy;
    EXPECT_EQ(permitted(Verb::Retry, state).kind, Kind::Act) << strategy;
    state.reason = "Undecided";
    EXPECT_EQ(permitted(Verb::Promote, state).kind, Kind::Act) << strategy;
  }
}

TEST(Verbs, AreReadAsTheyAreWritten) {
  for (const Verb verb : all_verbs) EXPECT_EQ(parse_verb(to_string(verb)), verb);
  EXPECT_EQ(parse_verb("Promote"), std::nullopt);
}

TEST(Names, OfPhasesVerdictsAndSlotsAreReadAsTheyAreWritten) {
  for (const Phase phase : all_phases) EXPECT_EQ(parse_phase(to_string(phase)), phase);
  for (int i = 0; i <= static_cast<int>(Verdict::Error); ++i) {
    EXPECT_EQ(parse_verdict(to_string(static_cast<Verdict>(i))), static_cast<Verdict>(i));
  }
  for (int i = 0; i <= static_cast<int>(SlotPhase::New); ++i) {
    EXPECT_EQ(parse_slot_phase(to_string(static_cast<SlotPhase>(i))), static_cast<SlotPhase>(i));
  }
  EXPECT_EQ(parse_phase("progressing"), std::nullopt);
}

TEST(Verbs, WhereTheVersionFromBeforeWonThereIsNothingToUndoButARetry) {
  RolloutState state = in_phase(Phase::Promoted);
  state.reason = stable_stays;
  EXPECT_EQ(permitted(Verb::Retry, state).kind, Kind::Act);
  EXPECT_EQ(permitted(Verb::Undo, state).kind, Kind::Refuse);
  EXPECT_EQ(permitted(Verb::Undo, state).reason, "v1 had everything before: use retry to begin again");
  EXPECT_EQ(permitted(Verb::Abort, state).kind, Kind::Already);
  EXPECT_EQ(permitted(Verb::Promote, state).kind, Kind::Already);
}

}  // namespace
}  // namespace sluice::strategy
