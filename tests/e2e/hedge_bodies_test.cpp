// What goes both ways through a race, and what is left of it.
#include "e2e/tries.hpp"

namespace sluice::test {
namespace {

using namespace std::chrono_literals;

const std::string kHedgedBodies = hedged_after(kHedgeAfter) + "retry: {attempts: 0}\n";

std::string long_pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 131 + i / 65521);
  return out;
}

TEST(HedgeBodies, ABodyThatStreamedReachesBothEndpointsWhole) {
  for (const std::size_t size : {1000, 60000, 300000, 1 << 20}) {
    TwoEndpoints endpoints(in_turn({silent(), echoing()}));
    SluiceProcess sluice(tries_policy({endpoints.version()}, hedged_after(3 * kHedgeAfter)));
    RawClient client(sluice.port());
    const std::string body = long_pattern(size);
    EXPECT_TRUE(client.post("/", body).body == body) << size;
    EXPECT_TRUE(endpoints.first.request(0).body == body) << size;
    EXPECT_TRUE(endpoints.second.request(0).body == body) << size;
    EXPECT_EQ(client.post("/", "next").body, "next");
    expect_quiet(sluice);
  }
}

TEST(HedgeBodies, AnUploadThatIsStillUnderWayGetsNoHedge) {
  TwoEndpoints endpoints(in_turn({echoing()}));
  SluiceProcess sluice(tries_policy({endpoints.version()}, kHedgedBodies));
  RawClient client(sluice.port());
  const std::string body = long_pattern(20000);
  const std::string request = request_text("POST", "/", body);
  client.send(std::string_view(request).substr(0, 8000));
  EXPECT_TRUE(eventually([&] { return endpoints.connections() == 1; }));
  EXPECT_FALSE(client.is_closed_by_peer(2 * kHedgeAfter));
  client.send(std::string_view(request).substr(8000));
  EXPECT_TRUE(client.read_response().body == body);
  EXPECT_EQ(endpoints.requests(), 1u);
  EXPECT_EQ(sluice.metrics().value("sluice_hedges_total"), 0);
  EXPECT_EQ(sluice.metrics().value("sluice_retries_denied_total"), 0) << "nothing was asked of the budget";
}

TEST(HedgeBodies, ABodyOverTheLimitGetsNoHedge) {
  TwoEndpoints endpoints([](Conversation& gateway) {
    for (;;) {
      gateway.read_request();
      gateway.sees_close(300ms);
      gateway.answer(200, "slow");
    }
  });
  SluiceProcess sluice(tries_policy({endpoints.version()}, "hedge: {after: 60ms}\nretry: {bodyBytes: 64KiB}"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", std::string(100000, 'x')).body, "slow");
  EXPECT_EQ(endpoints.requests(), 1u);
}

TEST(HedgeBodies, AStreamedAnswerOfTheHedgeArrivesWhole) {
  const std::string body = long_pattern(900000);
  for (const bool in_chunks : {false, true}) {
    TwoEndpoints endpoints(in_turn({silent(), [&](Conversation& gateway, const HttpMessage&) {
                                      if (in_chunks) {
                                        gateway.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                                                     chunked(body, 7777));
                                      } else {
                                        gateway.answer(200, body);
                                      }
                                      return true;
                                    }}));
    SluiceProcess sluice(tries_policy({endpoints.version()}, kHedgedBodies));
    RawClient client(sluice.port());
    EXPECT_TRUE(client.get("/").body == body);
    expect_quiet(sluice);
  }
}

TEST(HedgeBodies, AWinnerThatDiesWithinItsAnswerIsAReset) {
  TwoEndpoints endpoints(in_turn({silent(), saying("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")}));
  SluiceProcess sluice(tries_policy({endpoints.version()}, kHedgedBodies));
  RawClient client(sluice.port());
  const auto response = client.get("/");
  EXPECT_EQ(response.body, "half");
  EXPECT_FALSE(response.complete);
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"reason", "reset"}}), 1);
  expect_quiet(sluice);
}

TEST(HedgeBodies, AnInterimAnswerOfTheFirstTryStillPasses) {
  TwoEndpoints endpoints(in_turn({[](Conversation& gateway, const HttpMessage&) {
                                    gateway.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
                                    gateway.sees_close();
                                    return false;
                                  },
                                  saying("HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n"
                                         "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhedge")}));
  // Patient, so that the first try has arrived before the hedge does, however slow the machine.
  SluiceProcess sluice(tries_policy({endpoints.version()}, hedged_after(3 * kHedgeAfter) + "retry: {attempts: 0}\n"));
  RawClient client(sluice.port());
  const auto response = client.get("/");
  EXPECT_EQ(response.body, "hedge");
  ASSERT_EQ(response.interim.size(), 1u) << "a hedge's own do not mix with those that the client has seen";
  EXPECT_EQ(response.interim[0].field("link"), "</a>");
}

