#include "e2e/tries.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kNoRules = "retry: {attempts: 0}";

TEST(StaleConnection, AReusedConnectionThatDiedIsReplacedOnce) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.answer(200, "connection " + std::to_string(gateway.number()));
    gateway.read_request();
    if (gateway.number() > 0) gateway.answer(200, "again");
  });
  SluiceProcess sluice(policy_for(upstream, kNoRules, "workers: 1"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "first").body, "connection 0");
  const auto second = client.post("/", "second");
  EXPECT_EQ(second.status(), 200) << second.body;
  EXPECT_EQ(second.body, "connection 1");
  EXPECT_EQ(upstream.request(2).body, "second") << "the body goes along with the retry";
  EXPECT_EQ(upstream.request_count(), 3u);
}

TEST(StaleConnection, HappensOnceAndNotTwice) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    if (gateway.number() == 0) gateway.answer(200, "fine");
    if (gateway.number() == 0) gateway.read_request();
  });
  SluiceProcess sluice(policy_for(upstream, kNoRules, "workers: 1"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "first").status(), 200);
  expect_error(client.post("/", "second"), 502, "reset");
  EXPECT_EQ(upstream.request_count(), 3u) << "first, second, and one retry of the second";
}

TEST(StaleConnection, IsNoneThatWasJustOpened) {
  FakeUpstream upstream([](Conversation& gateway) { gateway.read_request(); });
  SluiceProcess sluice(policy_for(upstream, kNoRules, "workers: 1"));
  RawClient client(sluice.port());
  expect_error(client.post("/", "x"), 502, "reset");
  EXPECT_EQ(upstream.request_count(), 1u);
}

TEST(StaleConnection, AnAnswerThatBeganIsNotRetried) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.answer(200, "fine");
    gateway.read_request();
    gateway.send("HTTP/1.1 200");
  });
  SluiceProcess sluice(policy_for(upstream, kNoRules, "workers: 1"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "first").status(), 200);
  EXPECT_EQ(client.post("/", "second").status(), 502);
  EXPECT_EQ(upstream.request_count(), 2u);
}

TEST(StaleConnection, AConnectionThatTheUpstreamClosedWhileIdleIsNotUsed) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.answer(200, "connection " + std::to_string(gateway.number()));
  });
  SluiceProcess sluice(policy_for(upstream, kNoRules, "workers: 1"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "first").body, "connection 0");
  ASSERT_TRUE(eventually([&] { return upstream.open_connections() == 0; }));
  EXPECT_EQ(client.post("/", "second").body, "connection 1");
  EXPECT_EQ(sluice.metrics().value("sluice_retries_total"), 0) << "the dead connection was only noticed by trying it";
}

TEST(StaleConnection, ALargeBodyThatIsGoneCannotBeSentAgain) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    if (gateway.number() == 0) gateway.answer(200, "fine");
    if (gateway.number() == 0) gateway.read_request();
  });
  SluiceProcess sluice(policy_for(upstream, kNoRules, "workers: 1"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "first").status(), 200);
  expect_error(client.post("/", std::string(1 << 20, 'x')), 502, "reset");
  EXPECT_LE(upstream.request_count(), 3u);
}

/// What a version with these endpoints answers to a POST, by the rules in `retry`.
struct Case {
  const char* name;
  Turn failure;
  int status;        ///< what the client gets when nothing is tried again
  const char* word;  ///< in retry.on
  bool by_default;
};

void PrintTo(const Case& given, std::ostream* out) {
  *out << given.name;
}

class RetryOn : public testing::TestWithParam<Case> {};

/// Short only where the failure is that nobody answers: all others would have to hurry, too.
std::string timeouts_for(const Case& given) {
  if (std::string_view(given.word) != "Timeout") return "";
  return kSanitized ? "timeouts: {request: 20s, backendRequest: 1500ms}\n"
                    : "timeouts: {request: 8s, backendRequest: 300ms}\n";
}

TEST_P(RetryOn, ByDefaultOrNot) {
  const Case& given = GetParam();
  TwoEndpoints endpoints(in_turn({given.failure, answering(200)}));
  SluiceProcess sluice(tries_policy({endpoints.version()}, timeouts_for(given)));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "body").status(), given.by_default ? 200 : given.status);
  expect_retries(sluice, given.by_default, given.by_default);
  EXPECT_EQ(endpoints.requests(), given.by_default ? 2u : 1u);
}

TEST_P(RetryOn, AnotherEndpointAnswersWhereTheRuleNamesTheFailure) {
  const Case& given = GetParam();
  TwoEndpoints endpoints(in_turn({given.failure, answering(200)}));
  SluiceProcess sluice(tries_policy({endpoints.version()}, timeouts_for(given) + "retry: {on: [" + given.word + "]}"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "body").status(), 200);
  EXPECT_EQ(endpoints.first.request_count(), 1u) << "the same endpoint was asked twice";
  EXPECT_EQ(endpoints.second.request_count(), 1u);
  EXPECT_EQ(endpoints.second.request(0).body, "body");
  expect_retries(sluice, 1, 1);
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_requests_total"), 1) << "a request counts once";
  EXPECT_EQ(sluice.metrics().value("sluice_requests_total", {{"code", "200"}}), 1);
  EXPECT_EQ(sluice.metrics().value("sluice_request_failures_total"), 0);
  expect_quiet(sluice);
}

