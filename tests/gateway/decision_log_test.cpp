// What is written down of the decisions of a split.
#include "sluice/outcomes/decision_log.hpp"

#include <set>
#include <sstream>

#include "rollout_fixture.hpp"
#include "sluice/base/bfloat16.hpp"
#include "sluice/base/stable_hash.hpp"
#include "sluice/outcomes/decision_logger.hpp"
#include "sluice/outcomes/token.hpp"
#include "support/temp_dir.hpp"

namespace sluice::gateway {
namespace {

using outcomes::LoggedDecision;
using test::FakeUpstream;
using test::RawClient;

/// The log dies behind the gateway, which dies first.
class DecisionLogFile {
 protected:
  DecisionLogFile() {
    outcomes::DecisionLogger::Options options;
    options.path = (dir / "log.ndjson").string();
    options.workers = 2;
    auto started = outcomes::DecisionLogger::start(options);
    EXPECT_TRUE(started);
    log = std::move(started).value();
    log->set_routes({{"digits", {"v1", "v2"}, {}, 1}});
  }
  const test::TempDir dir;
  std::unique_ptr<outcomes::DecisionLogger> log;
};

class DecisionLogTest : public DecisionLogFile, public RolloutFixture {
 protected:
  void start_logged(Config config) {
    registry.emplace(2);
    gateway.emplace(*registry, clock);
    gateway->set_decision_log(log.get());
    const auto started = gateway->start(at_once(std::move(config)));
    ASSERT_TRUE(started) << started.error().message;
    port = gateway->listening().at(0).port();
  }
  /// Every request leaves its line when its worker is done with it; afterwards there is nobody to serve.
  std::vector<LoggedDecision> lines() {
    gateway->stop();
    log->flush();
    std::vector<LoggedDecision> found;
    std::istringstream text(test::read_file(dir / "log.ndjson"));
    outcomes::LogLineReader reader;
    for (std::string line; std::getline(text, line);) {
      auto entry = reader.read(line);
      EXPECT_TRUE(entry) << line;
      if (entry) found.push_back(std::get<LoggedDecision>(std::move(entry).value()));
    }
    return found;
  }

