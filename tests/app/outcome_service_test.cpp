#include "sluice/app/outcome_service.hpp"

#include <gtest/gtest.h>

#include <future>

#include "sluice/outcomes/token.hpp"
#include "support/patience.hpp"

namespace sluice::app {
namespace {

policy::ModelRoute route_with(const std::vector<std::string>& outcomes) {
  policy::ModelRoute route;
  route.name = "fraud";
  for (const char* const version : {"v1", "v2"}) route.versions.emplace_back().name = version;
  for (const std::string& name : outcomes) route.outcomes.emplace_back().name = name;
  return route;
}

/// A data plane whose counters a test moves.
class FakeKpis final : public rollout::KpiSource {
 public:
  std::map<std::string, strategy::Evidence> gather() override { return {{"fraud", evidence}, {"other", {}}}; }
  strategy::Evidence evidence;
};

class OutcomeServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    kpis_.evidence.window = 3;
    kpis_.evidence.counters = 1;
    kpis_.evidence.versions.resize(2);
    kpis_.evidence.versions[0].version = "v1";
    kpis_.evidence.versions[1].version = "v2";
    ASSERT_TRUE(service_.open(policy::MemoryState{}));
    ASSERT_TRUE(service_.set_routes({route_with({"click"})}));
    service_.start({}, {});
  }
  void report(std::uint64_t nonce, const std::string& version, std::uint64_t window = 3) {
    outcomes::Decision decision;
    decision.route = outcomes::name_hash("fraud");
    decision.version = outcomes::name_hash(version);
    decision.window = window;
    decision.nonce = nonce;
    decision.time = clock_.wall_now();
    std::array<char, outcomes::most_token_size> token{};
    const std::size_t size = outcomes::write_token(decision, *service_.keys(), token);
    std::promise<outcomes::Answer> answer;
    service_.door()->submit({R"({"decision":")" + std::string(token.data(), size) + R"(","click":1})", ""},
                            [&](outcomes::Answer given) { answer.set_value(std::move(given)); });
    EXPECT_EQ(answer.get_future().get().status, 200U);
  }
  strategy::OutcomeEvidence seen(std::size_t version, std::size_t outcome = 0) {
    auto gathered = evidence_.gather();
    const auto& outcomes = gathered["fraud"].versions.at(version).outcomes;
    return outcome < outcomes.size() ? outcomes[outcome] : strategy::OutcomeEvidence{};
  }

  SystemClock clock_;
  FakeKpis kpis_;
  OutcomeService service_{clock_};
  KpisWithOutcomes evidence_{kpis_, service_};
};

TEST_F(OutcomeServiceTest, WhatIsReportedBecomesEvidenceOfItsVersionAndWindow) {
  kpis_.evidence.versions[0].assigned = 40;
  EXPECT_EQ(seen(0).decisions, 40U);
  kpis_.evidence.versions[0].assigned = 100;
  report(1, "v1");
  report(2, "v1", 2);
  EXPECT_EQ(seen(0).name, "click");
  EXPECT_EQ(seen(0).decisions, 100U);
  EXPECT_EQ(seen(0).events, 1U);
  EXPECT_EQ(seen(1).events, 0U);
  ASSERT_NE(seen(0).delays, nullptr);
}

TEST_F(OutcomeServiceTest, AReportThatOvertakesItsDecisionHasADenominator) {
  report(1, "v2");
  EXPECT_EQ(seen(1).decisions, 1U);
}

TEST_F(OutcomeServiceTest, CountersThatBeginAnewAreAddedAndANewWindowBeginsAtZero) {
  kpis_.evidence.versions[0].assigned = 100;
  seen(0);
  kpis_.evidence.counters = 2;
  kpis_.evidence.versions[0].assigned = 120;
  EXPECT_EQ(seen(0).decisions, 220U) << "another process has counted";
  kpis_.evidence.window = 4;
  kpis_.evidence.versions[0].assigned = 5;
  EXPECT_EQ(seen(0).decisions, 5U);
  EXPECT_EQ(seen(0).events, 0U);
}

/// What a worker tells of a request.
outcomes::Observation observed(const std::string& version, float score) {
  outcomes::Observation made;
  made.decision.route = outcomes::name_hash("fraud");
  made.decision.version = outcomes::name_hash(version);
  made.decision.window = 3;
  made.read = 1;
  made.values[0] = score;
  made.unread[1] = outcomes::Unread::Absent;
  return made;
}

