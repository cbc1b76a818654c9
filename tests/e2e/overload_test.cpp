#include "e2e/overload.hpp"
#include "e2e/operator.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

// --- every level: who is too many waits, who finds the queue full is told so ---

struct Level {
  const char* name;
  const char* gateway;  ///< further lines of the Gateway's spec
  const char* route;    ///< of the route's
  const char* version;  ///< of the version's
  const char* reason;
  const char* route_label;
  const char* version_label;
};

class OverloadAtEveryLevel : public testing::TestWithParam<Level> {
 protected:
  std::string policy(const FakeUpstream& upstream) const {
    const Level& level = GetParam();
    return gateway_yaml(std::string("workers: 1\n") + level.gateway) +
           route_yaml("model", {version_yaml("v1", upstream, level.version)}, level.route);
  }
  double waiting_becomes(const SluiceProcess& sluice, double count) const {
    return waiting_become(sluice, count, GetParam().route_label, GetParam().version_label);
  }
};

TEST_P(OverloadAtEveryLevel, OneTooManyWaitsAndIsServedOnceThereIsRoom) {
  Gate gate;
  FakeUpstream upstream(echoes_after(gate));
  SluiceProcess sluice(policy(upstream));
  RawClient first(sluice.port());
  first.send(request_with("first"));
  upstream.request(0);
  RawClient second(sluice.port());
  second.send(request_with("second"));
  EXPECT_EQ(waiting_becomes(sluice, 1), 1);
  EXPECT_EQ(upstream.request_count(), 1u);
  gate.open();
  EXPECT_EQ(first.read_response().body, "first");
  EXPECT_EQ(second.read_response().body, "second");
  EXPECT_EQ(waiting_becomes(sluice, 0), 0);
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_queue_wait_seconds_count", {{"route", "model"}}), 1);
}

TEST_P(OverloadAtEveryLevel, WithAFullQueueItIsRefusedAtOnceAndMayAskAgain) {
  Gate gate;
  FakeUpstream upstream(echoes_after(gate));
  SluiceProcess sluice(policy(upstream));
  RawClient first(sluice.port());
  first.send(request_with("first"));
  upstream.request(0);
  RawClient second(sluice.port());
  second.send(request_with("second"));
  EXPECT_EQ(waiting_becomes(sluice, 1), 1);
  RawClient third(sluice.port());
  const auto refused = third.post("/", "third");
  expect_error(refused, 503, GetParam().reason);
  EXPECT_EQ(refused.field("retry-after"), "1");
  gate.open();
  EXPECT_EQ(second.read_response().body, "second");
  EXPECT_EQ(third.post("/", "again").body, "again") << "its connection is still good";
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"reason", GetParam().reason}}), 1);
}

INSTANTIATE_TEST_SUITE_P(
    Levels, OverloadAtEveryLevel,
    testing::Values(Level{"Gateway", "limits: {requestsInFlight: 1, waiting: 1, waitTimeout: 20s}", "", "",
                          "overloaded", "", ""},
                    Level{"Route", "", "limits: {requestsInFlight: 1, waiting: 1, waitTimeout: 20s}", "",
                          "route_overloaded", "model", ""},
                    Level{"Version", "", "", "limits: {requestsInFlight: 1, waiting: 1, waitTimeout: 20s}",
                          "version_overloaded", "model", "v1"}),
    [](const auto& info) { return std::string(info.param.name); });

// --- waiting ---

TEST(Overload, WaitingHasAnEnd) {
  Gate gate;
  FakeUpstream upstream(echoes_after(gate));
  SluiceProcess sluice(
      policy_for(upstream, "limits: {requestsInFlight: 1, waiting: 5, waitTimeout: 100ms}", "workers: 1"));
  RawClient first(sluice.port());
  first.send(request_with("first"));
  upstream.request(0);
  RawClient second(sluice.port());
  const auto late = second.post("/", "second");
  expect_error(late, 503, "queue_timeout");
  EXPECT_EQ(late.field("retry-after"), "1");
  gate.open();
  EXPECT_EQ(first.read_response().body, "first");
  EXPECT_EQ(upstream.request_count(), 1u);
}

TEST(Overload, AClientThatLeavesLeavesTheQueue) {
  Gate gate;
  FakeUpstream upstream(echoes_after(gate));
  SluiceProcess sluice(
      policy_for(upstream, "limits: {requestsInFlight: 1, waiting: 5, waitTimeout: 20s}", "workers: 1"));
  RawClient first(sluice.port());
  first.send(request_with("first"));
  upstream.request(0);
  RawClient second(sluice.port());
  second.send(request_with("second"));
  RawClient third(sluice.port());
  EXPECT_EQ(waiting_become(sluice, 1, "model"), 1);
  third.send(request_with("third"));
  EXPECT_EQ(waiting_become(sluice, 2, "model"), 2);
  second.close();
  EXPECT_EQ(waiting_become(sluice, 1, "model"), 1);
  gate.open();
  EXPECT_EQ(third.read_response().body, "third");
  EXPECT_EQ(first.read_response().body, "first");
  EXPECT_EQ(upstream.request_count(), 2u) << "nobody works for a client that is gone";
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"reason", "client_abort"}}), 1);
}

