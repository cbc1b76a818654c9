#include "sluice/outcomes/judge.hpp"

#include "outcomes/fixtures.hpp"
#include "sluice/base/stable_hash.hpp"

namespace sluice::outcomes {
namespace {

using namespace std::chrono_literals;

class JudgeTest : public testing::Test {
 protected:
  ReportItem item(const Decision& decision, std::vector<ReportedValue> values, const std::string& unit = "") const {
    return {0, token_of(decision, keys_), unit, std::move(values), ""};
  }
  Judged judged(const ReportItem& item) const { return judge(std::vector{item}, keys_, catalogue_, now_); }
  Refusal refusal_of(const ReportItem& item) const {
    const Judged result = judged(item);
    EXPECT_TRUE(result.reports.empty());
    EXPECT_EQ(result.verdict.rejected, 1U);
    EXPECT_EQ(result.refused.size(), 1U);
    return result.verdict.problems.empty() ? Refusal::Full : result.verdict.problems[0].refusal;
  }

  const TokenKeys keys_{a_key()};
  const Catalogue catalogue_{{a_route(), [] {
                                auto route = a_route("silent");
                                route.outcomes.clear();
                                return route;
                              }()}};
  const WallTime now_{std::chrono::hours(1000)};
  const ReportedValue click_{"click", ReportedValue::Kind::Number, 1};
};

TEST_F(JudgeTest, AGoodItemBecomesAReportOfItsDecision) {
  Decision decision = a_decision(7, now_ - 5s, "v2");
  decision.unit = 99;
  const Judged result = judged(item(decision, {click_, {"revenue", ReportedValue::Kind::Number, -2.5}}));
  ASSERT_EQ(result.reports.size(), 2U);
  const state::LedgerReport& report = result.reports[1].report;
  EXPECT_EQ(report.decided_ms, 1000LL * 3'600'000 - 5000);
  EXPECT_EQ(report.nonce, 7U);
  EXPECT_EQ(report.route, name_hash("fraud"));
  EXPECT_EQ(report.outcome, name_hash("revenue"));
  EXPECT_EQ(report.version, name_hash("v2"));
  EXPECT_EQ(report.unit, 99U);
  EXPECT_EQ(report.window, 3U);
  EXPECT_TRUE(report.split);
  EXPECT_EQ(report.delay_ms, 5000);
  EXPECT_EQ(report.value, -2.5);
  EXPECT_EQ(result.reports[1].version, 1U);
  EXPECT_EQ(result.reports[1].outcome->name, "revenue");
}

TEST_F(JudgeTest, AUnitThatIsNamedIsTheOneThatTheGatewayWouldSee) {
  Decision decision = a_decision(7, now_);
  decision.unit = 99;
  EXPECT_EQ(judged(item(decision, {click_}, "alice")).reports.at(0).report.unit, stable_hash("fraud", "salt", "alice"));
}

TEST_F(JudgeTest, EveryRefusalHasItsReason) {
  const Decision good = a_decision(1, now_);
  ReportItem broken = item(good, {click_});
  broken.problem = "it is no object";
  EXPECT_EQ(refusal_of(broken), Refusal::Malformed);
  ReportItem no_token = item(good, {click_});
  no_token.decision = "something";
  EXPECT_EQ(refusal_of(no_token), Refusal::Malformed);
  ReportItem forged = item(good, {click_});
  forged.decision[20] = forged.decision[20] == 'A' ? 'B' : 'A';
  EXPECT_EQ(refusal_of(forged), Refusal::Forged);
  ReportItem other_key = item(good, {click_});
  other_key.decision = token_of(good, TokenKeys(a_key(9)));
  EXPECT_EQ(refusal_of(other_key), Refusal::UnknownKey);
  Decision elsewhere = good;
  elsewhere.route = name_hash("gone");
  EXPECT_EQ(refusal_of(item(elsewhere, {click_})), Refusal::UnknownRoute);
  elsewhere.route = name_hash("silent");
  EXPECT_EQ(refusal_of(item(elsewhere, {click_})), Refusal::UnknownRoute);
  EXPECT_EQ(refusal_of(item(a_decision(1, now_, "v9"), {click_})), Refusal::UnknownVersion);
  EXPECT_EQ(refusal_of(item(good, {{"clicks", ReportedValue::Kind::Number, 1}})), Refusal::UnknownOutcome);
  EXPECT_EQ(refusal_of(item(good, {{"click", ReportedValue::Kind::Number, 0.5}})), Refusal::InvalidValue);
  EXPECT_EQ(refusal_of(item(good, {{"click", ReportedValue::Kind::Other, 0}})), Refusal::InvalidValue);
  EXPECT_EQ(refusal_of(item(good, {{"revenue", ReportedValue::Kind::Boolean, 1}})), Refusal::InvalidValue);
  EXPECT_EQ(refusal_of(item(a_decision(1, now_ - 31min), {click_})), Refusal::Expired);
}

TEST_F(JudgeTest, EachOutcomeCountsForItsOwnWindowToTheLastMillisecond) {
  const ReportedValue revenue{"revenue", ReportedValue::Kind::Number, 3};
  const Judged late = judged(item(a_decision(1, now_ - 30min - 1ms), {click_, revenue}));
  ASSERT_EQ(late.reports.size(), 1U);
  EXPECT_EQ(late.reports[0].outcome->name, "revenue");
  ASSERT_EQ(late.verdict.problems.size(), 1U);
  EXPECT_EQ(late.verdict.problems[0].outcome, "click");
  EXPECT_EQ(late.verdict.problems[0].message, "it counts for 30m after the decision");
  EXPECT_EQ(judged(item(a_decision(1, now_ - 30min), {click_})).reports.size(), 1U);
}

TEST_F(JudgeTest, ADecisionFromAClockThatIsAheadHasNoDelay) {
  EXPECT_EQ(judged(item(a_decision(1, now_ + 2s), {click_})).reports.at(0).report.delay_ms, 0);
}

TEST_F(JudgeTest, ADecisionOfARuleIsKeptAsSuch) {
  Decision ruled = a_decision(1, now_);
  ruled.split = false;
  EXPECT_FALSE(judged(item(ruled, {click_})).reports.at(0).report.split);
}

TEST_F(JudgeTest, ANumberThatWouldDrownAllOthersIsRefused) {
  const Decision good = a_decision(1, now_);
  for (const double huge : {1.1e15, -1.1e15, 1e200, -1e308}) {
    EXPECT_EQ(refusal_of(item(good, {{"revenue", ReportedValue::Kind::Number, huge}})), Refusal::InvalidValue) << huge;
  }
  for (const double large : {1e15, -1e15}) {
    EXPECT_EQ(judged(item(good, {{"revenue", ReportedValue::Kind::Number, large}})).reports.size(), 1U) << large;
  }
}

TEST_F(JudgeTest, OutcomesThatStandInTheAnswerAreNotReported) {
  policy::ModelRoute route = a_route();
  route.outcomes[0].from.emplace();
  const Catalogue catalogue({route});
  const Judged result = judge(std::vector{item(a_decision(1, now_), {click_})}, keys_, catalogue, now_);
  EXPECT_EQ(result.verdict.problems.at(0).refusal, Refusal::UnknownOutcome);
}

}  // namespace
}  // namespace sluice::outcomes
