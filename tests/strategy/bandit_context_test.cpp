#include "sluice/strategy/bandit_context.hpp"

#include <gtest/gtest.h>

#include "checks.hpp"
#include "shop_world.hpp"

namespace sluice::strategy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Shop shop_with_two_tastes() {
  Shop shop;
  shop.success = {{"v1", {0.9, 0.5}}, {"v2", {0.5, 0.9}}};
  return shop;
}

TEST(ContextKey, NamesWhatIsKnownOfARequest) {
  auto bandit = by_device();
  policy::ContextFeature age;
  age.source = policy::ContextSource::JsonPointer;
  age.name = "/age";
  bandit.context.push_back(age);
  EXPECT_EQ(context_key(bandit), " by header x-device (mobile, desktop), JSON /age");
  bandit.algorithm = policy::BanditAlgorithm::ThompsonSampling;
  EXPECT_EQ(context_key(bandit), "");
}

TEST(LinearThompson, ReadsContextsFromTheFirstRequestAndSharesEqually) {
  Shop shop;
  const auto plan = shop.steering().plan;
  ASSERT_NE(plan.spec().learned, nullptr);
  EXPECT_EQ(plan.spec().learned->bank.arms(), 0u);
  EXPECT_EQ(plan.spec().learned->fields.size(), 1u);
  EXPECT_DOUBLE_EQ(shop.share("v1"), 0.5);
  shop.success = {{"v1", {1, 0}}, {"v2", {0, 1}}};
  shop.second_of(150);
  EXPECT_EQ(shop.where(), "Progressing/Exploring") << "a hundred requests of each come first";
  EXPECT_DOUBLE_EQ(shop.share_of("v1", Mobile), 0.5);
}

TEST(LinearThompson, LearnsWhichArmSuitsWhom) {
  auto shop = shop_with_two_tastes();
  for (int i = 0; i < 20; ++i) shop.second_of(200);
  EXPECT_EQ(shop.where(), "Progressing/Following");
  EXPECT_GT(shop.share_of("v1", Mobile), 0.95);
  EXPECT_GT(shop.share_of("v2", Desktop), 0.95);
  EXPECT_NEAR(shop.share("v1"), 0.5, 0.15) << "the status says the mean";
  EXPECT_NEAR(shop.state.arms[0].probability_best, 0.5, 0.15);
  EXPECT_NE(shop.state.message.find("by context, probability of being the best for a request: 'v1' "),
            std::string::npos)
      << shop.state.message;
}

TEST(LinearThompson, DrawsNothingFromNothing) {
  Shop shop;
  shop.serve("v1", 500);
  shop.serve("v2", 500);
  shop.tick();
  EXPECT_EQ(shop.state.bank, 0u) << "no context was told";
  EXPECT_DOUBLE_EQ(shop.share_of("v1", Mobile), 0.5);
}

TEST(LinearThompson, KeepsTheFloor) {
  auto shop = shop_with_two_tastes();
  shop.spec.minimum_share = {0.1};
  for (int i = 0; i < 20; ++i) shop.second_of(200);
  EXPECT_NEAR(shop.share_of("v2", Mobile), 0.1, 1e-9);
  EXPECT_NEAR(shop.share_of("v1", Desktop), 0.1, 1e-9);
}

TEST(LinearThompson, ARestartInTheMiddleForgetsNothing) {
  auto shop = shop_with_two_tastes();
  for (int i = 0; i < 10; ++i) shop.second_of(200);
  const double mobile = shop.share_of("v1", Mobile);
  const auto known = shop.state.arms[0].contexts->all.n();
  // What the record does not keep.
  for (auto& arm : shop.state.arms) {
    arm.contexts.change().counters = 0;
    arm.contexts.change().before = stats::LinearMoments(0);
    arm.contexts.change().before_until = {};
  }
  shop.restart();
  EXPECT_EQ(shop.share_of("v1", Mobile), mobile) << "the state alone says what the traffic does";
  for (int i = 0; i < 10; ++i) shop.second_of(200);
  EXPECT_GT(shop.state.arms[0].contexts->all.n(), known + 500) << "and goes on from there";
  EXPECT_GT(shop.share_of("v1", Mobile), 0.95);
  EXPECT_GT(shop.share_of("v2", Desktop), 0.95);
}

TEST(LinearThompson, RepeatedAndMissedLooksCountNothingTwice) {
  auto shop = shop_with_two_tastes();
  for (int i = 0; i < 5; ++i) shop.second_of(200);
  const auto state = shop.state;
  shop.tick().tick();
  EXPECT_EQ(shop.state, state);
  double known = 0;
  for (const auto& arm : shop.state.arms) known += arm.contexts->all.n();
  EXPECT_EQ(known, 1000);
}

