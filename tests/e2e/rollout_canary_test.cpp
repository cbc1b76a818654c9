// Canaries between real processes under load: what is good is promoted, what is bad goes back, and nobody is failed.
#include "e2e/rollout.hpp"
#include "e2e/watched.hpp"

namespace sluice::test {
namespace {

using Lines = std::vector<std::string>;

const std::string kTwoSteps = "steps: [{setWeight: 20}, {pause: {duration: 1s}}, {setWeight: 50}], ";

std::string request() {
  return request_text("POST", "/", "x");
}

TEST(RolloutCanary, AGoodCandidateIsPromotedByItsEvidenceWithoutAFailedRequest) {
  const FakeUpstream v1("one");
  const FakeUpstream v2("two");
  SluiceProcess sluice(rollout_policy(v1, v2, canary(kTwoSteps + kErrorsBelow5)));
  const Operator person(sluice);
  Load load(sluice.port(), 2, request());
  ASSERT_TRUE(comes_to(person, "Promoted")) << sluice.logs();
  EXPECT_TRUE(load.answers(50));
  EXPECT_EQ(load.stop(), Nothing());
  EXPECT_EQ(answers(sluice), std::set<std::string>{"two"});
  EXPECT_EQ(journal_of(person), (Lines{"Begun", "Advanced", "Paused", "Advanced", "Promoted"}));
  const std::string why = journal_of(person, true).back();
  EXPECT_NE(why.find("check"), std::string::npos) << why;
  EXPECT_NE(why.find("(n="), std::string::npos) << why;
}

TEST(RolloutCanary, IsInTheMetricsAsItGoesAndPromtoolHasNothingAgainstThem) {
  const FakeUpstream v1("one");
  const FakeUpstream v2("two");
  SluiceProcess sluice(rollout_policy(v1, v2, canary(kTwoSteps + kErrorsBelow5)));
  const Operator person(sluice);
  {
    Load load(sluice.port(), 1, request());
    ASSERT_TRUE(comes_to(person, "Promoted")) << sluice.logs();
    EXPECT_EQ(load.stop(), Nothing());
  }
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_rollout_phase", {{"route", "model"}, {"phase", "Promoted"}}), 1);
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_rollouts_total", {{"route", "model"}, {"result", "Promoted"}}), 1);
  const auto metrics = sluice.metrics();
  EXPECT_EQ(metrics.value("sluice_rollout_phase", {{"route", "model"}}), 1) << "one phase at a time";
  EXPECT_EQ(metrics.value("sluice_state_up"), 1);
  EXPECT_EQ(metrics.value("sluice_target_weight_ratio", {{"version", "v2"}}), 1);
  EXPECT_EQ(metrics.value("sluice_check_threshold", {{"route", "model"}}), 0.05);
  EXPECT_GE(metrics.value("sluice_check_samples", {{"route", "model"}}), 20);
  EXPECT_GE(metrics.value("sluice_check_runs_total", {{"route", "model"}, {"verdict", "Pass"}}), 1);
  const auto judged = run({"promtool", "check", "metrics"}, metrics.text());
  EXPECT_EQ(judged.exit.code, 0) << judged.out << judged.err;
  EXPECT_EQ(judged.err, "");
}

struct Fault {
  const char* name;
  int status;
  int delay_ms;
  const char* check;
  const char* says;
};

class RolloutCanaryFault : public ::testing::TestWithParam<Fault> {};

TEST_P(RolloutCanaryFault, GoesBackByItselfWithBothNumbersAndNobodyIsFailed) {
  WatchedUpstream v1("one");
  WatchedUpstream v2("two");
  v2.status = GetParam().status;
  v2.delay = GetParam().delay_ms;
  SluiceProcess sluice(rollout_policy(
      v1.upstream(), v2.upstream(),
      canary(kTwoSteps + "analysis: {interval: 1s, minRequests: 20, checks: [" + GetParam().check + "]}")));
  const Operator person(sluice);
  Load load(sluice.port(), 4, request());
  ASSERT_TRUE(comes_to(person, "RolledBack")) << sluice.logs();
  EXPECT_TRUE(load.answers(50));
  EXPECT_EQ(load.stop(), Nothing()) << "what v2 failed was answered by v1";
  const auto rollout = rollout_of(person);
  EXPECT_EQ(rollout["reason"], "CheckFailed");
  const std::string message = rollout["message"];
  EXPECT_NE(message.find(GetParam().says), std::string::npos) << message;
  EXPECT_NE(message.find("(n="), std::string::npos) << message;
  const auto served = v2.served();
  EXPECT_EQ(answers(sluice), std::set<std::string>{"one"});
  EXPECT_EQ(v2.served(), served) << "nothing reaches what was rolled back";
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_rollout_aborts_total", {{"route", "model"}}), 1);
}

INSTANTIATE_TEST_SUITE_P(Every, RolloutCanaryFault,
                         ::testing::Values(Fault{"Errors", 500, 0, "{metric: error-rate, thresholdRange: {max: 5%}}",
                                                 "error-rate 100% > max 5%"},
                                           Fault{"Resets", 0, 0, "{metric: error-rate, thresholdRange: {max: 5%}}",
                                                 "error-rate 100% > max 5%"},
                                           Fault{"Slow", 200, 50, "{metric: latency-p95, thresholdRange: {max: 20ms}}",
                                                 "> max 20ms"}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(RolloutCanary, ACandidateThatDiesInTheMiddleGoesBackAndNobodyIsFailed) {
  const FakeUpstream v1("one");
  FakeUpstream v2("two");
  SluiceProcess sluice(rollout_policy(
      v1, v2, canary("steps: [{setWeight: 50}, {pause: {duration: 60s}}], " + std::string(kErrorsBelow5))));
  const Operator person(sluice);
  ASSERT_TRUE(comes_to(person, "Paused"));
  Load load(sluice.port(), 2, request());
  EXPECT_TRUE(load.answers(50));
  v2.stop();
  ASSERT_TRUE(comes_to(person, "RolledBack")) << sluice.logs();
  EXPECT_TRUE(load.answers(50));
  EXPECT_EQ(load.stop(), Nothing());
  EXPECT_EQ(rollout_of(person)["reason"], "CheckFailed");
}

TEST(RolloutCanary, APersonsPauseOutranksEveryPassAndTheWayBackOutranksThePause) {
  WatchedUpstream v1("one");
  WatchedUpstream v2("two");
  SluiceProcess sluice(rollout_policy(v1.upstream(), v2.upstream(), canary(kTwoSteps + kErrorsBelow5)));
  const Operator person(sluice);
  ASSERT_EQ(person.verb({"pause", "model", "--actor", "alice"}).exit.code, 0);
  Load load(sluice.port(), 1, request());
  EXPECT_TRUE(eventually([&] { return looks_of(person) >= 3; })) << rollout_of(person).dump(2);
  const auto paused = rollout_of(person);
  EXPECT_EQ(paused["pausedByPerson"], true);
  EXPECT_EQ(count_of(journal_of(person), "Advanced"), 1u) << "three looks passed and nothing went on";
  EXPECT_EQ(sluice.metrics().value("sluice_target_weight_ratio", {{"version", "v2"}}), 0.2);
  v2.status = 500;
  ASSERT_TRUE(comes_to(person, "RolledBack")) << sluice.logs();
  EXPECT_EQ(load.stop(), Nothing());
}

TEST(RolloutCanary, UndoIsThereBeforeAPersonNotices) {
  const FakeUpstream v1("one");
  const FakeUpstream v2("two");
  SluiceProcess sluice(rollout_policy(v1, v2, canary("steps: [{setWeight: 50}, {pause: {}}]"), "workers: 4"));
  const Operator person(sluice);
  ASSERT_EQ(person.post("/api/v1/routes/model/promote", R"({"full": true})").status(), 200);
  ASSERT_EQ(answers(sluice), std::set<std::string>{"two"});
  Witnesses witnesses(sluice, 2);
  ASSERT_TRUE(witnesses.see(100));
  const auto said = std::chrono::steady_clock::now();
  ASSERT_EQ(person.post("/api/v1/routes/model/undo").status(), 200);
  const auto done = std::chrono::steady_clock::now();
  ASSERT_TRUE(witnesses.see(100));
  const auto seen = witnesses.stop();
  EXPECT_EQ(failures_in(seen), Nothing());
  const auto first =
      std::find_if(seen.begin(), seen.end(), [&](const auto& a) { return a.asked >= said && a.body == "one"; });
  ASSERT_NE(first, seen.end());
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(first->came - said).count();
  std::printf("[          ] undo: %.1f ms until the first answer by the version before\n", took / 1000.0);
  RecordProperty("undo_microseconds", static_cast<int>(took));
  EXPECT_LT(took, kSanitized ? 5'000'000 : 1'000'000);
  EXPECT_EQ(std::count_if(seen.begin(), seen.end(), [&](const auto& a) { return a.asked > done && a.body != "one"; }),
            0)
      << "in force on every worker when it was answered";
}

}  // namespace
}  // namespace sluice::test
