#include "sluice/app/context_learner.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>

namespace sluice::app {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

policy::ModelRoute learning_route(const std::string& reward = {}) {
  policy::ModelRoute route;
  route.name = "fraud";
  for (const char* const version : {"v1", "v2"}) route.versions.emplace_back().name = version;
  policy::Bandit bandit;
  bandit.arms = {"v1", "v2"};
  bandit.algorithm = policy::BanditAlgorithm::LinearThompson;
  bandit.reward = reward;
  policy::ContextFeature age;
  age.name = "x-age";
  bandit.context = {age};
  route.strategy = std::move(bandit);
  for (const char* const name : {"score", "click"}) route.outcomes.emplace_back().name = name;
  route.outcomes[0].from.emplace();
  route.outcomes[1].attribution_window = hours(1);
  return route;
}

/// A learner and the evidence that a data plane gathers.
class ContextLearnerTest : public testing::Test {
 protected:
  void SetUp() override {
    strategy::Evidence& evidence = gathered_["fraud"];
    evidence.window = 3;
    evidence.versions.resize(2);
    evidence.versions[0].version = "v1";
    evidence.versions[1].version = "v2";
    gathered_["other"].versions.resize(1);
  }
  outcomes::Decision decided(const std::string& version, float age, std::uint64_t window = 3) const {
    outcomes::Decision decision;
    decision.route = outcomes::name_hash("fraud");
    decision.version = outcomes::name_hash(version);
    decision.window = window;
    decision.time = now_;
    decision.context.size = 1;
    decision.context.value[0] = age;
    return decision;
  }
  static outcomes::Observation seen(const outcomes::Decision& decision, bool failed = false) {
    outcomes::Observation observation;
    observation.decision = decision;
    observation.failed = failed;
    observation.latency = 0.02F;
    return observation;
  }
  void look(const std::vector<outcomes::Observation>& observations) {
    learner_.begin_look(gathered_, now_);
    for (const auto& observation : observations) learner_.observe(observation);
    learner_.add_to(gathered_);
  }
  const strategy::ContextTable* table(std::size_t version) {
    return gathered_["fraud"].versions[version].contexts.get();
  }
  stats::LinearMoments moments(std::size_t version) {
    const auto* const of_version = table(version);
    return of_version != nullptr ? of_version->read({}, now_) : stats::LinearMoments(1);
  }

