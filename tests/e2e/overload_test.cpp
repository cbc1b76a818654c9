#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

/// Answers every request with its own body, once the gate is open.
FakeUpstream::Script echoes_after(const Gate& gate) {
  return [&gate](Conversation& gateway) {
    while (true) {
      const auto request = gateway.read_request();
      gateway.wait_for(gate);
      gateway.answer(200, request.body);
    }
  };
}

std::string request_with(const std::string& body) {
  return request_text("POST", "/", body);
}

/// How many wait at a limit: the gateway's without names, the route's without a version.
double waiting_become(const SluiceProcess& sluice, double count, const std::string& route = {},
                      const std::string& version = {}) {
  return sluice.metric_becomes(count, "sluice_requests_waiting", {{"route", route}, {"version", version}});
}

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
  Gate gate;
  FakeUpstream upstream(echoes_after(gate));
  SluiceProcess sluice(policy_for(upstream,
                                  "limits: {requestsInFlight: 1, waiting: 5, waitTimeout: 20s}\n"
                                  "timeouts: {request: 300ms, backendRequest: 300ms, connect: 200ms}",
                                  "workers: 1"));
  RawClient first(sluice.port());
  first.send(request_with("first"));
  upstream.request(0);
  RawClient second(sluice.port());
  second.send(request_with("second"));
  const auto answer = second.read_response();
  EXPECT_TRUE(answer.status() == 504 || answer.status() == 200) << answer.start_line;
  EXPECT_EQ(first.read_response().status(), 504);
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
  EXPECT_TRUE(sluice.logs_contain("drain"));
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

// --- versions and their fallbacks ---

std::string parachute_policy(const FakeUpstream& stable, const FakeUpstream& candidate, std::string_view stable_limits,
                             std::string_view candidate_limits) {
  return gateway_yaml("workers: 1") +
         route_yaml(
             "model", {version_yaml("v1", stable, stable_limits), version_yaml("v2", candidate, candidate_limits)},
             "retry: {attempts: 0}\n"
             "strategy: {abTest: {control: v1, variants: [{version: v1, weight: 0}, {version: v2, weight: 100}]}}");
}

TEST(Overload, AFullCandidateDoesNotSpillOntoStable) {
  Gate gate;
  FakeUpstream stable("stable");
  FakeUpstream candidate(echoes_after(gate));
  SluiceProcess sluice(parachute_policy(stable, candidate, {}, "limits: {requestsInFlight: 1}"));
  RawClient first(sluice.port());
  first.send(request_with("first"));
  candidate.request(0);
  RawClient second(sluice.port());
  const auto refused = second.post("/", "second");
  expect_error(refused, 503, "version_overloaded");
  EXPECT_EQ(version_of(refused), "v2");
  EXPECT_EQ(stable.request_count(), 0u);
  gate.open();
  EXPECT_EQ(first.read_response().body, "first");
}

TEST(Overload, AFailedCandidateFallsBackOnlyIntoRoomThatStableHas) {
  Gate gate;
  FakeUpstream stable(echoes_after(gate));
  FakeUpstream candidate(answers(500, "broken"));
  SluiceProcess sluice(parachute_policy(stable, candidate, "limits: {requestsInFlight: 1}", {}));
  RawClient first(sluice.port());
  first.send(request_with("first"));
  stable.request(0);
  RawClient second(sluice.port());
  EXPECT_EQ(second.post("/", "second").status(), 500) << "stable is full";
  gate.open();
  EXPECT_EQ(first.read_response().body, "first");
  EXPECT_EQ(second.post("/", "third").body, "third") << "room again";
}

// --- shadows yield ---

TEST(Overload, NoCopyIsMadeWhileALiveRequestWaits) {
  Gate gate;
  FakeUpstream live(echoes_after(gate));
  FakeUpstream shadow("shadow");
  SluiceProcess sluice(
      shadow_policy(live, shadow, {}, "limits: {requestsInFlight: 1, waiting: 5, waitTimeout: 20s}", "workers: 1"));
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<RawClient>(sluice.port()));
    clients.back()->send(request_with(std::to_string(i)));
    if (i == 0) shadow.request(0);
  }
  EXPECT_EQ(waiting_become(sluice, 2, "model"), 2);
  gate.open();
  for (auto& client : clients) EXPECT_EQ(client->read_response().status(), 200);
  // The second began while the third waited; nobody waited any more when the third began.
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_shadow_dropped_total", {{"version", "v2"}, {"reason", "overloaded"}}), 1);
  EXPECT_TRUE(eventually([&] { return shadow.request_count() == 2; })) << shadow.request_count();
}

