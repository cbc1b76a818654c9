// The pause before another attempt, and what may happen meanwhile.
#include "e2e/tries.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

TEST(RetryAfter, OfTheOnlyEndpointIsWaitedFor) {
  FakeUpstream upstream(in_turn({answering(503, "no", {{"Retry-After", "1"}}), answering(200)}));
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}));
  RawClient client(sluice.port());
  HttpMessage response;
  EXPECT_GE(time_of([&] { response = client.post("/", "x"); }), 1000ms);
  EXPECT_EQ(response.status(), 200);
  expect_retries(sluice, 1, 1);
}

TEST(RetryAfter, IsNoConcernOfAnotherEndpoint) {
  TwoEndpoints endpoints(in_turn({answering(503, "no", {{"Retry-After", "3600"}}), answering(200)}));
  SluiceProcess sluice(tries_policy({endpoints.version()}));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "x").status(), 200);
  EXPECT_EQ(endpoints.first.request_count(), 1u);
  EXPECT_EQ(endpoints.second.request_count(), 1u);
}

TEST(RetryAfter, ThatAsksForTooMuchPatienceGoesToTheClient) {
  for (const char* patience : {"2", "3600", "99999999999999999999", "Fri, 31 Dec 2100 23:59:59 GMT"}) {
    FakeUpstream upstream(in_turn({answering(503, "no", {{"Retry-After", patience}}), answering(200)}));
    SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}));
    RawClient client(sluice.port());
    const auto response = client.post("/", "x");
    EXPECT_EQ(response.status(), 503);
    EXPECT_EQ(response.field("retry-after"), patience);
    EXPECT_EQ(response.body, "no");
    EXPECT_EQ(upstream.request_count(), 1u);
    expect_retries(sluice, 0, 0);
  }
}

TEST(RetryAfter, OfTooManyRequestsIsWaitedForWhereTheRuleNamesIt) {
  FakeUpstream upstream(in_turn({answering(429, "no", {{"retry-after", "1"}}), answering(200)}));
  SluiceProcess sluice(
      tries_policy({version_yaml("v1", upstream)}, "retry: {on: [TooManyRequests], maxRetryAfter: 1s}"));
  RawClient client(sluice.port());
  HttpMessage response;
  EXPECT_GE(time_of([&] { response = client.get("/"); }), 1000ms);
  EXPECT_EQ(response.status(), 200);
}

TEST(RetryAfter, ThatIsADateOfThePastOrNonsenseMeansNoLongPause) {
  for (const char* word : {"Fri, 31 Dec 1999 23:59:59 GMT", "soon", "-5", "1.5", ""}) {
    FakeUpstream upstream(in_turn({answering(503, "no", {{"Retry-After", word}}), answering(200)}));
    SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}));
    RawClient client(sluice.port());
    EXPECT_EQ(client.post("/", "x").status(), 200) << word;
  }
}

TEST(RetryPause, LastsAtLeastHalfOfItsBase) {
  FakeUpstream upstream(in_turn({resetting(), answering(200)}));
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}, "retry: {backoff: {base: 600ms, max: 600ms}}"));
  RawClient client(sluice.port());
  HttpMessage response;
  EXPECT_GE(time_of([&] { response = client.post("/", "x"); }), 300ms);
  EXPECT_EQ(response.status(), 200);
}

TEST(RetryPause, ThatWouldOutlastTheRequestIsNotBegun) {
  FakeUpstream upstream(in_turn({answering(503, "no"), answering(200)}));
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)},
                                    "timeouts: {request: 5s, backendRequest: 5s}\n"
                                    "retry: {backoff: {base: 20s, max: 20s}}"));
  RawClient client(sluice.port());
  HttpMessage response;
  EXPECT_LT(time_of([&] { response = client.post("/", "x"); }), 4s);
  EXPECT_EQ(response.body, "no") << "the failure goes to the client at once";
  expect_retries(sluice, 0, 0);
}

TEST(RetryPause, TheDeadlineOfTheRequestHoldsOverAllAttempts) {
  FakeUpstream upstream(in_turn({answering(503, "no"), silent()}));
  SluiceProcess sluice(
      tries_policy({version_yaml("v1", upstream)}, "timeouts: {request: 500ms, backendRequest: 500ms}"));
  RawClient client(sluice.port());
  HttpMessage response;
  EXPECT_GE(time_of([&] { response = client.post("/", "x"); }), 490ms);
  expect_error(response, 504, "request_timeout");
  expect_retries(sluice, 1, 1);
  expect_quiet(sluice);
}

