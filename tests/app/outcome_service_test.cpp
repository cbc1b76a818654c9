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

TEST_F(OutcomeServiceTest, OutcomesAreInTheOrderOfThePolicyAndThoseOfAnswersStay) {
  policy::ModelRoute route = route_with({"score", "click", "unread"});
  route.outcomes[0].from.emplace();
  route.outcomes[2].from.emplace();
  ASSERT_TRUE(service_.set_routes({route}));
  kpis_.evidence.versions[0].outcomes.emplace_back().name = "score";
  kpis_.evidence.versions[0].outcomes.back().sum = 7;
  ASSERT_TRUE(test::eventually([&] { return seen(0, 1).name == "click"; }));
  EXPECT_EQ(seen(0, 0).name, "score");
  EXPECT_EQ(seen(0, 0).sum, 7);
  EXPECT_EQ(evidence_.gather()["fraud"].versions[0].outcomes.size(), 2U) << "nobody read the third one";
  ASSERT_TRUE(service_.set_routes({}));
  EXPECT_TRUE(evidence_.gather()["fraud"].versions[0].outcomes.empty());
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
