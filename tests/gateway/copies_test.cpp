// Which requests are copied, when, and with what.
#include "pair_fixture.hpp"

namespace sluice::gateway {
namespace {

using namespace std::chrono_literals;
using metrics::ShadowDropReason;
using test::FakeUpstream;
using test::RawClient;

class CopiesTest : public PairFixture {
 protected:
  static Route idle_route(const FakeUpstream& live, const FakeUpstream& shadow, std::uint32_t in_flight,
                          std::chrono::milliseconds latency = 0ms) {
    Route route = compared_route(live, shadow);
    route.mirror.idle = IdleLimits{in_flight, latency};
    return route;
  }
};

TEST_F(CopiesTest, InIdleMomentsAreMadeWhileLiveHasFewRequests) {
  test::Gate gate;
  FakeUpstream live(repeats_late("live", gate));
  FakeUpstream shadow(repeats("shadow"));
  start_compared(idle_route(live, shadow, 1));
  RawClient first(port);
  RawClient second(port);
  first.send(test::request_text("GET", "/first"));
  EXPECT_EQ(shadow.request(0).target(), "/first");
  EXPECT_TRUE(test::eventually([&] { return evidence(1).shadow.requests == 1; }));
  second.send(test::request_text("GET", "/second"));
  EXPECT_TRUE(test::eventually([&] { return dropped(ShadowDropReason::Busy) == 1; }));
  gate.open();
  first.read_response();
  second.read_response();
  EXPECT_EQ(second.get("/third").body, "live /third ");
  EXPECT_TRUE(test::eventually([&] { return evidence(1).shadow.requests == 2; }));
  EXPECT_EQ(dropped(ShadowDropReason::Busy), 1u);
  EXPECT_EQ(shadow.request_count(), 2u);
}

TEST_F(CopiesTest, InIdleMomentsEndWhenLiveTrafficComes) {
  test::Gate gate;
  FakeUpstream live(repeats_late("live", gate));
  FakeUpstream shadow(test::never_answers());
  Route route = idle_route(live, shadow, 1);
  route.mirror.requests = 10;
  start_compared(std::move(route));
  RawClient first(port);
  RawClient second(port);
  first.send(test::request_text("GET", "/first"));
  shadow.request(0);
  second.send(test::request_text("GET", "/second"));
  EXPECT_TRUE(test::eventually([&] { return dropped(ShadowDropReason::Preempted) == 1; }));
  EXPECT_TRUE(test::eventually([&] { return shadow.open_connections() == 0; })) << "it was told so at once";
  gate.open();
  EXPECT_EQ(first.read_response().body, "live /first ");
  EXPECT_EQ(second.read_response().body, "live /second ");
  const auto made = pair();
  EXPECT_FALSE(made->other_answer.counted || made->other_answer.complete);
  EXPECT_TRUE(made->live_answer->complete);
  EXPECT_EQ(evidence(1).shadow.requests, 0u) << "the shadow did nothing wrong";
  EXPECT_GT(evidence(1).shadow_nanoseconds, 0u) << "but it worked";
  EXPECT_EQ(totals(1).shadow_in_flight, 0);
}

TEST_F(CopiesTest, WithoutIdleLimitsAreNotEndedByLiveTraffic) {
  test::Gate gate;
  FakeUpstream live(repeats("live"));
  FakeUpstream shadow(repeats_late("shadow", gate));
  start_compared(compared_route(live, shadow));
  RawClient client(port);
  for (int i = 0; i < 12; ++i) client.get("/");
  EXPECT_TRUE(test::eventually([&] { return shadow.request_count() == 12; }));
  gate.open();
  EXPECT_EQ(pairs(12).size(), 12u);
  EXPECT_EQ(dropped(ShadowDropReason::Preempted), 0u);
}

TEST_F(CopiesTest, WaitUntilLiveAnswersSoon) {
  FakeUpstream live([](test::Conversation& asked) {
    while (true) {
      const auto request = asked.read_request();
      // What takes this long is slow; it is no wait for anything.
      const auto until = std::chrono::steady_clock::now() + (request.target() == "/slow" ? 60ms : 0ms);
      while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
      asked.answer(200, "live");
    }
  });
  FakeUpstream shadow(repeats("shadow"));
  start_compared(idle_route(live, shadow, 8, 20ms));
  RawClient client(port);
  client.get("/slow");
  EXPECT_TRUE(test::eventually([&] { return evidence(1).shadow.requests == 1; })) << "nothing was known yet";
  client.get("/next");
  EXPECT_TRUE(test::eventually([&] { return dropped(ShadowDropReason::Busy) == 1; }));
  for (int i = 0; i < 20; ++i) client.get("/quick");
  EXPECT_TRUE(test::eventually([&] {
    client.get("/quick");
    return evidence(1).shadow.requests > 1;
  })) << "the mean comes down";
}

TEST_F(CopiesTest, HaveTheirOwnTimeHoweverLongTheClientTook) {
  FakeUpstream live(repeats("live"));
  FakeUpstream shadow([](test::Conversation& asked) {
    while (true) {
      const auto request = asked.read_request();
      if (request.target() == "/never") return static_cast<void>(asked.sees_close());
      asked.answer(200, "shadow");
    }
  });
  Route route = compared_route(live, shadow);
  route.mirror.timeout = 600ms;
  start_compared(std::move(route));
  RawClient slow(port);
  slow.send("POST /slow HTTP/1.1\r\nHost: m\r\nContent-Length: 4\r\n\r\nha");
  EXPECT_TRUE(test::eventually([&] { return live.open_connections() == 1; }));
  // When a copy that begins later has run out of time, so would have one that began with that request.
  EXPECT_EQ(RawClient(port).get("/never").status(), 200);
  EXPECT_EQ(pair()->other_answer.status, 0);
  EXPECT_EQ(dropped(ShadowDropReason::Timeout), 1u);
  slow.send("lf");
  EXPECT_EQ(slow.read_response().body, "live /slow half");
  const auto made = pair();
  EXPECT_EQ(made->other_answer.status, 200) << "it had nothing to do with how the client sent";
  EXPECT_EQ(dropped(ShadowDropReason::Timeout), 1u);
  EXPECT_LT(made->live_answer->latency, 0.6) << "nor had live: its time begins with the whole request";
  EXPECT_FALSE(made->live_answer->held_up);
}

TEST_F(CopiesTest, MayBeStreamedForLongerThanAHeadMayTake) {
  test::Gate rest;
  FakeUpstream live(repeats("live"));
  FakeUpstream shadow([&](test::Conversation& asked) {
    while (true) {
      const auto request = asked.read_request();
      if (request.target() == "/never") return static_cast<void>(asked.sees_close());
      asked.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
      asked.wait_for(rest);
      asked.send("0\r\n\r\n");
    }
  });
  Route route = compared_route(live, shadow);
  route.mirror.timeout = 600ms;
  start_compared(std::move(route));
  RawClient client(port);
  client.get("/stream");
  shadow.request(0);
  client.get("/never");
  EXPECT_EQ(pair()->other_answer.status, 0) << "its time is over";
  rest.open();
  const auto made = pair();
  EXPECT_TRUE(made->other_answer.complete);
  EXPECT_EQ(made->other_answer.body, "abc");
}

TEST_F(CopiesTest, AreNotComparedByTheTimeThatAClientTook) {
  const std::string large(std::size_t{32} << 20, 'x');
  FakeUpstream live(test::answers(200, large));
  FakeUpstream shadow(test::answers(200, large));
  start_compared(compared_route(live, shadow));
  RawClient client(port, 4096);
  client.send(test::request_text("GET", "/"));
  EXPECT_TRUE(test::eventually([&] { return evidence(1).shadow.requests == 1; }));
  EXPECT_EQ(client.read_response().body.size(), large.size());
  const auto made = pair();
  EXPECT_TRUE(made->live_answer->complete);
  EXPECT_TRUE(made->live_answer->held_up);
  EXPECT_FALSE(made->other_answer.held_up);
}

TEST_F(CopiesTest, AreNotRepeatedWithinTheirTime) {
  FakeUpstream live(repeats("live"));
  FakeUpstream shadow(repeats("shadow"));
  Route route = compared_route(live, shadow);
  route.mirror.deduplicate = 1h;
  route.mirror.requests = 2;
  start_compared(std::move(route), 2);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(RawClient(port).post("/a", "same").status(), 200) << "of whichever worker";
  EXPECT_TRUE(test::eventually([&] { return dropped(ShadowDropReason::Duplicate) == 7; }));
  EXPECT_EQ(dropped(ShadowDropReason::UsedUp), 0u) << "what is not made costs nothing";
  EXPECT_EQ(RawClient(port).post("/b", "same").status(), 200);
  EXPECT_TRUE(test::eventually([&] { return shadow.request_count() == 2; })) << "that is another request";
  EXPECT_EQ(pairs(2).size(), 2u);
}

TEST_F(CopiesTest, OfBodiesThatStreamAreNotRepeatedEither) {
  FakeUpstream live(repeats("live"));
  FakeUpstream shadow(repeats("shadow"));
  Route route = compared_route(live, shadow);
  route.mirror.deduplicate = 1h;
  start_compared(std::move(route));
  const std::string body(100'000, 'b');
  RawClient client(port);
  EXPECT_EQ(client.post("/", body).status(), 200);
  EXPECT_EQ(client.post("/", body).status(), 200);
  EXPECT_EQ(client.post("/", body + "c").status(), 200);
  EXPECT_EQ(pairs(2).size(), 2u);
  EXPECT_EQ(dropped(ShadowDropReason::Duplicate), 1u);
  EXPECT_TRUE(test::eventually([&] { return totals(1).shadow_in_flight == 0; })) << "it ends after its pair was told";
}

TEST_F(CopiesTest, AreMadeAgainWhenTheTimeIsOver) {
  FakeUpstream live(repeats("live"));
  FakeUpstream shadow(repeats("shadow"));
  Route route = compared_route(live, shadow);
  route.mirror.deduplicate = 50ms;
  start_compared(std::move(route));
  RawClient client(port);
  EXPECT_TRUE(test::eventually([&] {
    client.post("/", "same");
    return shadow.request_count() >= 3;
  }));
  EXPECT_GT(dropped(ShadowDropReason::Duplicate), 0u);
}

TEST_F(CopiesTest, LoseTheFieldsThatTheyShallLose) {
  FakeUpstream live(repeats("live"));
  FakeUpstream shadow(repeats("shadow"));
  Route route = compared_route(live, shadow);
  route.pairs->drop_headers = {"authorization", "x-forwarded-for"};
  start_compared(std::move(route));
  RawClient client(port);
  client.post("/", "x", {{"Authorization", "Bearer secret"}, {"X-User", "ann"}, {"AUTHORIZATION", "again"}});
  const auto copy = shadow.request(0);
  EXPECT_FALSE(copy.has("authorization"));
  EXPECT_FALSE(copy.has("x-forwarded-for")) << "nor does it get ours";
  EXPECT_EQ(copy.field("x-user"), "ann");
  EXPECT_EQ(copy.field("x-sluice-shadow"), "true");
  EXPECT_EQ(copy.body, "x");
  const auto original = live.request(0);
  EXPECT_EQ(original.all("authorization").size(), 2u);
  EXPECT_EQ(original.field("x-forwarded-for"), "127.0.0.1");
}

TEST_F(CopiesTest, AreCountedInBytesAndInTheTimeTheyTook) {
  FakeUpstream live(repeats("live"));
  FakeUpstream shadow(test::answers(200, std::string(10'000, 'x')));
  start_compared(compared_route(live, shadow));
  EXPECT_EQ(RawClient(port).post("/", std::string(1000, 'y')).status(), 200);
  pair();
  EXPECT_TRUE(test::eventually([&] { return evidence(1).shadow.requests == 1; }));
  const auto seen = evidence(1);
  EXPECT_GT(seen.shadow_bytes, 11'000u);
  EXPECT_LT(seen.shadow_bytes, 12'000u);
  EXPECT_EQ(seen.shadow_nanoseconds, static_cast<std::uint64_t>(seen.shadow.latency.sum().count()));
  EXPECT_EQ(seen.shadow.first_byte.count(), 1u);
  EXPECT_LE(seen.shadow.first_byte.sum(), seen.shadow.latency.sum());
}

}  // namespace
}  // namespace sluice::gateway
