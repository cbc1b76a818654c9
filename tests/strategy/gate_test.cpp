#include "sluice/strategy/gate.hpp"

#include <gtest/gtest.h>

#include "routes.hpp"

namespace sluice::strategy {
namespace {

using namespace std::chrono_literals;
using policy::WebhookType;
using State = ErrandAnswer::State;

policy::Webhook a_hook(WebhookType type, std::string name = "") {
  policy::Webhook made;
  made.type = type;
  made.name = std::move(name);
  made.url = "http://hooks.test/" + made.name;
  made.timeout = 3s;
  made.retries = 2;
  return made;
}

/// A rollout that may ask; every test says what was answered.
class GateTest : public ::testing::Test {
 protected:
  GateTest() {
    transition_.state.route = "fraud";
    transition_.state.number = 3;
  }
  Gate asked(WebhookType type) {
    transition_.errands.clear();
    return ask(hooks_, type, "step2", {route_, evidence_, nullptr, {}}, transition_);
  }
  void answer(const std::string& key, State state, unsigned status = 0, std::string detail = "") {
    evidence_.errands[key] = {state, status, std::move(detail), 1};
  }

  policy::ModelRoute route_ = route_with({"v1", "v2"});
  Evidence evidence_;
  Transition transition_;
  std::vector<policy::Webhook> hooks_;
};

TEST(HookTurn, IsLongEnoughForAllTriesOfTheSlowestHookAndThePausesBetweenThem) {
  EXPECT_EQ(hook_turn({}, 10s), 10s);
  auto slow = a_hook(WebhookType::Rollback);
  slow.timeout = 10s;
  slow.retries = 0;
  EXPECT_EQ(hook_turn({slow}, 10s), 12s);
  EXPECT_EQ(hook_turn({slow}, 1min), 1min);
  slow.retries = 10;
  EXPECT_EQ(hook_turn({slow}, 10s), 11 * 12s + (1s + 2s + 4s + 8s + 16s + 5 * 30s));
  slow.type = WebhookType::ConfirmPromotion;
  EXPECT_EQ(hook_turn({slow}, 10s), 10s) << "it is not asked in turns";
}

TEST_F(GateTest, IsOpenWhereNobodyIsToBeAsked) {
  hooks_ = {a_hook(WebhookType::Event), a_hook(WebhookType::ConfirmPromotion)};
  EXPECT_EQ(asked(WebhookType::ConfirmRollout).answer, GateAnswer::Open);
  EXPECT_TRUE(transition_.errands.empty());
}

TEST_F(GateTest, AsksEachHookOfTheTypeUnderAKeyOfItsOwn) {
  hooks_ = {a_hook(WebhookType::Event), a_hook(WebhookType::ConfirmPromotion),
            a_hook(WebhookType::ConfirmPromotion, "board")};
  const Gate gate = asked(WebhookType::ConfirmPromotion);
  EXPECT_EQ(gate.answer, GateAnswer::Waiting);
  EXPECT_EQ(gate.message, "waiting for confirm-promotion");
  ASSERT_EQ(transition_.errands.size(), 2U);
  const Errand& errand = transition_.errands[1];
  EXPECT_EQ(errand.key, "fraud-3/1/step2/confirm-promotion/2");
  EXPECT_EQ(errand.url, "http://hooks.test/board");
  EXPECT_EQ(errand.webhook, &hooks_[2]);
  EXPECT_EQ(errand.timeout, 3s);
  EXPECT_EQ(errand.retries, 2U);
  EXPECT_TRUE(errand.again.has_value());
}

TEST_F(GateTest, OpensWhenAllHaveSaidYes) {
  hooks_ = {a_hook(WebhookType::ConfirmPromotion), a_hook(WebhookType::ConfirmPromotion, "board")};
  answer("fraud-3/1/step2/confirm-promotion/0", State::Succeeded, 200);
  EXPECT_EQ(asked(WebhookType::ConfirmPromotion).answer, GateAnswer::Waiting);
  answer("fraud-3/1/step2/confirm-promotion/1", State::Succeeded, 200);
  EXPECT_EQ(asked(WebhookType::ConfirmPromotion).answer, GateAnswer::Open);
}

TEST_F(GateTest, ToAQuestionNoIsNotAnEnd) {
  hooks_ = {a_hook(WebhookType::ConfirmTrafficIncrease, "board")};
  answer("fraud-3/1/step2/confirm-traffic-increase/0", State::Refused, 403);
  Gate gate = asked(WebhookType::ConfirmTrafficIncrease);
  EXPECT_EQ(gate.answer, GateAnswer::Waiting);
  EXPECT_EQ(gate.message, "confirm-traffic-increase 'board' answers 403");
  answer("fraud-3/1/step2/confirm-traffic-increase/0", State::Failed);
  gate = asked(WebhookType::ConfirmTrafficIncrease);
  EXPECT_EQ(gate.answer, GateAnswer::Waiting);
  EXPECT_EQ(gate.message, "confirm-traffic-increase 'board' does not answer");
}

TEST_F(GateTest, WhereNoIsAFailureOneIsEnough) {
  for (const WebhookType type : {WebhookType::PreRollout, WebhookType::Rollout}) {
    const std::string name = type == WebhookType::PreRollout ? "pre-rollout" : "rollout";
    hooks_ = {a_hook(type), a_hook(type)};
    EXPECT_EQ(asked(type).answer, GateAnswer::Waiting);
    EXPECT_FALSE(transition_.errands.front().again.has_value());
    answer("fraud-3/1/step2/" + name + "/1", State::Failed, 0, "connection refused after 3 tries");
    const Gate gate = asked(type);
    EXPECT_EQ(gate.answer, GateAnswer::Refused);
    EXPECT_EQ(gate.message, name + ": connection refused after 3 tries");
  }
}

TEST_F(GateTest, AnswersOfAnotherAttemptOrStageDoNotCount) {
  hooks_ = {a_hook(WebhookType::ConfirmPromotion)};
  answer("fraud-3/1/step2/confirm-promotion/0", State::Succeeded, 200);
  transition_.state.attempt = 2;
  EXPECT_EQ(asked(WebhookType::ConfirmPromotion).answer, GateAnswer::Waiting);
  transition_.state.attempt = 1;
  transition_.state.stage = 1;
  EXPECT_EQ(asked(WebhookType::ConfirmPromotion).answer, GateAnswer::Waiting);
  EXPECT_EQ(transition_.errands.front().key, "fraud-3/1/stage2/step2/confirm-promotion/0");
}

TEST_F(GateTest, OneYesIsEnoughForARollback) {
  hooks_ = {a_hook(WebhookType::Rollback), a_hook(WebhookType::Rollback, "pager")};
  const Context context{route_, evidence_, nullptr, {}};
  EXPECT_EQ(rollback_wish(hooks_, "look4", context, transition_), std::nullopt);
  EXPECT_EQ(transition_.errands.size(), 2U);
  answer("fraud-3/1/look4/rollback/0", State::Refused, 404);
  EXPECT_EQ(rollback_wish(hooks_, "look4", context, transition_), std::nullopt);
  answer("fraud-3/1/look4/rollback/1", State::Succeeded, 200);
  EXPECT_EQ(rollback_wish(hooks_, "look4", context, transition_), "rollback 'pager' asks for it");
}

}  // namespace
}  // namespace sluice::strategy
