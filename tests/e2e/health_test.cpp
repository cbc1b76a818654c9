// Active checks and what follows for the requests of clients.
#include "e2e/watched.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

std::string checked_policy(const std::vector<std::string>& urls, std::string_view spec = kQuickChecks) {
  return gateway_yaml("workers: 1") + route_yaml("model", {version_yaml("v1", urls)}, spec);
}

TEST(Health, AnEndpointThatFailsItsChecksGetsNothingUntilItPasses) {
  WatchedUpstream a("a");
  WatchedUpstream b("b");
  SluiceProcess sluice(checked_policy({a.url(), b.url()}));
  RawClient client(sluice.port());
  EXPECT_GT(answers_by(client, "a", 40), 0);
  a.health = 503;
  ASSERT_TRUE(endpoints_become(sluice, 1, "unhealthy"));
  EXPECT_EQ(answers_by(client, "b", 60), 60);
  a.health = 200;
  ASSERT_TRUE(endpoints_become(sluice, 2, "admitted"));
  EXPECT_GT(answers_by(client, "a", 60), 0);
  EXPECT_EQ(sluice.metric_becomes(160, "sluice_requests_total"), 160) << "checks do not count as requests";
}

TEST(Health, AnEndpointThatHangsInItsChecksIsUnhealthy) {
  WatchedUpstream a("a");
  WatchedUpstream b("b");
  a.health = 0;
  SluiceProcess sluice(checked_policy({a.url(), b.url()}));
  ASSERT_TRUE(endpoints_become(sluice, 1, "unhealthy"));
  RawClient client(sluice.port());
  EXPECT_EQ(answers_by(client, "b", 40), 40);
}

TEST(Health, AKilledEndpointUnderLoadFailsNoClient) {
  WatchedUpstream a("a");
  auto b = std::make_unique<WatchedUpstream>("b");
  SluiceProcess sluice(checked_policy({a.url(), b->url()}));
  Load load(sluice.port(), 3, request_text("POST", "/", "x"));
  ASSERT_TRUE(load.answers(100));
  b->upstream().stop();
  ASSERT_TRUE(endpoints_become(sluice, 1, "unhealthy"));
  ASSERT_TRUE(load.answers(100));
  const auto failures = load.stop();
  EXPECT_TRUE(failures.empty()) << failures.front();
}

