#include "sluice/app/evaluation_service.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "sluice/strategy/drift_watch.hpp"
#include "support/patience.hpp"

namespace sluice::app {
namespace {

constexpr std::uint64_t kPairsWindow = 3;

/// v1 answers, v2 gets copies; what is in /id may not be looked at by anybody.
policy::ModelRoute compared_route(bool keeps = true) {
  policy::ModelRoute route;
  route.name = "fraud";
  route.protocol = policy::Protocol::Raw;
  for (const char* const version : {"v1", "v2"}) route.versions.emplace_back().name = version;
  route.segments.emplace_back().name = "mobile";
  route.drift.emplace();
  route.drift->score.emplace();
  route.drift->score->name = "/score";
  route.drift->reference = 100;
  policy::Shadow shadow;
  shadow.live = "v1";
  shadow.candidates.emplace_back().version = "v2";
  shadow.compare.emplace();
  shadow.compare->noise = Ratio{0};
  if (keeps) {
    shadow.compare->keep.emplace();
    shadow.compare->keep->redact = {"/id"};
  }
  route.strategy = shadow;
  return route;
}

compare::Answer answer_with(const std::string& body) {
  compare::Answer answer;
  answer.status = 200;
  answer.complete = true;
  answer.latency = 0.01F;
  answer.body = body;
  return answer;
}

class FakeLook final : public rollout::KpiSource {
 public:
  FakeLook() {
    evidence.window = kPairsWindow;
    evidence.versions.resize(2);
    evidence.versions[0].version = "v1";
    evidence.versions[0].share = 1;
    evidence.versions[1].version = "v2";
  }
  std::map<std::string, strategy::Evidence> gather() override { return {{"fraud", evidence}, {"other", evidence}}; }
  strategy::Evidence evidence;
};

class EvaluationServiceTest : public testing::Test {
 protected:
  EvaluationServiceTest() {
    put_in_force(compared_route());
    service_.start();
  }
  void put_in_force(const policy::ModelRoute& route) {
    strategy::RolloutState state;
    state.route = "fraud";
    state.number = 1;
    state.window = kPairsWindow;
    drift_.set_routes({route}, {{"fraud", state}});
    service_.set_routes({route});
  }
  void hand_over(const std::string& live, const std::string& other, std::uint8_t segment = 0) {
    auto pair = std::make_unique<compare::AnswerPair>();
    pair->route = outcomes::name_hash("fraud");
    pair->window = kPairsWindow;
    pair->other = 1;
    pair->segment = segment;
    pair->nonce = ++handed_;
    pair->request_id = "request-" + std::to_string(handed_);
    pair->at = clock_.wall_now();
    pair->live_answer = std::make_shared<const compare::Answer>(answer_with(live));
    pair->other_answer = answer_with(other);
    service_.sink()->note(0, std::move(pair));
  }
  /// What a client was answered, or an answer from which no score was read.
  void observe(const std::string& version, std::optional<float> score) {
    outcomes::Observation seen;
    seen.decision.route = outcomes::name_hash("fraud");
    seen.decision.version = outcomes::name_hash(version);
    seen.decision.window = kPairsWindow;
    seen.prediction.has_score = score.has_value();
    seen.prediction.score = score.value_or(0);
    drift_.observe(seen);
  }
  /// So many series of a version have these labels.
  static std::ptrdiff_t series(const metrics::ComparisonsSnapshot& shown, const std::string& version,
                               const std::string& against) {
    return std::count_if(shown.drifts.begin(), shown.drifts.end(),
                         [&](const auto& one) { return one.version == version && one.against == against; });
  }
  std::shared_ptr<const strategy::PairEvidence> pairs() {
    gathered_ = evidence_.gather();
    return gathered_["fraud"].versions[1].pairs;
  }
  bool compares(std::uint64_t so_many) {
    return test::eventually([&] {
      const auto seen = pairs();
      return seen != nullptr && seen->tally.compared() == so_many;
    });
  }