  WallTime now_{hours(24 * 365)};
  ContextLearner learner_;
  std::map<std::string, strategy::Evidence> gathered_;
};

TEST_F(ContextLearnerTest, ARequestIsLearntFromByTheContextOfItsDecision) {
  learner_.set_routes({learning_route()});
  look({seen(decided("v1", 2)), seen(decided("v1", 4), true), seen(decided("v2", 3))});
  EXPECT_EQ(moments(0).n(), 2);
  EXPECT_EQ(moments(0).products[0], 1);
  EXPECT_EQ(moments(0).products[1], 2);
  EXPECT_EQ(moments(1).products[1], 3);
  EXPECT_EQ(gathered_["other"].versions[0].contexts, nullptr);
  ASSERT_NE(gathered_["fraud"].recent_contexts, nullptr);
  EXPECT_EQ(gathered_["fraud"].recent_contexts->size(), 3u);
}

TEST_F(ContextLearnerTest, WhatSaysNothingOfAVersionIsLeftOut) {
  learner_.set_routes({learning_route()});
  auto pinned = decided("v1", 1);
  pinned.split = false;
  auto stranger = decided("v9", 1);
  auto elsewhere = decided("v1", 1);
  elsewhere.route = 1;
  auto unread = decided("v1", 1);
  unread.context = {};
  auto clients = seen(decided("v1", 1));
  clients.counted = false;
  look({seen(pinned), seen(stranger), seen(elsewhere), seen(unread), clients});
  EXPECT_EQ(moments(0).n(), 0);
}

TEST_F(ContextLearnerTest, OnlyTheWindowUnderWayCounts) {
  learner_.set_routes({learning_route()});
  look({seen(decided("v1", 1)), seen(decided("v1", 1, 2))});
  EXPECT_EQ(moments(0).n(), 1);
  const auto before = table(0)->counters();
  look({seen(decided("v1", 1, 4))});
  EXPECT_EQ(table(0), nullptr) << "the data plane's counters are of the window before";
  gathered_["fraud"].window = 4;
  look({seen(decided("v1", 1, 3))});
  EXPECT_EQ(moments(0).n(), 1);
  EXPECT_NE(table(0)->counters(), before);
}

TEST_F(ContextLearnerTest, AReportCreditsTheContextOfItsDecision) {
  learner_.set_routes({learning_route("click")});
  const auto decision = decided("v1", 5);
  look({seen(decision), seen(decided("v1", 2), true)});
  EXPECT_EQ(moments(0).n(), 2) << "a decision is one, however its request ended";
  EXPECT_EQ(moments(0).products[0], 0);
  learner_.note_report(decision, "other", 1);
  learner_.note_report(decision, "click", 1);
  now_ += minutes(1);
  look({});
  EXPECT_EQ(moments(0).n(), 2);
  EXPECT_EQ(moments(0).products[0], 1);
  EXPECT_EQ(moments(0).products[1], 5);
}

TEST_F(ContextLearnerTest, ReportsOfDecisionsBeforeTheProcessBeganAreLeftOut) {
  learner_.set_routes({learning_route("click")});
  const auto before = decided("v1", 5);
  now_ += seconds(1);
  look({seen(decided("v1", 2))});
  learner_.note_report(before, "click", 1);
  look({});
  EXPECT_EQ(moments(0).products[0], 0);
}

TEST_F(ContextLearnerTest, AValueThatStandsInTheAnswerIsTheReward) {
  learner_.set_routes({learning_route("score")});
  auto read = seen(decided("v1", 2));
  read.read = 1;
  read.values[0] = 0.5F;
  look({read, seen(decided("v1", 7))});
  EXPECT_EQ(moments(0).n(), 1) << "an answer without the value says nothing";
  EXPECT_EQ(moments(0).products[1], 1);
}

TEST_F(ContextLearnerTest, AReloadThatChangesNothingGoesOnCounting) {
  learner_.set_routes({learning_route()});
  look({seen(decided("v1", 1))});
  const auto counters = table(0)->counters();
  learner_.set_routes({learning_route()});
  look({seen(decided("v1", 1))});
  EXPECT_EQ(moments(0).n(), 2);
  EXPECT_EQ(table(0)->counters(), counters);
  auto other = learning_route();
  std::get<policy::Bandit>(other.strategy).half_life = hours(1);
  learner_.set_routes({other});
  look({seen(decided("v1", 1))});
  EXPECT_EQ(moments(0).n(), 1) << "what is counted differently begins anew,";
  EXPECT_NE(table(0)->counters(), counters) << "and says so";
}

TEST_F(ContextLearnerTest, WhatWasToldDoesNotChangeBehindTheReadersBack) {
  learner_.set_routes({learning_route()});
  look({seen(decided("v1", 1))});
  const auto held = gathered_["fraud"].versions[0].contexts;
  look({seen(decided("v1", 1))});
  EXPECT_EQ(held->decisions(), 1);
  EXPECT_EQ(table(0)->decisions(), 2);
}

TEST_F(ContextLearnerTest, AStageMayLearnFromContexts) {
  auto route = learning_route();
  policy::Stage stage;
  stage.strategy = std::get<policy::Bandit>(route.strategy);
  policy::Stages stages;
  stages.stages.push_back(std::move(stage));
  route.strategy = std::move(stages);
  learner_.set_routes({route});
  look({seen(decided("v2", 1))});
  EXPECT_EQ(moments(1).n(), 1);
}

TEST_F(ContextLearnerTest, RecentContextsAreBoundedAndSpreadOverTheLooks) {
  learner_.set_routes({learning_route()});
  for (int i = 0; i < 10; ++i) {
    look(std::vector<outcomes::Observation>(1'000, seen(decided("v1", static_cast<float>(i)))));
  }
  const auto& recent = *gathered_["fraud"].recent_contexts;
  EXPECT_EQ(recent.size(), ContextLearner::most_recent);
  float oldest = 9;
  for (const auto& context : recent) oldest = std::min(oldest, context.value[0]);
  EXPECT_LE(oldest, 7) << "of several looks, not of the last one alone";
  EXPECT_GE(oldest, 4);
}

}  // namespace
}  // namespace sluice::app