TEST(Overload, ARequestWhoseTimeIsUpWhileItWaitsIsTold) {
  FakeUpstream stuck(never_answers());
  FakeUpstream fine("fine");
  SluiceProcess sluice(
      gateway_yaml("workers: 1\nlimits: {requestsInFlight: 1, waiting: 5, waitTimeout: 20s}") +
      route_yaml("stuck", {version_yaml("v1", stuck)}, "matches: [{path: {type: PathPrefix, value: /stuck}}]") +
      route_yaml("quick", {version_yaml("v1", fine)},
                 "matches: [{path: {type: PathPrefix, value: /quick}}]\n"
                 "timeouts: {request: 200ms, backendRequest: 200ms, connect: 200ms}"));
  RawClient first(sluice.port());
  first.send(request_text("GET", "/stuck"));
  stuck.request(0);
  RawClient second(sluice.port());
  expect_error(second.get("/quick"), 504, "request_timeout");
  EXPECT_EQ(fine.request_count(), 0u);
  EXPECT_EQ(waiting_become(sluice, 0), 0);
}

TEST(Overload, PipelinedRequestsWaitOneByOneAndAreAnsweredInOrder) {
  Gate gate;
  FakeUpstream upstream(echoes_after(gate));
  SluiceProcess sluice(
      policy_for(upstream, "limits: {requestsInFlight: 1, waiting: 5, waitTimeout: 20s}", "workers: 1"));
  RawClient first(sluice.port());
  first.send(request_with("first"));
  upstream.request(0);
  RawClient second(sluice.port());
  second.send(request_with("a") + request_with("b") + request_with(std::string(3000, 'c')));
  EXPECT_EQ(waiting_become(sluice, 1, "model"), 1);
  second.send(request_with("d"));
  gate.open();
  EXPECT_EQ(second.read_response().body, "a");
  EXPECT_EQ(second.read_response().body, "b");
  EXPECT_TRUE(second.read_response().body == std::string(3000, 'c'));
  EXPECT_EQ(second.read_response().body, "d");
}

TEST(Overload, ANextRequestThatComesWhileTheFirstWaitsIsKept) {
  Gate gate;
  FakeUpstream upstream(echoes_after(gate));
  SluiceProcess sluice(policy_for(upstream, "limits: {requestsInFlight: 1, waiting: 5, waitTimeout: 20s}",
                                  "workers: 1\nlimits: {requestsInFlight: 10}"));
  RawClient first(sluice.port());
  first.send(request_with("first"));
  upstream.request(0);
  RawClient second(sluice.port());
  second.send(request_with("a"));
  EXPECT_EQ(waiting_become(sluice, 1, "model"), 1);
  second.send(request_with("b"));
  // The gateway has it once it noticed that the bytes came in.
  EXPECT_TRUE(eventually([&] { return sluice.metrics().value("sluice_requests_waiting", {{"route", "model"}}) == 1; }));
  gate.open();
  EXPECT_EQ(second.read_response().body, "a");
  EXPECT_EQ(second.read_response().body, "b");
}

TEST(Overload, ABodyThatRulesLookedIntoIsWholeAfterAWait) {
  Gate gate;
  FakeUpstream upstream(echoes_after(gate));
  SluiceProcess sluice(policy_for(upstream,
                                  "protocol: OpenAI\nmatches: [{model: digits}]\nunit: {jsonPointer: /user}\n"
                                  "limits: {requestsInFlight: 1, waiting: 50, waitTimeout: 20s}",
                                  "workers: 1"));
  RawClient first(sluice.port());
  const auto body = [](std::size_t size) {
    return R"({"model": "digits", "user": "u7", "text": ")" + std::string(size, 'x') + "\"}";
  };
  first.send(request_with(body(1)));
  upstream.request(0);
  // Sizes around the receive buffer, where a request moves when the read for the next one is armed beside it.
  std::vector<std::size_t> sizes;
  for (std::size_t size = 1300; size < 2000; size += 100) sizes.push_back(size);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (const std::size_t size : sizes) {
    clients.push_back(std::make_unique<RawClient>(sluice.port()));
    clients.back()->send(request_with(body(size)));
    EXPECT_EQ(waiting_become(sluice, static_cast<double>(clients.size()), "model"),
              static_cast<double>(clients.size()));
  }
  gate.open();
  for (std::size_t i = 0; i < clients.size(); ++i) {
    EXPECT_TRUE(clients[i]->read_response().body == body(sizes[i])) << sizes[i];
  }
}