TEST(RetryPause, EndsWhenTheClientLeaves) {
  FakeUpstream upstream(in_turn({answering(503, "no"), answering(200)}));
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}, "retry: {backoff: {base: 20s, max: 20s}}"));
  RawClient client(sluice.port());
  client.send(request_text("POST", "/", "x"));
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_retries_total"), 1);
  client.reset();
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"reason", "client_abort"}}), 1);
  expect_quiet(sluice);
  EXPECT_EQ(upstream.request_count(), 1u);
  EXPECT_EQ(sluice.metrics().value("sluice_requests_total"), 0);
}

TEST(RetryPause, AReloadMeanwhileDisturbsNothing) {
  FakeUpstream upstream(in_turn({answering(503, "no"), answering(200)}));
  const auto policy = [&](const char* timeout) {
    return tries_policy({version_yaml("v1", upstream)},
                        "retry: {backoff: {base: 1s, max: 1s}}\ntimeouts: {streamIdle: " + std::string(timeout) + "}");
  };
  SluiceProcess sluice(policy("30s"));
  RawClient client(sluice.port());
  client.send(request_text("POST", "/", "x"));
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_retries_total"), 1);
  sluice.write_policy(policy("31s"));
  EXPECT_EQ(sluice.metric_becomes(2, "sluice_config_generation"), 2);
  EXPECT_EQ(client.read_response().status(), 200);
}

TEST(RetryPause, TheEndOfTheProcessEndsIt) {
  FakeUpstream upstream(in_turn({answering(503, "no"), answering(200)}));
  SluiceProcess sluice(gateway_yaml("workers: 1\ndrain: {delay: 0s, timeout: 300ms}") +
                       route_yaml("model", {version_yaml("v1", upstream)}, "retry: {backoff: {base: 20s, max: 20s}}"));
  RawClient client(sluice.port());
  client.send(request_text("POST", "/", "x"));
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_retries_total"), 1);
  sluice.signal(SIGTERM);
  EXPECT_EQ(sluice.wait().code, 0);
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_EQ(upstream.request_count(), 1u);
}

// --- what may have reached the client ---

TEST(RetryLimit, AnAnswerThatReachedTheClientIsNeverTriedAgain) {
  FakeUpstream upstream(in_turn({saying("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), answering(200)}));
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}));
  RawClient client(sluice.port());
  const auto response = client.post("/", "x");
  EXPECT_EQ(response.body, "half");
  EXPECT_FALSE(response.complete);
  EXPECT_TRUE(client.connection().was_reset());
  EXPECT_EQ(upstream.request_count(), 1u);
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"reason", "reset"}}), 1);
  expect_retries(sluice, 0, 0);
}

TEST(RetryLimit, AnInterimAnswerIsNoAnswerYet) {
  TwoEndpoints endpoints(in_turn({saying("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), answering(200)}));
  SluiceProcess sluice(tries_policy({endpoints.version()}));
  RawClient client(sluice.port());
  const auto response = client.post("/", "x");
  EXPECT_EQ(response.status(), 200);
  ASSERT_EQ(response.interim.size(), 1u);
  EXPECT_EQ(response.interim[0].status(), 103);
  expect_retries(sluice, 1, 1);
}

TEST(RetryLimit, AnAnswerToHeadIsTriedAgainLikeAnyOther) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\n");
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n");
    gateway.read_request();
    gateway.answer(200, "body");
  });
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}));
  RawClient client(sluice.port());
  client.send(request_text("HEAD", "/"));
  const auto response = client.read_response(true);
  EXPECT_EQ(response.status(), 200);
  EXPECT_EQ(response.field("content-length"), "2000");
  EXPECT_EQ(client.get("/").body, "body");
  EXPECT_EQ(upstream.connections(), 1u) << "answers to HEAD have no body that could be missing";
}

TEST(RetryLimit, AStaleConnectionCostsNoneOfTheRulesAttempts) {
  FakeUpstream upstream([](Conversation& gateway) {
    switch (gateway.number()) {
      case 0:  // becomes stale
        gateway.read_request();
        gateway.answer(200, "first");
        gateway.read_request();
        return;
      case 1:
        gateway.read_request();
        gateway.answer(503, "busy", {{"Connection", "close"}});
        return;
      default:
        gateway.read_request();
        gateway.answer(200, "third");
    }
  });
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").body, "first");
  EXPECT_EQ(client.get("/").body, "third");
  expect_retries(sluice, 2, 1);
}

}  // namespace
}  // namespace sluice::test
