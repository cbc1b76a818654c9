#include <atomic>

#include "e2e/rollout.hpp"
#include "support/prometheus_server.hpp"

namespace sluice::test {
namespace {

std::string canary_with(const FakeUpstream& stable, const FakeUpstream& candidate, const std::string& canary) {
  return gateway_yaml() + route_yaml("model", {version_yaml("v1", stable), version_yaml("v2", candidate)},
                                     "strategy:\n  canary:\n    stable: v1\n    candidate: v2\n" + canary);
}

std::string memory_page(const std::string& of_v2) {
  return "gpu_memory{version=\"v1\"} 0.95\ngpu_memory{version=\"v2\"} " + of_v2 + "\n";
}

TEST(Errands, ACandidateThatPrometheusSpeaksAgainstIsRolledBack) {
  PrometheusServer prometheus(memory_page("0.25"));
  ASSERT_TRUE(prometheus.is_ready()) << prometheus.process().err();
  const FakeUpstream v1("one");
  const FakeUpstream v2("two");
  const SluiceProcess sluice(canary_with(v1, v2,
                                         "    steps: [{setWeight: 20}, {pause: {}}]\n"
                                         "    analysis:\n"
                                         "      interval: 1s\n"
                                         "      checks:\n"
                                         "        - metric: gpu-memory\n"
                                         "          thresholdRange: {max: 0.9}\n"
                                         "          prometheus: {address: '" +
                                             prometheus.url() + "', query: 'gpu_memory{version=\"{{version}}\"}'}\n"));
  const Operator person(sluice);
  EXPECT_TRUE(comes_to(person, "Paused"));
  prometheus.show(memory_page("0.92"));
  EXPECT_TRUE(comes_to(person, "RolledBack"));
  const std::string message = person.json("/api/v1/routes/model")["rollout"]["message"];
  EXPECT_NE(message.find("gpu-memory"), std::string::npos) << message;
  EXPECT_NE(message.find("0.92"), std::string::npos) << message;
}

TEST(Errands, AGateThatSaysNoHoldsThePromotionUntilItSaysYes) {
  std::atomic<int> status{403};
  FakeUpstream gate([&](Conversation& sluice) {
    sluice.read_request();
    sluice.answer(status, "a freeze until Monday");
  });
  const FakeUpstream v1("one");
  const FakeUpstream v2("two");
  const SluiceProcess sluice(canary_with(v1, v2,
                                         "    steps: [{setWeight: 50}]\n"
                                         "    webhooks: [{type: confirm-promotion, url: '" +
                                             gate.url() + "/gate'}]\n"));
  const Operator person(sluice);
  const auto asked = nlohmann::json::parse(gate.request(0).body);
  EXPECT_EQ(asked["name"], "model");
  EXPECT_EQ(gate.request(1).target(), "/gate") << "asked again";
  EXPECT_NE(person.json("/api/v1/routes/model")["rollout"]["phase"], "Promoted");
  EXPECT_NE(person.verb({"status", "model"}).out.find("a freeze until Monday"), std::string::npos);
  status = 200;
  EXPECT_TRUE(comes_to(person, "Promoted"));
}

}  // namespace
}  // namespace sluice::test
