// Shadows, A/B tests, bandits and stages between real processes under load.
#include "e2e/rollout.hpp"
#include "e2e/watched.hpp"

namespace sluice::test {
namespace {

std::string trial_request() {
  return request_text("POST", "/", "x");
}

double target_of(const SluiceProcess& sluice, const std::string& version) {
  return sluice.metrics().value("sluice_target_weight_ratio", {{"version", version}});
}

TEST(RolloutShadow, IsConcludedByItsCopiesAndAPersonMakesTheWinnerLive) {
  const FakeUpstream v1("one");
  const FakeUpstream v2("two");
  SluiceProcess sluice(rollout_policy(
      v1, v2,
      "shadow: {live: v1, candidates: [{version: v2}], stopWhen: Conclusive, " + std::string(kErrorsBelow5) + "}"));
  const Operator person(sluice);
  Witnesses witnesses(sluice, 2);
  ASSERT_TRUE(comes_to(person, "Concluded")) << sluice.logs();
  const auto seen = witnesses.stop();
  EXPECT_TRUE(std::all_of(seen.begin(), seen.end(), [](const auto& a) { return a.body == "one"; }))
      << "no client ever saw a copy's answer";
  EXPECT_EQ(rollout_of(person)["winner"], "v2");
  EXPECT_GE(sluice.metrics().value("sluice_shadow_requests_total", {{"version", "v2"}}), 20);
  EXPECT_EQ(person.verb({"promote", "model"}).exit.code, 0);
  EXPECT_EQ(answers(sluice), std::set<std::string>{"two"});
}

TEST(RolloutShadow, ThatFailsIsConcludedWithoutAWinnerAndNobodyNoticed) {
  WatchedUpstream v1("one");
  WatchedUpstream v2("two");
  v2.status = 500;
  SluiceProcess sluice(rollout_policy(
      v1.upstream(), v2.upstream(),
      "shadow: {live: v1, candidates: [{version: v2}], stopWhen: Conclusive, " + std::string(kErrorsBelow5) + "}"));
  const Operator person(sluice);
  Load load(sluice.port(), 2, trial_request());
  ASSERT_TRUE(comes_to(person, "Concluded")) << sluice.logs();
  EXPECT_EQ(load.stop(), Nothing());
  EXPECT_EQ(rollout_of(person)["reason"], "CheckFailed");
  EXPECT_EQ(person.verb({"promote", "model"}).exit.code, 3) << "its checks fail";
  EXPECT_EQ(answers(sluice), std::set<std::string>{"one"});
}

TEST(RolloutAbTest, TheBetterVariantWinsAndGetsEverything) {
  WatchedUpstream v1("one");
  WatchedUpstream v2("two");
  v1.delay = kSanitized ? 60 : 12;  // stands out of what a busy machine adds to both
  SluiceProcess sluice(
      rollout_policy(v1.upstream(), v2.upstream(),
                     "abTest: {variants: [{version: v1, weight: 1}, {version: v2, weight: 1}], control: v1, "
                     "primaryMetric: latency-mean, minimumEffect: 5%, onWinner: Promote}"));
  const Operator person(sluice);
  EXPECT_EQ(answers(sluice, 50), (std::set<std::string>{"one", "two"}));
  Load load(sluice.port(), 4, trial_request());
  ASSERT_TRUE(comes_to(person, "Promoted")) << sluice.logs();
  EXPECT_EQ(load.stop(), Nothing());
  EXPECT_EQ(rollout_of(person)["winner"], "v2");
  EXPECT_EQ(answers(sluice), std::set<std::string>{"two"});
  EXPECT_EQ(count_of(journal_of(person), "WinnerFound"), 1u);
}

TEST(RolloutBandit, TrafficFollowsWhatAnswersAndTheRestKeepsItsFloor) {
  WatchedUpstream v1("one");
  WatchedUpstream v2("two");
  v2.status = 500;
  SluiceProcess sluice(
      rollout_policy(v1.upstream(), v2.upstream(), "bandit: {arms: [v1, v2], minimumShare: 5%, updateInterval: 1s}"));
  const Operator person(sluice);
  EXPECT_EQ(target_of(sluice, "v2"), 0.5);
  Load load(sluice.port(), 2, trial_request());
  EXPECT_TRUE(eventually([&] { return target_of(sluice, "v2") < 0.051; })) << rollout_of(person).dump(2);
  EXPECT_EQ(load.stop(), Nothing()) << "v1 answered what v2 failed";
  EXPECT_NEAR(target_of(sluice, "v2"), 0.05, 1e-3) << "it goes on learning";
  EXPECT_TRUE(eventually([&] {
    return sluice.metrics().value("sluice_bandit_probability_best_ratio", {{"version", "v1"}}) > 0.99;
  })) << "the metrics follow within a second";
  EXPECT_EQ(rollout_of(person)["phase"], "Progressing");
}

std::string two_stages(const std::string& after_shadow) {
  return "stages: [{shadow: {live: v1, candidates: [{version: v2}], stopWhen: Conclusive, " +
         std::string(kErrorsBelow5) + "}" + after_shadow +
         "}, {canary: {stable: v1, candidate: v2, steps: [{setWeight: 50}], " + std::string(kErrorsBelow5) + "}}]";
}

TEST(RolloutStages, EachStageThatPassesBeginsTheNextAndTheLastOnePromotes) {
  const FakeUpstream v1("one");
  const FakeUpstream v2("two");
  SluiceProcess sluice(rollout_policy(v1, v2, two_stages(", until: Approved")));
  const Operator person(sluice);
  Load load(sluice.port(), 2, trial_request());
  ASSERT_TRUE(comes_to(person, "Paused")) << sluice.logs();
  EXPECT_EQ(rollout_of(person)["reason"], "AwaitingApproval");
  EXPECT_EQ(answers(sluice), std::set<std::string>{"one"});
  EXPECT_EQ(person.verb({"promote", "model"}).exit.code, 0);
  ASSERT_TRUE(comes_to(person, "Promoted")) << sluice.logs();
  EXPECT_EQ(load.stop(), Nothing());
  EXPECT_EQ(count_of(journal_of(person), "StageBegun"), 1u);
  EXPECT_EQ(answers(sluice), std::set<std::string>{"two"});
}

TEST(RolloutStages, AFailureInTheSecondStageLeadsBackToTheFirstStable) {
  WatchedUpstream v1("one");
  WatchedUpstream v2("two");
  SluiceProcess sluice(rollout_policy(v1.upstream(), v2.upstream(), two_stages(", until: Approved")));
  const Operator person(sluice);
  Load load(sluice.port(), 2, trial_request());
  ASSERT_TRUE(comes_to(person, "Paused")) << sluice.logs();
  // The first look comes a second later: so much time, and no more, has the candidate to become bad.
  EXPECT_EQ(person.post("/api/v1/routes/model/promote").status(), 200);
  v2.status = 500;
  ASSERT_TRUE(comes_to(person, "RolledBack")) << sluice.logs();
  EXPECT_EQ(load.stop(), Nothing());
  EXPECT_EQ(answers(sluice), std::set<std::string>{"one"});
}

}  // namespace
}  // namespace sluice::test
