// New endpoints: requests of our own first, then more and more of the clients'.
#include "e2e/watched.hpp"

#include <cmath>

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kWarmUp =
    "slowStart: {duration: 0s}\n"
    "warmUp: {requests: [{path: /v2/models/m/infer, headers: {x-kind: first}, body: '{\"a\":1}'}, "
    "{method: GET, path: '/v2/models/m?x=1'}], repeat: 3, timeout: 5s}\n";

std::string warming_policy(const std::vector<std::string>& urls, std::string_view spec = kWarmUp) {
  return gateway_yaml("workers: 1") + route_yaml("model", {version_yaml("v1", urls)}, spec);
}

TEST(WarmUp, ComesBeforeTheFirstRequestOfAClient) {
  WatchedUpstream a("a");
  WatchedUpstream b("b");
  SluiceProcess sluice(warming_policy({a.url()}));
  Load load(sluice.port(), 2, request_text("POST", "/", "x"));
  ASSERT_TRUE(load.answers(50));
  sluice.write_policy(warming_policy({a.url(), b.url()}));
  ASSERT_TRUE(eventually([&] { return b.served() > 10; }));
  EXPECT_TRUE(load.stop().empty());
  EXPECT_EQ(b.warmed(), 6u);
  EXPECT_EQ(a.warmed(), 0u) << "who serves already needs none";
  const auto requests = b.upstream().requests();
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(requests[i].field("x-sluice-warmup"), "true") << i;
    EXPECT_EQ(requests[i].method(), i % 2 == 0 ? "POST" : "GET");
    EXPECT_EQ(requests[i].target(), i % 2 == 0 ? "/v2/models/m/infer" : "/v2/models/m?x=1");
  }
  EXPECT_EQ(requests[0].body, "{\"a\":1}");
  EXPECT_EQ(requests[0].field("x-kind"), "first");
  EXPECT_EQ(requests[0].field("content-type"), "application/json");
  EXPECT_FALSE(requests[6].has("x-sluice-warmup"));
  EXPECT_EQ(sluice.metric_becomes(6, "sluice_warm_up_requests_total", {{"result", "answered"}}), 6);
  const auto answered = static_cast<double>(load.answered());
  EXPECT_EQ(sluice.metric_becomes(answered, "sluice_requests_total"), answered) << "a warm-up is no client's request";
}

TEST(WarmUp, ThatFailsIsCountedAndKeepsNobodyOut) {
  WatchedUpstream a("a");
  WatchedUpstream b("b");
  b.warm_up = 500;
  SluiceProcess sluice(warming_policy({a.url()}));
  sluice.write_policy(warming_policy({a.url(), b.url()}));
  ASSERT_TRUE(endpoints_become(sluice, 2, "admitted"));
  EXPECT_EQ(sluice.metric_becomes(6, "sluice_warm_up_requests_total", {{"result", "failed"}}), 6);
  EXPECT_EQ(sluice.metrics().value("sluice_endpoint_ejections_total"), 0);
  RawClient client(sluice.port());
  EXPECT_GT(answers_by(client, "b", 60), 0);
}

TEST(WarmUp, ThatHangsEndsAtItsTimeout) {
  WatchedUpstream a("a");
  WatchedUpstream b("b");
  b.warm_up = 0;
  const std::string spec = "slowStart: {duration: 0s}\nwarmUp: {requests: [{path: /x}], timeout: 400ms}";
  SluiceProcess sluice(warming_policy({a.url()}, spec));
  sluice.write_policy(warming_policy({a.url(), b.url()}, spec));
  ASSERT_TRUE(eventually([&] { return b.warmed() == 1; }));
  RawClient client(sluice.port());
  ASSERT_TRUE(endpoints_become(sluice, 2, "admitted"));
  EXPECT_GT(answers_by(client, "b", 60), 0);
}

TEST(WarmUp, WaitsForTheFirstCheckThatPasses) {
  WatchedUpstream a("a");
  WatchedUpstream b("b");
  b.health = 503;
  const std::string spec = std::string(kQuickChecks) + "warmUp: {requests: [{path: /x}], repeat: 2}";
  SluiceProcess sluice(warming_policy({a.url()}, spec));
  sluice.write_policy(warming_policy({a.url(), b.url()}, spec));
  ASSERT_TRUE(eventually([&] { return b.checks() > 4; }));
  EXPECT_EQ(b.warmed(), 0u);
  b.health = 200;
  ASSERT_TRUE(endpoints_become(sluice, 2, "admitted"));
  EXPECT_EQ(b.warmed(), 2u);
  b.health = 503;
  ASSERT_TRUE(endpoints_become(sluice, 1, "unhealthy"));
  b.health = 200;
  ASSERT_TRUE(endpoints_become(sluice, 2, "admitted"));
  EXPECT_EQ(b.warmed(), 4u) << "what answers there now may be a new process";
}

