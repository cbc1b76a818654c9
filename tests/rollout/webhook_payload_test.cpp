#include "sluice/rollout/webhook_payload.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::rollout {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

strategy::RolloutState state_of_fraud() {
  strategy::RolloutState state;
  state.route = "fraud";
  state.number = 3;
  state.strategy = "canary";
  state.fingerprint = "00ff00ff00ff00ff";
  state.phase = strategy::Phase::Progressing;
  return state;
}

policy::Webhook hook(policy::WebhookType type, const std::string& url) {
  policy::Webhook webhook;
  webhook.type = type;
  webhook.url = url;
  return webhook;
}

TEST(WebhookPayload, HasFlaggersFields) {
  auto webhook = hook(policy::WebhookType::ConfirmPromotion, "http://x/");
  webhook.metadata = {{"team", "risk"}, {"strategy", "mine"}};
  const Json json = Json::parse(webhook_payload(state_of_fraud(), webhook));
  EXPECT_EQ(json, Json::parse(R"({"name": "fraud", "namespace": "sluice", "phase": "Progressing",
    "checksum": "00ff00ff00ff00ff",
    "metadata": {"team": "risk", "strategy": "mine", "rollout": "fraud-3", "attempt": "1"}})"));
}

TEST(WebhookPayload, OfAnEventSaysWhatWhenAndHowBad) {
  const auto webhook = hook(policy::WebhookType::Event, "http://x/");
  const strategy::Event event{"RolledBack", "error-rate 1.62% > max 1% (n=1 204)"};
  const Json json = Json::parse(event_payload(state_of_fraud(), webhook, event, WallTime(1'578'607'635'167ms)));
  EXPECT_EQ(json["name"], "fraud");
  EXPECT_EQ(json["metadata"]["eventMessage"], "error-rate 1.62% > max 1% (n=1 204)");
  EXPECT_EQ(json["metadata"]["eventType"], "Warning");
  EXPECT_EQ(json["metadata"]["eventReason"], "RolledBack");
  EXPECT_EQ(json["metadata"]["timestamp"], "1578607635167");
}

TEST(WebhookPayload, IsJsonWhateverTheTextIs) {
  const auto webhook = hook(policy::WebhookType::Event, "http://x/");
  const strategy::Event event{"Waiting", "it said \"no\xff\"\n"};
  EXPECT_FALSE(Json::parse(event_payload(state_of_fraud(), webhook, event, {}), nullptr, false).is_discarded());
}

TEST(WebhookPayload, FailuresAreWarningsAndTheRestIsNormal) {
  for (const std::string kind :
       {"Held", "CheckFailed", "RolledBack", "Aborted", "ArmDropped", "StoreAlarm", "DriftFound"}) {
    EXPECT_TRUE(is_warning(kind)) << kind;
  }
  for (const std::string kind : {"Begun", "Advanced", "Promoted", "Concluded", "Released", "Resumed"}) {
    EXPECT_FALSE(is_warning(kind)) << kind;
  }
}

TEST(WebhookPayload, HooksAreTheStrategysOrThoseOfTheStageUnderWay) {
  policy::Canary canary;
  canary.webhooks = {hook(policy::WebhookType::Event, "http://canary/")};
  policy::BlueGreen blue_green;
  blue_green.webhooks = {hook(policy::WebhookType::Event, "http://blue-green/")};
  policy::Stages stages;
  stages.stages.resize(3);
  stages.stages[0].strategy = policy::Shadow{};
  stages.stages[1].strategy = canary;
  stages.stages[2].strategy = blue_green;
  EXPECT_EQ(webhooks_of(canary, 0).at(0).url, "http://canary/");
  EXPECT_TRUE(webhooks_of(stages, 0).empty());
  EXPECT_EQ(webhooks_of(stages, 1).at(0).url, "http://canary/");
  EXPECT_EQ(webhooks_of(stages, 2).at(0).url, "http://blue-green/");
  EXPECT_TRUE(webhooks_of(stages, 3).empty());
  EXPECT_TRUE(webhooks_of(std::monostate{}, 0).empty());
}

TEST(WebhookPayload, AnErrandKeepsTheHooksPatience) {
  auto webhook = hook(policy::WebhookType::Event, "http://x/");
  webhook.timeout = 3s;
  webhook.retries = 4;
  const auto errand = to_errand(webhook, "key", "{}");
  EXPECT_EQ(errand.method, "POST");
  EXPECT_EQ(errand.url, "http://x/");
  EXPECT_EQ(errand.timeout, 3s);
  EXPECT_EQ(errand.retries, 4U);
  EXPECT_FALSE(errand.again);
}

}  // namespace
}  // namespace sluice::rollout
