#include "e2e/overload.hpp"

namespace sluice::test {
namespace {

// --- versions and their fallbacks ---

std::string parachute_policy(const FakeUpstream& stable, const FakeUpstream& candidate, std::string_view stable_limits,
                             std::string_view candidate_limits) {
  return gateway_yaml("workers: 1") +
         route_yaml(
             "model", {version_yaml("v1", stable, stable_limits), version_yaml("v2", candidate, candidate_limits)},
             "retry: {attempts: 0}\n"
             "strategy: {abTest: {control: v1, variants: [{version: v1, weight: 0}, {version: v2, weight: 100}]}}");
}

TEST(OverloadYields, AFullCandidateDoesNotSpillOntoStable) {
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

TEST(OverloadYields, AFailedCandidateFallsBackOnlyIntoRoomThatStableHas) {
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
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_requests_in_flight"), 0);
  EXPECT_EQ(second.post("/", "third").body, "third") << "room again";
}

// --- shadows yield ---

TEST(OverloadYields, NoCopyIsMadeWhileALiveRequestWaits) {
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

TEST(OverloadYields, CopiesKeepToTheShadowsOwnLimitAndNeverWaitForIt) {
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

TEST(OverloadYields, CopiesStopBeforeMemoryIsFull) {
  FakeUpstream live("live");
  FakeUpstream shadow(never_answers());
  // However long it takes to make enough copies, none of them is given up meanwhile.
  const auto policy = [&](std::uint64_t memory) {
    return shadow_policy(live, shadow, "requestsInFlight: 10000", "timeouts: {request: 300s, backendRequest: 300s}",
                         "workers: 1\nlimits: {memory: " + std::to_string(memory) + "MiB}");
  };
  SluiceProcess sluice(policy(100000));
  const double resident = sluice.metrics().value("process_resident_memory_bytes");
  ASSERT_GT(resident, 0);
  const auto before = static_cast<std::uint64_t>(resident) >> 20;
  // Between tight and full lies a tenth: far more than the copies of the time between two looks at the memory.
  sluice.write_policy(policy(before + 128));
  EXPECT_EQ(sluice.metric_becomes(2, "sluice_config_generation"), 2);
  RawClient client(sluice.port());
  const std::string body(256 * 1024, 'b');  // large: a copy that found no connection would be dropped for that
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
  EXPECT_GT(asked, 0) << "there was room at first";
  EXPECT_TRUE(sluice.logs_contain("memory is tight"));
  EXPECT_EQ(client.post("/", body).body, "live");
}

// --- adaptive ---

TEST(OverloadAdaptive, AnAdaptiveLimitRefusesWhatIsBeyondIt) {
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
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_requests_in_flight"), 0);
  EXPECT_EQ(third.post("/", "third").body, "third");
}

TEST(OverloadAdaptive, AnAdaptiveLimitGrowsWhileItIsUsedAndAnswersAreQuick) {
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
