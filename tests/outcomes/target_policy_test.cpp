#include "sluice/outcomes/target_policy.hpp"

#include <gtest/gtest.h>

namespace sluice::outcomes {
namespace {

TargetPolicy target(const char* text) {
  auto made = TargetPolicy::parse(text);
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  return std::move(made).value();
}

std::vector<Feature> german(double age) {
  return {{"country", std::string("DE")}, {"age", age}};
}

TEST(TargetPolicy, OneVersionGetsEverything) {
  const auto policy = target(" v2 ");
  EXPECT_EQ(policy.probability("v2", {}), 1);
  EXPECT_EQ(policy.probability("v1", {}), 0);
}

TEST(TargetPolicy, SharesArePlainPercentages) {
  const auto policy = target("v1:30%, v2:70%");
  EXPECT_DOUBLE_EQ(policy.probability("v1", {}), 0.3);
  EXPECT_DOUBLE_EQ(policy.probability("v2", {}), 0.7);
}

TEST(TargetPolicy, ThirdsThatAreRoundedStillAddUp) {
  const auto policy = target("a:33.3%,b:33.3%,c:33.3%");
  EXPECT_DOUBLE_EQ(policy.probability("a", {}) + policy.probability("b", {}) + policy.probability("c", {}), 1);
}

TEST(TargetPolicy, TheFirstClauseThatHoldsDecides) {
  const auto policy = target("v2 if country=DE; v1:50%,v2:50% if age>=30; v3");
  EXPECT_EQ(policy.probability("v2", german(20)), 1);
  EXPECT_EQ(policy.probability("v1", {{"age", 30.0}}), 0.5);
  EXPECT_EQ(policy.probability("v3", {{"age", 29.9}}), 1);
  EXPECT_EQ(policy.probability("v3", {}), 1);
  EXPECT_EQ(policy.versions(), (std::vector<std::string>{"v1", "v2", "v3"}));
}

TEST(TargetPolicy, EverySignComparesAsItReads) {
  const struct {
    const char* condition;
    double age;
    bool holds;
  } cases[] = {{"age<30", 29, true},     {"age<30", 30, false},    {"age<=30", 30, true},   {"age>30", 30, false},
               {"age>30", 31, true},     {"age>=30", 30, true},    {"age=30", 30, true},    {"age=30", 31, false},
               {"age!=30", 31, true},    {"age!=30", 30, false},   {"country=DE", 0, true}, {"country!=DE", 0, false},
               {"country=FR", 0, false}, {"country!=FR", 0, true}, {"country<3", 0, false}, {"planet=x", 0, false},
               {"planet!=x", 0, true}};
  for (const auto& one : cases) {
    const auto policy = target((std::string("yes if ") + one.condition + "; no").c_str());
    EXPECT_EQ(policy.probability("yes", german(one.age)), one.holds ? 1 : 0) << one.condition << " " << one.age;
  }
}

TEST(TargetPolicy, WhatMakesNoSenseIsRefusedWithAReason) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "a version is missing"},     {"v1:50%", "add up to 50%"},     {"v1,v2", "needs a share"},
      {"v1:50%,v1:50%", "named twice"}, {"v1:x,v2:50%", "no share"},     {"v1 if a=b", "last clause"},
      {"v1; v2", "leaves nothing"},     {"v1 if a; v2", "no condition"}, {"v1 if =b; v2", "compares a feature"},
      {"v1 if a<b; v2", "no number"},
  };
  for (const auto& [text, why] : cases) {
    const auto made = TargetPolicy::parse(text);
    ASSERT_FALSE(made) << text;
    EXPECT_NE(made.error().message.find(why), std::string::npos) << text << ": " << made.error().message;
  }
}

}  // namespace
}  // namespace sluice::outcomes
