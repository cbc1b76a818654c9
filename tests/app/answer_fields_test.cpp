#include "sluice/app/answer_fields.hpp"

#include <gtest/gtest.h>

#include "sluice/app/compile.hpp"

namespace sluice::app {
namespace {

policy::Outcome read_outcome(policy::AnswerPart part, const std::string& name) {
  policy::Outcome outcome;
  outcome.name = "score";
  outcome.type = policy::OutcomeType::Value;
  outcome.from.emplace();
  outcome.from->part = part;
  outcome.from->name = name;
  outcome.from->sample = Ratio{0.1};
  outcome.from->body_bytes = 4_KiB;
  return outcome;
}

policy::ModelRoute route_reading(std::vector<policy::Outcome> outcomes) {
  policy::ModelRoute route;
  route.name = "fraud";
  route.versions.resize(1);
  route.versions[0].name = "v1";
  route.versions[0].endpoints = {*policy::parse_endpoint("http://127.0.0.1:9001").endpoint};
  route.outcomes = std::move(outcomes);
  return route;
}

TEST(AnswerFields, AreWhatThePolicyNames) {
  const auto fields = answer_fields(
      route_reading({read_outcome(policy::AnswerPart::Header, "X-Score"), policy::Outcome{},
                     read_outcome(policy::AnswerPart::JsonPointer, "/a~1b/0"),
                     read_outcome(policy::AnswerPart::Tensor, "Score"), read_outcome(policy::AnswerPart::Tokens, "")}));
  ASSERT_NE(fields, nullptr);
  ASSERT_EQ(fields->size(), 4U) << "what is reported is not read";
  EXPECT_EQ((*fields)[0].name, "x-score") << "as heads are searched";
  EXPECT_EQ((*fields)[0].type, policy::OutcomeType::Value);
  EXPECT_EQ((*fields)[0].sample, 0.1);
  EXPECT_EQ((*fields)[0].body_bytes, 4096U);
  EXPECT_EQ((*fields)[1].pointer, (std::vector<std::string>{"a/b", "0"}));
  EXPECT_EQ((*fields)[2].name, "Score") << "tensors are called as they are";
  EXPECT_EQ((*fields)[3].part, policy::AnswerPart::Tokens);
  EXPECT_EQ(answer_fields(route_reading({policy::Outcome{}})), nullptr);
}

TEST(AnswerFields, WhatIsWatchedForDriftComesBehindTheOutcomes) {
  policy::ModelRoute route = route_reading({read_outcome(policy::AnswerPart::Tensor, "Score")});
  route.drift.emplace();
  route.drift->score = *read_outcome(policy::AnswerPart::JsonPointer, "/p").from;
  route.drift->label = *read_outcome(policy::AnswerPart::Header, "X-Class").from;
  const auto fields = answer_fields(route);
  ASSERT_NE(fields, nullptr);
  ASSERT_EQ(fields->size(), 3U);
  EXPECT_EQ((*fields)[0].purpose, outcomes::ReadFor::Outcome);
  EXPECT_EQ((*fields)[1].purpose, outcomes::ReadFor::Score);
  EXPECT_EQ((*fields)[1].type, policy::OutcomeType::Value) << "a score of 3 is not 1";
  EXPECT_EQ((*fields)[2].purpose, outcomes::ReadFor::Label);
  EXPECT_EQ((*fields)[2].name, "x-class");
  route.outcomes.clear();
  EXPECT_TRUE(is_observed(route));
  EXPECT_EQ(answer_fields(route)->size(), 2U);
}

TEST(AnswerFields, ARouteIsObservedWhereSomethingIsReadOrLearned) {
  EXPECT_FALSE(is_observed(route_reading({})));
  EXPECT_FALSE(is_observed(route_reading({policy::Outcome{}})));
  EXPECT_TRUE(is_observed(route_reading({read_outcome(policy::AnswerPart::Tokens, "")})));
  policy::Bandit bandit;
  policy::ModelRoute route = route_reading({});
  route.strategy = bandit;
  EXPECT_FALSE(is_observed(route));
  bandit.algorithm = policy::BanditAlgorithm::LinearThompson;
  route.strategy = bandit;
  EXPECT_TRUE(is_observed(route));
  policy::Stages stages;
  stages.stages.resize(2);
  stages.stages[0].strategy = policy::Canary{};
  route.strategy = stages;
  EXPECT_FALSE(is_observed(route));
  stages.stages[1].strategy = bandit;
  route.strategy = stages;
  EXPECT_TRUE(is_observed(route));
}

TEST(AnswerFields, OnlyWhatIsReportedNeedsTokens) {
  policy::PolicySet set;
  set.routes = {route_reading({read_outcome(policy::AnswerPart::JsonPointer, "/score")})};
  const auto config = *compile(set);
  EXPECT_FALSE(config.routes[0].tokens);
  EXPECT_TRUE(config.routes[0].observed);
  ASSERT_NE(config.routes[0].answers, nullptr);
  set.routes[0].outcomes.emplace_back().name = "click";
  const auto both = *compile(set);
  EXPECT_TRUE(both.routes[0].tokens);
  EXPECT_EQ(both.routes[0].answers->size(), 1U);
}

}  // namespace
}  // namespace sluice::app
