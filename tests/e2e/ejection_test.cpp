// Endpoints that fail real requests are taken out for a while; clients notice as little as may be.
#include "e2e/watched.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

/// Long enough to be looked at while it lasts.
constexpr std::string_view kLong = "retry: {attempts: 0}\nejection: {baseTime: 1h, maxTime: 1h}\n";
constexpr std::string_view kShortEjections =
    "retry: {attempts: 0}\nejection: {baseTime: 300ms, maxTime: 1s, probation: 300ms}\nslowStart: {duration: 0s}\n";

std::string ejecting_policy(const std::vector<std::string>& urls, std::string_view spec = kLong) {
  return gateway_yaml("workers: 1") + route_yaml("model", {version_yaml("v1", urls)}, spec);
}

double ejections(const SluiceProcess& sluice, const char* reason = nullptr) {
  return sluice.metrics().value("sluice_endpoint_ejections_total",
                                reason == nullptr ? Labels{} : Labels{{"reason", reason}});
}

/// Asks until an endpoint is out; how many requests failed on the way.
int failures_until_ejected(SluiceProcess& sluice, RawClient& client) {
  int failed = 0;
  EXPECT_TRUE(eventually([&] {
    failed += client.post("/", "x").status() >= 500 ? 1 : 0;
    return ejections(sluice) > 0;
  }));
  return failed;
}

TEST(Ejection, ErrorsInARowTakeAnEndpointOut) {
  WatchedUpstream good("good");
  WatchedUpstream bad("bad");
  bad.status = 500;
  SluiceProcess sluice(ejecting_policy({good.url(), bad.url()}));
  RawClient client(sluice.port());
  EXPECT_LE(failures_until_ejected(sluice, client), 20) << "five are the limit; it is seen a moment later";
  EXPECT_TRUE(endpoints_become(sluice, 1, "ejected"));
  EXPECT_EQ(answers_by(client, "good", 100), 100);
  EXPECT_EQ(ejections(sluice, "errors"), 1);
  EXPECT_EQ(ejections(sluice), 1);
  EXPECT_TRUE(sluice.logs_contain("ejected for"));
}

TEST(Ejection, DeathsInARowAreGatewayErrors) {
  WatchedUpstream good("good");
  WatchedUpstream bad("bad");
  bad.status = 0;
  SluiceProcess sluice(ejecting_policy({good.url(), bad.url()}));
  RawClient client(sluice.port());
  failures_until_ejected(sluice, client);
  EXPECT_EQ(ejections(sluice, "gateway_errors"), 1);
  EXPECT_EQ(answers_by(client, "good", 60), 60);
}

TEST(Ejection, AnEndpointThatRefusesConnectionsIsTakenOut) {
  WatchedUpstream good("good");
  SluiceProcess sluice(ejecting_policy({good.url(), "http://127.0.0.1:" + std::to_string(refused_port())}));
  RawClient client(sluice.port());
  failures_until_ejected(sluice, client);
  EXPECT_EQ(ejections(sluice, "gateway_errors"), 1);
  EXPECT_EQ(answers_by(client, "good", 60), 60);
}

TEST(Ejection, ARetriedFailureCountsAndNoClientNotices) {
  WatchedUpstream good("good");
  WatchedUpstream bad("bad");
  bad.status = 0;
  SluiceProcess sluice(ejecting_policy({good.url(), bad.url()}, "ejection: {baseTime: 1h, maxTime: 1h}"));
  RawClient client(sluice.port());
  ASSERT_TRUE(eventually([&] {
    EXPECT_EQ(client.post("/", "x").body, "good");
    return ejections(sluice) > 0;
  }));
  EXPECT_EQ(sluice.metrics().value("sluice_request_failures_total"), 0);
  EXPECT_GE(sluice.metrics().value("sluice_retries_total"), 5);
}

