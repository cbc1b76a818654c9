// A second try beside a slow first one: the first answer wins, the other endpoint is let go.
#include "e2e/tries.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

const std::string kHedged = hedged_after(kHedgeAfter) + "retry: {attempts: 0}\n";

/// Timeouts of the request and of what a backend may take.
std::string hedged_timeouts(std::chrono::milliseconds request, std::chrono::milliseconds backend) {
  return "timeouts: {request: " + written(request) + ", backendRequest: " + written(backend) + "}";
}

/// Two endpoints: whichever is asked first gets the first turn, the hedge the second.
class Hedge : public testing::Test {
 protected:
  /// The scripts may wait for these.
  Gate first_may_go;
  Gate second_arrived;

  Turn when(Gate& gate, Turn then) {
    return [&gate, then](Conversation& gateway, const HttpMessage& request) {
      gateway.wait_for(gate);
      return then(gateway, request);
    };
  }
  Turn noting(Turn then) {
    return [this, then](Conversation& gateway, const HttpMessage& request) {
      second_arrived.open();
      return then(gateway, request);
    };
  }

  static std::string policy(const TwoEndpoints& endpoints, std::string_view more = kHedged) {
    return tries_policy({endpoints.version()}, more);
  }
  static void expect_hedges(const SluiceProcess& sluice, int launched, int won) {
    EXPECT_EQ(sluice.metric_becomes(launched, "sluice_hedges_total"), launched);
    EXPECT_EQ(sluice.metric_becomes(won, "sluice_hedges_won_total"), won);
    EXPECT_EQ(sluice.metrics().value("sluice_retries_total"), 0) << "a hedge is no retry";
  }
};

TEST_F(Hedge, OfASlowFirstTryWinsAndTheFirstIsLetGo) {
  TwoEndpoints endpoints(in_turn({silent(), answering(200, "hedge")}));
  SluiceProcess sluice(policy(endpoints));
  RawClient client(sluice.port());
  HttpMessage response;
  EXPECT_GE(time_of([&] { response = client.post("/", "body"); }), kHedgeAfter);
  EXPECT_EQ(response.body, "hedge");
  EXPECT_FALSE(response.has("connection"));
  EXPECT_EQ(endpoints.first.request_count(), 1u) << "both went to the same endpoint";
  EXPECT_EQ(endpoints.second.request_count(), 1u);
  EXPECT_EQ(endpoints.first.request(0).body, "body");
  EXPECT_EQ(endpoints.second.request(0).body, "body");
  EXPECT_TRUE(eventually([&] { return endpoints.open_connections() == 1; })) << "the loser still works for nobody";
  expect_hedges(sluice, 1, 1);
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_requests_total", {{"code", "200"}}), 1);
  EXPECT_EQ(sluice.metrics().value("sluice_request_failures_total"), 0);
  expect_quiet(sluice);
}

TEST_F(Hedge, IsNotMadeForAFirstTryThatAnswersInTime) {
  TwoEndpoints endpoints(in_turn({answering(200)}));
  SluiceProcess sluice(policy(endpoints, "hedge: {after: 5s}"));
  RawClient client(sluice.port());
  for (int i = 0; i < 50; ++i) EXPECT_EQ(client.post("/", "x").status(), 200);
  EXPECT_EQ(endpoints.requests(), 50u);
  expect_hedges(sluice, 0, 0);
}

TEST_F(Hedge, IsLetGoWhenTheFirstTryAnswersAfterAll) {
  TwoEndpoints endpoints(in_turn({when(second_arrived, answering(200, "first")), noting(silent())}));
  SluiceProcess sluice(policy(endpoints));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "x").body, "first");
  EXPECT_TRUE(eventually([&] { return endpoints.open_connections() == 1; }));
  expect_hedges(sluice, 1, 0);
  expect_quiet(sluice);
}

TEST_F(Hedge, NeedsASecondEndpoint) {
  FakeUpstream upstream([](Conversation& gateway) {
    for (;;) {
      gateway.read_request();
      gateway.sees_close(200ms);
      gateway.answer(200, "slow");
    }
  });
  SluiceProcess sluice(tries_policy({version_yaml("v1", upstream)}, kHedged));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").body, "slow");
  EXPECT_EQ(upstream.request_count(), 1u);
  expect_hedges(sluice, 0, 0);
}

TEST_F(Hedge, IsDeniedWhereTheBudgetIsUsedUp) {
  TwoEndpoints endpoints(in_turn({when(first_may_go, answering(200, "first"))}));
  SluiceProcess sluice(policy(endpoints, "hedge: {after: 30ms}\nretry: {budget: 0%, minBudget: 0}"));
  RawClient client(sluice.port());
  client.send(request_text("POST", "/", "x"));
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_retries_denied_total"), 1);
  first_may_go.open();
  EXPECT_EQ(client.read_response().body, "first");
  expect_hedges(sluice, 0, 0);
  EXPECT_EQ(sluice.metrics().value("sluice_retries_denied_total"), 1) << "it is asked for once";
}

