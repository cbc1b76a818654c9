#include "sluice/app/reload_outcomes.hpp"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

TEST(ReloadOutcomes, ADemandIsToldWhatBecameOfTheLoadThatAnswersIt) {
  ReloadOutcomes outcomes;
  EXPECT_FALSE(outcomes.of(1));
  outcomes.record({false, "line 3"}, 1);
  ASSERT_TRUE(outcomes.of(1));
  EXPECT_FALSE(outcomes.of(1)->good);
  EXPECT_EQ(outcomes.of(1)->reason, "line 3");
}

TEST(ReloadOutcomes, ALoadThatHadBegunBeforeAnswersNothing) {
  ReloadOutcomes outcomes;
  outcomes.record({true, ""}, 1);  // begun for 1; meanwhile 2 came
  EXPECT_FALSE(outcomes.of(2));
  outcomes.record({false, "line 3"}, 2);
  EXPECT_FALSE(outcomes.of(2)->good);
}

TEST(ReloadOutcomes, OneLoadMayAnswerSeveralDemands) {
  ReloadOutcomes outcomes;
  outcomes.record({false, "line 3"}, 5);
  EXPECT_EQ(outcomes.of(3)->reason, "line 3");
  EXPECT_EQ(outcomes.of(5)->reason, "line 3");
  EXPECT_FALSE(outcomes.of(6));
}

TEST(ReloadOutcomes, WhatComesLaterIsNotTakenForIt) {
  ReloadOutcomes outcomes;
  outcomes.record({false, "line 3"}, 1);
  outcomes.record({true, ""}, 0);
  outcomes.record({true, ""}, 2);
  EXPECT_EQ(outcomes.of(1)->reason, "line 3");
  EXPECT_TRUE(outcomes.last().good);
}

TEST(ReloadOutcomes, AReloadThatNobodyAskedForAnswersNobody) {
  ReloadOutcomes outcomes;
  outcomes.record({false, "line 3"}, 0);
  EXPECT_FALSE(outcomes.of(1));
  EXPECT_EQ(outcomes.last().reason, "line 3");
}

TEST(ReloadOutcomes, OldOnesMakeRoom) {
  ReloadOutcomes outcomes;
  for (std::uint64_t demand = 1; demand <= 100; ++demand) outcomes.record({false, std::to_string(demand)}, demand);
  EXPECT_EQ(outcomes.of(1)->reason, "85") << "a later load, but never an earlier one";
  EXPECT_EQ(outcomes.of(99)->reason, "99");
}

}  // namespace
}  // namespace sluice::app