TEST(WarmUp, SendsRealRequestsWhereThePolicyConsents) {
  WatchedUpstream a("a");
  WatchedUpstream b("b");
  const std::string spec = "slowStart: {duration: 0s}\nwarmUp: {recorded: {last: 3, bodyBytes: 100B}}";
  SluiceProcess sluice(warming_policy({a.url()}, spec));
  RawClient client(sluice.port());
  // One is kept now and then; whoever asks long enough is.
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; std::chrono::steady_clock::now() - begun < 1700ms; ++i) {
    client.post("/small", "body " + std::to_string(i), {{"x-user", "u"}});
    client.post("/large", std::string(200, 'x'));
    std::this_thread::sleep_for(5ms);
  }
  sluice.write_policy(warming_policy({a.url(), b.url()}, spec));
  ASSERT_TRUE(endpoints_become(sluice, 2, "admitted"));
  EXPECT_EQ(b.warmed(), 3u);
  for (const auto& request : b.upstream().requests()) {
    if (!request.has("x-sluice-warmup")) continue;
    EXPECT_EQ(request.target(), "/small");
    EXPECT_TRUE(request.body.starts_with("body ")) << request.body;
    EXPECT_EQ(request.field("x-user"), "u");
  }
}

TEST(WarmUp, KeepsNoRequestsWhereThePolicyDoesNot) {
  WatchedUpstream a("a");
  WatchedUpstream b("b");
  SluiceProcess sluice(warming_policy({a.url()}));
  RawClient client(sluice.port());
  for (int i = 0; i < 20; ++i) client.post("/secret", "secret");
  sluice.write_policy(warming_policy({a.url(), b.url()}));
  ASSERT_TRUE(endpoints_become(sluice, 2, "admitted"));
  for (const auto& request : b.upstream().requests()) EXPECT_NE(request.target(), "/secret");
}

// --- slow start ---

TEST(SlowStart, ANewEndpointGetsLittleAtFirstAndItsShareInTheEnd) {
  WatchedUpstream a("a");
  WatchedUpstream b("b");
  // On a busy machine requests take their time, and the share grows meanwhile.
  const std::string spec = std::string("slowStart: {floor: 10%, duration: ") + (kSanitized ? "10s}" : "4s}");
  SluiceProcess sluice(warming_policy({a.url()}, spec));
  sluice.write_policy(warming_policy({a.url(), b.url()}, spec));
  ASSERT_TRUE(endpoints_become(sluice, 1, "ramping"));
  RawClient client(sluice.port());
  const int count = 60;
  EXPECT_LT(answers_by(client, "b", count), count / 3);
  ASSERT_TRUE(endpoints_become(sluice, 2, "admitted"));
  EXPECT_NEAR(answers_by(client, "b", 400), 200, 6 * std::sqrt(100));
}

TEST(SlowStart, LeavesTheWeightsOfVersionsExact) {
  WatchedUpstream stable("stable");
  WatchedUpstream a("candidate");
  WatchedUpstream b("candidate");
  const auto versions = [&](bool both) {
    std::vector<std::string> urls = {a.url()};
    if (both) urls.push_back(b.url());
    return gateway_yaml("workers: 1") +
           route_yaml("model", {version_yaml("v1", stable.url()), version_yaml("v2", urls)},
                      "slowStart: {duration: 120s, floor: 5%}\n"
                      "strategy: {canary: {stable: v1, candidate: v2, steps: [{setWeight: 50}, {pause: {}}]}}");
  };
  SluiceProcess sluice(versions(false));
  sluice.write_policy(versions(true));
  ASSERT_TRUE(endpoints_become(sluice, 1, "ramping"));
  RawClient client(sluice.port());
  const int count = 600;
  EXPECT_NEAR(answers_by(client, "candidate", count), count / 2, 6 * std::sqrt(count / 4.0));
  EXPECT_TRUE(endpoints_become(sluice, 1, "ramping")) << "it took so long that this shows nothing";
}

}  // namespace
}  // namespace sluice::test