TEST(Ejection, WhatIsTheClientsDoingNeverCounts) {
  WatchedUpstream a("a");
  WatchedUpstream b("b");
  a.status = 400;
  b.status = 429;
  SluiceProcess sluice(ejecting_policy({a.url(), b.url()}));
  RawClient client(sluice.port());
  for (int i = 0; i < 60; ++i) EXPECT_LT(client.post("/", "x").status(), 500);
  a.mute = b.mute = true;
  for (int i = 0; i < 12; ++i) {
    const auto served = a.served() + b.served();
    RawClient leaving(sluice.port());
    leaving.send(request_text("POST", "/", "x"));
    ASSERT_TRUE(eventually([&] { return a.served() + b.served() > served; }));
    leaving.reset();
  }
  EXPECT_EQ(sluice.metric_becomes(12, "sluice_request_failures_total", {{"reason", "client_abort"}}), 12);
  EXPECT_EQ(ejections(sluice), 0);
  EXPECT_TRUE(endpoints_become(sluice, 2, "admitted"));
}

TEST(Ejection, AnAnswerInBetweenEndsTheRow) {
  auto turn = std::make_shared<std::atomic<int>>(0);
  FakeUpstream flaky([turn](Conversation& gateway) {
    for (;;) {
      gateway.read_request();
      gateway.answer(turn->fetch_add(1) % 5 == 4 ? 200 : 500, "flaky");
    }
  });
  FakeUpstream good("good");
  SluiceProcess sluice(ejecting_policy({good.url(), flaky.url()}));
  RawClient client(sluice.port());
  while (turn->load() < 100) client.post("/", "x");
  EXPECT_EQ(ejections(sluice), 0) << "four in a row are no five";
}

TEST(Ejection, ComesBackThroughProbation) {
  WatchedUpstream good("good");
  WatchedUpstream bad("bad");
  bad.status = 500;
  SluiceProcess sluice(ejecting_policy({good.url(), bad.url()}, kShortEjections));
  RawClient client(sluice.port());
  failures_until_ejected(sluice, client);
  bad.status = 200;
  ASSERT_TRUE(endpoints_become(sluice, 1, "probation"));
  ASSERT_TRUE(endpoints_become(sluice, 2, "admitted"));
  const auto before = bad.served();
  EXPECT_EQ(answers_by(client, "good", 80) + static_cast<int>(bad.served() - before), 80);
  EXPECT_GT(bad.served(), before);
  EXPECT_EQ(ejections(sluice), 1);
}

TEST(Ejection, AnEndpointThatDidNotMendIsTakenOutAgain) {
  WatchedUpstream good("good");
  WatchedUpstream bad("bad");
  bad.status = 500;
  SluiceProcess sluice(ejecting_policy({good.url(), bad.url()}, kShortEjections));
  RawClient client(sluice.port());
  int failed = 0;
  ASSERT_TRUE(eventually([&] {
    failed += client.post("/", "x").status() >= 500 ? 1 : 0;
    return ejections(sluice) >= 3;
  }));
  EXPECT_LT(failed, 60);
}

TEST(Ejection, NeverTakesTheLastOneOut) {
  WatchedUpstream only("only");
  only.status = 500;
  SluiceProcess sluice(ejecting_policy({only.url()}));
  RawClient client(sluice.port());
  for (int i = 0; i < 40; ++i) EXPECT_EQ(client.post("/", "x").body, "only");
  EXPECT_TRUE(endpoints_become(sluice, 1, "admitted"));
  EXPECT_EQ(ejections(sluice), 0);
}

TEST(Ejection, OfTwoThatFailOneStays) {
  WatchedUpstream a("a");
  WatchedUpstream b("b");
  a.status = b.status = 500;
  SluiceProcess sluice(ejecting_policy({a.url(), b.url()}));
  RawClient client(sluice.port());
  failures_until_ejected(sluice, client);
  for (int i = 0; i < 60; ++i) EXPECT_EQ(client.post("/", "x").status(), 500) << "an endpoint's own answer";
  EXPECT_EQ(ejections(sluice), 1);
}

TEST(Ejection, ComparesSuccessRates) {
  WatchedUpstream a("a");
  WatchedUpstream b("b");
  auto turn = std::make_shared<std::atomic<int>>(0);
  FakeUpstream flaky([turn](Conversation& gateway) {
    for (;;) {
      gateway.read_request();
      gateway.answer(turn->fetch_add(1) % 3 == 0 ? 500 : 200, "flaky");
    }
  });
  SluiceProcess sluice(
      ejecting_policy({a.url(), b.url(), flaky.url()},
                      "retry: {attempts: 0}\nejection: {baseTime: 1h, maxTime: 1h, interval: 500ms, minRequests: 20}"));
  Load load(sluice.port(), 2, request_text("POST", "/", "x"));
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_endpoint_ejections_total", {{"reason", "success_rate"}}), 1);
  load.stop();
  EXPECT_EQ(ejections(sluice), 1);
}