TEST(LinearThompson, DrawsABankOnlyWhenThereIsMoreToKnow) {
  auto shop = shop_with_two_tastes();
  for (int i = 0; i < 30; ++i) shop.second_of(200);
  const auto bank = shop.state.bank;
  EXPECT_LE(bank, 30u);
  shop.second_of(50);
  EXPECT_EQ(shop.state.bank, bank) << "less than a twentieth more";
  shop.second_of(400);
  EXPECT_EQ(shop.state.bank, bank + 1);
}

TEST(LinearThompson, TheSameStateGivesTheSameBank) {
  auto shop = shop_with_two_tastes();
  for (int i = 0; i < 3; ++i) shop.second_of(200);
  EXPECT_EQ(shop.share_of("v1", Mobile), shop.share_of("v1", Mobile));
}

TEST(LinearThompson, ADroppedArmFallsToTheFloorForEveryone) {
  auto shop = shop_with_two_tastes();
  shop.spec.guardrails = {error_rate_below(0.2)};
  shop.success["v2"] = {0.2, 0.7};
  for (int i = 0; i < 40 && !shop.state.arms[1].dropped; ++i) shop.second_of(200);
  ASSERT_TRUE(shop.state.arms[1].dropped) << shop.state.message;
  EXPECT_NEAR(shop.share_of("v2", Desktop), 0.01, 1e-9);
  EXPECT_NEAR(shop.share_of("v2", Mobile), 0.01, 1e-9);
  EXPECT_NEAR(shop.share("v2"), 0.01, 1e-9);
}

TEST(LinearThompson, APauseKeepsTheBank) {
  auto shop = shop_with_two_tastes();
  for (int i = 0; i < 3; ++i) shop.second_of(200);
  shop.state.paused = true;
  const auto bank = shop.state.bank;
  const double mobile = shop.share_of("v1", Mobile);
  for (int i = 0; i < 5; ++i) shop.second_of(200);
  EXPECT_EQ(shop.state.bank, bank);
  EXPECT_EQ(shop.share_of("v1", Mobile), mobile);
  shop.state.paused = false;
  shop.second_of(200);
  double known = 0;
  for (const auto& arm : shop.state.arms) known += arm.contexts->all.n();
  EXPECT_EQ(known, 9 * 200) << "it was counted all the while";
}

TEST(LinearThompson, PromotingGivesAllToTheArmThatIsBestForTheMost) {
  Shop shop;
  shop.success = {{"v1", {0.5, 0.9}}, {"v2", {0.9, 0.95}}};
  for (int i = 0; i < 30; ++i) shop.second_of(200);
  EXPECT_EQ(shop.say(Verb::Promote), "");
  EXPECT_EQ(shop.where(), "Promoted/WinnerFound");
  EXPECT_DOUBLE_EQ(shop.share("v2"), 1);
  EXPECT_EQ(shop.steering().plan.spec().learned, nullptr) << "nothing is scored any more";
}

// ---- arms that come and go

TEST(LinearThompson, ArmsThatStayKeepWhatIsKnownOfThem) {
  auto shop = shop_with_two_tastes();
  for (int i = 0; i < 20; ++i) shop.second_of(200);
  const RolloutState before = shop.state;
  shop.restart_rollout();
  RolloutState begun = shop.state;
  ++begun.window;
  inherit(shop.spec, shop.route, before, begun);
  EXPECT_EQ(begun.arms[0].contexts->all.n(), before.arms[0].contexts->all.n());
  EXPECT_EQ(begun.bank, 1u);
  shop.state = begun;
  EXPECT_GT(shop.share_of("v1", Mobile), 0.95);

  shop.spec.context[0].values = {"phone", "desktop"};
  RolloutState other = shop.state;
  shop.restart_rollout();
  inherit(shop.spec, shop.route, other, shop.state);
  EXPECT_EQ(shop.state.arms[0].successes, 0u) << "other contexts are learnt from the beginning";
  EXPECT_EQ(shop.state.bank, 0u);
}

TEST(LinearThompson, ANewArmIsExploredBesideWhatIsKnown) {
  auto shop = shop_with_two_tastes();
  for (int i = 0; i < 20; ++i) shop.second_of(200);
  const RolloutState before = shop.state;
  auto spec = by_device();
  spec.arms = {"v1", "v2", "v3"};
  Shop wider(spec, {"v1", "v2", "v3"});
  wider.state.window = before.window + 1;
  inherit(spec, wider.route, before, wider.state);
  EXPECT_DOUBLE_EQ(wider.share_of("v3", Mobile), 1.0 / 3);
  wider.success = {{"v1", {0.9, 0.5}}, {"v2", {0.5, 0.9}}, {"v3", {0.99, 0.3}}};
  for (int i = 0; i < 30; ++i) wider.second_of(200);
  EXPECT_GT(wider.state.arms[0].contexts->all.n(), before.arms[0].contexts->all.n());
  EXPECT_GT(wider.share_of("v3", Mobile), 0.8);
  EXPECT_GT(wider.share_of("v2", Desktop), 0.8);
}

