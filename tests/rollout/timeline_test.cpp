#include "sluice/rollout/timeline.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "rollout/simulated.hpp"

namespace sluice::rollout {
namespace {

using namespace std::chrono_literals;

Timeline timeline_of(const Scenario& scenario, const std::vector<std::string>& regressions = {"50%"}) {
  std::vector<Regression> parsed;
  for (const auto& text : regressions) parsed.push_back(parse_regression(text).value());
  auto timeline = make_timeline(scenario, parsed);
  EXPECT_TRUE(timeline) << (timeline ? "" : timeline.error().message);
  return timeline ? std::move(timeline).value() : Timeline{};
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// 40 requests/s. The rollout begins with its second look, 0.25 s after the first; 10 % are 4/s, for 300 s; 50 % are
// 20/s, until the first look 10 s later, which has the 100 requests that it wants.
TEST(Timeline, OfACanaryIsAsReckonedByHand) {
  const Timeline timeline = timeline_of(scenario_of(usual_canary));
  ASSERT_EQ(timeline.steps.size(), 2U);
  const auto& first = timeline.steps[0];
  EXPECT_EQ(first.what, "at 10% for 5m");
  EXPECT_DOUBLE_EQ(first.share, 0.1);
  EXPECT_LT(seconds(first.starts), 1);
  EXPECT_NEAR(seconds(first.lasts), 300, 1);
  EXPECT_NEAR(static_cast<double>(first.requests), 1200, 5);
  const auto& second = timeline.steps[1];
  EXPECT_EQ(second.what, "v2 to 50%");
  EXPECT_DOUBLE_EQ(second.share, 0.5);
  EXPECT_NEAR(seconds(second.starts), 300, 1);
  EXPECT_NEAR(seconds(second.lasts), 10, 0.5);
  EXPECT_NEAR(static_cast<double>(second.requests), 200, 2);
  EXPECT_EQ(timeline.run.ending, Ending::Promotes);
  EXPECT_NEAR(seconds(timeline.run.took), 310.5, 0.5);
}

// At 10 % there are 100 requests at the third look, after 30 s: 120, of which 49 % fail more than stable's would. At
// 50 % there are 200 at the first look.
TEST(Timeline, SaysWhenABadCandidateIsTakenBackAndWhatItCosts) {
  const Timeline timeline = timeline_of(scenario_of(usual_canary), {"50%"});
  ASSERT_EQ(timeline.steps.size(), 2U);
  ASSERT_EQ(timeline.steps[0].detections.size(), 1U);
  const auto& slow = timeline.steps[0].detections[0];
  EXPECT_EQ(slow.end, Detection::End::Back);
  EXPECT_NEAR(seconds(slow.after), 30.5, 0.6);
  EXPECT_NEAR(slow.bad_answers, 121 * 0.49, 2);
  const auto& fast = timeline.steps[1].detections[0];
  EXPECT_EQ(fast.end, Detection::End::Back);
  EXPECT_NEAR(seconds(fast.after), 10, 0.5);
  EXPECT_NEAR(fast.bad_answers, 98, 2);
  EXPECT_NEAR(timeline.worst_bad_answers, 98, 2);
}

TEST(Timeline, NoticesSmallerRegressionsWhereThereIsMoreToSee) {
  const Timeline timeline = timeline_of(scenario_of(usual_canary));
  ASSERT_EQ(timeline.steps.size(), 2U);
  ASSERT_TRUE(timeline.steps[0].smallest);
  ASSERT_TRUE(timeline.steps[1].smallest);
  EXPECT_GT(*timeline.steps[0].smallest, 0.02) << "a point more than stable is allowed";
  EXPECT_LT(*timeline.steps[0].smallest, *timeline.steps[1].smallest) << "1 200 requests against 200";
  EXPECT_LT(*timeline.steps[1].smallest, 0.3);
}

TEST(Timeline, SaysHowSmallASegmentMayBeToBeSeen) {
  Scenario scenario = scenario_of(usual_canary);
  policy::ValueMatch phone;
  phone.name = "x-device";
  phone.value = "phone";
  policy::Match match;
  match.headers = {phone};
  scenario.route.segments = {{"mobile", {match}, {}}};
  const Timeline timeline = timeline_of(scenario, {});
  ASSERT_EQ(timeline.notes.size(), 1U);
  EXPECT_NE(timeline.notes[0].find("% of the requests or more"), std::string::npos) << timeline.notes[0];
  scenario.traffic.rate = 4;  // a tenth, and the whole itself is seen late
  const Timeline slow = timeline_of(scenario, {});
  EXPECT_NE(slow.notes, timeline.notes);
  scenario.route.segments.clear();
  EXPECT_TRUE(timeline_of(scenario, {}).notes.empty());
}

TEST(Timeline, ARegressionThatTheChecksAllowGoesUnnoticed) {
  const Timeline timeline = timeline_of(scenario_of(usual_canary), {"x1.5"});
  ASSERT_FALSE(timeline.steps.empty());
  ASSERT_EQ(timeline.steps[0].detections.size(), 1U);
  EXPECT_EQ(timeline.steps[0].detections[0].end, Detection::End::Unnoticed);
}

TEST(Timeline, SaysWherePeopleAreWaitedFor) {
  const Timeline timeline = timeline_of(
      scenario_of("{canary: {stable: v1, candidate: v2, steps: [{setWeight: 10}, {pause: {}}, {setWeight: 50}], "
                  "analysis: {checks: [{metric: error-rate, versusStable: {margin: 1%}}]}}}"));
  ASSERT_EQ(timeline.steps.size(), 2U);
  EXPECT_TRUE(timeline.steps[0].awaits_person);
  EXPECT_FALSE(timeline.steps[1].awaits_person);
  EXPECT_EQ(timeline.run.ending, Ending::Promotes);
}

TEST(Timeline, OfAStableThatBreaksTheCandidatesLimitIsNoPromotion) {
  Scenario scenario = scenario_of(
      "{canary: {stable: v1, candidate: v2, steps: [{setWeight: 50}], "
      "analysis: {checks: [{metric: error-rate, thresholdRange: {max: 1%}}]}}}");
  scenario.traffic.error_rate = 0.2;
  EXPECT_NE(timeline_of(scenario).run.ending, Ending::Promotes);
}

TEST(Timeline, NamesTheStepsThatSeeNothing) {
  const std::string hasty =
      "{canary: {stable: v1, candidate: v2, steps: [{setWeight: 1}, {setWeight: 50}, {pause: {duration: 10m}}], "
      "analysis: {minRequests: 1, interval: 1s, onNoData: Pass, checks: "
      "[{metric: latency-p99, thresholdRange: {max: 10s}}]}}}";
  const Timeline timeline = timeline_of(scenario_of(hasty));
  ASSERT_FALSE(timeline.blind_spots.empty());
  EXPECT_NE(timeline.blind_spots[0].find("is over before it notices"), std::string::npos) << timeline.blind_spots[0];
  EXPECT_TRUE(timeline_of(scenario_of(usual_canary), {}).notes.empty());
}

TEST(Timeline, OfAnABTestSaysHowLongAWinnerTakes) {
  const Timeline timeline = timeline_of(
      scenario_of("{abTest: {variants: [{version: v1}, {version: v2}], primaryMetric: error-rate, minimumEffect: 10%, "
                  "maxDuration: 1d}}"));
  EXPECT_EQ(timeline.run.ending, Ending::Concludes);
  EXPECT_EQ(timeline.run.took, 24h);
  ASSERT_EQ(timeline.notes.size(), 1U);
  EXPECT_NE(timeline.notes[0].find("20% better by error-rate"), std::string::npos) << timeline.notes[0];
}

TEST(Timeline, OfAShadowThatComparesSaysHowManyPairsItTakes) {
  auto scenario =
      scenario_of("{shadow: {live: v1, candidates: [{version: v2, percent: 5}], compare: {}, stopWhen: Conclusive}}");
  scenario.traffic.rate = 100;
  scenario.traffic.error_rate = 0;
  const Timeline timeline = timeline_of(scenario, {});
  ASSERT_EQ(timeline.notes.size(), 2U);
  EXPECT_EQ(timeline.notes[0].find("at 100 requests/s and 5% copies: 3"), 0U) << timeline.notes[0];
  EXPECT_NE(timeline.notes[0].find(" agreeing pairs certify 1% after 1m"), std::string::npos) << timeline.notes[0];
  EXPECT_EQ(timeline.notes[1].find("noise is known by 100 copies after 20s"), 0U) << timeline.notes[1];
  EXPECT_EQ(timeline.run.reason, "Passed") << timeline.run.message;
  EXPECT_LT(timeline.run.took, std::chrono::seconds(100));
}

TEST(Timeline, OfAShadowWhoseBudgetIsTooSmallSaysSo) {
  const auto blind = [](std::string_view budget) {
    auto scenario =
        scenario_of("{shadow: {live: v1, candidates: [{version: v2}], compare: {}, budget: " + std::string(budget) +
                    ", stopWhen: Conclusive}}");
    const auto spots = timeline_of(scenario, {}).blind_spots;
    return std::any_of(spots.begin(), spots.end(),
                       [](const std::string& spot) { return spot.find("budget ends before") != std::string::npos; });
  };
  EXPECT_TRUE(blind("{requests: 200}"));
  EXPECT_TRUE(blind("{duration: 5s}"));
  EXPECT_FALSE(blind("{requests: 2000}"));
}

TEST(Timeline, OfARollingUpdateHasItsInstances) {
  const Timeline timeline = timeline_of(scenario_of("{rolling: {stable: v1, candidate: v2, minReady: 30s}}"));
  EXPECT_EQ(timeline.run.ending, Ending::Promotes);
  EXPECT_NEAR(seconds(timeline.run.took), 31, 2);
  EXPECT_FALSE(timeline.steps.empty());
}

TEST(Regression, IsAFactorOrAShare) {
  EXPECT_DOUBLE_EQ(parse_regression("x2")->error_rate_of(0.03), 0.06);
  EXPECT_DOUBLE_EQ(parse_regression("x100")->error_rate_of(0.03), 1);
  EXPECT_DOUBLE_EQ(parse_regression("50%")->error_rate_of(0.03), 0.5);
  for (const char* text : {"", "2", "x", "x1", "x-2", "0%", "101%", "much"})
    EXPECT_FALSE(parse_regression(text)) << text;
}

}  // namespace
}  // namespace sluice::rollout
