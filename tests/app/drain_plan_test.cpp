#include "sluice/app/drain_plan.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;
using Actions = std::vector<DrainAction>;

/// A process in virtual time: a delay of 5 s, a patience of 30 s, one connection.
class Story {
 public:
  DrainAction event(DrainEvent event) {
    const DrainStep step = advance(status, event, facts);
    status = step.status;
    return step.action;
  }
  DrainAction tick_after(Duration time) {
    facts.now += time;
    return event(DrainEvent::Tick);
  }

  DrainStatus status;
  DrainFacts facts{TimePoint(1h), 5s, 30s, 1};
};

TEST(DrainPlan, ASignalGoesThroughAllPhasesInOrder) {
  Story story;
  EXPECT_EQ(story.tick_after(1h), DrainAction::None);
  EXPECT_EQ(story.event(DrainEvent::Signal), DrainAction::Announce);
  EXPECT_EQ(story.status.phase, DrainPhase::Announced);
  EXPECT_EQ(story.tick_after(4999ms), DrainAction::None);
  EXPECT_EQ(story.tick_after(1ms), DrainAction::Close);
  EXPECT_EQ(story.status.phase, DrainPhase::Closing);
  EXPECT_EQ(story.tick_after(1s), DrainAction::None);
  story.facts.open_connections = 0;
  EXPECT_EQ(story.tick_after(20ms), DrainAction::Stop);
  EXPECT_EQ(story.status.phase, DrainPhase::Stopped);
  EXPECT_EQ(story.tick_after(1h), DrainAction::None);
}

TEST(DrainPlan, WhatDoesNotEndInTimeIsCutOff) {
  Story story;
  story.event(DrainEvent::Signal);
  story.tick_after(5s);
  EXPECT_EQ(story.tick_after(29999ms), DrainAction::None);
  EXPECT_EQ(story.tick_after(1ms), DrainAction::Stop);
}

TEST(DrainPlan, ThePatienceCountsFromTheClosingHoweverLateThatTickCame) {
  Story story;
  story.event(DrainEvent::Signal);
  EXPECT_EQ(story.tick_after(60s), DrainAction::Close);
  EXPECT_EQ(story.tick_after(29s), DrainAction::None);
}

TEST(DrainPlan, WithoutDelayOneTickCloses) {
  Story story;
  story.facts.delay = 0s;
  EXPECT_EQ(story.event(DrainEvent::Signal), DrainAction::Announce);
  EXPECT_EQ(story.tick_after(0s), DrainAction::Close);
}

TEST(DrainPlan, AnOrderDrainsAndStays) {
  Story story;
  EXPECT_EQ(story.event(DrainEvent::Order), DrainAction::Announce);
  EXPECT_EQ(story.tick_after(5s), DrainAction::Close);
  story.facts.open_connections = 0;
  EXPECT_EQ(story.tick_after(1s), DrainAction::None);
  EXPECT_EQ(story.status.phase, DrainPhase::Drained);
  EXPECT_EQ(story.tick_after(24h), DrainAction::None);
  EXPECT_EQ(story.event(DrainEvent::Signal), DrainAction::Stop) << "no second delay";
}

TEST(DrainPlan, AnOrderCutsOffAtTheSameDeadlineAndStays) {
  Story story;
  story.event(DrainEvent::Order);
  story.tick_after(5s);
  EXPECT_EQ(story.tick_after(30s), DrainAction::CutOff);
  EXPECT_EQ(story.status.phase, DrainPhase::Drained);
  EXPECT_EQ(story.tick_after(0s), DrainAction::None) << "once";
}

TEST(DrainPlan, ASecondOrderChangesNothingInAnyPhase) {
  Story story;
  story.event(DrainEvent::Order);
  story.facts.now += 3s;
  for (int phase = 0; phase < 3; ++phase) {
    const DrainStatus before = story.status;
    EXPECT_EQ(story.event(DrainEvent::Order), DrainAction::None);
    EXPECT_EQ(story.status, before) << "no new deadline";
    story.tick_after(40s);
  }
  EXPECT_EQ(story.status.phase, DrainPhase::Drained);
}

