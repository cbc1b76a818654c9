#include "sluice/compare/evaluation.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "evaluation_fixture.hpp"

namespace sluice::compare {
namespace {

class ReplayTest : public EvaluationTest {
 protected:
  ReplayTest() {
    policy::ModelRoute route = shadow_route();
    for (const char* const name : {"click", "revenue"}) route.outcomes.emplace_back().name = name;
    route.outcomes[0].attribution_window = std::chrono::minutes(30);
    route.outcomes[1].attribution_window = std::chrono::minutes(60);
    route.outcomes[1].type = policy::OutcomeType::Value;
    evaluation_.set_routes({route});
  }
  void note_decision(std::uint64_t nonce, const std::string& other) {
    AnswerPair pair = a_pair(answered(body_of("a")), answered(body_of(other)));
    pair.nonce = nonce;
    note(std::move(pair));
  }
  void report(std::uint64_t nonce, const std::string& outcome, double value) {
    evaluation_.note_outcome(route_hash("fraud"), nonce, outcome, value);
  }
};

TEST_F(ReplayTest, OutcomesCountWhereBothAnswersAgreed) {
  note_decision(1, "a");
  note_decision(2, "a");
  note_decision(3, "b");
  evaluation_.run_now();
  report(1, "click", 1);
  report(3, "click", 1);
  report(1, "revenue", 10);
  report(9, "click", 1);
  const auto early = found();
  ASSERT_EQ(early->replays.size(), 2U);
  EXPECT_EQ(early->replays[0].tally.agreeing(), 0U) << "clicks may still come";
  EXPECT_EQ(early->replays[1].tally.agreeing(), 1U);
  clock_.advance(std::chrono::minutes(30));
  const auto late = found();
  EXPECT_EQ(late->replays[0].outcome, "click");
  EXPECT_TRUE(late->replays[0].is_binary);
  EXPECT_EQ(late->replays[0].tally.agreeing(), 2U);
  EXPECT_EQ(late->replays[0].tally.differing(), 1U);
  EXPECT_DOUBLE_EQ(late->replays[0].tally.strata.front().agreeing.mean, 0.5);
  EXPECT_DOUBLE_EQ(late->replays[1].tally.strata.front().agreeing.mean, 10);
}

TEST_F(ReplayTest, RequestsThatTheCandidateFailedOrThatCouldNotBeComparedAreSomeOfAll) {
  note_decision(1, "a");
  note_decision(2, "a");
  AnswerPair failed = a_pair(answered(body_of("a")), failed_answer());
  failed.nonce = 3;
  note(std::move(failed));
  const auto large = [] {
    Answer made = answered("");
    made.too_large = true;
    return made;
  };
  AnswerPair unread = a_pair(large(), large());
  unread.nonce = 4;
  note(std::move(unread));
  evaluation_.run_now();
  for (std::uint64_t nonce = 1; nonce <= 4; ++nonce) report(nonce, "revenue", 10);
  const auto findings = found();
  EXPECT_EQ(findings->pairs.compared(), 2U);
  EXPECT_EQ(findings->replays[1].tally.agreeing(), 2U);
  EXPECT_EQ(findings->replays[1].tally.differing(), 2U) << "the estimate speaks for half of them";
}

TEST_F(ReplayTest, DecisionsOfAWindowThatIsForgottenAreTooAndNoneIsTakenForAnother) {
  const auto note_in = [this](std::uint64_t window, std::uint64_t nonce, const std::string& other) {
    AnswerPair pair = a_pair(answered(body_of("a")), answered(other));
    pair.window = window;
    pair.nonce = nonce;
    note(std::move(pair));
  };
  for (std::uint64_t nonce = 1; nonce <= 9; ++nonce) {
    note_in(2, nonce, R"({"label":"a","time":1,"x)" + std::to_string(nonce) + R"(":0})");
  }
  for (std::uint64_t window = 3; window <= 5; ++window) note_in(window, 10 + window, body_of("a"));
  note_in(2, 20, body_of("a"));  // when there is no room for it any more: it begins anew
  evaluation_.run_now();
  for (std::uint64_t nonce = 1; nonce <= 9; ++nonce) report(nonce, "revenue", 10);
  report(20, "revenue", 10);
  const auto findings = found(2);
  ASSERT_NE(findings, nullptr);
  EXPECT_EQ(findings->replays[1].tally.differing(), 0U);
  EXPECT_EQ(findings->replays[1].tally.agreeing(), 1U);
}

TEST_F(ReplayTest, AReportBeforeItsComparisonIsHeardToo) {
  note_decision(1, "a");
  report(1, "revenue", 10);
  EXPECT_EQ(found()->replays[1].tally.agreeing(), 1U);
}

TEST_F(ReplayTest, AReportOfAnotherRouteIsNot) {
  note_decision(1, "a");
  evaluation_.run_now();
  evaluation_.note_outcome(42, 1, "revenue", 10);
  EXPECT_EQ(found()->replays[1].tally.agreeing(), 0U);
}

TEST_F(ReplayTest, OtherOutcomesInThePolicyForgetThoseOfBeforeButNoPair) {
  note_decision(1, "a");
  evaluation_.run_now();
  report(1, "revenue", 10);
  policy::ModelRoute route = shadow_route();
  route.outcomes.emplace_back().name = "revenue";
  route.outcomes[0].type = policy::OutcomeType::Value;
  evaluation_.set_routes({route});
  const auto findings = found();
  ASSERT_EQ(findings->replays.size(), 1U);
  EXPECT_EQ(findings->replays[0].tally.agreeing(), 0U);
  EXPECT_EQ(findings->pairs.pairs(), 1U);
}

}  // namespace
}  // namespace sluice::compare
