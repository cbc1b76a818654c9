#include "sluice/rollout/conditions.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice::rollout {
namespace {

using strategy::Phase;
using strategy::Verdict;

strategy::Steering split(double candidate, bool parachute = false) {
  traffic::PlanSpec spec;
  spec.route = "fraud";
  spec.versions = {"v1", "v2"};
  spec.splits = {{{0, 1 - candidate}, {1, candidate}}};
  spec.otherwise = traffic::Target::split(0);
  strategy::Steering steering;
  steering.plan = traffic::TrafficPlan::build(std::move(spec)).value();
  steering.fallbacks = {-1, parachute ? 0 : -1};
  return steering;
}

strategy::Evidence usable(std::uint32_t v1, std::uint32_t v2) {
  strategy::Evidence evidence;
  for (const auto& [name, count] : {std::pair("v1", v1), std::pair("v2", v2)}) {
    auto& version = evidence.versions.emplace_back();
    version.version = name;
    version.endpoints = 3;
    version.usable = count;
  }
  return evidence;
}

Condition find(const std::vector<Condition>& conditions, const std::string& type) {
  return *std::find_if(conditions.begin(), conditions.end(), [&](const auto& one) { return one.type == type; });
}

TEST(Serving, IsHealthyWhenAllEndpointsOfVersionsWithTrafficAreUsable) {
  EXPECT_EQ(serving_of(split(0.1), usable(3, 3)).word, "Healthy");
  EXPECT_EQ(serving_of(split(0), usable(3, 0)).word, "Healthy") << "v2 has no traffic";
}

TEST(Serving, IsDegradedWhenSomeAreMissing) {
  const auto serving = serving_of(split(0.1), usable(2, 3));
  EXPECT_EQ(serving.word, "Degraded");
  EXPECT_EQ(serving.message, "v1 has 2 of 3 endpoints");
}

TEST(Serving, IsDownWhenAVersionWithTrafficHasNobody) {
  EXPECT_EQ(serving_of(split(0.1), usable(3, 0)).word, "Down");
  EXPECT_EQ(serving_of(split(0.1, true), usable(3, 0)).word, "Degraded") << "v1 answers for it";
}

TEST(Serving, CountsThoseWhoAnswerAlthoughNobodyHasCheckedThemYet) {
  auto evidence = usable(0, 3);
  evidence.versions[0].unchecked = 3;
  EXPECT_EQ(serving_of(split(0.1), evidence).word, "Healthy");
  evidence.versions[0].unchecked = 1;
  EXPECT_EQ(serving_of(split(0.1), evidence).message, "v1 has 1 of 3 endpoints");
}

TEST(Serving, IsUnknownBeforeAnybodyLooked) {
  EXPECT_EQ(serving_of(split(0.1), {}).word, "Unknown");
}

TEST(Serving, DoesNotBlameWhatTheRolloutWithholds) {
  auto evidence = usable(3, 1);
  for (int i = 0; i < 2; ++i) {
    strategy::EndpointEvidence endpoint;
    endpoint.version = "v2";
    endpoint.withheld = true;
    evidence.endpoints.push_back(endpoint);
  }
  EXPECT_EQ(serving_of(split(0.3), evidence).word, "Healthy");
}

TEST(Conditions, SayServingApartFromTheRolloutsOutcome) {
  strategy::RolloutState state;
  state.phase = Phase::RolledBack;
  const auto conditions = conditions_of(state, {{"Healthy", ""}, true, "", true});
  EXPECT_EQ(find(conditions, "Serving").status, "True");
  EXPECT_EQ(find(conditions, "Progressing").status, "False");
  EXPECT_EQ(find(conditions, "Progressing").reason, "RolledBack");
  EXPECT_EQ(find(conditions_of(state, {{"Down", ""}, true, "", true}), "Serving").status, "False");
  EXPECT_EQ(find(conditions_of(state, {{"Unknown", ""}, true, "", true}), "Serving").status, "Unknown");
}

TEST(Conditions, TellAPersonsPauseFromThePolicys) {
  strategy::RolloutState state;
  EXPECT_EQ(find(conditions_of(state, {}), "Paused").status, "False");
  state.phase = Phase::Paused;
  state.reason = "AwaitingPromotion";
  EXPECT_EQ(find(conditions_of(state, {}), "Paused").reason, "AwaitingPromotion");
  state.paused = true;
  state.paused_by = "alice";
  EXPECT_EQ(find(conditions_of(state, {}), "Paused").reason, "PausedByPerson");
  EXPECT_EQ(find(conditions_of(state, {}), "Paused").message, "paused by alice");
}

TEST(Conditions, ChecksPassOnlyWhenAllThatDecideDo) {
  strategy::RolloutState state;
  EXPECT_EQ(find(conditions_of(state, {}), "ChecksPass").reason, "NoChecks");
  state.checks.resize(2);
  state.checks[0].verdict = Verdict::Pass;
  state.checks[1].verdict = Verdict::Inconclusive;
  state.checks[1].message = "n=37 of 100";
  EXPECT_EQ(find(conditions_of(state, {}), "ChecksPass").status, "Unknown");
  EXPECT_EQ(find(conditions_of(state, {}), "ChecksPass").message, "n=37 of 100");
  state.checks[1].dry_run = true;
  EXPECT_EQ(find(conditions_of(state, {}), "ChecksPass").status, "True");
  state.checks[0].verdict = Verdict::Fail;
  EXPECT_EQ(find(conditions_of(state, {}), "ChecksPass").status, "False");
  state.checks.clear();
  state.arms.resize(1);
  state.arms[0].checks.resize(1);
  state.arms[0].checks[0].verdict = Verdict::Fail;
  EXPECT_EQ(find(conditions_of(state, {}), "ChecksPass").status, "False");
}

TEST(Conditions, SayThatTheStateWasDamaged) {
  strategy::RolloutState state;
  EXPECT_EQ(find(conditions_of(state, {}), "StateSound").status, "True");
  Facts facts;
  facts.damage = "the journal's line 17 does not follow from the one before it";
  const auto sound = find(conditions_of(state, facts), "StateSound");
  EXPECT_EQ(sound.status, "False");
  EXPECT_EQ(sound.reason, "StateDamaged");
  EXPECT_EQ(sound.message, facts.damage);
  EXPECT_EQ(find(conditions_of(state, facts), "StateKept").status, "True") << "it is kept from now on";
}

TEST(Conditions, SayWhatIsKnownOfTheSplit) {
  strategy::RolloutState state;
  EXPECT_EQ(conditions_of(state, {}).size(), 6u) << "nothing, where it is not watched";
  strategy::SplitEvidence split;
  split.packed = {1};
  split.suspect = "v2";
  split.received = 0.5;
  state.split.set(split);
  EXPECT_EQ(find(conditions_of(state, {}), "SplitSound").status, "True");
  split.log_e = 4;
  state.split.set(split);
  EXPECT_EQ(find(conditions_of(state, {}), "SplitSound").status, "Unknown");
  split.log_e = 7;
  state.split.set(split);
  const auto broken = find(conditions_of(state, {}), "SplitSound");
  EXPECT_EQ(broken.status, "False");
  EXPECT_EQ(broken.reason, "SampleRatioMismatch");
  EXPECT_EQ(broken.message, "v2 got 50% of the requests that were drawn for it, E 1.1e+03");
}

TEST(Conditions, SayWhenTheStateIsNotKeptOrNotInForce) {
  const strategy::RolloutState state;
  const auto down = find(conditions_of(state, {{}, false, "no space left", true}), "StateKept");
  EXPECT_EQ(down.status, "False");
  EXPECT_EQ(down.message, "no space left");
  EXPECT_EQ(find(conditions_of(state, {{}, true, "", false}), "StateKept").reason, "NotInForce");
  EXPECT_EQ(find(conditions_of(state, {{}, true, "", true}), "StateKept").reason, "Kept");
}

TEST(Conditions, SayWhetherNoiseIsKnownWherePairsAreCompared) {
  const strategy::RolloutState state;
  Facts facts;
  std::vector<PairsView> pairs(2);
  facts.pairs = &pairs;
  const auto has = [&] {
    const auto all = conditions_of(state, facts);
    return std::any_of(all.begin(), all.end(), [](const auto& one) { return one.type == "NoiseKnown"; });
  };
  EXPECT_FALSE(has()) << "nothing is answered twice";
  facts.learns_noise = true;
  pairs[0].noise_known = true;
  pairs[0].twins = 40;
  pairs[1].twins = 3;
  pairs[1].compared = 999;
  Condition found = find(conditions_of(state, facts), "NoiseKnown");
  EXPECT_EQ(found.status, "Unknown");
  EXPECT_EQ(found.reason, "Learning");
  pairs[1].compared = 1000;
  found = find(conditions_of(state, facts), "NoiseKnown");
  EXPECT_EQ(found.status, "False") << "it will hardly come by itself";
  EXPECT_EQ(found.reason, "FewTwins");
  EXPECT_NE(found.message.find("3 requests were answered twice"), std::string::npos) << found.message;
  EXPECT_NE(found.message.find("x-sluice-shadow"), std::string::npos) << found.message;
  pairs[1].compared = 100;
  pairs[1].refused_twins = 20;
  found = find(conditions_of(state, facts), "NoiseKnown");
  EXPECT_EQ(found.status, "False") << "nor will this";
  EXPECT_EQ(found.reason, "TwinsRefused");
  EXPECT_NE(found.message.find("20 more got another status"), std::string::npos) << found.message;
  EXPECT_NE(found.message.find("dropHeaders"), std::string::npos) << found.message;
  pairs[1].noise_known = true;
  EXPECT_EQ(find(conditions_of(state, facts), "NoiseKnown").status, "True");
  pairs.clear();
  EXPECT_FALSE(has()) << "nothing is compared";
}

}  // namespace
}  // namespace sluice::rollout