TEST(HedgeBodies, AShadowGetsOneCopyOfARace) {
  TwoEndpoints live(in_turn({silent(), answering(200, "hedge")}));
  FakeUpstream shadow("shadow");
  SluiceProcess sluice(tries_policy({live.version(), version_yaml("v2", shadow)},
                                    kHedgedBodies + "strategy: {shadow: {live: v1, candidates: [{version: v2}]}}"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/", "body").body, "hedge");
  EXPECT_EQ(client.post("/", "next").body, "hedge");
  EXPECT_EQ(sluice.metric_becomes(2, "sluice_shadow_requests_total"), 2);
  EXPECT_EQ(shadow.request_count(), 2u);
}

TEST(HedgeBodies, ConnectionsAreUsedAgainAfterRaces) {
  // Every third request hangs wherever it arrives.
  auto seen = std::make_shared<std::atomic<int>>(0);
  TwoEndpoints endpoints([seen](Conversation& gateway) {
    for (;;) {
      const auto request = gateway.read_request();
      if (seen->fetch_add(1) % 3 == 2) {
        gateway.sees_close();
        return;
      }
      gateway.answer(200, request.body);
    }
  });
  SluiceProcess sluice(tries_policy({endpoints.version()}, "hedge: {after: 20ms}"));
  RawClient client(sluice.port());
  const int count = 60;
  for (int i = 0; i < count; ++i) EXPECT_EQ(client.post("/", std::to_string(i)).body, std::to_string(i));
  const double hedges = sluice.metrics().value("sluice_hedges_total");
  EXPECT_GE(hedges, count / 3);
  EXPECT_EQ(sluice.metric_becomes(count, "sluice_requests_total", {{"code", "200"}}), count);
  EXPECT_LE(static_cast<double>(endpoints.connections()), 4 + 2 * hedges) << "a race costs the loser's connection only";
  expect_quiet(sluice);
}

TEST(HedgeQuantile, WaitsForEnoughAnswersAndThenForTheSlowOnes) {
  // Asked by its path: "/slow" hangs at the first endpoint that gets it.
  auto hung = std::make_shared<std::atomic<bool>>(false);
  TwoEndpoints endpoints([hung](Conversation& gateway) {
    for (;;) {
      const auto request = gateway.read_request();
      if (request.target() == "/slow" && !hung->exchange(true)) {
        gateway.sees_close(3s);
        gateway.answer(200, "late");
      } else {
        gateway.answer(200, "fast");
      }
    }
  });
  SluiceProcess sluice(tries_policy({endpoints.version()}, "hedge: {quantile: 99%}"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/slow").body, "late") << "nothing is known yet about what is slow";
  EXPECT_EQ(sluice.metrics().value("sluice_hedges_total"), 0);
  // What the slow one did to the estimate is forgotten on the way.
  for (int i = 0; i < 6000; ++i) ASSERT_EQ(client.get("/").body, "fast");
  hung->store(false);
  EXPECT_EQ(client.get("/slow").body, "fast");
  EXPECT_GE(sluice.metrics().value("sluice_hedges_won_total"), 1);
}

TEST(HedgeBodies, ManyClientsAtOnceGetOneAnswerEach) {
  auto seen = std::make_shared<std::atomic<unsigned>>(0);
  TwoEndpoints endpoints([seen](Conversation& gateway) {
    for (;;) {
      gateway.read_request();
      const unsigned turn = seen->fetch_add(1) * 2654435761u >> 24;
      if (turn < 40 && gateway.sees_close(30ms)) return;
      // One in fourteen fails: six in a row, which is all that a request has, do not.
      if (turn > 246) return gateway.reset();
      gateway.answer(turn > 237 ? 503 : 200, "fine");
    }
  });
  SluiceProcess sluice(gateway_yaml() + route_yaml("model", {endpoints.version()},
                                                   "ejection: {enabled: false}\nhedge: {after: 10ms}\n"
                                                   "retry: {attempts: 5, budget: 100%, minBudget: 100, "
                                                   "backoff: {base: 1ms, max: 1ms}}"));
  Load load(sluice.port(), 8, request_text("POST", "/", std::string(30000, 'x')));
  EXPECT_TRUE(load.answers(kSanitized ? 200 : 1500));
  const auto failures = load.stop();
  EXPECT_TRUE(failures.empty()) << failures.size() << ": " << failures.front();
  const auto answered = static_cast<double>(load.answered());
  EXPECT_EQ(sluice.metric_becomes(answered, "sluice_requests_total", {{"code", "200"}}), answered);
  EXPECT_GT(sluice.metrics().value("sluice_hedges_total"), 0);
  expect_quiet(sluice);
}

}  // namespace
}  // namespace sluice::test
