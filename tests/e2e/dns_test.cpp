// Endpoints behind a name: what answers, while addresses come and go and the name server fails.
#include <map>
#include <memory>

#include "e2e/e2e.hpp"
#include "e2e/rollout.hpp"
#include "support/dns_server.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;
using Manner = DnsServer::Manner;

/// Model servers on 127.0.0.1, 127.0.0.2, … that share a port, as the pods behind a headless service do. Each answers
/// with its address.
class Replicas {
 public:
  Replicas() { start(1); }
  void start(int n) {
    const std::string address = address_of(n);
    servers_[n] = std::make_unique<FakeUpstream>(answers(200, address), address, port_);
    port_ = servers_[n]->port();
  }
  void stop(int n) { servers_.erase(n); }
  FakeUpstream& operator[](int n) { return *servers_.at(n); }
  std::uint16_t port() const noexcept { return port_; }
  static std::string address_of(int n) { return "127.0.0." + std::to_string(n); }

 private:
  std::uint16_t port_ = 0;
  std::map<int, std::unique_ptr<FakeUpstream>> servers_;
};

class Dns : public testing::Test {
 protected:
  std::string gateway(std::string_view more = {}) const {
    return gateway_yaml("dns: {servers: [\"" + names.address() + "\"], timeout: 200ms, tries: 2, minTtl: 100ms}\n" +
                        std::string(more));
  }
  std::string policy(std::string_view route_spec = {}) const {
    const std::string url = "dns://model.test:" + std::to_string(replicas.port());
    return gateway() +
           route_yaml("model", {version_yaml("v1", url)}, "slowStart: {duration: 0s}\n" + std::string(route_spec));
  }
  void points_to(std::initializer_list<int> of) {
    std::vector<std::string> addresses;
    for (const int n : of) addresses.push_back(Replicas::address_of(n));
    names.set("model.test", addresses, 0);  // minTtl holds
  }
  /// Asks until every one of `expected` and nobody else has answered a row of requests.
  bool answer_becomes(const SluiceProcess& sluice, const std::set<int>& expected) {
    std::set<std::string> wanted;
    for (const int n : expected) wanted.insert(Replicas::address_of(n));
    RawClient client(sluice.port());
    return eventually([&] {
      std::set<std::string> seen;
      for (int i = 0; i < 40; ++i) seen.insert(client.get("/").body);
      return seen == wanted;
    });
  }
  bool asked_again(std::size_t times = 2) {
    const auto before = names.questions("model.test");
    return eventually([&] { return names.questions("model.test") >= before + times; });
  }

  Replicas replicas;
  DnsServer names;
};

TEST_F(Dns, EveryAddressIsAnEndpoint) {
  replicas.start(2);
  replicas.start(3);
  points_to({1, 2, 3});
  SluiceProcess sluice(policy());
  EXPECT_TRUE(answer_becomes(sluice, {1, 2, 3}));
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_request_failures_total"), 0);
  EXPECT_EQ(sluice.metric_becomes(3, "sluice_endpoints", {{"version", "v1"}, {"state", "admitted"}}), 3);
  EXPECT_EQ(sluice.metrics().value("sluice_dns_names", {{"state", "known"}}), 1);
  EXPECT_GE(sluice.metrics().value("sluice_dns_lookups_total", {{"result", "answered"}}), 1);
}

TEST_F(Dns, AddressesComeAndGoUnderLoadAndNoClientNotices) {
  for (const int n : {2, 3, 4}) replicas.start(n);
  points_to({1, 2});
  SluiceProcess sluice(policy());
  Load load(sluice.port(), 8, request_text("POST", "/", "{}"));
  for (const std::set<int>& next : std::vector<std::set<int>>{{1, 2, 3}, {2, 3}, {3, 4}, {1, 2, 3, 4}, {4}, {1, 4}}) {
    std::vector<std::string> addresses;
    for (const int n : next) addresses.push_back(Replicas::address_of(n));
    names.set("model.test", addresses, 0);
    EXPECT_TRUE(answer_becomes(sluice, next));
    EXPECT_TRUE(load.answers(50));
  }
  EXPECT_EQ(load.stop(), std::vector<std::string>{});
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_request_failures_total"), 0);
}

TEST_F(Dns, AServerThatLeavesTheNameMayBeStoppedUnderLoad) {
  replicas.start(2);
  points_to({1, 2});
  SluiceProcess sluice(policy());
  Load load(sluice.port(), 8, request_text("POST", "/", "{}"));
  for (int round = 0; round < 3; ++round) {
    points_to({1});
    EXPECT_TRUE(answer_becomes(sluice, {1}));
    ASSERT_TRUE(eventually([&] { return replicas[2].open_connections() == 0; })) << "its connections were closed";
    replicas.stop(2);
    EXPECT_TRUE(load.answers(50));
    replicas.start(2);
    points_to({1, 2});
    EXPECT_TRUE(answer_becomes(sluice, {1, 2}));
  }
  EXPECT_EQ(load.stop(), std::vector<std::string>{});
}

