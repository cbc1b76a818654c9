// Requests that live answers twice.
#include "pair_fixture.hpp"

namespace sluice::gateway {
namespace {

using compare::PairKind;
using metrics::TwinResult;
using test::FakeUpstream;
using test::RawClient;

class TwinsTest : public PairFixture {
 protected:
  /// Every copied request shall be answered twice.
  static Route twin_route(const FakeUpstream& live, const FakeUpstream& shadow) {
    Route route = compared_route(live, shadow);
    route.pairs->twin_share = 1;
    return route;
  }
};

TEST_F(TwinsTest, AreMarkedComparedAndEvidenceOfNothing) {
  FakeUpstream live(repeats("live"));
  FakeUpstream shadow(repeats("shadow"));
  start_compared(twin_route(live, shadow));
  RawClient client(port);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.post("/" + std::to_string(i), "x").status(), 200);
  int twins_seen = 0;
  for (const auto& made : pairs(10)) {
    const bool twin = made->kind == PairKind::Twin;
    EXPECT_EQ(made->other, twin ? 0u : 1u);
    if (!twin) continue;
    ++twins_seen;
    EXPECT_EQ(made->other_answer.body, made->live_answer->body);
    EXPECT_TRUE(made->other_answer.complete);
    EXPECT_GT(made->other_answer.latency, 0);
  }
  EXPECT_EQ(twins_seen, 5);
  int marked = 0;
  for (const auto& request : live.requests()) marked += request.field("x-sluice-shadow") == "true" ? 1 : 0;
  EXPECT_EQ(marked, 5);
  EXPECT_EQ(live.request_count(), 10u);
  EXPECT_EQ(twins(TwinResult::Answered), 5u);
  EXPECT_TRUE(counts(0, 5, 0)) << "live is not judged by what nobody asked for";
  EXPECT_EQ(evidence(0).shadow.requests, 0u) << "and it is no shadow";
  EXPECT_GT(evidence(0).shadow_bytes, 0u) << "but it did cost something";
  EXPECT_GT(evidence(0).shadow_nanoseconds, 0u);
  EXPECT_EQ(totals(0).shadow_duration.count(), 0u);
  EXPECT_EQ(totals(0).responses[metrics::status_slot(200)], 5u);
}

TEST_F(TwinsTest, AreNotMadeOfRequestsThatLiveFailed) {
  FakeUpstream live(test::answers(500, "oh"));
  FakeUpstream shadow(repeats("shadow"));
  start_compared(twin_route(live, shadow));
  EXPECT_EQ(RawClient(port).get("/").status(), 500);
  pair();
  gateway->stop();
  EXPECT_EQ(live.request_count(), 1u);
}

TEST_F(TwinsTest, AreNotMadeWithoutCopies) {
  FakeUpstream live(repeats("live"));
  FakeUpstream shadow(test::never_answers());
  Route route = twin_route(live, shadow);
  route.mirror.requests_in_flight = 1;
  start_compared(route);
  RawClient client(port);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(client.get("/").status(), 200);
  EXPECT_EQ(dropped(metrics::ShadowDropReason::InFlight), 3u);
  gateway->stop();
  EXPECT_EQ(live.request_count(), 4u);
  EXPECT_EQ(twins(TwinResult::Skipped), 1u) << "the copy has all of the budget";
}

TEST_F(TwinsTest, AreSkippedWhileLiveIsBusy) {
  test::Gate gate;
  FakeUpstream live([&](test::Conversation& asked) {
    while (true) {
      const auto request = asked.read_request();
      if (request.target() == "/slow") asked.wait_for(gate);
      asked.answer(200, "live");
    }
  });
  FakeUpstream shadow(repeats("shadow"));
  Route route = twin_route(live, shadow);
  route.versions[0].limits.requests_in_flight = 4;
  start_compared(route);
  RawClient slow[2] = {RawClient(port), RawClient(port)};
  for (RawClient& client : slow) client.send(test::request_text("GET", "/slow"));
  EXPECT_TRUE(test::eventually([&] { return live.request_count() == 2; }));
  EXPECT_EQ(RawClient(port).get("/fast").body, "live");
  EXPECT_TRUE(test::eventually([&] { return twins(TwinResult::Skipped) == 1; })) << "half of its places are taken";
  gate.open();
  for (RawClient& client : slow) EXPECT_EQ(client.read_response().body, "live");
  EXPECT_TRUE(test::eventually([&] { return twins(TwinResult::Answered) >= 1; }));
}

TEST_F(TwinsTest, EndWhenLiveRequestsNeedWhatTheyTake) {
  FakeUpstream live([](test::Conversation& asked) {
    while (true) {
      const auto request = asked.read_request();
      if (request.has("x-sluice-shadow")) {
        asked.sees_close();
        return;
      }
      asked.answer(200, "live");
    }
  });
  FakeUpstream shadow(repeats("shadow"));
  Route route = twin_route(live, shadow);
  route.versions[0].limits.requests_in_flight = 1;
  start_compared(route);
  RawClient client(port);
  EXPECT_EQ(client.get("/").body, "live");
  EXPECT_TRUE(test::eventually([&] { return live.request_count() == 2; }));
  EXPECT_EQ(client.get("/").body, "live") << "the only place is free";
  EXPECT_TRUE(test::eventually([&] { return twins(TwinResult::Ended) == 1; }));
}

TEST_F(TwinsTest, ThatFailAreToldToNobody) {
  const FakeUpstream::Script refuses_copies = [](test::Conversation& asked) {
    while (true) {
      const auto request = asked.read_request();
      if (request.has("x-sluice-shadow")) return asked.reset();
      asked.answer(200, "live");
    }
  };
  FakeUpstream one(refuses_copies);
  FakeUpstream two(refuses_copies);
  FakeUpstream shadow(repeats("shadow"));
  Route route = twin_route(one, shadow);
  route.versions[0].endpoints.push_back(route.versions[0].endpoints[0]);
  route.versions[0].endpoints[1].port = two.port();
  route.versions[0].supervision.ejection.consecutive_gateway_errors = 1;
  start_compared(route);
  RawClient client(port);
  for (std::uint64_t i = 1; i <= 6; ++i) {
    EXPECT_EQ(client.get("/").body, "live");
    EXPECT_TRUE(test::eventually([&] { return twins(TwinResult::Failed) == i; }));
  }
  EXPECT_EQ(gateway->evidence("digits")->versions[0].usable, 2u) << "nobody is ejected";
  EXPECT_TRUE(counts(0, 6, 0));
}

TEST_F(TwinsTest, AreDrawnAtTheirShare) {
  FakeUpstream live(repeats("live"));
  FakeUpstream shadow(repeats("shadow"));
  Route route = twin_route(live, shadow);
  route.pairs->twin_share = 0.001;
  start_compared(route);
  RawClient client(port);
  // A busy machine leaves out some of those that are drawn.
  const auto soon_are = [&](std::uint64_t count) {
    for (int i = 0; i < 4000 && twins(TwinResult::Answered) < count; ++i) EXPECT_EQ(client.get("/").status(), 200);
    return test::eventually([&] { return twins(TwinResult::Answered) >= count; });
  };
  EXPECT_TRUE(soon_are(32)) << "noise is known soon";
  for (int i = 0; i < 600; ++i) ASSERT_EQ(client.get("/").status(), 200);
  EXPECT_LT(twins(TwinResult::Answered), 40u) << "and then only watched";
  steer(orders_for({{"v1", live.port()}, {"v2", shadow.port(), 0, true}}, 8));
  EXPECT_TRUE(soon_are(64)) << "in each window anew";
}

}  // namespace
}  // namespace sluice::gateway