TEST(Overload, CopiesKeepToTheShadowsOwnLimitAndNeverWaitForIt) {
  Gate gate;
  FakeUpstream live("live");
  FakeUpstream shadow(echoes_after(gate));
  SluiceProcess sluice(
      gateway_yaml("workers: 1") +
      route_yaml("model",
                 {version_yaml("v1", live), version_yaml("v2", shadow, "limits: {requestsInFlight: 1, waiting: 9}")},
                 "strategy: {shadow: {live: v1, candidates: [{version: v2}]}}"));
  RawClient client(sluice.port());
  client.post("/", "1");
  shadow.request(0);
  EXPECT_EQ(client.post("/", "2").body, "live");
  EXPECT_EQ(client.post("/", "3").body, "live");
  EXPECT_EQ(sluice.metric_becomes(2, "sluice_shadow_dropped_total", {{"version", "v2"}, {"reason", "overloaded"}}), 2);
  gate.open();
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_shadow_requests_total", {{"version", "v2"}, {"code", "200"}}), 1);
  client.post("/", "4");
  EXPECT_EQ(shadow.request(1).body, "4");
}

// --- memory ---

TEST(Overload, CopiesStopBeforeMemoryIsFull) {
  FakeUpstream live("live");
  FakeUpstream shadow(never_answers());
  const auto policy = [&](std::uint64_t memory) {
    return shadow_policy(live, shadow, "requestsInFlight: 10000", {},
                         "workers: 1\nlimits: {memory: " + std::to_string(memory) + "MiB}");
  };
  SluiceProcess sluice(policy(100000));
  const double resident = sluice.metrics().value("process_resident_memory_bytes");
  ASSERT_GT(resident, 0);
  const auto before = static_cast<std::uint64_t>(resident) >> 20;
  sluice.write_policy(policy(before + 48));
  EXPECT_EQ(sluice.metric_becomes(2, "sluice_config_generation"), 2);
  RawClient client(sluice.port());
  const std::string body(128 * 1024, 'b');
  int asked = 0;
  const auto dropped = [&] {
    return sluice.metrics().value("sluice_shadow_dropped_total", {{"reason", "overloaded"}});
  };
  // The copies stay in memory, since their shadow never answers.
  while (asked < 4000 && dropped() == 0) {
    ASSERT_EQ(client.post("/", body).body, "live") << "live requests go on";
    ++asked;
  }
  EXPECT_GT(dropped(), 0) << "after " << asked << " copies";
  EXPECT_GT(asked, 100);
  EXPECT_TRUE(sluice.logs_contain("memory is tight"));
  EXPECT_EQ(client.post("/", body).body, "live");
}

// --- adaptive ---

TEST(Overload, AnAdaptiveLimitRefusesWhatIsBeyondIt) {
  Gate gate;
  FakeUpstream upstream(echoes_after(gate));
  SluiceProcess sluice(policy_for(upstream, "adaptiveConcurrency: {min: 2, max: 8}", "workers: 1"));
  EXPECT_EQ(sluice.metric_becomes(2, "sluice_concurrency_limit", {{"version", "v1"}}), 2) << "it starts carefully";
  RawClient first(sluice.port());
  RawClient second(sluice.port());
  first.send(request_with("first"));
  second.send(request_with("second"));
  upstream.request(1);
  RawClient third(sluice.port());
  expect_error(third.post("/", "third"), 503, "version_overloaded");
  gate.open();
  EXPECT_EQ(first.read_response().body, "first");
  EXPECT_EQ(second.read_response().body, "second");
  EXPECT_EQ(third.post("/", "third").body, "third");
}

TEST(Overload, AnAdaptiveLimitGrowsWhileItIsUsedAndAnswersAreQuick) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream,
                                  "limits: {requestsInFlight: 1000, waiting: 1000}\n"
                                  "adaptiveConcurrency: {min: 1, max: 3}",
                                  "workers: 1"));
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_concurrency_limit"), 1);
  Load load(sluice.port(), 8, request_text("GET", "/"));
  EXPECT_TRUE(eventually([&] { return sluice.metrics().value("sluice_concurrency_limit", {}) >= 2; }));
  load.stop();
}

}  // namespace
}  // namespace sluice::test