TEST(DrainPlan, ASignalJoinsAnOrderedDrainWithItsDeadlines) {
  for (const bool closing : {false, true}) {
    Story story;
    story.event(DrainEvent::Order);
    if (closing) story.tick_after(5s);
    const TimePoint until = story.status.until;
    story.facts.now += 1s;
    EXPECT_EQ(story.event(DrainEvent::Signal), DrainAction::None);
    EXPECT_EQ(story.status.until, until);
    EXPECT_TRUE(story.status.signalled);
    if (!closing) story.tick_after(5s);
    story.facts.open_connections = 0;
    EXPECT_EQ(story.tick_after(0s), DrainAction::Stop);
  }
}

TEST(DrainPlan, AnOrderAfterASignalChangesNothing) {
  Story story;
  story.event(DrainEvent::Signal);
  const DrainStatus before = story.status;
  EXPECT_EQ(story.event(DrainEvent::Order), DrainAction::None);
  EXPECT_EQ(story.status, before);
}

TEST(DrainPlan, ASecondSignalEndsAtOnceInEveryPhase) {
  for (const DrainEvent first : {DrainEvent::Order, DrainEvent::Signal}) {
    for (const bool closing : {false, true}) {
      Story story;
      story.event(first);
      if (closing) story.tick_after(5s);
      if (first == DrainEvent::Order) {
        EXPECT_EQ(story.event(DrainEvent::Signal), DrainAction::None);
      }
      EXPECT_EQ(story.event(DrainEvent::Signal), DrainAction::EndAtOnce);
    }
  }
}

TEST(DrainPlan, AnOrderIsCalledOffWhileNothingIsClosed) {
  Story story;
  story.event(DrainEvent::Order);
  EXPECT_TRUE(can_be_undone(story.status));
  EXPECT_EQ(story.event(DrainEvent::Undo), DrainAction::Resume);
  EXPECT_EQ(story.status, DrainStatus{});
  EXPECT_EQ(story.tick_after(1h), DrainAction::None);
  EXPECT_EQ(story.event(DrainEvent::Undo), DrainAction::None) << "nothing to call off";
  EXPECT_EQ(story.event(DrainEvent::Order), DrainAction::Announce) << "and ordered anew, with its whole delay";
  EXPECT_EQ(story.status.until, story.facts.now + 5s);
}

TEST(DrainPlan, WhatIsClosedOrSignalledIsNotCalledOff) {
  Story signalled;
  signalled.event(DrainEvent::Order);
  signalled.event(DrainEvent::Signal);
  EXPECT_FALSE(can_be_undone(signalled.status));
  EXPECT_EQ(signalled.event(DrainEvent::Undo), DrainAction::None);
  EXPECT_EQ(signalled.status.phase, DrainPhase::Announced);

  Story closing;
  closing.event(DrainEvent::Order);
  closing.tick_after(5s);
  EXPECT_EQ(closing.event(DrainEvent::Undo), DrainAction::None);
  EXPECT_EQ(closing.status.phase, DrainPhase::Closing);
}

/// Every status there is, with every event and on both sides of every limit.
TEST(DrainPlan, NoStepGoesBackExceptAnUndo) {
  for (const auto phase :
       {DrainPhase::Serving, DrainPhase::Announced, DrainPhase::Closing, DrainPhase::Drained, DrainPhase::Stopped}) {
    for (const bool signalled : {false, true}) {
      if (signalled && (phase == DrainPhase::Serving || phase == DrainPhase::Drained)) continue;  // no such status
      for (const auto event : {DrainEvent::Tick, DrainEvent::Order, DrainEvent::Undo, DrainEvent::Signal}) {
        for (const std::uint64_t open : {0U, 1U}) {
          for (const Duration late : {Duration(-1s), Duration(0s)}) {
            const TimePoint until(1h);
            const DrainStatus before{phase, signalled, until};
            const DrainStep step = advance(before, event, {until + late, 5s, 30s, open});
            if (step.action == DrainAction::Resume) {
              EXPECT_EQ(event, DrainEvent::Undo);
              continue;
            }
            EXPECT_GE(step.status.phase, phase);
            EXPECT_GE(step.status.signalled, signalled);
            EXPECT_FALSE(step.status.phase == DrainPhase::Drained && step.status.signalled);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace sluice::app