TEST_F(OutcomeServiceTest, OutcomesAreInTheOrderOfThePolicyWhereverTheyComeFrom) {
  policy::ModelRoute route = route_with({"score", "click", "unread"});
  route.outcomes[0].type = policy::OutcomeType::Value;
  route.outcomes[0].from.emplace();
  route.outcomes[2].from.emplace();
  ASSERT_TRUE(service_.set_routes({route}));
  outcomes::ObservationRing ring(2);
  ring.open();
  service_.set_observations(&ring);
  ASSERT_TRUE(test::eventually([&] { return seen(0, 1).name == "click"; }));
  ring.note(0, observed("v1", 3));
  ring.note(1, observed("v1", 4));
  ring.note(1, observed("v2", 0));
  const auto score = seen(0, 0);
  EXPECT_EQ(score.name, "score");
  EXPECT_EQ(score.sum, 7);
  EXPECT_EQ(score.decisions, 2U);
  EXPECT_EQ(score.reports, 2U);
  EXPECT_EQ(score.delays, nullptr) << "it came with its answer";
  EXPECT_EQ(seen(1, 0).events, 0U);
  EXPECT_EQ(seen(1, 0).reports, 1U);
  EXPECT_EQ(seen(0, 2).name, "unread");
  EXPECT_EQ(seen(0, 2).decisions, 0U);
  report(1, "v1");
  EXPECT_EQ(seen(0, 1).events, 1U) << "what is reported goes its own way";
  kpis_.evidence.window = 4;
  EXPECT_EQ(seen(0, 0).decisions, 0U) << "every window begins at zero";
  ASSERT_TRUE(service_.set_routes({}));
  EXPECT_TRUE(evidence_.gather()["fraud"].versions[0].outcomes.empty());
}

TEST_F(OutcomeServiceTest, AnotherOneHearsOfEveryObservationOnce) {
  class Listener final : public outcomes::ObservationSink {
   public:
    void observe(const outcomes::Observation& observation) override { heard += observation.decision.nonce; }
    std::uint64_t heard = 0;
  };
  Listener listener;
  outcomes::ObservationRing ring(1);
  ring.open();
  service_.set_observations(&ring);
  service_.add_observation_sink(&listener);
  outcomes::Observation seen_request;
  seen_request.decision.nonce = 7;
  ring.note(0, seen_request);
  evidence_.gather();
  evidence_.gather();
  EXPECT_EQ(listener.heard, 7U);
}

TEST_F(OutcomeServiceTest, ValuesThatWereReadAreToldLikeReports) {
  OutcomeService service(clock_);
  ASSERT_TRUE(service.open(policy::MemoryState{}));
  policy::ModelRoute route = route_with({"click", "score", "length"});
  for (std::size_t i = 1; i < 3; ++i) {
    route.outcomes[i].type = policy::OutcomeType::Value;
    route.outcomes[i].from.emplace();
  }
  ASSERT_TRUE(service.set_routes({route}));
  std::vector<std::string> told;
  service.start(
      [&](const outcomes::Decision& decision, std::string_view outcome, double value, WallTime) {
        told.push_back(std::to_string(decision.nonce) + " " + std::string(outcome) + " " + std::to_string(value));
      },
      {});
  outcomes::ObservationRing ring(1);
  ring.open();
  service.set_observations(&ring);
  outcomes::Observation seen_request = observed("v1", 0.5F);
  seen_request.decision.nonce = 7;
  ring.note(0, seen_request);
  std::map<std::string, strategy::Evidence> gathered;
  service.add_to(gathered);
  EXPECT_EQ(told, std::vector<std::string>{"7 score 0.500000"}) << "the other one could not be read";
  service.close();
}

TEST_F(OutcomeServiceTest, MetricsTellWhatWasReadAndWhatCouldNotBe) {
  policy::ModelRoute route = route_with({"score", "length"});
  for (policy::Outcome& outcome : route.outcomes) {
    outcome.type = policy::OutcomeType::Value;
    outcome.from.emplace();
  }
  ASSERT_TRUE(service_.set_routes({route}));
  outcomes::ObservationRing ring(1, 2);
  ring.open();
  service_.set_observations(&ring);
  for (int i = 0; i < 3; ++i) ring.note(0, observed("v2", 1.5F));
  evidence_.gather();
  const metrics::OutcomesSnapshot snapshot = service_.metrics();
  ASSERT_EQ(snapshot.outcomes.size(), 4U);
  EXPECT_EQ(snapshot.outcomes[1].version, "v2");
  EXPECT_EQ(snapshot.outcomes[1].reports, 2U);
  EXPECT_EQ(snapshot.outcomes[1].value, 3);
  EXPECT_TRUE(snapshot.outcomes[1].delays.bounds.empty());
  ASSERT_EQ(snapshot.unread.size(), 2 * (outcomes::unread_reasons - 1));
  EXPECT_EQ(snapshot.unread[0], (metrics::UnreadSnapshot{"fraud", "score", "absent", 0}));
  EXPECT_EQ(snapshot.unread[outcomes::unread_reasons - 1], (metrics::UnreadSnapshot{"fraud", "length", "absent", 2}));
  EXPECT_EQ(snapshot.observations_lost, 1U);
}

TEST_F(OutcomeServiceTest, MetricsNameEverythingFromTheStart) {
  metrics::OutcomesSnapshot snapshot = service_.metrics();
  ASSERT_EQ(snapshot.outcomes.size(), 2U);
  EXPECT_EQ(snapshot.outcomes[1].version, "v2");
  EXPECT_EQ(snapshot.outcomes[0].delays.counts.size(), snapshot.outcomes[0].delays.bounds.size() + 1);
  EXPECT_EQ(snapshot.unmatched.size(), 2 * outcomes::refusals);
  EXPECT_GT(snapshot.ledger_capacity, 0U);
  report(1, "v2");
  EXPECT_EQ(service_.metrics().outcomes[1].reports, 1U);
}

}  // namespace
}  // namespace sluice::app
