#include "sluice/app/decision_log.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "sluice/outcomes/decision_log.hpp"
#include "support/temp_dir.hpp"

namespace sluice::app {
namespace {

policy::ModelRoute route_named(const std::string& name, const std::vector<std::string>& versions) {
  policy::ModelRoute route;
  route.name = name;
  for (const std::string& version : versions) route.versions.emplace_back().name = version;
  return route;
}

class DecisionLogTest : public testing::Test {
 protected:
  policy::DecisionLog wished(Ratio sample = 100_pct) const {
    policy::DecisionLog wish;
    wish.path = (dir_ / "log.ndjson").string();
    wish.sample = sample;
    return wish;
  }
  void put_in_force(const std::vector<policy::ModelRoute>& routes) {
    log_.expect(routes);
    log_.settle();
  }
  void decide(const std::string& route, const std::string& version, outcomes::DecisionRecord record = {}) {
    record.decision.route = outcomes::name_hash(route);
    record.decision.version = outcomes::name_hash(version);
    record.decision.nonce = ++nonce_;
    log_.logger()->note(0, record);
    log_.logger()->flush();
  }
  /// "route/version", in their order.
  std::vector<std::string> lines() const {
    std::vector<std::string> found;
    for (const auto& made : decisions()) found.push_back(made.route + "/" + made.version);
    return found;
  }
  std::vector<outcomes::LoggedDecision> decisions() const {
    std::vector<outcomes::LoggedDecision> found;
    std::istringstream text(test::read_file(dir_ / "log.ndjson"));
    outcomes::LogLineReader reader;
    for (std::string line; std::getline(text, line);) {
      const auto entry = reader.read(line);
      if (!entry) ADD_FAILURE() << line;
      found.push_back(std::get<outcomes::LoggedDecision>(*entry));
    }
    return found;
  }

  const test::TempDir dir_;
  DecisionLog log_;
  std::uint64_t nonce_ = 0;
};

TEST_F(DecisionLogTest, IsOffUntilItIsOpened) {
  EXPECT_EQ(log_.logger(), nullptr);
  put_in_force({route_named("fraud", {"v1"})});
  EXPECT_EQ(log_.lost(), 0U);
}

TEST_F(DecisionLogTest, KnowsTheVersionsOfThePolicyBeforeAsLongAsRequestsMayEnd) {
  ASSERT_TRUE(log_.open(wished(), 1));
  put_in_force({route_named("fraud", {"v1", "v2"}), route_named("shop", {"v1"})});
  put_in_force({route_named("fraud", {"v2", "v3"})});
  decide("fraud", "v1");
  decide("fraud", "v3");
  decide("shop", "v1");
  EXPECT_EQ(lines(), (std::vector<std::string>{"fraud/v1", "fraud/v3", "shop/v1"}));
  put_in_force({route_named("fraud", {"v3"})});
  decide("fraud", "v1");
  decide("shop", "v1");
  decide("fraud", "v2");
  EXPECT_EQ(lines().size(), 4U) << "two policies later, what is gone is gone";
  EXPECT_EQ(lines().back(), "fraud/v2");
}

TEST_F(DecisionLogTest, GoesByTheOldPolicyWhenTheNewOneIsNotPutInForce) {
  ASSERT_TRUE(log_.open(wished(), 1));
  put_in_force({route_named("fraud", {"v1"})});
  log_.expect({route_named("fraud", {"v2"})});
  log_.expect({route_named("fraud", {"v3"})});
  decide("fraud", "v1");
  EXPECT_EQ(lines(), (std::vector<std::string>{"fraud/v1"}));
}

policy::Bandit learning_from(std::string age) {
  policy::Bandit bandit;
  bandit.algorithm = policy::BanditAlgorithm::LinearThompson;
  bandit.context.resize(3);
  bandit.context[0].name = std::move(age);
  bandit.context[1].name = "device";
  bandit.context[1].type = policy::ContextType::Category;
  bandit.context[1].values = {"phone", "pc"};
  bandit.context[2].name = "country";
  bandit.context[2].type = policy::ContextType::Category;
  return bandit;
}

TEST_F(DecisionLogTest, NamesWhatALearningBanditWentBy) {
  ASSERT_TRUE(log_.open(wished(), 1));
  auto route = route_named("fraud", {"v1"});
  route.strategy = learning_from("age");
  put_in_force({route});
  outcomes::DecisionRecord record;
  record.features = 3;
  record.context = {34.5F, 1, 7};
  decide("fraud", "v1", record);
  record.context = {std::nanf(""), 2, 8};
  decide("fraud", "v1", record);
  const auto made = decisions();
  ASSERT_EQ(made.size(), 2U);
  using outcomes::Feature;
  EXPECT_EQ(made[0].context,
            (std::vector<Feature>{{"age", 34.5}, {"device", std::string("pc")}, {"country", std::string("#7")}}));
  EXPECT_TRUE(made[1].context.empty()) << "none, and places that no value has";
}

TEST_F(DecisionLogTest, NamesAContextOnlyWhereItCanBeOnlyOne) {
  ASSERT_TRUE(log_.open(wished(), 1));
  outcomes::DecisionRecord record;
  record.features = 1;
  record.context = {34.5F};
  const auto logged = [&](policy::Strategy strategy) {
    auto route = route_named("fraud", {"v1"});
    route.strategy = std::move(strategy);
    put_in_force({route});
    decide("fraud", "v1", record);
    return decisions().back().context.size();
  };
  const auto stages = [](policy::Bandit one, policy::Bandit other) {
    policy::Stages all;
    all.stages.resize(3);
    all.stages[0].strategy = policy::Canary{};
    all.stages[1].strategy = std::move(one);
    all.stages[2].strategy = std::move(other);
    return all;
  };
  auto plain = learning_from("age");
  plain.algorithm = policy::BanditAlgorithm::ThompsonSampling;
  EXPECT_EQ(logged(plain), 0U);
  EXPECT_EQ(logged(stages(plain, learning_from("age"))), 1U);
  EXPECT_EQ(logged(stages(learning_from("age"), learning_from("age"))), 1U);
  EXPECT_EQ(logged(stages(learning_from("age"), learning_from("weight"))), 0U);
}

TEST_F(DecisionLogTest, OfASampleOfNothingIsEmpty) {
  ASSERT_TRUE(log_.open(wished(0_pct), 1));
  put_in_force({route_named("fraud", {"v1"})});
  for (int i = 0; i < 100; ++i) decide("fraud", "v1");
  EXPECT_TRUE(lines().empty());
}

TEST_F(DecisionLogTest, WithoutItsDirectoryIsNotOpened) {
  policy::DecisionLog wish = wished();
  wish.path = (dir_ / "gone" / "log.ndjson").string();
  const auto opened = log_.open(wish, 1);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message,
            "the decision log cannot be opened: there is no directory " + (dir_ / "gone").string());
  wish.path = dir_.path().string();
  EXPECT_FALSE(log_.open(wish, 1)) << "a directory is no file";
}

}  // namespace
}  // namespace sluice::app