  FakeUpstream v1{"one"};
  FakeUpstream v2{"two"};
};

TEST_F(DecisionLogTest, HasEveryDecisionOfASplitWithItsProbabilityAndWhatCameOfIt) {
  start_logged(config_of(route_of({{"v1", v1.port(), 75}, {"v2", v2.port(), 25}}, traffic::Field::header("x-user"))));
  RawClient client(port);
  const WallTime before = std::chrono::floor<std::chrono::milliseconds>(clock.wall_now());
  std::vector<std::string> answered;
  for (int i = 0; i < 40; ++i) {
    answered.push_back(client.get("/", {{"x-user", "user-" + std::to_string(i)}}).field("x-sluice-version"));
  }
  const auto logged = lines();
  ASSERT_EQ(logged.size(), answered.size());
  std::set<std::uint64_t> names;
  for (std::size_t i = 0; i < logged.size(); ++i) {
    EXPECT_EQ(logged[i].route, "digits");
    EXPECT_EQ(logged[i].version, answered[i]) << "one connection's requests stand in their order";
    EXPECT_EQ(logged[i].propensity, answered[i] == "v2" ? 0.25 : 0.75);
    EXPECT_EQ(logged[i].unit, stable_hash("digits", "salt", "user-" + std::to_string(i)));
    EXPECT_EQ(logged[i].status, 200);
    EXPECT_GT(logged[i].latency, 0);
    EXPECT_LT(logged[i].latency, 60);
    EXPECT_GE(logged[i].time, before);
    EXPECT_LE(logged[i].time, clock.wall_now());
    names.insert(logged[i].decision);
  }
  EXPECT_EQ(names.size(), logged.size()) << "also where answers have no token";
}

TEST_F(DecisionLogTest, CallsADecisionAsItsTokenDoes) {
  outcomes::TokenKey key{1, {}};
  const auto keys = std::make_shared<outcomes::TokenKeys>(key);
  Config config = config_for({{"v1", v1.port(), 1}, {"v2", v2.port(), 1}});
  config.routes[0].tokens = true;
  config.keys = keys;
  start_logged(std::move(config));
  RawClient client(port);
  std::vector<std::uint64_t> told;
  for (int i = 0; i < 10; ++i) {
    const auto read = outcomes::read_token(client.get("/").field("x-sluice-decision"), *keys);
    ASSERT_TRUE(read);
    told.push_back(read->nonce);
  }
  std::vector<std::uint64_t> found;
  for (const LoggedDecision& line : lines()) found.push_back(line.decision);
  EXPECT_EQ(found, told);
}

/// Goes by the age in the query and the device in the body; little is known, so that nothing is certain.
Route learning_route(std::uint16_t first, std::uint16_t second) {
  Random random(7);
  std::vector<stats::LinearMoments> arms(2, stats::LinearMoments(3));
  for (int i = 0; i < 12; ++i) {
    const std::array<float, 3> context{static_cast<float>(random.below(40)), static_cast<float>(i % 2),
                                       static_cast<float>(1 - i % 2)};
    for (auto& arm : arms) arm.add(context, random.uniform());
  }
  const auto prior = stats::pooled_linear_prior(arms);
  const std::vector posteriors{linear_posterior(arms[0], prior), linear_posterior(arms[1], prior)};
  traffic::Learned learned;
  learned.fields = {{traffic::Field::query_param("age"), traffic::ContextField::Kind::Number, {}, 0},
                    {*traffic::Field::json_pointer("/device"), traffic::ContextField::Kind::OneOf, {"phone", "pc"}, 0}};
  learned.bank = stats::ScoringBank(posteriors, 0.1, {}, random);
  learned.arms = {1, 0};
  Route route = route_of({{"v1", first, 1}, {"v2", second, 1}});
  traffic::PlanSpec spec = route.plan.spec();
  spec.learned = std::make_shared<const traffic::Learned>(std::move(learned));
  spec.segments = {{"gold", {traffic::Match({{traffic::Field::header("x-tier"), traffic::TextTest::exact("gold")}})}}};
  route.plan = *traffic::TrafficPlan::build(std::move(spec));
  return route;
}

TEST_F(DecisionLogTest, HasTheContextAndTheExactShareOfALearnedChoice) {
  Config config = config_of(learning_route(v1.port(), v2.port()));
  const auto keys = std::make_shared<outcomes::TokenKeys>(outcomes::TokenKey{1, {}});
  config.routes[0].tokens = true;
  config.keys = keys;
  const traffic::TrafficPlan plan = config.routes[0].plan;
  log->set_routes({{"digits", {"v1", "v2"}, {{"age", {}}, {"device", {"phone", "pc"}}}, 1}});
  start_logged(std::move(config));
  RawClient client(port);
  std::vector<outcomes::Decision> told;
  for (int i = 0; i < 30; ++i) {
    const auto answer = client.post("/?age=" + std::to_string(i) + ".3", R"({"device":"pc"})", {{"x-tier", "gold"}});
    const auto read = outcomes::read_token(answer.field("x-sluice-decision"), *keys);
    ASSERT_TRUE(read);
    told.push_back(*read);
  }
  const auto logged = lines();
  ASSERT_EQ(logged.size(), told.size());
  const auto& learned = *plan.spec().learned;
  for (std::size_t i = 0; i < logged.size(); ++i) {
    const double age = std::stod(std::to_string(i) + ".3");
    EXPECT_EQ(logged[i].context, (std::vector<outcomes::Feature>{{"age", age}, {"device", std::string("pc")}}));
    EXPECT_EQ(told[i].context.size, 3) << "the token has features: the number, and one for each value";
    EXPECT_EQ(told[i].context.value[0], round_to_bfloat16(static_cast<float>(age)));
    EXPECT_EQ(told[i].context.value[2], 1);
    EXPECT_EQ(told[i].segment, 1);
    const auto shares = learned.bank.shares(told[i].context.view());
    const auto propensity = static_cast<float>(shares.share[logged[i].version == "v2" ? 0 : 1]);
    EXPECT_EQ(told[i].propensity, propensity);
    EXPECT_EQ(static_cast<float>(logged[i].propensity), propensity);
  }
  const auto by_score = [&](std::size_t version) {
    return totals(version).decisions[static_cast<std::size_t>(metrics::DecisionReason::Bandit)];
  };
  EXPECT_EQ(by_score(0) + by_score(1), told.size());
}

TEST_F(DecisionLogTest, HasNoRulesNoPinsAndNoCopies) {
  Route route = route_of({{"v1", v1.port(), 1}, {"v2", v2.port(), 0, true}});
  traffic::PlanSpec spec = route.plan.spec();
  spec.pin = traffic::Pin{};
  spec.rules.push_back({{traffic::Match({{traffic::Field::header("x-tester"), traffic::TextTest::exact("yes")}})},
                        traffic::Target::version(0)});
  route.plan = *traffic::TrafficPlan::build(std::move(spec));
  start_logged(config_of(std::move(route)));
  RawClient client(port);
  client.get("/", {{"x-tester", "yes"}});
  client.get("/", {{"x-sluice-version", "v1"}});
  EXPECT_TRUE(test::eventually([&] { return v2.request_count() == 2; })) << "copies were made";
  client.get("/");
  const auto logged = lines();
  ASSERT_EQ(logged.size(), 1U);
  EXPECT_EQ(logged[0].version, "v1");
  EXPECT_EQ(logged[0].propensity, 1) << "one version has everything";
}

TEST_F(DecisionLogTest, SaysWhoWasChosenWhenAnotherOneAnsweredOrNobody) {
  FakeUpstream rude(hangs_up());
  Config config = config_for({{"v1", v1.port(), 0}, {"v2", rude.port(), 1}});
  config.routes[0].versions[1].fallback = 0;
  start_logged(config);
  EXPECT_EQ(RawClient(port).get("/").field("x-sluice-version"), "v1");
  config.routes[0].versions[1].fallback = -1;
  publish(std::move(config));
  EXPECT_EQ(RawClient(port).get("/").status(), 502);
  auto logged = lines();
  ASSERT_EQ(logged.size(), 2U);
  if (logged[0].status != 200) std::swap(logged[0], logged[1]);  // they may have had different workers
  EXPECT_EQ(logged[0].version, "v2");
  EXPECT_EQ(logged[0].status, 200);
  EXPECT_GT(logged[0].latency, 0);
  EXPECT_EQ(logged[1].version, "v2");
  EXPECT_EQ(logged[1].status, 502);
  EXPECT_EQ(logged[1].latency, 0);
}

}  // namespace
}  // namespace sluice::gateway