TEST_F(Hedge, TakesPartInTheSameBudgetAsRetries) {
  TwoEndpoints endpoints([this](Conversation& gateway) {
    for (;;) {
      const auto request = gateway.read_request();
      if (request.target() == "/held") {
        gateway.wait_for(first_may_go);
        gateway.answer(200, "held");
      } else {
        gateway.answer(503, "no");
      }
    }
  });
  SluiceProcess sluice(policy(endpoints, hedged_after(kHedgeAfter) + "retry: {budget: 0%, minBudget: 1}"));
  RawClient held(sluice.port());
  held.send(request_text("GET", "/held"));
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_hedges_total"), 1);
  RawClient other(sluice.port());
  EXPECT_EQ(other.get("/").status(), 503);
  // It is denied its retry, and on a busy machine a hedge before that.
  EXPECT_TRUE(eventually([&] { return sluice.metrics().value("sluice_retries_denied_total") >= 1; }));
  EXPECT_EQ(sluice.metrics().value("sluice_retries_total"), 0);
  EXPECT_EQ(sluice.metrics().value("sluice_hedges_total"), 1);
  first_may_go.open();
  EXPECT_EQ(held.read_response().body, "held");
}

TEST_F(Hedge, IsNotMadeForAMethodThatMayNotBeRepeated) {
  TwoEndpoints endpoints([](Conversation& gateway) {
    for (;;) {
      gateway.read_request();
      gateway.sees_close(2 * kHedgeAfter);
      gateway.answer(200, "slow");
    }
  });
  SluiceProcess sluice(policy(endpoints, "hedge: {after: 30ms}\nretry: {methods: Safe}"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "x").body, "slow");
  EXPECT_EQ(endpoints.requests(), 1u);
  EXPECT_EQ(client.get("/").body, "slow");
  EXPECT_TRUE(eventually([&] { return endpoints.requests() == 3; })) << endpoints.requests();
}

TEST_F(Hedge, GoesBesideADialThatHangs) {
  const DeafListener deaf;
  FakeUpstream alive("alive");
  SluiceProcess sluice(
      tries_policy({version_yaml("v1", {"http://127.0.0.1:" + std::to_string(deaf.port()), alive.url()})},
                   kHedged + "timeouts: {connect: 9s}"));
  RawClient client(sluice.port());
  for (int i = 0; i < 12; ++i) {
    HttpMessage response;
    EXPECT_LT(time_of([&] { response = client.post("/", "x"); }), 5s);
    EXPECT_EQ(response.body, "alive");
  }
  EXPECT_LE(alive.connections(), 2u) << "a hedge that won gives its connection back";
  expect_quiet(sluice);
}

// --- failures within a race ---

TEST_F(Hedge, AnErrorOfTheFirstTryWaitsForTheHedge) {
  TwoEndpoints endpoints(
      in_turn({when(second_arrived, answering(500, "first")), noting(when(first_may_go, answering(200, "hedge")))}));
  SluiceProcess sluice(policy(endpoints));
  RawClient client(sluice.port());
  client.send(request_text("POST", "/", "x"));
  ASSERT_TRUE(second_arrived.wait());
  EXPECT_EQ(sluice.metric_becomes(2, "sluice_endpoint_connections", {{"state", "active"}}), 2);
  first_may_go.open();
  EXPECT_EQ(client.read_response().body, "hedge");
  expect_hedges(sluice, 1, 1);
  expect_quiet(sluice);
}

TEST_F(Hedge, AnErrorOfTheHedgeWaitsForTheFirstTry) {
  TwoEndpoints endpoints(in_turn({when(second_arrived,
                                       [](Conversation& gateway, const HttpMessage&) {
                                         gateway.sees_close(100ms);
                                         gateway.answer(200, "first");
                                         return true;
                                       }),
                                  noting(answering(500, "hedge"))}));
  SluiceProcess sluice(policy(endpoints));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "x").body, "first");
  expect_hedges(sluice, 1, 0);
  expect_quiet(sluice);
}

TEST_F(Hedge, ADeathOfEitherWaitsForTheOther) {
  for (const bool first_dies : {true, false}) {
    Gate arrived;
    const Turn dying = resetting();
    const Turn late = [](Conversation& gateway, const HttpMessage&) {
      gateway.sees_close(100ms);
      gateway.answer(200, "late");
      return true;
    };
    const Turn second = [&](Conversation& gateway, const HttpMessage& request) {
      arrived.open();
      return (first_dies ? late : dying)(gateway, request);
    };
    TwoEndpoints endpoints(in_turn({when(arrived, first_dies ? dying : late), second}));
    SluiceProcess sluice(policy(endpoints));
    RawClient client(sluice.port());
    EXPECT_EQ(client.post("/", "x").body, "late");
    expect_hedges(sluice, 1, first_dies);
    expect_quiet(sluice);
  }
}

TEST_F(Hedge, WhenBothAnswerErrorsTheClientGetsOne) {
  TwoEndpoints endpoints(in_turn({when(second_arrived, answering(500, "first")), noting(answering(502, "hedge"))}));
  SluiceProcess sluice(policy(endpoints));
  RawClient client(sluice.port());
  const auto response = client.post("/", "x");
  EXPECT_TRUE(response.body == "first" || response.body == "hedge") << response.body;
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_requests_total"), 1);
  expect_quiet(sluice);
}