TEST_P(RetryOn, TheFailureGoesToTheClientWhereTheRuleNamesOthers) {
  const Case& given = GetParam();
  const bool other = std::string_view(given.word) == "ConnectFailure";
  TwoEndpoints endpoints(in_turn({given.failure, answering(200)}));
  SluiceProcess sluice(tries_policy(
      {endpoints.version()}, timeouts_for(given) + "retry: {on: [" + (other ? "Reset" : "ConnectFailure") + "]}"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "body").status(), given.status);
  EXPECT_EQ(endpoints.requests(), 1u);
  expect_retries(sluice, 0, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Failures, RetryOn,
    testing::Values(Case{"Reset", resetting(), 502, "Reset", true},
                    Case{"AClosedConnection", saying(""), 502, "Reset", true},
                    Case{"HalfAHead", saying("HTTP/1.1 200 OK\r\nContent-Le"), 502, "Reset", true},
                    Case{"NoHttp", saying("SSH-2.0-OpenSSH\r\n\r\n"), 502, "BadResponse", false},
                    Case{"AMalformedFirstChunk", saying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
                         502, "BadResponse", false},
                    Case{"AnUpgradeThatNobodyAskedFor", saying("HTTP/1.1 101 Fine\r\nUpgrade: x\r\n\r\n"), 502,
                         "BadResponse", false},
                    Case{"Silence", silent(), 504, "Timeout", false},
                    Case{"Status502", answering(502), 502, "Unavailable", true},
                    Case{"Status503", answering(503), 503, "Unavailable", true},
                    Case{"Status500", answering(500), 500, "ServerError", false},
                    Case{"Status504", answering(504), 504, "ServerError", false},
                    Case{"Status429", answering(429), 429, "TooManyRequests", false}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Retry, AnEndpointThatRefusesIsReplacedByAnother) {
  FakeUpstream alive("alive");
  const std::string dead = "http://127.0.0.1:" + std::to_string(refused_port());
  SluiceProcess sluice(tries_policy({version_yaml("v1", {dead, alive.url()})}));
  RawClient client(sluice.port());
  for (int i = 0; i < 30; ++i) EXPECT_EQ(client.post("/", "x").body, "alive");
  const double retries = sluice.metrics().value("sluice_retries_total");
  EXPECT_GE(retries, 3) << "two are drawn, and the one that refuses is as idle as the other";
  EXPECT_EQ(sluice.metrics().value("sluice_retried_requests_total"), retries);
  EXPECT_EQ(sluice.metric_becomes(30, "sluice_requests_total", {{"code", "200"}}), 30);
}

TEST(Retry, AnEndpointThatHangsInTheDialIsReplacedByAnother) {
  const DeafListener deaf;
  FakeUpstream alive("alive");
  const std::string hanging = "http://127.0.0.1:" + std::to_string(deaf.port());
  SluiceProcess sluice(tries_policy({version_yaml("v1", {hanging, alive.url()})}, "timeouts: {connect: 200ms}"));
  RawClient client(sluice.port());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.post("/", "x").body, "alive");
}

TEST(Retry, ARequestThatFoundNoRoomAsksOnceMore) {
  Gate pausing;
  FakeUpstream upstream([&](Conversation& gateway) {
    for (;;) {
      if (gateway.read_request().target() == "/slow") gateway.wait_for(pausing);
      gateway.answer(200, "fine");
    }
  });
  // The pause lasts half of its base at least: time enough to see that it has begun.
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)},
                                    "pool: {prewarm: 0, maxConnections: 1, maxPending: 1, pendingTimeout: 50ms}\n"
                                    "retry: {backoff: {base: 2s, max: 2s}}"));
  RawClient slow(sluice.port());
  slow.send(request_text("GET", "/slow"));
  upstream.request(0);
  RawClient client(sluice.port());
  client.send(request_text("GET", "/"));
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_retries_total"), 1);
  pausing.open();
  EXPECT_EQ(client.read_response().status(), 200) << "the connection became free during the pause";
  EXPECT_EQ(slow.read_response().status(), 200);
  expect_retries(sluice, 1, 1);
}

TEST(Retry, TheOnlyEndpointIsAskedAgain) {
  FakeUpstream upstream(in_turn({answering(503), answering(200)}));
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "x").status(), 200);
  EXPECT_EQ(client.post("/", "y").status(), 200) << "the client's connection goes on";
  EXPECT_EQ(upstream.connections(), 1u) << "an answer that was thrown away whole leaves its connection usable";
  expect_retries(sluice, 1, 1);
}

