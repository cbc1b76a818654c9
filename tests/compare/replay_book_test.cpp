#include "sluice/compare/replay_book.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <tuple>
#include <vector>

namespace sluice::compare {
namespace {

using std::chrono::minutes;

WallTime after(int minute) {
  return WallTime(minutes(1000 + minute));
}

ReplayDecision decided(std::uint64_t nonce, int minute = 0, std::uint32_t candidate = 1) {
  ReplayDecision made;
  made.nonce = nonce;
  made.window = 1;
  made.at = after(minute);
  made.candidate = candidate;
  return made;
}

class ReplayBookTest : public ::testing::Test {
 protected:
  ReplayBookTest() : book_({{"click", true, minutes(30)}, {"revenue", false, minutes(60)}}, room_) {}

  std::string text() {
    std::string all;
    for (const auto& [nonce, candidate, outcome, value] : counted_) {
      all += std::to_string(nonce) + (candidate == 1 ? "" : "'") + (outcome == 0 ? " click " : " revenue ") +
             std::to_string(static_cast<int>(value)) + "; ";
    }
    counted_.clear();
    return all;
  }

  std::size_t room_ = 10;
  std::vector<std::tuple<std::uint64_t, std::uint32_t, std::size_t, double>> counted_;
  const ReplayBook::Take take_ = [this](const ReplayDecision& decision, std::size_t outcome, double value) {
    counted_.emplace_back(decision.nonce, decision.candidate, outcome, value);
  };
  ReplayBook book_;
};

TEST_F(ReplayBookTest, ABinaryOutcomeCountsWhenItsTimeIsOver) {
  book_.note(decided(1), after(0), take_);
  book_.note(decided(2, 1), after(1), take_);
  book_.report(2, "click", 1, take_);
  EXPECT_EQ(text(), "");
  book_.mature(after(30), take_);
  EXPECT_EQ(text(), "1 click 0; ");
  book_.report(1, "click", 1, take_);
  book_.mature(after(31), take_);
  EXPECT_EQ(text(), "2 click 1; ") << "a report that comes too late changes nothing";
  book_.mature(after(40), take_);
  EXPECT_EQ(text(), "");
}

TEST_F(ReplayBookTest, AValueCountsWhenItIsReportedAndOnce) {
  book_.note(decided(1), after(0), take_);
  book_.report(1, "revenue", 12, take_);
  EXPECT_EQ(text(), "1 revenue 12; ");
  book_.report(1, "revenue", 13, take_);
  EXPECT_EQ(text(), "");
  book_.mature(after(100), take_);
  EXPECT_EQ(text(), "1 click 0; ") << "a Value that nobody reported is not known";
}

TEST_F(ReplayBookTest, OutcomesOfOthersAreNotHeard) {
  book_.note(decided(1), after(0), take_);
  book_.note(decided(0), after(0), take_);
  book_.report(1, "nothing", 1, take_);
  book_.report(2, "revenue", 1, take_);
  book_.report(0, "revenue", 1, take_);
  EXPECT_EQ(text(), "");
  EXPECT_EQ(book_.size(), 1U) << "a decision without a number is not followed";
}

TEST_F(ReplayBookTest, AReportMayComeBeforeTheComparison) {
  book_.report(1, "revenue", 5, take_);
  book_.report(1, "click", 1, take_);
  EXPECT_EQ(text(), "");
  book_.note(decided(1), after(0), take_);
  EXPECT_EQ(text(), "1 revenue 5; ");
  book_.mature(after(30), take_);
  EXPECT_EQ(text(), "1 click 1; ");
}

TEST_F(ReplayBookTest, EveryCandidateOfARequestIsCredited) {
  book_.note(decided(1, 0, 1), after(0), take_);
  book_.report(1, "revenue", 5, take_);
  book_.note(decided(1, 0, 2), after(0), take_);
  EXPECT_EQ(text(), "1 revenue 5; 1' revenue 5; ");
}

TEST_F(ReplayBookTest, OnlyTheLatestReportsWaitForTheirComparison) {
  book_.report(1, "revenue", 5, take_);
  for (std::uint64_t i = 0; i < ReplayBook::kEarly; ++i) book_.report(100 + i, "revenue", 1, take_);
  book_.note(decided(1), after(0), take_);
  EXPECT_EQ(text(), "");
  book_.note(decided(100), after(0), take_);
  EXPECT_EQ(text(), "100 revenue 1; ");
}

TEST_F(ReplayBookTest, WhatFindsNoRoomIsCountedAndRoomComesBack) {
  for (std::uint64_t i = 1; i <= 12; ++i) book_.note(decided(i), after(0), take_);
  EXPECT_EQ(book_.size(), 10U);
  EXPECT_EQ(book_.lost(), 2U);
  book_.report(11, "revenue", 5, take_);
  EXPECT_EQ(text(), "") << "whatever comes of those, they are not counted";
  EXPECT_EQ(room_, 0U);
  book_.mature(after(59), take_);
  EXPECT_EQ(book_.size(), 10U) << "their revenue may still come";
  book_.mature(after(60), take_);
  EXPECT_EQ(book_.size(), 0U);
  EXPECT_EQ(room_, 10U);
}

TEST_F(ReplayBookTest, ABookThatGoesGivesItsRoomBack) {
  std::size_t room = 5;
  {
    ReplayBook other({{"click", true, minutes(1)}}, room);
    other.note(decided(1), after(0), take_);
    EXPECT_EQ(room, 4U);
  }
  EXPECT_EQ(room, 5U);
}

TEST_F(ReplayBookTest, DecisionsOfWindowsBeforeAreForgotten) {
  book_.note(decided(1), after(0), take_);
  ReplayDecision later = decided(2, 1);
  later.window = 2;
  book_.note(later, after(1), take_);
  book_.mature(after(30), take_);
  EXPECT_EQ(text(), "1 click 0; ");
  book_.forget_before(2);
  EXPECT_EQ(book_.size(), 1U);
  EXPECT_EQ(room_, 9U);
  book_.report(1, "revenue", 1, take_);
  book_.report(2, "revenue", 2, take_);
  book_.mature(after(61), take_);
  EXPECT_EQ(text(), "2 revenue 2; 2 click 0; ");
  EXPECT_EQ(book_.size(), 0U);
}

TEST(ReplayBook, WithoutOutcomesNothingIsFollowed) {
  std::size_t room = 5;
  ReplayBook book({}, room);
  const ReplayBook::Take take = [](const ReplayDecision&, std::size_t, double) { FAIL(); };
  book.note(decided(1), after(0), take);
  book.report(1, "click", 1, take);
  book.mature(after(100), take);
  EXPECT_EQ(book.size(), 0U);
  EXPECT_EQ(room, 5U);
}

}  // namespace
}  // namespace sluice::compare