// ---- rewards that come late

Shop shop_with_reports(Duration fast, Duration slow) {
  Shop shop;
  shop.spec.reward = "purchase";
  shop.spec.update_interval = seconds(10);
  policy::Outcome purchase;
  purchase.name = "purchase";
  purchase.attribution_window = hours(2);
  shop.route.outcomes = {purchase};
  shop.restart_rollout();
  shop.mean_delay = {{"v1", fast}, {"v2", slow}};
  return shop;
}

double predicted(const Shop& shop, std::size_t arm, Device device) {
  std::vector<stats::LinearMoments> moments;
  for (const auto& one : shop.state.arms) moments.push_back(one.contexts->all);
  const auto prior = stats::pooled_linear_prior(moments);
  return stats::linear_posterior(moments[arm], prior).predict(context_of(device).view());
}

TEST(LinearThompsonLate, TheFasterArmIsNotFavoured) {
  auto shop = shop_with_reports(minutes(1), minutes(25));
  shop.success = {{"v1", {0.10, 0.14}}, {"v2", {0.14, 0.10}}};
  bool waited = false;
  for (int i = 0; i < 6 * 180; ++i) {
    shop.second_of(30, seconds(10));
    waited = waited || shop.state.reason == "AwaitingRewards";
    // While it waits shares are equal; afterwards neither arm may win where the other is better.
    if (i > 6 * 100) {
      EXPECT_GT(shop.share_of("v2", Mobile), 0.3) << i;
    }
  }
  EXPECT_TRUE(waited);
  EXPECT_EQ(shop.where(), "Progressing/Following");
  EXPECT_NEAR(predicted(shop, 0, Desktop), 0.14, 0.015);
  EXPECT_NEAR(predicted(shop, 1, Mobile), 0.14, 0.015) << "what has not come yet is missing on both sides";
  EXPECT_GT(shop.share_of("v2", Mobile), 0.8);
  EXPECT_GT(shop.share_of("v1", Desktop), 0.8);
}

TEST(LinearThompsonLate, ARestartLeavesOutWhatWasPendingOnBothSides) {
  auto shop = shop_with_reports(minutes(1), minutes(10));
  shop.success = {{"v1", {0.10, 0.20}}, {"v2", {0.20, 0.10}}};
  for (int i = 0; i < 6 * 100; ++i) shop.second_of(30, seconds(10));
  ASSERT_EQ(shop.where(), "Progressing/Following");
  shop.restart();
  for (int i = 0; i < 6 * 60; ++i) shop.second_of(30, seconds(10));
  EXPECT_NEAR(predicted(shop, 1, Mobile), 0.2, 0.02);
  EXPECT_NEAR(predicted(shop, 0, Desktop), 0.2, 0.02);
  EXPECT_GT(shop.share_of("v2", Mobile), 0.9);
  EXPECT_GT(shop.share_of("v1", Desktop), 0.9);
}

TEST(LinearThompsonLate, WhereLessIsBetterTheRewardIsWhatDidNotHappen) {
  auto shop = shop_with_reports(seconds(20), seconds(20));
  shop.route.outcomes[0].better = policy::Better::Lower;
  shop.restart_rollout();
  shop.success = {{"v1", {0.05, 0.20}}, {"v2", {0.20, 0.05}}};
  for (int i = 0; i < 6 * 60; ++i) shop.second_of(30, seconds(10));
  EXPECT_NEAR(predicted(shop, 0, Mobile), 0.95, 0.02);
  EXPECT_GT(shop.share_of("v1", Mobile), 0.9);
  EXPECT_GT(shop.share_of("v2", Desktop), 0.9);
}

TEST(LinearThompson, WithAHalfLifeItFollowsWhatChanges) {
  auto shop = shop_with_two_tastes();
  shop.spec.half_life = minutes(1);
  for (int i = 0; i < 60; ++i) shop.second_of(100);
  EXPECT_GT(shop.share_of("v1", Mobile), 0.9);
  shop.success = {{"v1", {0.5, 0.9}}, {"v2", {0.9, 0.5}}};
  for (int i = 0; i < 300; ++i) shop.second_of(100);
  EXPECT_GT(shop.share_of("v2", Mobile), 0.9);
  EXPECT_GT(shop.share_of("v1", Desktop), 0.9);
}

}  // namespace
}  // namespace sluice::strategy
