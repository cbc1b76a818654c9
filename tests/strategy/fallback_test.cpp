#include "sluice/strategy/fallback.hpp"

#include <gtest/gtest.h>

#include "routes.hpp"

namespace sluice::strategy {
namespace {

using Indices = std::vector<std::int32_t>;

policy::ModelRoute with(const std::vector<std::string>& versions, policy::Strategy strategy) {
  auto route = route_with(versions);
  route.strategy = std::move(strategy);
  return route;
}

policy::Canary canary() {
  policy::Canary made;
  made.stable = "v1";
  made.candidate = "v2";
  return made;
}

policy::AbTest test_of(const std::vector<std::string>& versions) {
  policy::AbTest made;
  for (const auto& version : versions) made.variants.push_back({version, 1, {}});
  return made;
}

policy::Bandit bandit_of(std::vector<std::string> arms) {
  policy::Bandit made;
  made.arms = std::move(arms);
  return made;
}

TEST(Fallback, StableAnswersWhatTheCandidateFails) {
  EXPECT_EQ(fallbacks(with({"v1", "v2"}, canary())), (Indices{-1, 0}));
  EXPECT_EQ(fallbacks(with({"v2", "v1"}, canary())), (Indices{1, -1}));
}

TEST(Fallback, ControlAnswersWhatTheOtherVariantsFail) {
  auto test = test_of({"v2", "v3", "v1"});
  EXPECT_EQ(fallbacks(with({"v1", "v2", "v3"}, test)), (Indices{1, -1, 1})) << "the first variant is the control";
  test.control = "v3";
  EXPECT_EQ(fallbacks(with({"v1", "v2", "v3"}, test)), (Indices{2, 2, -1}));
}

TEST(Fallback, TheFirstArmAnswersWhatTheOthersFail) {
  EXPECT_EQ(fallbacks(with({"v1", "v2", "v3"}, bandit_of({"v3", "v1"}))), (Indices{2, -1, -1}));
  EXPECT_EQ(fallbacks(with({"v1"}, bandit_of({}))), (Indices{-1}));
}

TEST(Fallback, NobodyAnswersForVersionsThatTheStrategyDoesNotName) {
  EXPECT_EQ(fallbacks(with({"v0", "v1", "v2"}, canary())), (Indices{-1, -1, 1}));
  EXPECT_EQ(fallbacks(with({"v1", "v2", "v3"}, test_of({"v1", "v2"}))), (Indices{-1, 0, -1}));
}

TEST(Fallback, NobodyAnswersWithoutAParachute) {
  auto steps = canary();
  steps.parachute = false;
  EXPECT_EQ(fallbacks(with({"v1", "v2"}, steps)), (Indices{-1, -1}));
  auto test = test_of({"v1", "v2"});
  test.parachute = false;
  EXPECT_EQ(fallbacks(with({"v1", "v2"}, test)), (Indices{-1, -1}));
  auto bandit = bandit_of({"v1", "v2"});
  bandit.parachute = false;
  EXPECT_EQ(fallbacks(with({"v1", "v2"}, bandit)), (Indices{-1, -1}));
}

TEST(Fallback, StrategiesWithNothingTriedHaveNone) {
  policy::Shadow shadow;
  shadow.live = "v1";
  shadow.candidates = {{"v2", 100, {}}};
  EXPECT_EQ(fallbacks(with({"v1", "v2"}, shadow)), (Indices{-1, -1}));
  EXPECT_EQ(fallbacks(route_with({"v1"})), (Indices{-1}));
}

TEST(Fallback, AVersionIsNeverItsOwn) {
  auto same = canary();
  same.candidate = "v1";
  EXPECT_EQ(fallbacks(with({"v1", "v2"}, same)), (Indices{-1, -1}));
  auto absent = canary();
  absent.stable = "v9";
  EXPECT_EQ(fallbacks(with({"v1", "v2"}, absent)), (Indices{-1, -1})) << "nobody of that name";
}

}  // namespace
}  // namespace sluice::strategy