TEST(Overload, AFullRouteDoesNotHoldUpAnother) {
  FakeUpstream stuck(never_answers());
  FakeUpstream fine("fine");
  SluiceProcess sluice(
      gateway_yaml("workers: 1") +
      route_yaml("stuck", {version_yaml("v1", stuck)},
                 "matches: [{path: {type: PathPrefix, value: /stuck}}]\n"
                 "limits: {requestsInFlight: 1, waiting: 1, waitTimeout: 20s}") +
      route_yaml("fine", {version_yaml("v1", fine)}, "matches: [{path: {type: PathPrefix, value: /fine}}]"));
  RawClient first(sluice.port());
  first.send(request_text("GET", "/stuck"));
  stuck.request(0);
  RawClient second(sluice.port());
  second.send(request_text("GET", "/stuck"));
  EXPECT_EQ(waiting_become(sluice, 1, "stuck"), 1);
  EXPECT_EQ(RawClient(sluice.port()).get("/fine").body, "fine");
  EXPECT_EQ(RawClient(sluice.port()).get("/stuck").status(), 503);
}

// --- changes ---

TEST(Overload, AHigherLimitLetsInWhoeverWaits) {
  Gate gate;
  FakeUpstream upstream(echoes_after(gate));
  const auto policy = [&](int limit) {
    return policy_for(upstream,
                      "limits: {requestsInFlight: " + std::to_string(limit) + ", waiting: 5, waitTimeout: 20s}",
                      "workers: 1");
  };
  SluiceProcess sluice(policy(1));
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<RawClient>(sluice.port()));
    clients.back()->send(request_with(std::to_string(i)));
    if (i == 0) upstream.request(0);
  }
  EXPECT_EQ(waiting_become(sluice, 3, "model"), 3);
  sluice.write_policy(policy(3));
  EXPECT_EQ(waiting_become(sluice, 1, "model"), 1);
  upstream.request(2);
  EXPECT_EQ(upstream.request_count(), 3u);
  gate.open();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(clients[static_cast<std::size_t>(i)]->read_response().body, std::to_string(i));
}

TEST(Overload, ALowerLimitSendsNobodyAwayWhoIsInsideOrWaitsAlready) {
  Gate gate;
  FakeUpstream upstream(echoes_after(gate));
  const auto policy = [&](const std::string& limits) {
    return policy_for(upstream, "limits: {" + limits + "}", "workers: 1");
  };
  SluiceProcess sluice(policy("requestsInFlight: 2, waiting: 5, waitTimeout: 20s"));
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<RawClient>(sluice.port()));
    clients.back()->send(request_with(std::to_string(i)));
  }
  EXPECT_EQ(waiting_become(sluice, 2, "model"), 2);
  upstream.request(1);
  sluice.write_policy(policy("requestsInFlight: 1, waiting: 0"));
  EXPECT_EQ(sluice.metric_becomes(2, "sluice_config_generation"), 2);
  RawClient late(sluice.port());
  expect_error(late.post("/", "late"), 503, "route_overloaded");
  EXPECT_EQ(waiting_become(sluice, 2, "model"), 2);
  gate.open();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(clients[static_cast<std::size_t>(i)]->read_response().body, std::to_string(i));
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_requests_in_flight"), 0);
  EXPECT_EQ(late.post("/", "later").body, "later");
}

TEST(Overload, ADrainServesWhoeverWaits) {
  Gate gate;
  FakeUpstream upstream(echoes_after(gate));
  SluiceProcess sluice(policy_for(upstream, "limits: {requestsInFlight: 1, waiting: 5, waitTimeout: 20s}",
                                  "workers: 1\ndrain: {delay: 0s, timeout: 20s}"));
  RawClient first(sluice.port());
  first.send(request_with("first"));
  upstream.request(0);
  RawClient second(sluice.port());
  second.send(request_with("second"));
  EXPECT_EQ(waiting_become(sluice, 1, "model"), 1);
  sluice.signal(SIGTERM);
  EXPECT_TRUE(eventually([&] { return !accepts(sluice.port()); })) << "from here on every answer says so";
  gate.open();
  EXPECT_EQ(first.read_response().body, "first");
  const auto answer = second.read_response();
  EXPECT_EQ(answer.body, "second");
  EXPECT_EQ(answer.field("connection"), "close");
  second.close();
  first.close();
  EXPECT_EQ(sluice.wait().code, 0);
}

TEST(Overload, TheEndOfADrainCutsOffWhoeverStillWaits) {
  FakeUpstream upstream(never_answers());
  SluiceProcess sluice(policy_for(upstream, "limits: {requestsInFlight: 1, waiting: 5, waitTimeout: 20s}",
                                  "workers: 1\ndrain: {delay: 0s, timeout: 0s}"));
  RawClient first(sluice.port());
  first.send(request_with("first"));
  upstream.request(0);
  RawClient second(sluice.port());
  second.send(request_with("second"));
  EXPECT_EQ(waiting_become(sluice, 1, "model"), 1);
  sluice.signal(SIGTERM);
  EXPECT_EQ(sluice.wait().code, 0);
  EXPECT_TRUE(second.is_closed_by_peer());
}

}  // namespace
}  // namespace sluice::test