TEST_F(Dns, ARequestInFlightIsServedByTheAddressThatLeft) {
  Gate gate;
  FakeUpstream slow(
      [&](Conversation& gateway) {
        if (gateway.number() > 0) return answers(200, "127.0.0.9")(gateway);
        gateway.read_request();
        gateway.wait_for(gate);
        gateway.answer(200, "slow");
      },
      "127.0.0.9", replicas.port());
  points_to({9});
  SluiceProcess sluice(policy());
  RawClient client(sluice.port());
  client.send(request_text("POST", "/", "{}"));
  slow.request(0);
  points_to({1});
  EXPECT_TRUE(answer_becomes(sluice, {1}));
  gate.open();
  const auto response = client.read_response();
  EXPECT_EQ(response.status(), 200);
  EXPECT_EQ(response.body, "slow");
}

TEST_F(Dns, AnAddressThatStaysKeepsItsConnections) {
  replicas.start(2);
  points_to({1});
  SluiceProcess sluice(gateway("workers: 1") +
                       route_yaml("model", {version_yaml("v1", "dns://model.test:" + std::to_string(replicas.port()))},
                                  "slowStart: {duration: 0s}"));
  EXPECT_TRUE(answer_becomes(sluice, {1}));
  ASSERT_EQ(replicas[1].connections(), 1u);
  points_to({1, 2});
  EXPECT_TRUE(answer_becomes(sluice, {1, 2}));
  points_to({1});
  EXPECT_TRUE(answer_becomes(sluice, {1}));
  EXPECT_EQ(replicas[1].connections(), 1u);
}

TEST_F(Dns, StaleAnswersAreServedHoweverTheServerFails) {
  points_to({1});
  SluiceProcess sluice(policy());
  EXPECT_TRUE(answer_becomes(sluice, {1}));
  Load load(sluice.port(), 4, request_text("POST", "/", "{}"));
  for (const Manner manner :
       {Manner::NoSuchName, Manner::ServerFailure, Manner::Refuses, Manner::Garbage, Manner::Silent}) {
    names.behave(manner);
    EXPECT_TRUE(asked_again()) << static_cast<int>(manner);
    EXPECT_TRUE(load.answers(20)) << static_cast<int>(manner);
    EXPECT_EQ(sluice.metric_becomes(1, "sluice_dns_names", {{"state", "stale"}}), 1) << static_cast<int>(manner);
    names.behave(Manner::Answers);  // so that the distance between questions does not grow from one to the next
    EXPECT_TRUE(asked_again());
  }
  names.set("model.test", {}, 0);
  EXPECT_TRUE(asked_again());
  EXPECT_TRUE(load.answers(20)) << "a name without addresses takes nothing away";
  EXPECT_EQ(load.stop(), std::vector<std::string>{});
  EXPECT_TRUE(sluice.logs_contain("cannot look up a name"));
  replicas.start(2);
  points_to({2});
  EXPECT_TRUE(answer_becomes(sluice, {2})) << "and is followed again";
  EXPECT_TRUE(sluice.logs_contain("a name can be looked up again"));
}

TEST_F(Dns, StartsWithoutItsNameServerAndServesOnceItAnswers) {
  names.behave(Manner::Silent);
  SluiceProcess sluice(policy());
  RawClient client(sluice.port());
  expect_error(client.exchange(request_text("POST", "/", "{}")), 503, "no_endpoint");
  points_to({1});
  names.behave(Manner::Answers);
  EXPECT_TRUE(answer_becomes(sluice, {1}));
}

TEST_F(Dns, ANameServerThatHangsHoldsNeitherRequestsNorTheEndUp) {
  names.behave(Manner::Silent);
  const std::string patient = "dns: {servers: [\"" + names.address() + "\"], timeout: 30s}";
  SluiceProcess sluice(gateway_yaml(patient) +
                       route_yaml("model", {version_yaml("v1", "http://model.test:" + std::to_string(replicas.port()))},
                                  "protocol: OpenInference\ntimeouts: {connect: 300ms}\nretry: {attempts: 0}"));
  RawClient client(sluice.port());
  expect_error(client.get("/"), 504, "connect_timeout");
  const auto begun = std::chrono::steady_clock::now();
  sluice.signal(SIGTERM);
  EXPECT_EQ(sluice.wait().code, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kSanitized ? 15s : 5s);
}