TEST(Health, ServesBeforeTheFirstCheckHasEnded) {
  WatchedUpstream a("a");
  a.health = 0;
  SluiceProcess sluice(checked_policy({a.url()}, "health: {interval: 20s, timeout: 10s}"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").body, "a") << "whoever is named when the process begins is believed to be well";
}

TEST(Health, TheOnlyEndpointGetsItsTrafficAllTheSame) {
  WatchedUpstream a("a");
  a.health = 503;
  SluiceProcess sluice(checked_policy({a.url()}));
  ASSERT_TRUE(endpoints_become(sluice, 1, "unhealthy"));
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_version_panic"), 1);
  RawClient client(sluice.port());
  EXPECT_EQ(answers_by(client, "a", 20), 20);
  a.health = 200;
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_version_panic"), 0);
}

TEST(Health, NeverPanicsWhereThePolicySaysSo) {
  WatchedUpstream a("a");
  a.health = 503;
  SluiceProcess sluice(
      checked_policy({a.url()}, std::string(kQuickChecks) + "panicThreshold: 0%\nretry: {attempts: 0}"));
  ASSERT_TRUE(endpoints_become(sluice, 1, "unhealthy"));
  RawClient client(sluice.port());
  expect_error(client.get("/"), 503, "no_endpoint");
  EXPECT_EQ(a.served(), 0u);
}

TEST(Health, ACandidateThatIsUnhealthyAsAWholeIsAnsweredByStable) {
  WatchedUpstream stable("stable");
  WatchedUpstream candidate("candidate");
  SluiceProcess sluice(
      canary_policy(version_yaml("v1", stable.url()), version_yaml("v2", candidate.url()), kQuickChecks));
  RawClient client(sluice.port());
  ASSERT_TRUE(eventually([&] { return answers_by(client, "candidate", 40) > 0; })) << "it begins once it is checked";
  candidate.health = 503;
  ASSERT_TRUE(endpoints_become(sluice, 1, "unhealthy", {{"version", "v2"}}));
  const auto served = candidate.served();
  EXPECT_EQ(answers_by(client, "stable", 40), 40);
  EXPECT_EQ(candidate.served(), served);
  EXPECT_GT(sluice.metrics().value("sluice_fallbacks_total", {{"version", "v2"}, {"reason", "no_endpoint"}}), 0);
  candidate.health = 200;
  ASSERT_TRUE(endpoints_become(sluice, 1, "admitted", {{"version", "v2"}}));
  EXPECT_GT(answers_by(client, "candidate", 40), 0);
}

// --- what a check looks like ---

TEST(HealthCheck, AsksWhatThePolicySays) {
  FakeUpstream upstream([](Conversation& gateway) {
    const auto request = gateway.read_request();
    gateway.answer(request.target() == "/are/you?well" ? 204 : 500, "");
    gateway.read_request();
  });
  SluiceProcess sluice(checked_policy({upstream.url()},
                                      "health: {path: '/are/you?well', host: check.test, status: 204-204, "
                                      "interval: 1s, timeout: 900ms}"));
  const auto check = upstream.request(1);
  EXPECT_EQ(check.method(), "GET");
  EXPECT_EQ(check.target(), "/are/you?well");
  EXPECT_EQ(check.field("host"), "check.test");
  EXPECT_TRUE(eventually([&] { return upstream.connections() == upstream.request_count(); }))
      << "each check has a connection of its own";
  EXPECT_TRUE(sluice.metric_becomes(0, "sluice_health_checks_total", {{"result", "failed"}}) == 0);
  EXPECT_TRUE(endpoints_become(sluice, 1, "admitted"));
}

TEST(HealthCheck, AStatusOutsideTheRangeFails) {
  for (const int status : {302, 404, 500}) {
    FakeUpstream upstream(answers(status, ""));
    SluiceProcess sluice(checked_policy({upstream.url()}, kQuickChecks));
    EXPECT_TRUE(endpoints_become(sluice, 1, "unhealthy")) << status;
  }
}

class HealthPath : public testing::TestWithParam<std::tuple<const char*, const char*>> {};

TEST_P(HealthPath, FollowsTheProtocol) {
  const auto [spec, path] = GetParam();
  FakeUpstream upstream("fine");
  SluiceProcess sluice(checked_policy({upstream.url()}, spec));
  EXPECT_EQ(upstream.request(0).target(), path);
}

INSTANTIATE_TEST_SUITE_P(Of, HealthPath,
                         testing::Values(std::tuple{"protocol: OpenInference\nhealth: {}", "/v2/health/ready"},
                                         std::tuple{"protocol: OpenInference\nhealth: {model: fraud}",
                                                    "/v2/models/fraud/ready"},
                                         std::tuple{"protocol: KServeV1\nhealth: {model: fraud}", "/v1/models/fraud"},
                                         std::tuple{"protocol: KServeV1\nhealth: {}", "/"},
                                         std::tuple{"protocol: OpenAI\nhealth: {}", "/health"},
                                         std::tuple{"protocol: SageMaker\nhealth: {}", "/ping"},
                                         std::tuple{"protocol: Vertex\nhealth: {}", "/health"},
                                         std::tuple{"protocol: Raw\nhealth: {}", "/"}));

// --- reload ---

TEST(HealthReload, AnEndpointThatIsNoLongerNamedIsNoLongerAsked) {
  WatchedUpstream a("a");
  WatchedUpstream b("b");
  SluiceProcess sluice(checked_policy({a.url(), b.url()}));
  ASSERT_TRUE(eventually([&] { return b.checks() > 1; }));
  sluice.write_policy(checked_policy({a.url()}));
  EXPECT_EQ(sluice.metric_becomes(2, "sluice_config_generation"), 2);
  ASSERT_TRUE(endpoints_become(sluice, 1, "admitted"));
  const auto before = b.checks();
  const auto others = a.checks();
  ASSERT_TRUE(eventually([&] { return a.checks() > others + 4; }));
  EXPECT_LE(b.checks(), before + 1) << "one may have been under way";
}

TEST(HealthReload, ANewEndpointMustPassFirst) {
  WatchedUpstream a("a");
  WatchedUpstream b("b");
  b.health = 503;
  SluiceProcess sluice(checked_policy({a.url()}));
  sluice.write_policy(checked_policy({a.url(), b.url()}));
  ASSERT_TRUE(endpoints_become(sluice, 1, "starting"));
  ASSERT_TRUE(eventually([&] { return b.checks() > 3; }));
  RawClient client(sluice.port());
  EXPECT_EQ(answers_by(client, "a", 40), 40);
  EXPECT_EQ(b.served(), 0u);
  b.health = 200;
  ASSERT_TRUE(endpoints_become(sluice, 2, "admitted"));
  EXPECT_GT(answers_by(client, "b", 60), 0);
}

TEST(HealthReload, WithoutChecksEverybodyIsWell) {
  WatchedUpstream a("a");
  WatchedUpstream b("b");
  a.health = 503;
  SluiceProcess sluice(checked_policy({a.url(), b.url()}));
  ASSERT_TRUE(endpoints_become(sluice, 1, "unhealthy"));
  sluice.write_policy(checked_policy({a.url(), b.url()}, "slowStart: {duration: 0s}"));
  ASSERT_TRUE(endpoints_become(sluice, 2, "admitted"));
  RawClient client(sluice.port());
  EXPECT_GT(answers_by(client, "a", 60), 0);
}

}  // namespace
}  // namespace sluice::test