TEST(Retry, AnAnswerThatIsThrownAwayHalfTakesItsConnectionAlong) {
  FakeUpstream upstream(in_turn({[](Conversation& gateway, const HttpMessage&) {
                                   gateway.send("HTTP/1.1 503 Busy\r\nContent-Length: 100000\r\n\r\n");
                                   gateway.sees_close();
                                   return false;
                                 },
                                 answering(200)}));
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "x").body, "fine");
  EXPECT_EQ(upstream.connections(), 2u);
}

TEST(Retry, EndsAfterItsAttemptsAndTheLastAnswerIsTheClients) {
  FakeUpstream upstream([](Conversation& gateway) {
    for (int i = 1;; ++i) {
      gateway.read_request();
      gateway.answer(503, "refusal " + std::to_string(i), {{"X-Model", "m"}});
    }
  });
  SluiceProcess sluice(
      tries_policy({version_yaml("v1", upstream)}, "retry: {attempts: 3, backoff: {base: 1ms, max: 1ms}}"));
  RawClient client(sluice.port());
  const auto response = client.post("/", "x");
  EXPECT_EQ(response.status(), 503);
  EXPECT_EQ(response.body, "refusal 4");
  EXPECT_EQ(response.field("x-model"), "m");
  EXPECT_FALSE(response.has("x-sluice-error")) << "it is the endpoint's own";
  expect_retries(sluice, 3, 1);
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_requests_total"), 1);
  EXPECT_EQ(sluice.metrics().value("sluice_requests_total", {{"code", "503"}}), 1);
}

TEST(Retry, TwoDifferentFailuresLeaveTheLast) {
  FakeUpstream upstream(in_turn({answering(503), resetting()}));
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}));
  RawClient client(sluice.port());
  // The reset meets a reused connection: it is replaced, and only its successor's end counts.
  expect_error(client.post("/", "x"), 502, "reset");
  EXPECT_EQ(upstream.request_count(), 3u);
  expect_retries(sluice, 2, 1);
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"reason", "reset"}}), 1);
  EXPECT_EQ(sluice.metrics().value("sluice_request_failures_total"), 1);
}

TEST(Retry, AnUnsafeMethodIsNotRepeatedWhereTheRuleForbidsIt) {
  FakeUpstream upstream(in_turn({resetting(), resetting(), answering(200)}));
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}, "retry: {methods: Safe}"));
  RawClient client(sluice.port());
  expect_error(client.post("/", "x"), 502, "reset");
  EXPECT_EQ(client.get("/").status(), 200);
  expect_retries(sluice, 1, 1);
}

TEST(Retry, OfARawRouteRepeatsNoUnsafeMethodByDefault) {
  FakeUpstream upstream(in_turn({answering(503), answering(503), answering(200)}));
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}, "protocol: Raw"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "x").status(), 503);
  EXPECT_EQ(client.exchange(request_text("PUT", "/", "x")).status(), 200);
}

TEST(Retry, AnUnsafeMethodThatReachedNoEndpointMayGoToAnother) {
  FakeUpstream alive("alive");
  const std::string dead = "http://127.0.0.1:" + std::to_string(refused_port());
  SluiceProcess sluice(tries_policy({version_yaml("v1", {dead, alive.url()})}, "retry: {methods: Safe}"));
  RawClient client(sluice.port());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.post("/", "x").body, "alive");
}

// --- budget ---

TEST(RetryBudget, OfNothingDeniesAndCounts) {
  FakeUpstream upstream(answers(503, "no"));
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}, "retry: {budget: 0%, minBudget: 0}"));
  RawClient client(sluice.port());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.post("/", "x").body, "no");
  EXPECT_EQ(upstream.request_count(), 3u);
  EXPECT_EQ(sluice.metric_becomes(3, "sluice_retries_denied_total"), 3);
  expect_retries(sluice, 0, 0);
}

TEST(RetryBudget, IsHeldUntilTheRequestEndsAndThenFreeAgain) {
  Gate finish;
  FakeUpstream upstream([&](Conversation& gateway) {
    for (int i = 0;; ++i) {
      const auto request = gateway.read_request();
      if (request.target() == "/held" && i > 0) {
        gateway.wait_for(finish);
        gateway.answer(200, "late");
      } else {
        gateway.answer(503, "no");
      }
    }
  });
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}, "retry: {budget: 0%, minBudget: 1}"));
  RawClient held(sluice.port());
  held.send(request_text("POST", "/held", "x"));
  upstream.request(1);  // its second attempt
  RawClient other(sluice.port());
  EXPECT_EQ(other.post("/", "x").status(), 503);
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_retries_denied_total"), 1);
  finish.open();
  EXPECT_EQ(held.read_response().body, "late");
  EXPECT_EQ(sluice.metric_becomes(0, "sluice_requests_in_flight"), 0);
  EXPECT_EQ(other.post("/", "x").status(), 503);
  EXPECT_EQ(sluice.metric_becomes(2, "sluice_retries_total"), 2) << "the budget was given back";
  EXPECT_EQ(sluice.metrics().value("sluice_retries_denied_total"), 1);
}

}  // namespace
}  // namespace sluice::test