TEST_F(Dns, OtherEndpointsMayBeNamesToo) {
  points_to({1});
  SluiceProcess sluice(
      gateway() + route_yaml("model", {version_yaml("v1", "http://model.test:" + std::to_string(replicas.port()))}));
  EXPECT_TRUE(answer_becomes(sluice, {1}));
}

TEST_F(Dns, AReloadMayChangeTheNameAndTheServers) {
  replicas.start(2);
  points_to({1});
  SluiceProcess sluice(policy());
  Load load(sluice.port(), 4, request_text("POST", "/", "{}"));
  EXPECT_TRUE(answer_becomes(sluice, {1}));
  DnsServer others;
  others.set("other.test", {"127.0.0.2"}, 0);
  const std::string url = "dns://other.test:" + std::to_string(replicas.port());
  sluice.write_policy(gateway_yaml("dns: {servers: [\"" + others.address() + "\"], minTtl: 100ms}") +
                      route_yaml("model", {version_yaml("v1", url)}, "slowStart: {duration: 0s}"));
  EXPECT_TRUE(answer_becomes(sluice, {2}));
  EXPECT_EQ(load.stop(), std::vector<std::string>{});
  const auto passes = [&] {
    return eventually([&, goal = others.questions("other.test") + 5] { return others.questions("other.test") > goal; });
  };
  ASSERT_TRUE(passes()) << "and a question that was on its way has arrived";
  const auto asked = names.questions("model.test");
  ASSERT_TRUE(passes());
  EXPECT_EQ(names.questions("model.test"), asked) << "the old name is not asked for any more";
}

TEST_F(Dns, WhileAReloadWaitsForANameVerbsAndStatusAreAnswered) {
  DnsServer silent;
  silent.behave(Manner::Silent);
  const std::string old = "http://127.0.0.1:" + std::to_string(replicas.port());
  const auto canary = [&](const std::string& dns, const std::string& candidate) {
    return gateway_yaml(dns) + route_yaml("model", {version_yaml("v1", old), version_yaml("v2", candidate)},
                                          "strategy: {canary: {stable: v1, candidate: v2, steps: [{setWeight: 5}, "
                                          "{pause: {}}]}}");
  };
  SluiceProcess sluice(canary("", old));
  const Operator person(sluice);
  ASSERT_TRUE(eventually([&] { return rollout_of(person)["phase"] == "Paused"; }));
  sluice.write_policy(canary("dns: {servers: [\"" + silent.address() + "\"], timeout: 30s}",
                             "dns://new.test:" + std::to_string(replicas.port())));
  ASSERT_TRUE(eventually([&] { return silent.questions("new.test") > 0; })) << "the reload is under way";
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(person.post("/api/v1/routes/model/pause", "{}").status(), 200);
  EXPECT_EQ(rollout_of(person)["pausedByPerson"], true);
  EXPECT_EQ(person.post("/api/v1/routes/model/resume", "{}").status(), 200);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kSanitized ? 2500ms : 1500ms);
  EXPECT_EQ(rollout_of(person)["generation"], 1) << "the policy is taken as a whole, and later";
  EXPECT_TRUE(eventually([&] { return rollout_of(person)["generation"] == 2; }));
}

TEST_F(Dns, AReloadThatWaitsForANameDoesNotHoldUpTheEnd) {
  DnsServer silent;
  silent.behave(Manner::Silent);
  points_to({1});
  SluiceProcess sluice(policy());
  ASSERT_TRUE(answer_becomes(sluice, {1}));
  sluice.write_policy(gateway_yaml("dns: {servers: [\"" + silent.address() + "\"], timeout: 30s}") +
                      route_yaml("model", {version_yaml("v1", "dns://new.test:" + std::to_string(replicas.port()))}));
  ASSERT_TRUE(eventually([&] { return silent.questions("new.test") > 0; })) << "the reload is under way";
  const auto begun = std::chrono::steady_clock::now();
  sluice.signal(SIGTERM);
  EXPECT_EQ(sluice.wait().code, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kSanitized ? 15s : 2s);
}

TEST_F(Dns, SeveralNamesAndAddressesMakeOneVersion) {
  replicas.start(2);
  replicas.start(3);
  points_to({1, 2});
  names.set("more.test", {"127.0.0.2", "127.0.0.3"}, 0);
  const std::string port = std::to_string(replicas.port());
  SluiceProcess sluice(
      gateway() +
      route_yaml("model",
                 {version_yaml("v1", std::vector<std::string>{"dns://model.test:" + port, "dns://more.test:" + port,
                                                              "http://127.0.0.1:" + port})},
                 "slowStart: {duration: 0s}"));
  EXPECT_TRUE(answer_becomes(sluice, {1, 2, 3}));
}

}  // namespace
}  // namespace sluice::test
