#include <gtest/gtest.h>

#include "ab_tests.hpp"

namespace sluice::strategy {
namespace {

using std::chrono::seconds;

TEST(AbTestVerbs, PromoteNeedsAWinnerOrFull) {
  auto test = rig(deciding());
  EXPECT_EQ(test.say(Verb::Promote), "there is no winner yet: promote --full takes the variant that leads");
  EXPECT_EQ(test.say(Verb::Promote, true), "no variant leads: nothing has been counted yet");
  serve_both(test, 40, 30);
  EXPECT_EQ(test.say(Verb::Promote, true), "");
  EXPECT_EQ(test.where(), "Promoted/Promoted");
  EXPECT_EQ(test.state.live, "v2");
  EXPECT_TRUE(test.events.back().text.starts_with(
      "all traffic to 'v2': ada promoted the variant that leads: error-rate 1.5% against v1's 2%: -25% ("))
      << test.events.back().text;
}

TEST(AbTestVerbs, PromoteNeedsAWinnerThatCanAnswer) {
  auto spec = deciding();
  spec.on_winner = policy::OnWinner::Promote;
  auto test = rig(spec);
  serve_both(test, 200, 40);
  test.usable("v2", 0);
  test.tick(seconds(10));
  EXPECT_EQ(test.where(), "Progressing/Testing");
  EXPECT_EQ(test.say(Verb::Promote, true), "'v2' cannot take the traffic: 0 of 2 endpoints are usable");
  test.usable("v2", 1);
  test.tick(seconds(10));
  EXPECT_EQ(test.state.live, "v2");
}

TEST(AbTestVerbs, AbortGivesTheControlEverything) {
  auto test = rig(deciding());
  EXPECT_EQ(test.say(Verb::Abort), "");
  EXPECT_EQ(test.where(), "Aborted/Aborted");
  EXPECT_DOUBLE_EQ(test.share("v1"), 1);
  EXPECT_EQ(test.role("v1"), "control");
  serve_both(test, 200, 40);
  test.tick(seconds(20));
  EXPECT_EQ(test.where(), "Aborted/Aborted");
}

TEST(AbTestVerbs, UndoGoesBackToTheControlWhileItCanAnswer) {
  auto test = rig(deciding());
  serve_both(test, 40, 30);
  test.say(Verb::Promote, true);
  test.usable("v1", 0);
  EXPECT_EQ(test.say(Verb::Undo), "'v1' cannot take the traffic: 0 of 2 endpoints are usable");
  EXPECT_EQ(test.where(), "Promoted/Promoted");
  test.usable("v1", 1);
  EXPECT_EQ(test.say(Verb::Undo), "");
  EXPECT_EQ(test.where(), "Aborted/Undone");
  EXPECT_DOUBLE_EQ(test.share("v1"), 1);
  EXPECT_EQ(test.told("Undone"), 1);
}

TEST(AbTestVerbs, UndoHasNothingToDoWhereTheControlWon) {
  auto test = rig(deciding());
  serve_both(test, 30, 40);
  test.say(Verb::Promote, true);
  EXPECT_EQ(test.where(), "Promoted/StableStays");
  EXPECT_EQ(test.state.live, "v1");
  EXPECT_EQ(test.say(Verb::Undo), "'v1' is the control and has everything: there is nothing to undo");
}

}  // namespace
}  // namespace sluice::strategy