TEST_F(Hedge, WhenBothDieTheClientLearnsOfIt) {
  TwoEndpoints endpoints(in_turn({when(second_arrived, resetting()), noting(resetting())}));
  SluiceProcess sluice(policy(endpoints));
  RawClient client(sluice.port());
  expect_error(client.post("/", "x"), 502, "reset");
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"reason", "reset"}}), 1);
  expect_quiet(sluice);
}

TEST_F(Hedge, WhenBothHangTheDeadlineOfTheFirstEndsBoth) {
  TwoEndpoints endpoints(in_turn({silent()}));
  SluiceProcess sluice(policy(endpoints, kHedged + hedged_timeouts(20s, 3 * kHedgeAfter)));
  RawClient client(sluice.port());
  expect_error(client.post("/", "x"), 504, "response_timeout");
  EXPECT_TRUE(eventually([&] { return endpoints.open_connections() == 0; }));
  expect_hedges(sluice, 1, 0);
  expect_quiet(sluice);
}

TEST_F(Hedge, AFailedRaceIsRetriedLikeAnyAttempt) {
  TwoEndpoints endpoints(
      in_turn({when(second_arrived, answering(503)), noting(answering(503)), answering(200, "retry")}));
  SluiceProcess sluice(policy(endpoints, hedged_after(kHedgeAfter)));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "x").body, "retry");
  expect_retries(sluice, 1, 1);
}

TEST_F(Hedge, ACandidateOfWhichBothTriesHangIsAnsweredByStable) {
  TwoEndpoints candidate(in_turn({silent()}));
  FakeUpstream stable("stable");
  SluiceProcess sluice(canary_policy(version_yaml("v1", stable), candidate.version("v2"),
                                     kHedged + hedged_timeouts(20s, 3 * kHedgeAfter)));
  RawClient client(sluice.port());
  const auto fallen = [&] {
    return sluice.metrics().value("sluice_fallbacks_total", {{"reason", "response_timeout"}});
  };
  for (int i = 0; i < 60 && (i < 6 || fallen() == 0); ++i) {
    ASSERT_EQ(client.post("/", std::string(50000, 'x')).body, "stable");
  }
  EXPECT_GT(fallen(), 0);
  EXPECT_GT(sluice.metrics().value("sluice_hedges_total", {{"version", "v2"}}), 0);
  expect_quiet(sluice);
}

// --- ends from outside ---

TEST_F(Hedge, AClientThatLeavesEndsBothTries) {
  TwoEndpoints endpoints(in_turn({silent()}));
  SluiceProcess sluice(policy(endpoints));
  RawClient client(sluice.port());
  client.send(request_text("POST", "/", std::string(10000, 'x')));
  EXPECT_TRUE(eventually([&] { return endpoints.requests() == 2; }));
  client.reset();
  EXPECT_TRUE(eventually([&] { return endpoints.open_connections() == 0; }));
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"reason", "client_abort"}}), 1);
  expect_quiet(sluice);
}

TEST_F(Hedge, TheDeadlineOfTheRequestEndsBothTries) {
  TwoEndpoints endpoints(in_turn({silent()}));
  SluiceProcess sluice(policy(endpoints, kHedged + hedged_timeouts(3 * kHedgeAfter, 3 * kHedgeAfter)));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "x").status(), 504);
  EXPECT_TRUE(eventually([&] { return endpoints.open_connections() == 0; }));
  expect_quiet(sluice);
}

TEST_F(Hedge, AReloadWithinARaceDisturbsNeither) {
  TwoEndpoints endpoints(in_turn({silent(), noting(when(first_may_go, answering(200, "hedge")))}));
  FakeUpstream other("other");
  SluiceProcess sluice(policy(endpoints));
  RawClient client(sluice.port());
  client.send(request_text("POST", "/", "x"));
  ASSERT_TRUE(second_arrived.wait());
  sluice.write_policy(tries_policy({version_yaml("v1", other)}));  // without both endpoints, without a hedge
  EXPECT_EQ(sluice.metric_becomes(2, "sluice_config_generation"), 2);
  first_may_go.open();
  EXPECT_EQ(client.read_response().body, "hedge");
  EXPECT_EQ(client.get("/").body, "other");
  EXPECT_TRUE(eventually([&] { return endpoints.open_connections() == 0; })) << "pools that left keep connections";
}

TEST_F(Hedge, TheEndOfTheProcessEndsARace) {
  TwoEndpoints endpoints(in_turn({silent()}));
  SluiceProcess sluice(gateway_yaml("workers: 1\ndrain: {delay: 0s, timeout: 200ms}") +
                       route_yaml("model", {endpoints.version()}, kHedged));
  RawClient client(sluice.port());
  client.send(request_text("POST", "/", "x"));
  EXPECT_TRUE(eventually([&] { return endpoints.requests() == 2; }));
  sluice.signal(SIGTERM);
  EXPECT_EQ(sluice.wait().code, 0);
  EXPECT_TRUE(client.is_closed_by_peer());
}

}  // namespace
}  // namespace sluice::test
