// Outcomes that stand in the answers themselves: nobody reports them, and rollouts go by them, over real processes.
#include "e2e/rollout.hpp"
#include "e2e/sample_model.hpp"

namespace sluice::test {
namespace {

/// A model whose scores lie around a mean, and of whose answers every `good`th is a good one.
class ScoringModel {
 public:
  ScoringModel(double mean, int good) : mean_(mean), good_(good), upstream_(script()) {}
  const FakeUpstream& upstream() const { return upstream_; }

 private:
  FakeUpstream::Script script() {
    return [this](Conversation& gateway) {
      for (;;) {
        gateway.read_request();
        const int number = answers_++;
        const double score = mean_ + (number % 5 - 2) * 0.05;
        gateway.answer(200, R"({"text":"x","score":)" + std::to_string(score) + "}",
                       {{"x-good", number % good_ == 0 ? "1" : "0"}});
      }
    };
  }

  double mean_;
  int good_;
  std::atomic<int> answers_{0};
  FakeUpstream upstream_;
};

constexpr const char* kScore = "outcomes: [{name: score, type: Value, from: {jsonPointer: /score}}]\n";
constexpr const char* kGood = "outcomes: [{name: good, from: {header: X-Good}}]\n";

std::string scored_request() {
  return request_text("POST", "/", "x");
}

TEST(AnswerOutcomes, ACandidateWhoseScoresDropIsRolledBack) {
  const ScoringModel v1(0.8, 2);
  const ScoringModel v2(0.4, 2);
  SluiceProcess sluice(
      rollout_policy(v1.upstream(), v2.upstream(),
                     canary("steps: [{setWeight: 30}, {pause: {}}], analysis: {interval: 1s, minRequests: 20, "
                            "checks: [{metric: score, versusStable: {relativeMargin: 5%}}]}"),
                     {}, kScore));
  const Operator person(sluice);
  Load load(sluice.port(), 4, scored_request());
  ASSERT_TRUE(comes_to(person, "RolledBack")) << sluice.logs();
  EXPECT_EQ(load.stop(), Nothing());
  EXPECT_EQ(rollout_of(person)["reason"], "CheckFailed");
  const MetricsText metrics = sluice.metrics();
  const double read = metrics.value("sluice_outcomes_total", {{"version", "v2"}, {"outcome", "score"}});
  const double sum = metrics.value("sluice_outcome_value_total", {{"version", "v2"}, {"outcome", "score"}});
  EXPECT_GE(read, 100);
  EXPECT_NEAR(sum / read, 0.4, 0.02);
  EXPECT_EQ(metrics.value("sluice_outcome_unread_total", {{"outcome", "score"}, {"reason", "absent"}}), 0);
  EXPECT_EQ(metrics.value("sluice_observations_lost_total"), 0);
}

TEST(AnswerOutcomes, ABanditEarnsWhatAnswersSay) {
  const ScoringModel v1(0.5, 8);
  const ScoringModel v2(0.5, 2);
  SluiceProcess sluice(rollout_policy(v1.upstream(), v2.upstream(),
                                      "bandit: {arms: [v1, v2], reward: good, minimumShare: 5%, updateInterval: 1s}",
                                      {}, kGood));
  Load load(sluice.port(), 2, scored_request());
  EXPECT_TRUE(eventually([&] {
    return sluice.metrics().value("sluice_target_weight_ratio", {{"version", "v2"}}) > 0.94;
  })) << sluice.logs();
  EXPECT_EQ(load.stop(), Nothing());
  const HttpMessage answer = RawClient(sluice.port()).post("/", "x");
  EXPECT_FALSE(answer.has("x-sluice-decision")) << "there is nothing to report";
  EXPECT_EQ(RawClient(sluice.port()).post("/sluice/v1/outcomes", "{}").status(), 404);
}

TEST(AnswerOutcomes, AreNotReportedBesideThoseThatAre) {
  const ScoringModel v1(0.5, 2);
  SluiceProcess sluice(
      policy_for(v1.upstream(), "outcomes: [{name: click}, {name: score, type: Value, from: {jsonPointer: /score}}]"));
  const HttpMessage answer = RawClient(sluice.port()).post("/", "x");
  const std::string token = answer.field("x-sluice-decision");
  ASSERT_FALSE(token.empty());
  const std::string report = R"({"decision":")" + token + R"(","click":1,"score":5})";
  const auto said = nlohmann::json::parse(RawClient(sluice.port()).post("/sluice/v1/outcomes", report).body);
  EXPECT_EQ(said["accepted"], 1);
  EXPECT_EQ(said["rejected"], 1);
  EXPECT_EQ(said["problems"][0]["reason"], "unknown_outcome");
  EXPECT_EQ(said["problems"][0]["outcome"], "score");
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_outcomes_total", {{"outcome", "score"}}), 1);
  EXPECT_NEAR(sluice.metrics().value("sluice_outcome_value_total", {{"outcome", "score"}}), 0.4, 1e-6);
}

TEST(AnswerOutcomes, TensorsOfARealModelAreRead) {
  const SampleModel model;
  SluiceProcess sluice(gateway_yaml() + route_yaml("model", {version_yaml("v1", model.url())},
                                                   "outcomes: [{name: label, type: Value, from: {tensor: label}}, "
                                                   "{name: zero, type: Value, from: {jsonPointer: /outputs/1/data/0}}, "
                                                   "{name: nowhere, type: Value, from: {tensor: nowhere}}]"));
  RawClient client(sluice.port());
  double labels = 0;
  double zeros = 0;
  for (int i = 0; i < 20; ++i) {
    client.send(infer_request());
    const auto answer = nlohmann::json::parse(client.read_response().body);
    labels += answer["outputs"][0]["data"][0].get<double>();
    zeros += answer["outputs"][1]["data"][0].get<double>();
  }
  EXPECT_EQ(sluice.metric_becomes(20, "sluice_outcomes_total", {{"outcome", "label"}}), 20);
  EXPECT_EQ(sluice.metric_becomes(20, "sluice_outcomes_total", {{"outcome", "zero"}}), 20);
  EXPECT_EQ(sluice.metric_becomes(20, "sluice_outcome_unread_total", {{"outcome", "nowhere"}, {"reason", "absent"}}),
            20);
  const MetricsText metrics = sluice.metrics();
  EXPECT_EQ(metrics.value("sluice_outcome_value_total", {{"outcome", "label"}}), labels);
  EXPECT_NEAR(metrics.value("sluice_outcome_value_total", {{"outcome", "zero"}}), zeros, 1e-4);
  EXPECT_EQ(metrics.value("sluice_outcomes_total", {{"outcome", "nowhere"}}), 0);
}

FakeUpstream::Script completes(int tokens) {
  return [tokens](Conversation& gateway) {
    for (;;) {
      gateway.read_request();
      gateway.answer(200, R"({"choices":[],"usage":{"completion_tokens":)" + std::to_string(tokens) + "}}");
    }
  };
}

TEST(AnswerOutcomes, ACandidateWithFewerTokensPerSecondIsRolledBack) {
  const FakeUpstream v1(completes(500));
  const FakeUpstream v2(completes(20));
  SluiceProcess sluice(
      rollout_policy(v1, v2,
                     canary("steps: [{setWeight: 50}, {pause: {}}], analysis: {interval: 1s, minRequests: 20, "
                            "checks: [{metric: tokens-per-second, versusStable: {relativeMargin: 20%}}]}"),
                     {}, "protocol: OpenAI\n"));
  const Operator person(sluice);
  Load load(sluice.port(), 2, scored_request());
  ASSERT_TRUE(comes_to(person, "RolledBack")) << sluice.logs();
  EXPECT_EQ(load.stop(), Nothing());
  EXPECT_EQ(rollout_of(person)["reason"], "CheckFailed");
  EXPECT_TRUE(sluice.metrics().has("sluice_outcomes_total", {{"outcome", "tokens-per-second"}, {"version", "v2"}}));
}

TEST(AnswerOutcomes, TokensOfAStreamAreCountedWhileItPassesUnchanged) {
  const std::string events =
      "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}"
      "\n\ndata: [DONE]\n\n";
  const FakeUpstream v1([&](Conversation& gateway) {
    for (;;) {
      gateway.read_request();
      gateway.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" +
                   chunked(events, 11));
    }
  });
  SluiceProcess sluice(policy_for(v1, "protocol: OpenAI\noutcomes: [{name: length, type: Value, from: {tokens: {}}}]"));
  RawClient client(sluice.port());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.post("/v1/chat/completions", "{}").body, events);
  EXPECT_EQ(sluice.metric_becomes(5, "sluice_outcomes_total", {{"outcome", "length"}}), 5);
  EXPECT_EQ(sluice.metrics().value("sluice_outcome_value_total", {{"outcome", "length"}}), 10);
}

}  // namespace
}  // namespace sluice::test