TEST(Ejection, ComparesLatencies) {
  WatchedUpstream a("a");
  WatchedUpstream b("b");
  WatchedUpstream slow("slow");
  slow.delay = kSanitized ? 200 : 60;
  SluiceProcess sluice(
      ejecting_policy({a.url(), b.url(), slow.url()},
                      "retry: {attempts: 0}\nejection: {baseTime: 1h, maxTime: 1h, interval: 2s, minRequests: 5}"));
  Load load(sluice.port(), 3, request_text("POST", "/", "x"));
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_endpoint_ejections_total", {{"reason", "latency"}}), 1);
  EXPECT_TRUE(load.stop().empty());
  RawClient client(sluice.port());
  EXPECT_EQ(answers_by(client, "slow", 60), 0);
}

TEST(Ejection, CanBeSwitchedOffAndThenEverybodyIsBack) {
  WatchedUpstream good("good");
  WatchedUpstream bad("bad");
  bad.status = 500;
  SluiceProcess sluice(ejecting_policy({good.url(), bad.url()}));
  RawClient client(sluice.port());
  failures_until_ejected(sluice, client);
  sluice.write_policy(ejecting_policy({good.url(), bad.url()}, "retry: {attempts: 0}\nejection: {enabled: false}\n"));
  ASSERT_TRUE(endpoints_become(sluice, 2, "admitted"));
  EXPECT_GT(answers_by(client, "bad", 100), 10);
  EXPECT_EQ(ejections(sluice), 1);
}

TEST(Ejection, OfACandidatesEndpointEndsTheFallbacks) {
  WatchedUpstream stable("stable");
  WatchedUpstream good("good");
  WatchedUpstream bad("bad");
  bad.status = 500;
  SluiceProcess sluice(
      gateway_yaml("workers: 1") +
      route_yaml("model", {version_yaml("v1", stable.url()), version_yaml("v2", {good.url(), bad.url()})},
                 std::string(kLong) +
                     "strategy: {canary: {stable: v1, candidate: v2, steps: [{setWeight: 50}, {pause: {}}]}}"));
  RawClient client(sluice.port());
  ASSERT_TRUE(eventually([&] {
    EXPECT_EQ(client.post("/", "x").status(), 200);
    return ejections(sluice) > 0;
  }));
  ASSERT_TRUE(endpoints_become(sluice, 1, "ejected", {{"version", "v2"}}));
  const double fallen = sluice.metrics().value("sluice_fallbacks_total");
  EXPECT_GE(fallen, 5) << "they count at the endpoint, though no client saw them";
  EXPECT_EQ(answers_by(client, "bad", 60), 0);
  EXPECT_EQ(sluice.metrics().value("sluice_fallbacks_total"), fallen);
}

TEST(Ejection, CopiesForShadowsCountAtTheShadow) {
  WatchedUpstream live("live");
  WatchedUpstream good("good");
  WatchedUpstream bad("bad");
  bad.status = 500;
  SluiceProcess sluice(
      gateway_yaml("workers: 1") +
      route_yaml("model", {version_yaml("v1", live.url()), version_yaml("v2", {good.url(), bad.url()})},
                 "ejection: {baseTime: 1h, maxTime: 1h}\nstrategy: {shadow: {live: v1, candidates: [{version: v2}]}}"));
  RawClient client(sluice.port());
  ASSERT_TRUE(eventually([&] {
    EXPECT_EQ(client.post("/", "x").body, "live");
    return ejections(sluice) > 0;
  }));
  EXPECT_TRUE(endpoints_become(sluice, 1, "ejected", {{"version", "v2"}}));
  EXPECT_TRUE(endpoints_become(sluice, 1, "admitted", {{"version", "v1"}}));
}

}  // namespace
}  // namespace sluice::test
