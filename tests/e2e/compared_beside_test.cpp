// Strategies that split requests, with copies beside them whose answers are compared: spec.mirror.
#include "e2e/rollout.hpp"

namespace sluice::test {
namespace {

FakeUpstream::Script scoring(std::string score) {
  return always("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                std::to_string(score.size() + 10) + "\r\n\r\n{\"score\":" + score + "}");
}

const std::string kMirrored = "mirror: {percent: 50, compare: {noise: 0%, tolerance: 0.01}}\n";
const std::string kAlike =
    "interval: 1s, minRequests: 100, checks: [{metric: disagreement, thresholdRange: {max: 5%}}]";

std::string mirrored_policy(const FakeUpstream& v1, const FakeUpstream& v2, const std::string& strategy) {
  return rollout_policy(v1, v2, strategy, {}, kMirrored);
}

double copies_to(const SluiceProcess& sluice, const std::string& version) {
  return sluice.metrics().value("sluice_shadow_requests_total", {{"version", version}});
}

TEST(ComparedBeside, ACanaryThatAnswersOtherwiseGoesBackThoughItNeverFails) {
  const FakeUpstream v1(scoring("0.50"));
  const FakeUpstream v2(scoring("0.70"));
  SluiceProcess sluice(
      mirrored_policy(v1, v2, canary("steps: [{setWeight: 10}, {pause: {}}], analysis: {" + kAlike + "}")));
  const Operator person(sluice);
  Load load(sluice.port(), 2, request_text("POST", "/", "x"));
  ASSERT_TRUE(comes_to(person, "RolledBack")) << sluice.logs();
  EXPECT_EQ(load.stop(), Nothing());
  const std::string why = journal_of(person, true).back();
  EXPECT_NE(why.find("disagreement 100%"), std::string::npos) << why;
  EXPECT_NE(why.find("most differ at /score"), std::string::npos) << why;
  EXPECT_GT(copies_to(sluice, "v2"), 100);
  EXPECT_EQ(copies_to(sluice, "v1"), 0) << "what the candidate answers is not copied back";
  const auto all_done = [&] { return sluice.metric_becomes(0, "sluice_shadow_requests_in_flight") == 0; };
  ASSERT_TRUE(all_done());
  const double before = copies_to(sluice, "v2");
  EXPECT_EQ(answers(sluice), std::set<std::string>{"{\"score\":0.50}"});
  ASSERT_TRUE(all_done());
  EXPECT_EQ(copies_to(sluice, "v2"), before) << "nor is anything once it is over";
}

TEST(ComparedBeside, AnEqualCanaryIsPromotedAndItsCopiesAreNobodysRequests) {
  const FakeUpstream v1(scoring("0.500"));
  const FakeUpstream v2(scoring("0.501"));
  SluiceProcess sluice(
      mirrored_policy(v1, v2, canary("steps: [{setWeight: 30}, {pause: {duration: 1s}}], analysis: {" + kAlike + "}")));
  const Operator person(sluice);
  Load load(sluice.port(), 2, request_text("POST", "/", "x"));
  ASSERT_TRUE(comes_to(person, "Promoted")) << sluice.logs();
  EXPECT_EQ(load.stop(), Nothing());
  const auto metrics = sluice.metrics();
  EXPECT_GT(metrics.value("sluice_shadow_comparisons_total", {{"version", "v2"}, {"result", "match"}}), 100);
  EXPECT_EQ(metrics.value("sluice_shadow_comparisons_total", {{"version", "v2"}, {"result", "mismatch"}}), 0);
}

TEST(ComparedBeside, AnArmOfATestThatAnswersOtherwiseIsStopped) {
  const FakeUpstream v1(scoring("1"));
  const FakeUpstream v2(scoring("2"));
  SluiceProcess sluice(mirrored_policy(v1, v2,
                                       "abTest: {variants: [{version: v1, weight: 50}, {version: v2, weight: 50}], "
                                       "primaryMetric: latency-mean, minimumEffect: 50%, "
                                       "guardrails: [{metric: disagreement, thresholdRange: {max: 5%}}]}"));
  const Operator person(sluice);
  Load load(sluice.port(), 2, request_text("POST", "/", "x"));
  EXPECT_TRUE(eventually([&] { return count_of(journal_of(person), "ArmDropped") == 1; }, std::chrono::seconds(60)))
      << sluice.logs();
  EXPECT_EQ(load.stop(), Nothing());
  // What the journal says is carried out after it is written.
  EXPECT_TRUE(eventually([&] { return answers(sluice) == std::set<std::string>{"{\"score\":1}"}; }));
}

}  // namespace
}  // namespace sluice::test