  SystemClock clock_;
  DriftService drift_{clock_};
  EvaluationService service_{1, clock_, drift_, std::size_t{1} << 20};
  FakeLook look_;
  KpisWithEvaluation evidence_{look_, service_};
  std::map<std::string, strategy::Evidence> gathered_;
  std::uint64_t handed_ = 0;
};

TEST_F(EvaluationServiceTest, PairsBecomeEvidenceOfTheCandidate) {
  EXPECT_EQ(pairs(), nullptr) << "nothing was compared yet";
  for (int i = 0; i < 20; ++i) hand_over(R"({"score":0.5})", R"({"score":0.5})");
  hand_over(R"({"score":0.5})", R"({"score":0.75})", 1);
  ASSERT_TRUE(compares(21));
  const auto seen = pairs();
  EXPECT_EQ(seen->tally.disagreements(), 1U);
  EXPECT_EQ(seen->worst_field, "/score");
  ASSERT_EQ(seen->segments.size(), 1U);
  EXPECT_EQ(seen->segments[0].disagreements, 1U);
  EXPECT_EQ(gathered_["fraud"].versions[0].pairs, nullptr) << "live is no candidate";
  EXPECT_EQ(gathered_["other"].versions[1].pairs, nullptr) << "of a route that nobody knows nothing is told";
  EXPECT_EQ(pairs(), seen) << "what did not change is not copied again";
}

TEST_F(EvaluationServiceTest, ScoresOfPairsAreADriftOfTheCandidate) {
  for (int i = 0; i < 600; ++i) {
    const std::string score = std::to_string(i % 100 / 100.0);
    hand_over("{\"score\":" + score + "}", "{\"score\":" + std::to_string(i % 100 / 200.0) + "}");
  }
  ASSERT_TRUE(test::eventually([&] {
    const auto seen = pairs();
    const auto& drifts = gathered_["fraud"].versions[1].drifts;
    return seen != nullptr && seen->tally.compared() == 600 && !drifts.empty() && !drifts[0]->moves.empty();
  }));
  const auto& drift = *gathered_["fraud"].versions[1].drifts[0];
  const std::size_t bins = drift.own.size();
  ASSERT_EQ(drift.moves.size(), bins * bins);
  std::uint64_t own = 0;
  std::uint64_t live = 0;
  std::uint64_t moved = 0;
  for (std::size_t i = 0; i < bins; ++i) {
    own += drift.own[i];
    live += drift.stable[i];
  }
  for (const std::uint64_t count : drift.moves) moved += count;
  EXPECT_EQ(own, moved);
  EXPECT_EQ(live, moved);
  EXPECT_EQ(drift.own.back(), 0U) << "all scores are halved";
  const auto metrics = service_.metrics();
  const auto shown = std::find_if(metrics.drifts.begin(), metrics.drifts.end(),
                                  [](const auto& one) { return one.version == "v2" && one.against == "stable"; });
  ASSERT_NE(shown, metrics.drifts.end());
  EXPECT_EQ(shown->of, "score");
  EXPECT_NEAR(shown->distance, 0.5, 0.06);
  EXPECT_GT(shown->stability_index, 0.5);
  EXPECT_GT(shown->e_value, 1000);
}

TEST_F(EvaluationServiceTest, MetricsTellWhatCameOfEveryPair) {
  const auto named = [](const metrics::NamedCounts& counts, const std::string& name) -> std::int64_t {
    for (const auto& [known, count] : counts) {
      if (known == name) return static_cast<std::int64_t>(count);
    }
    return -1;
  };
  const auto before = service_.metrics();
  ASSERT_FALSE(before.comparisons.empty());
  hand_over(R"({"score":1})", R"({"score":1})");
  hand_over(R"({"score":1})", R"({"score":2})", 1);
  ASSERT_TRUE(compares(2));
  const auto after = service_.metrics();
  const auto v2 = std::find_if(after.comparisons.begin(), after.comparisons.end(),
                               [](const auto& one) { return one.version == "v2"; });
  ASSERT_NE(v2, after.comparisons.end());
  EXPECT_EQ(named(v2->results, "match"), 1);
  EXPECT_EQ(named(v2->results, "mismatch"), 1);
  EXPECT_EQ(named(v2->fields, "/score"), 1);
  EXPECT_EQ(named(v2->segments, ""), 0);
  EXPECT_EQ(named(v2->segments, "mobile"), 1);
  EXPECT_EQ(v2->disagreement, 0.5);
  EXPECT_EQ(after.lost_queue, 0U);
}

TEST_F(EvaluationServiceTest, PairsMayBeLookedAtWhereThePolicyAllowsIt) {
  hand_over(R"({"id":"secret","score":0.5})", R"({"id":"secret","score":0.75})");
  ASSERT_TRUE(compares(1));
  // A pair is kept after it was counted: its bodies are made ready in between.
  ASSERT_TRUE(test::eventually([&] {
    const auto kept = service_.disagreements("fraud");
    return kept && !kept->empty();
  }));
  const auto shown = service_.disagreements("fraud");
  ASSERT_TRUE(shown);
  ASSERT_EQ(shown->size(), 1U);
  const admin::DisagreementView& pair = shown->front();
  EXPECT_EQ(pair.version, "v2");
  EXPECT_EQ(pair.request_id, "request-1");
  EXPECT_EQ(pair.live.status, 200U);
  ASSERT_EQ(pair.differences.size(), 1U);
  EXPECT_EQ(pair.differences[0].field, "/score");
  EXPECT_EQ(pair.live.body.find("secret"), std::string::npos) << pair.live.body;
  EXPECT_NE(pair.candidate.body.find("0.75"), std::string::npos) << pair.candidate.body;
  EXPECT_EQ(service_.disagreements("frau").error().status, 404U);
  put_in_force(compared_route(false));
  const auto refused = service_.disagreements("fraud");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 403U);
  EXPECT_NE(refused.error().reason.find("compare.keep"), std::string::npos);
}

TEST_F(EvaluationServiceTest, LiveAnswersHaveADistributionWithTheirReference) {
  for (int i = 0; i < 120; ++i) observe("v1", static_cast<float>(i % 100));
  pairs();
  const auto& drifts = gathered_["fraud"].versions[0].drifts;
  ASSERT_EQ(drifts.size(), 1U);
  EXPECT_FALSE(drifts[0]->reference.empty());
  const auto metrics = service_.metrics();
  ASSERT_EQ(metrics.drifts.size(), 1U);
  EXPECT_EQ(metrics.drifts[0].against, "reference");
  EXPECT_EQ(metrics.drifts[0].version, "v1");
  ASSERT_EQ(metrics.distributions.size(), 2U) << "of both versions";
  EXPECT_EQ(metrics.distributions[0].bins.back().first, "+Inf");
}

TEST_F(EvaluationServiceTest, WhatACandidateAnswersToCopiesIsHeldAgainstTheReference) {
  for (int i = 0; i < 120; ++i) observe("v1", static_cast<float>(i % 100) / 100);
  for (int i = 0; i < 300; ++i) {
    hand_over("{\"score\":" + std::to_string(i % 100 / 100.0) + "}", R"({"score":0.995})");
  }
  ASSERT_TRUE(compares(300));
  // A look takes predictions before it counts pairs: the last ones may be the next look's.
  ASSERT_TRUE(test::eventually([&] {
    pairs();
    const auto& seen = gathered_["fraud"].versions[1].drifts;
    return seen.size() == 2 && !seen[1]->own.empty() && seen[1]->own.back() == 300;
  }));
  const auto& drifts = gathered_["fraud"].versions[1].drifts;
  EXPECT_FALSE(drifts[0]->moves.empty()) << "beside live by pairs";
  EXPECT_TRUE(drifts[1]->stable.empty());
  ASSERT_EQ(drifts[1]->reference.size(), drifts[1]->own.size());
  strategy::Transition watched;
  strategy::watch_drift(gathered_["fraud"], watched);
  ASSERT_EQ(watched.events.size(), 1U) << "one that answers copies is watched like any other";
  EXPECT_EQ(watched.events[0].text.find("'v2' no longer predicts as the reference did"), 0U) << watched.events[0].text;
  const auto metrics = service_.metrics();
  EXPECT_EQ(series(metrics, "v2", "stable"), 1);
  EXPECT_EQ(series(metrics, "v2", "reference"), 1);
  ASSERT_EQ(metrics.distributions.size(), 2U);
  EXPECT_EQ(metrics.distributions[1].bins.back().second, 300U) << "its own distribution is shown";
}

TEST_F(EvaluationServiceTest, OneThatAnswersClientsAndCopiesHasOneSeriesOfEach) {
  for (int i = 0; i < 200; ++i) {
    observe("v1", static_cast<float>(i % 100) / 100);
    observe("v2", static_cast<float>(i % 100) / 100);
  }
  for (int i = 0; i < 300; ++i) {
    hand_over("{\"score\":" + std::to_string(i % 100 / 100.0) + "}", R"({"score":0.995})");
  }
  ASSERT_TRUE(compares(300));
  ASSERT_GT(gathered_["fraud"].versions[1].drifts.size(), 1U) << "both are watched";
  const auto metrics = service_.metrics();
  EXPECT_EQ(series(metrics, "v2", "stable"), 1);
  ASSERT_EQ(series(metrics, "v2", "reference"), 1) << "Prometheus refuses a page that says two things of one series";
  const auto shown = std::find_if(metrics.drifts.begin(), metrics.drifts.end(),
                                  [](const auto& one) { return one.version == "v2" && one.against == "reference"; });
  EXPECT_LT(shown->distance, 0.1) << "what clients got";
}

TEST_F(EvaluationServiceTest, AnswersWithoutAScoreAreNoSignThatTheOthersDiffer) {
  look_.evidence.versions[0].share = look_.evidence.versions[1].share = 0.5;
  for (int i = 0; i < 100'000; ++i) {
    const auto score = static_cast<float>(i / 20 % 100) / 100;
    observe("v1", score);
    observe("v2", i % 20 == 0 ? std::nullopt : std::optional(score));
  }
  pairs();
  const auto metrics = service_.metrics();
  const auto shown = std::find_if(metrics.drifts.begin(), metrics.drifts.end(),
                                  [](const auto& one) { return one.version == "v2" && one.against == "stable"; });
  ASSERT_NE(shown, metrics.drifts.end());
  EXPECT_LT(shown->distance, 0.01);
  EXPECT_LT(shown->e_value, 2);
}

}  // namespace
}  // namespace sluice::app
