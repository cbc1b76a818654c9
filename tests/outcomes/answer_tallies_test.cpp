#include "sluice/outcomes/answer_tallies.hpp"

#include <gtest/gtest.h>

#include "outcomes/fixtures.hpp"

namespace sluice::outcomes {
namespace {

/// click is reported; score (a number) and good (0 or 1) stand in answers.
policy::ModelRoute read_route() {
  policy::ModelRoute route = a_route();
  route.outcomes = {an_outcome("score", policy::OutcomeType::Value), an_outcome("click"), an_outcome("good")};
  route.outcomes[0].from.emplace();
  route.outcomes[2].from.emplace();
  return route;
}

Observation seen(const std::string& version, std::uint64_t unit, float score, float good, std::uint64_t window = 3) {
  Observation made;
  made.decision = a_decision(unit, WallTime(std::chrono::hours(500'000)), version);
  made.decision.unit = unit;
  made.decision.window = window;
  made.read = 3;
  made.values = {score, good};
  return made;
}

class AnswerTalliesTest : public testing::Test {
 protected:
  AnswerTalliesTest() { tallies_.set_routes({read_route()}); }
  OutcomeTally tally(const std::string& version, std::size_t outcome, std::uint64_t window = 3) {
    return tallies_.of("fraud", version, window).at(outcome);
  }
  AnswerTallies tallies_;
};

TEST_F(AnswerTalliesTest, AddsUpValuesByVersionAndUnit) {
  tallies_.add(seen("v1", 1, 0.5F, 1));
  tallies_.add(seen("v1", 1, 1.5F, 0));
  tallies_.add(seen("v1", 2, 2.0F, 1));
  tallies_.add(seen("v2", 3, 9.0F, 1));
  ASSERT_EQ(tallies_.of("fraud", "v1", 3).size(), 2U) << "what is reported is not here";
  const OutcomeTally score = tally("v1", 0);
  EXPECT_EQ(score.name, "score");
  EXPECT_EQ(score.decisions, 3U);
  EXPECT_EQ(score.reports, 3U);
  EXPECT_EQ(score.sum, 4);
  EXPECT_EQ(score.sum_squares, 0.25 + 2.25 + 4);
  EXPECT_EQ(score.units, 2U);
  EXPECT_EQ(score.unit_sum_squares, 8);
  EXPECT_EQ(score.delays, nullptr);
  EXPECT_EQ(tally("v1", 1).events, 2U);
  EXPECT_EQ(tally("v1", 1).unit_events[0], 2U);
  EXPECT_EQ(tally("v2", 0).sum, 9);
}

TEST_F(AnswerTalliesTest, AnAnswerWithoutTheValueIsNoDecision) {
  Observation half = seen("v1", 1, 0.5F, 1);
  half.read = 2;
  half.unread[0] = Unread::TooLarge;
  tallies_.add(half);
  EXPECT_EQ(tally("v1", 0).decisions, 0U);
  EXPECT_EQ(tally("v1", 1).decisions, 1U);
  EXPECT_EQ(tallies_.counts().routes.at(0).outcomes.at(0).unread[static_cast<std::size_t>(Unread::TooLarge)], 1U);
  EXPECT_EQ(tallies_.counts().routes.at(0).outcomes.at(1).unread[static_cast<std::size_t>(Unread::TooLarge)], 0U);
}

TEST_F(AnswerTalliesTest, WhatARuleChoseIsShownAndProvesNothing) {
  Observation ruled = seen("v1", 1, 0.5F, 1);
  ruled.decision.split = false;
  tallies_.add(ruled);
  EXPECT_EQ(tally("v1", 0).reports, 0U);
  EXPECT_EQ(tallies_.counts().routes.at(0).outcomes.at(0).read.at(0), 1U);
  EXPECT_EQ(tallies_.counts().routes.at(0).outcomes.at(0).value.at(0), 0.5);
}

TEST_F(AnswerTalliesTest, EveryWindowBeginsAtZero) {
  tallies_.set_current("fraud", 3);
  tallies_.add(seen("v1", 1, 1, 1));
  tallies_.set_current("fraud", 4);
  EXPECT_EQ(tally("v1", 0, 4).reports, 0U);
  EXPECT_EQ(tally("v1", 0, 3).reports, 0U) << "and the one before is forgotten";
  tallies_.add(seen("v1", 1, 1, 1, 4));
  tallies_.set_current("fraud", 4);
  EXPECT_EQ(tally("v1", 0, 4).reports, 1U);
  EXPECT_EQ(tallies_.counts().routes.at(0).outcomes.at(0).read.at(0), 2U) << "what is shown goes on";
}

TEST_F(AnswerTalliesTest, AReloadKeepsRoutesThatCountAsBefore) {
  tallies_.add(seen("v1", 1, 1, 1));
  policy::ModelRoute another = read_route();
  another.name = "other";
  tallies_.set_routes({another, read_route()});
  EXPECT_EQ(tally("v1", 0).reports, 1U);
  EXPECT_EQ(tallies_.counts().routes.at(1).outcomes.at(0).read.at(0), 1U);
  policy::ModelRoute changed = read_route();
  changed.outcomes[0].type = policy::OutcomeType::Binary;
  std::swap(changed.versions[0], changed.versions[1]);
  tallies_.set_routes({changed});
  EXPECT_EQ(tally("v1", 0).reports, 0U) << "these were other values";
  EXPECT_EQ(tallies_.counts().routes.at(0).outcomes.at(0).read.at(1), 1U) << "v1 is the second now";
  tallies_.set_routes({});
  tallies_.add(seen("v1", 1, 1, 1));
  EXPECT_TRUE(tallies_.of("fraud", "v1", 3).empty());
}

TEST_F(AnswerTalliesTest, WhatNobodyKnowsIsLeftOut) {
  tallies_.add(seen("v3", 1, 1, 1));
  Observation other = seen("v1", 1, 1, 1);
  other.decision.route = 17;
  tallies_.add(other);
  EXPECT_EQ(tally("v1", 0).reports, 0U);
}

}  // namespace
}  // namespace sluice::outcomes
