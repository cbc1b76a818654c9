#include "sluice/outcomes/verdict.hpp"

#include <gtest/gtest.h>

#include <set>

namespace sluice::outcomes {
namespace {

TEST(Verdict, AllGoodSaysHowMuch) {
  Verdict verdict;
  verdict.accepted = 3;
  verdict.duplicates = 1;
  const Answer answer = to_answer(verdict);
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, R"({"accepted":3,"duplicates":1,"rejected":0})");
  EXPECT_EQ(answer.retry_after_s, 0U);
}

TEST(Verdict, WhatWasRefusedIsToldByItsPlace) {
  Verdict verdict;
  verdict.accepted = 1;
  verdict.not_split = 1;
  verdict.reject({4, "", Refusal::Forged, "not ours"});
  verdict.reject({7, "cl\"ick\n", Refusal::UnknownOutcome, "none \\ such"});
  const Answer answer = to_answer(verdict);
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body,
            R"({"accepted":1,"duplicates":0,"rejected":2,"notSplit":1,"problems":[)"
            R"({"index":4,"reason":"forged","message":"not ours"},)"
            R"({"index":7,"outcome":"cl\"ick\u000a","reason":"unknown_outcome","message":"none \\ such"}]})");
}

TEST(Verdict, NothingGoodIsABadRequestAndADuplicateIsGood) {
  Verdict verdict;
  verdict.reject({0, "", Refusal::Expired, "late"});
  EXPECT_EQ(to_answer(verdict).status, 400U);
  verdict.duplicates = 1;
  EXPECT_EQ(to_answer(verdict).status, 200U);
}

TEST(Verdict, WantOfRoomAsksToComeAgain) {
  Verdict verdict;
  verdict.accepted = 5;
  verdict.reject({0, "click", Refusal::Full, "the ledger is full"});
  EXPECT_EQ(to_answer(verdict).status, 503U);
  EXPECT_GT(to_answer(verdict).retry_after_s, 0U);
}

TEST(Verdict, ManyProblemsAreCountedAndNotAllTold) {
  Verdict verdict;
  for (std::size_t i = 0; i < Verdict::most_problems + 5; ++i) verdict.reject({i, "", Refusal::Malformed, "x"});
  EXPECT_EQ(verdict.problems.size(), Verdict::most_problems);
  EXPECT_NE(to_answer(verdict).body.find(R"("problemsNotTold":5})"), std::string::npos);
}

TEST(Verdict, EveryRefusalHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < refusals; ++i) names.insert(to_string(static_cast<Refusal>(i)));
  EXPECT_EQ(names.size(), refusals);
  EXPECT_EQ(to_string(Refusal::Full), "full");
}

TEST(Verdict, AnErrorIsOneSentence) {
  EXPECT_EQ(error_answer(503, "no \"room\"", 2).body, R"({"error":"no \"room\""})");
  EXPECT_EQ(error_answer(503, "no", 2).retry_after_s, 2U);
}

}  // namespace
}  // namespace sluice::outcomes
