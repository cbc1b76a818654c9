// Webhooks of a rollout, real processes: who is silent delays nobody else, and everybody is told what happened.
#include "e2e/rollout.hpp"
#include "support/prometheus_server.hpp"

namespace sluice::test {
namespace {

std::string hooks(const std::string& list) {
  return canary("steps: [{setWeight: 50}, {pause: {duration: 1s}}], webhooks: [" + list + "]");
}

std::string hook(const char* type, const std::string& url) {
  return std::string("{type: ") + type + ", url: \"" + url + "\", timeout: 1s, retries: 0}";
}

std::string matching(const std::string& path) {
  return "matches: [{path: {type: PathPrefix, value: " + path + "}}]\n";
}

std::string route(const std::string& name, const FakeUpstream& v1, const FakeUpstream& v2,
                  const std::string& strategy) {
  return route_yaml(name, {version_yaml("v1", v1), version_yaml("v2", v2)},
                    "strategy: {" + strategy + "}\n" + matching("/" + name));
}

TEST(RolloutHooks, ASilentHookHoldsItsOwnRolloutAndNoTickAndNoOtherRoute) {
  const FakeUpstream v1("one");
  const FakeUpstream v2("two");
  FakeUpstream silent(never_answers());
  SluiceProcess sluice(
      gateway_yaml() +
      route("waits", v1, v2,
            hooks(hook("confirm-rollout", silent.url() + "/gate") + ", " + hook("event", silent.url() + "/event"))) +
      route("goes", v1, v2, canary("steps: [{setWeight: 50}, {pause: {duration: 1s}}]")));
  const Operator person(sluice);
  ASSERT_TRUE(comes_to(person, "Promoted", "goes")) << sluice.logs();
  EXPECT_EQ(rollout_of(person, "waits")["phase"], "Pending");
  EXPECT_EQ(rollout_of(person, "waits")["reason"], "AwaitingConfirmation");
  const auto took = time_of([&] { EXPECT_EQ(person.verb({"promote", "waits", "--full"}).exit.code, 0); });
  EXPECT_LT(took, std::chrono::seconds(kSanitized ? 20 : 5)) << "a person does not wait for it either";
  EXPECT_EQ(rollout_of(person, "waits")["phase"], "Promoted");
}

TEST(RolloutHooks, EventsTellTheWholeStoryInFlaggersWords) {
  const FakeUpstream v1("one");
  const FakeUpstream v2("two");
  FakeUpstream ear;
  SluiceProcess sluice(rollout_policy(v1, v2, hooks(hook("event", ear.url() + "/told?by=sluice"))));
  const Operator person(sluice);
  ASSERT_TRUE(comes_to(person, "Promoted")) << sluice.logs();
  const auto told = journal_of(person);
  ASSERT_TRUE(eventually([&] { return ear.request_count() >= told.size(); })) << ear.request_count();
  std::multiset<std::string> heard;
  for (const auto& message : ear.requests()) {
    EXPECT_EQ(message.target(), "/told?by=sluice");
    const auto body = nlohmann::json::parse(message.body);
    EXPECT_EQ(body["name"], "model");
    EXPECT_EQ(body["metadata"]["rollout"], "model-1");
    EXPECT_EQ(body["metadata"]["eventType"], "Normal");
    EXPECT_FALSE(body["metadata"]["eventMessage"].get<std::string>().empty());
    heard.insert(body["metadata"]["eventReason"].get<std::string>());
  }
  EXPECT_EQ(heard, std::multiset<std::string>(told.begin(), told.end()));
}

TEST(RolloutHooks, ARollbackHookThatSaysYesTakesTheCandidateBack) {
  std::atomic<int> status{404};
  FakeUpstream judge([&](Conversation& sluice) {
    sluice.read_request();
    sluice.answer(status, "");
  });
  const FakeUpstream v1("one");
  const FakeUpstream v2("two");
  SluiceProcess sluice(rollout_policy(v1, v2,
                                      canary("steps: [{setWeight: 50}, {pause: {}}], analysis: {interval: 1s, checks: "
                                             "[{metric: error-rate, thresholdRange: {max: 5%}}]}, webhooks: [" +
                                             hook("rollback", judge.url()) + "]")));
  const Operator person(sluice);
  ASSERT_TRUE(eventually([&] { return judge.request_count() >= 2; })) << "in turns";
  EXPECT_TRUE(eventually([&] { return rollout_of(person)["phase"] == "Paused"; })) << rollout_of(person).dump(2);
  status = 200;
  ASSERT_TRUE(comes_to(person, "RolledBack")) << sluice.logs();
  EXPECT_EQ(rollout_of(person)["reason"], "RollbackWebhook");
  EXPECT_EQ(answers(sluice), std::set<std::string>{"one"});
}

TEST(RolloutHooks, WhatPrometheusSaysForTheCandidatePromotesItAndSilenceDoesNot) {
  PrometheusServer prometheus("nothing_of_interest 1\n");
  ASSERT_TRUE(prometheus.is_ready()) << prometheus.process().err();
  const FakeUpstream v1("one");
  const FakeUpstream v2("two");
  SluiceProcess sluice(rollout_policy(
      v1, v2,
      canary("steps: [{setWeight: 50}], analysis: {interval: 1s, checks: [{metric: gpu-memory, thresholdRange: "
             "{max: 0.9}, prometheus: {address: '" +
             prometheus.url() + "', query: 'gpu_memory{version=\"{{version}}\"}'}}]}")));
  const Operator person(sluice);
  ASSERT_TRUE(eventually([&] { return looks_of(person) >= 2; })) << rollout_of(person).dump(2);
  EXPECT_EQ(rollout_of(person)["phase"], "Progressing") << "no series is not good";
  prometheus.show("gpu_memory{version=\"v2\"} 0.25\n");
  ASSERT_TRUE(comes_to(person, "Promoted")) << sluice.logs();
  EXPECT_EQ(rollout_of(person)["checks"][0]["value"], 0.25) << rollout_of(person).dump(2);
}

}  // namespace
}  // namespace sluice::test
