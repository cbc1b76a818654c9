// A choice by what is known of the request: the bank scores, the split's weights are for when there is none.
#include <gtest/gtest.h>

#include <cmath>

#include "allocations.hpp"
#include "refusal.hpp"
#include "request.hpp"
#include "sluice/base/stable_hash.hpp"
#include "sluice/traffic/choose.hpp"

namespace sluice::traffic {
namespace {

/// What is known of two arms: the first earns 1 on phones and 0 elsewhere, the second the other way round.
stats::ScoringBank phone_bank(int rewards, double floor = 0.05) {
  Random random(7);
  std::vector<stats::LinearMoments> arms(2, stats::LinearMoments(2));
  for (int i = 0; i < rewards; ++i) {
    const bool phone = random.uniform() < 0.5;
    const std::array<float, 2> context{phone ? 1.0F : 0.0F, phone ? 0.0F : 1.0F};
    arms[0].add(context, (phone ? 1 : 0) + 0.1 * random.uniform());
    arms[1].add(context, (phone ? 0 : 1) + 0.1 * random.uniform());
  }
  const auto prior = stats::pooled_linear_prior(arms);
  const std::vector<stats::LinearPosterior> posteriors{linear_posterior(arms[0], prior),
                                                       linear_posterior(arms[1], prior)};
  return stats::ScoringBank(posteriors, floor, {}, random);
}

Learned learned_of(stats::ScoringBank bank) {
  Learned learned;
  learned.fields = {{Field::header("x-device"), ContextField::Kind::OneOf, {"phone", "pc"}, 0}};
  learned.bank = std::move(bank);
  learned.arms = {2, 1};
  return learned;
}

PlanSpec spec_of(Learned learned) {
  PlanSpec spec;
  spec.route = "fraud";
  spec.versions = {"v1", "v2", "v3"};
  spec.splits = {{{0, 50}, {1, 50}}, {{0, 50}, {2, 50}}};
  spec.otherwise = Target::split(0);
  spec.learned = std::make_shared<const Learned>(std::move(learned));
  return spec;
}

TEST(ChooseLearned, SendsEachKindOfRequestToTheArmThatServesItBest) {
  const auto plan = *TrafficPlan::build(spec_of(learned_of(phone_bank(4000))));
  Random random(1);
  for (const auto& [device, best] : {std::pair("phone", 2), std::pair("pc", 1)}) {
    int hits = 0;
    for (int i = 0; i < 1000; ++i) {
      const auto choice = choose(plan, with_header("x-device", device).view(), random);
      EXPECT_EQ(choice.reason, Reason::Bandit);
      EXPECT_TRUE(choice.by_split());
      EXPECT_FALSE(choice.control);
      EXPECT_EQ(choice.unit, 0u);
      EXPECT_DOUBLE_EQ(choice.propensity, choice.version == best ? 0.95 : 0.05);
      hits += choice.version == best ? 1 : 0;
    }
    EXPECT_NEAR(hits, 950, 35) << device;
  }
}

TEST(ChooseLearned, SaysWhatItWentBy) {
  const auto plan = *TrafficPlan::build(spec_of(learned_of(phone_bank(100))));
  Random random(1);
  const auto context = choose(plan, with_header("x-device", "pc").view(), random).context;
  EXPECT_EQ(context.size, 2);
  EXPECT_EQ(context.value[0], 0);
  EXPECT_EQ(context.value[1], 1);
}

TEST(ChooseLearned, DrawsAsOftenAsTheSharesThatItTells) {
  const auto plan = *TrafficPlan::build(spec_of(learned_of(phone_bank(4, 0.02))));
  Random random(3);
  constexpr int requests = 20'000;
  std::array<double, 3> expected{};
  std::array<int, 3> counts{};
  for (int i = 0; i < requests; ++i) {
    const auto choice = choose(plan, Request{}.view(), random);
    ++counts[choice.version];
    expected[choice.version] = choice.propensity;
  }
  EXPECT_EQ(counts[0], 0);
  EXPECT_DOUBLE_EQ(expected[1] + expected[2], 1);
  EXPECT_GT(std::min(expected[1], expected[2]), 0.02) << "little is known, so nothing is certain";
  EXPECT_NEAR(counts[1], expected[1] * requests, 5 * std::sqrt(requests * expected[1] * expected[2]));
}

TEST(ChooseLearned, KeepsAUnitWithItsArmWhileTheSharesStay) {
  auto spec = spec_of(learned_of(phone_bank(4, 0.02)));
  spec.unit = Field::header("x-user");
  const auto plan = *TrafficPlan::build(spec);
  Random random(1);
  int seconds = 0;
  double share = 0;
  constexpr int users = 4000;
  for (int i = 0; i < users; ++i) {
    const auto request = with_header("x-user", "user-" + std::to_string(i));
    const auto choice = choose(plan, request.view(), random);
    EXPECT_EQ(choice.version, choose(plan, request.view(), random).version);
    EXPECT_EQ(choice.reason, Reason::Bandit);
    EXPECT_EQ(choice.unit, stable_hash("fraud", "", "user-" + std::to_string(i)));
    if (choice.version == 1) share = choice.propensity;
    seconds += choice.version == 1 ? 1 : 0;
  }
  EXPECT_NEAR(seconds, share * users, 5 * std::sqrt(users * share * (1 - share)));
  Random untouched(1);
  EXPECT_EQ(random.next(), untouched.next()) << "a unit needs no luck";
  EXPECT_EQ(choose(plan, Request{}.view(), random).reason, Reason::Bandit) << "drawn, since it has no unit";
}

TEST(ChooseLearned, FollowsTheWeightsAndTellsTheContextWhileNothingIsLearnt) {
  const auto spec = spec_of(learned_of({}));
  auto plain = spec;
  plain.learned = nullptr;
  const auto learning = *TrafficPlan::build(spec);
  const auto without = *TrafficPlan::build(plain);
  Random one(5);
  Random other(5);
  for (int i = 0; i < 200; ++i) {
    const auto request = with_header("x-device", "phone");
    const auto choice = choose(learning, request.view(), one);
    const auto expected = choose(without, request.view(), other);
    EXPECT_EQ(choice.version, expected.version);
    EXPECT_EQ(choice.reason, Reason::Weight);
    EXPECT_EQ(choice.propensity, 0.5);
    EXPECT_EQ(choice.context.size, 2);
    EXPECT_EQ(choice.context.value[0], 1);
    EXPECT_EQ(expected.context, stats::Context{});
  }
}

TEST(ChooseLearned, LeavesRulesPinsAndOtherSplitsAlone) {
  auto spec = spec_of(learned_of(phone_bank(100)));
  spec.pin = Pin{};
  const auto gold = [](std::string value) {
    return Match({{Field::header("tier"), TextTest::exact(std::move(value))}});
  };
  spec.rules = {{{gold("gold")}, Target::version(0)}, {{gold("silver")}, Target::split(1)}};
  const auto plan = *TrafficPlan::build(spec);
  Random random(1);
  for (const auto& [request, reason] :
       {std::pair(with_header("tier", "gold"), Reason::Rule), std::pair(with_header("tier", "silver"), Reason::Weight),
        std::pair(with_header("x-sluice-version", "v1"), Reason::Pin)}) {
    const auto choice = choose(plan, request.view(), random);
    EXPECT_EQ(choice.reason, reason);
    EXPECT_EQ(choice.context, stats::Context{});
  }
}

TEST(ChooseLearned, DrawsOneNumberWithMirrorsToo) {
  auto spec = spec_of(learned_of(phone_bank(100)));
  spec.mirrors = {{0, 0.5}};
  const auto plan = *TrafficPlan::build(spec);
  Random used(5);
  Random untouched(5);
  choose(plan, Request{}.view(), used);
  untouched.next();
  EXPECT_EQ(used.next(), untouched.next());
}

TEST(ChooseLearned, AllocatesNothing) {
  auto spec = spec_of(learned_of(phone_bank(100)));
  spec.unit = Field::header("x-user");
  const auto plan = *TrafficPlan::build(spec);
  auto request = with_header("x-user", "anna");
  request.headers["x-device"] = "phone";
  const auto view = request.view();
  Random random(1);
  const auto before = allocations_of_this_thread();
  for (int i = 0; i < 1000; ++i) choose(plan, view, random);
  EXPECT_EQ(allocations_of_this_thread(), before);
}

TEST(ChooseLearned, MakesTheBodyNeededWhenAFieldIsInIt) {
  auto learned = learned_of(phone_bank(100));
  EXPECT_FALSE(TrafficPlan::build(spec_of(learned))->needs_body());
  learned.fields[0].field = *Field::json_pointer("/device");
  EXPECT_TRUE(TrafficPlan::build(spec_of(learned))->needs_body());
}

TEST(ChooseLearned, IsRefusedWhenItFitsNeitherItsBankNorTheVersions) {
  EXPECT_EQ(refusal_of(spec_of(learned_of(phone_bank(100)))), "");
  auto learned = learned_of(phone_bank(100));
  learned.arms = {0, 3};
  EXPECT_NE(refusal_of(spec_of(learned)).find("not there"), std::string::npos);
  learned.arms = {1, 1};
  EXPECT_NE(refusal_of(spec_of(learned)).find("'v2' is an arm twice"), std::string::npos);
  learned.arms = {0, 1, 2};
  EXPECT_NE(refusal_of(spec_of(learned)).find("3 arms and scores 2"), std::string::npos);
  learned = learned_of(phone_bank(100));
  learned.fields[0].values.push_back("tv");
  EXPECT_NE(refusal_of(spec_of(learned)).find("3 features meets scores of 2"), std::string::npos);
  learned.fields[0].values.clear();
  EXPECT_NE(refusal_of(spec_of(learned)).find("no value"), std::string::npos);
  learned = learned_of({});
  learned.fields[0].values.assign(17, "x");
  EXPECT_NE(refusal_of(spec_of(learned)).find("at most 16"), std::string::npos);
  auto nothing_split = spec_of(learned_of(phone_bank(100)));
  nothing_split.splits.clear();
  nothing_split.otherwise = Target::version(0);
  EXPECT_NE(refusal_of(nothing_split).find("needs a split"), std::string::npos);
}

}  // namespace
}  // namespace sluice::traffic
