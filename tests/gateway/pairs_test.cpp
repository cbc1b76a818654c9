// What the client got and what each copy was answered, side by side.
#include <set>
#include <thread>
#include <utility>

#include "pair_fixture.hpp"
#include "sluice/outcomes/decision.hpp"
#include "support/load.hpp"

namespace sluice::gateway {
namespace {

using namespace std::chrono_literals;
using compare::PairKind;
using metrics::ShadowDropReason;
using test::FakeUpstream;
using test::RawClient;

using PairsTest = PairFixture;

TEST_F(PairsTest, HaveBothAnswersToTheSameRequest) {
  FakeUpstream live(repeats("live"));
  FakeUpstream shadow(repeats("shadow"));
  start_compared(compared_route(live, shadow), 2);
  RawClient client(port);
  std::set<std::string> ids;
  const WallTime begun = clock.wall_now();
  for (int i = 0; i < 10; ++i) {
    const auto answer = client.post("/infer/" + std::to_string(i), "body " + std::to_string(i));
    EXPECT_EQ(answer.body, "live /infer/" + std::to_string(i) + " body " + std::to_string(i));
    ids.insert(answer.field("x-request-id"));
  }
  for (const auto& pair : pairs(10)) {
    EXPECT_EQ(pair->kind, PairKind::Shadow);
    EXPECT_EQ(pair->route, outcomes::name_hash("digits"));
    EXPECT_EQ(pair->window, 7u);
    EXPECT_EQ(pair->live, 0u);
    EXPECT_EQ(pair->other, 1u);
    EXPECT_EQ(pair->live_name, outcomes::name_hash("v1"));
    EXPECT_EQ(pair->other_name, outcomes::name_hash("v2"));
    EXPECT_EQ(pair->weight, 1);
    EXPECT_EQ(pair->nonce, 0u) << "nobody can report about it";
    EXPECT_GE(pair->at, begun);
    EXPECT_EQ(ids.erase(pair->request_id), 1u) << pair->request_id;
    EXPECT_EQ(pair->live_answer->body.substr(4), pair->other_answer.body.substr(6));
    for (const compare::Answer* const answer : {pair->live_answer.get(), &std::as_const(pair->other_answer)}) {
      EXPECT_EQ(answer->status, 200);
      EXPECT_TRUE(answer->complete && answer->counted);
      EXPECT_GT(answer->latency, 0);
      EXPECT_FALSE(answer->held_up);
    }
  }
  EXPECT_EQ(evidence(1).shadow.requests, 10u);
}

TEST_F(PairsTest, WaitForWhoeverEndsLast) {
  test::Gate live_goes;
  test::Gate shadow_goes;
  FakeUpstream live(repeats_late("live", live_goes));
  FakeUpstream shadow(repeats_late("shadow", shadow_goes));
  start_compared(compared_route(live, shadow));
  RawClient client(port);
  client.send(test::request_text("POST", "/1", "x"));
  shadow_goes.open();
  EXPECT_TRUE(test::eventually([&] { return evidence(1).shadow.requests == 1; }));
  EXPECT_EQ(box.count(), 0u) << "the client has no answer yet";
  live_goes.open();
  EXPECT_EQ(client.read_response().body, "live /1 x");
  EXPECT_EQ(pair()->other_answer.body, "shadow /1 x");
}

TEST_F(PairsTest, AreMadeOfRequestsThatGoOnWithoutTheirClientsAnswer) {
  test::Gate shadow_goes;
  FakeUpstream live(repeats("live"));
  FakeUpstream shadow(repeats_late("shadow", shadow_goes));
  start_compared(compared_route(live, shadow));
  {
    RawClient client(port);
    EXPECT_EQ(client.post("/1", "x").body, "live /1 x");
  }
  EXPECT_EQ(box.count(), 0u);
  shadow_goes.open();
  const auto made = pair();
  EXPECT_EQ(made->live_answer->body, "live /1 x");
  EXPECT_EQ(made->other_answer.body, "shadow /1 x");
}

TEST_F(PairsTest, AreNotMadeWithoutRulesNorOfAnotherVersionThanLive) {
  FakeUpstream live(repeats("live"));
  FakeUpstream other(repeats("other"));
  FakeUpstream shadow(repeats("shadow"));
  Route route = route_of({{"v1", live.port()}, {"v2", shadow.port(), 0, true}, {"v3", other.port(), 0}});
  traffic::PlanSpec spec = route.plan.spec();
  spec.pin = traffic::Pin{};
  route.plan = traffic::TrafficPlan::build(std::move(spec)).value();
  start_compared(route);
  RawClient client(port);
  client.get("/no-rules");
  route.pairs.emplace();
  route.pairs->bodies = true;
  publish(config_of(std::move(route)));
  EXPECT_EQ(client.get("/pinned", {{"x-sluice-version", "v3"}}).body, "other /pinned ");
  EXPECT_EQ(client.get("/live").body, "live /live ");
  EXPECT_TRUE(test::eventually([&] { return shadow.request_count() == 3; })) << "all are copied";
  EXPECT_EQ(pair()->live_answer->body, "live /live ");
  gateway->stop();
  EXPECT_EQ(box.count(), 0u);
}

TEST_F(PairsTest, KeepThePayloadOfEveryFraming) {
  const std::string text(30'000, 'x');
  FakeUpstream chunked(
      test::always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + test::chunked(text, 1000)));
  FakeUpstream until_close([&](test::Conversation& asked) {
    asked.read_request();
    asked.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + text);
    asked.close();
  });
  start_compared(compared_route(chunked, until_close));
  EXPECT_EQ(RawClient(port).get("/").body, text);
  const auto made = pair();
  EXPECT_TRUE(made->live_answer->body == text);
  EXPECT_TRUE(made->other_answer.body == text);
  RawClient old(port);
  old.send("GET / HTTP/1.0\r\nHost: x\r\n\r\n");
  EXPECT_EQ(old.read_response().body, text);
  EXPECT_TRUE(pair()->live_answer->body == text) << "the client got it without the chunks";
}

TEST_F(PairsTest, OfAnswersWithoutABodyHaveNone) {
  FakeUpstream live(test::always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"));
  FakeUpstream shadow(test::always("HTTP/1.1 204 No Content\r\n\r\n"));
  start_compared(compared_route(live, shadow));
  RawClient client(port);
  client.send("HEAD / HTTP/1.1\r\nHost: m\r\n\r\n");
  EXPECT_EQ(client.read_response(true).status(), 200);
  const auto made = pair();
  EXPECT_TRUE(made->live_answer->complete && made->other_answer.complete);
  EXPECT_EQ(made->live_answer->body + made->other_answer.body, "");
  EXPECT_EQ(made->other_answer.status, 204);
}

TEST_F(PairsTest, DoNotCountAnAnswerWhoseClientLeft) {
  test::Gate live_goes;
  FakeUpstream live(repeats_late("live", live_goes));
  FakeUpstream shadow(repeats("shadow"));
  start_compared(compared_route(live, shadow));
  RawClient client(port);
  client.send(test::request_text("POST", "/", "x"));
  live.request(0);
  client.reset();
  const auto made = pair();
  EXPECT_FALSE(made->live_answer->counted);
  EXPECT_FALSE(made->live_answer->complete);
  EXPECT_TRUE(made->other_answer.counted && made->other_answer.complete);
  live_goes.open();
}

TEST_F(PairsTest, CountAFailureOfLiveAsOne) {
  FakeUpstream rude(hangs_up());
  FakeUpstream shadow(repeats("shadow"));
  start_compared(compared_route(rude, shadow));
  EXPECT_EQ(RawClient(port).post("/", "x").status(), 502);
  const auto made = pair();
  EXPECT_TRUE(made->live_answer->counted && made->live_answer->failed());
  EXPECT_EQ(made->live_answer->status, 0) << "the 502 is ours";
  EXPECT_FALSE(made->other_answer.failed());
}

TEST_F(PairsTest, CountWhatAnotherVersionSavedAsAFailureOfLive) {
  FakeUpstream faulty(test::answers(500, "oh"));
  FakeUpstream shadow(repeats("shadow"));
  FakeUpstream stable(repeats("stable"));
  Route route = route_of({{"v1", faulty.port()}, {"v2", shadow.port(), 0, true}, {"v3", stable.port(), 0}});
  route.versions[0].fallback = 2;
  route.pairs.emplace();
  route.pairs->bodies = true;
  start_compared(std::move(route));
  EXPECT_EQ(RawClient(port).post("/", "x").body, "stable / x");
  const auto made = pair();
  EXPECT_TRUE(made->live_answer->counted && made->live_answer->failed());
  EXPECT_EQ(made->live_answer->body, "") << "it is not live's";
}

TEST_F(PairsTest, CountWhatARetrySavedAsAFailureOfLive) {
  std::atomic<int> asked{0};
  FakeUpstream live([&asked](test::Conversation& conversation) {
    while (true) {
      conversation.read_request();
      const bool refuses = asked.fetch_add(1) % 2 == 0;
      conversation.answer(refuses ? 503 : 200, refuses ? "busy" : "live");
    }
  });
  FakeUpstream shadow(test::answers(503, "busy"));
  start_compared(compared_route(live, shadow));
  RawClient client(port);
  EXPECT_EQ(client.post("/", "x").body, "live");
  EXPECT_EQ(live.request_count(), 2u);
  const auto made = pair();
  EXPECT_TRUE(made->live_answer->counted && made->live_answer->failed()) << "as the copy's, which is tried once";
  EXPECT_EQ(made->live_answer->body, "");
  EXPECT_TRUE(made->other_answer.counted && made->other_answer.failed());
  EXPECT_TRUE(counts(0, 1, 0)) << "of the split it is none";
}

TEST_F(PairsTest, CountEveryWayAShadowFails) {
  FakeUpstream live(repeats("live"));
  FakeUpstream cuts_off([](test::Conversation& asked) {
    asked.read_request();
    asked.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  });
  FakeUpstream rude(hangs_up());
  FakeUpstream faulty(test::answers(503, "busy"));
  const std::uint16_t nobody = test::refused_port();
  start_compared(compared_route(live, cuts_off));
  for (const std::uint16_t shadow : {cuts_off.port(), rude.port(), faulty.port(), nobody}) {
    Route route = route_of({{"v1", live.port()}, {"v2", shadow, 0, true}});
    route.pairs.emplace();
    route.pairs->bodies = true;
    publish(config_of(std::move(route)));
    EXPECT_EQ(RawClient(port).post("/", "x").body, "live / x");
    const auto made = pair();
    EXPECT_TRUE(made->other_answer.failed() && made->other_answer.counted) << shadow;
    EXPECT_EQ(made->other_answer.complete, shadow == faulty.port());
    EXPECT_FALSE(made->live_answer->failed());
  }
}

TEST_F(PairsTest, KeepNoMoreThanTheyMayAndGiveItBack) {
  const std::string large(60'000, 'x');
  test::Gate shadow_goes;
  FakeUpstream live(test::answers(200, large));
  FakeUpstream shadow([&](test::Conversation& asked) {
    while (true) {
      asked.read_request();
      asked.wait_for(shadow_goes);
      asked.answer(200, large);
    }
  });
  start_compared(compared_route(live, shadow));
  ASSERT_TRUE(box.memory().take(box.memory().limit() - 100'000));
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<RawClient>(port));
    EXPECT_EQ(clients.back()->get("/").body, large) << "the client's answer hangs on nothing";
    EXPECT_LE(box.memory().used(), box.memory().limit());
  }
  shadow_goes.open();
  std::size_t kept = 0;
  for (const auto& made : pairs(5)) {
    for (const compare::Answer* const answer : {made->live_answer.get(), &std::as_const(made->other_answer)}) {
      EXPECT_NE(answer->out_of_memory, answer->body == large);
      kept += answer->body.empty() ? 0 : 1;
    }
  }
  EXPECT_EQ(kept, 1u) << "two do not fit";
  gateway->stop();
  box.memory().give_back(box.memory().limit() - 100'000);
  EXPECT_EQ(box.memory().used(), 0u);
}

TEST_F(PairsTest, AreAllHandedOverWhenTheGatewayStops) {
  FakeUpstream live(test::never_answers());
  FakeUpstream shadow(test::never_answers());
  start_compared(compared_route(live, shadow), 2);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<RawClient>(port));
    clients.back()->send(test::request_text("POST", "/", "x"));
  }
  EXPECT_TRUE(test::eventually([&] { return shadow.request_count() == 6; }));
  gateway->stop();
  const auto taken = box.take();
  EXPECT_EQ(taken.size(), 6u);
  for (const auto& made : taken) EXPECT_FALSE(made->live_answer->counted || made->other_answer.counted);
  EXPECT_EQ(dropped(ShadowDropReason::Aborted), 6u) << "the shadow did nothing wrong";
  EXPECT_EQ(box.memory().used(), 0u);
}

/// Now slow, now rude, now right: what a test under load wants of an endpoint.
FakeUpstream::Script moody(std::string name, std::atomic<std::uint64_t>& asked) {
  return [name = std::move(name), &asked](test::Conversation& conversation) {
    while (true) {
      const auto request = conversation.read_request();
      const std::string text = name + " " + request.target() + " " + request.body;
      switch (asked.fetch_add(1) % 16) {
        case 3:
          return conversation.reset();
        case 7:
          return conversation.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + text);
        case 9:
          conversation.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + test::chunked(text, 5));
          break;
        case 11:
          conversation.answer(503, text);
          break;
        default:
          conversation.answer(200, text);
      }
    }
  };
}

TEST_F(PairsTest, AreNeverOfTwoRequestsUnderLoadFailuresAndOtherPolicies) {
  std::atomic<std::uint64_t> live_asked{0};
  std::atomic<std::uint64_t> shadow_asked{1};
  FakeUpstream live(moody("live", live_asked));
  FakeUpstream shadow(moody("shadow", shadow_asked));
  FakeUpstream second(moody("second", shadow_asked));
  const std::vector<Backend> all{{"v1", live.port()}, {"v2", shadow.port(), 0, true}, {"v3", second.port(), 0, true}};
  Route route = route_of(all);
  route.pairs.emplace();
  route.pairs->bodies = true;
  route.pairs->twin_share = 0.2;
  for (Version& version : route.versions) version.supervision.ejection.enabled = false;
  start_compared(route, 2);
  const int each = test::kSanitized ? 150 : 400;
  std::vector<std::thread> clients;
  for (int c = 0; c < 6; ++c) {
    clients.emplace_back([&, c] {
      auto client = std::make_unique<RawClient>(port);
      for (int i = 0; i < each; ++i) {
        const std::string number = std::to_string(c) + "-" + std::to_string(i);
        try {
          const auto answer = client->post("/" + number, "body " + number);
          const bool whole = answer.complete && answer.status() == 200;
          if (whole) {
            EXPECT_EQ(answer.body, "live /" + number + " body " + number);
          }
          if (answer.complete && answer.field("connection") != "close") continue;
        } catch (const std::exception&) {
          // live broke off, and so did its answer
        }
        client = std::make_unique<RawClient>(port);
      }
    });
  }
  for (std::uint64_t window = 8; window < 20; ++window) {
    RouteOrders orders = orders_for(all, window);
    orders.mirror.requests_in_flight = 8;
    steer(std::move(orders));
    publish(config_of(route));
  }
  for (auto& client : clients) client.join();
  EXPECT_TRUE(test::eventually([&] { return totals(1).shadow_in_flight + totals(2).shadow_in_flight == 0; }));
  gateway->stop();

  std::uint64_t ended = 0;
  for (const std::size_t version : {1U, 2U}) {
    const metrics::VersionTotals seen = totals(version);
    for (const std::uint64_t answered : seen.shadow_responses) ended += answered;
    for (const auto reason : {ShadowDropReason::Timeout, ShadowDropReason::Connect, ShadowDropReason::Failed}) {
      ended += seen.shadow_dropped[static_cast<std::size_t>(reason)];
    }
  }
  const auto taken = box.take();
  std::uint64_t copies = 0;
  std::uint64_t compared = 0;
  for (const auto& made : taken) {
    const bool twin = made->kind == PairKind::Twin;
    copies += twin ? 0 : 1;
    const std::string name = twin ? "live" : made->other == 1 ? "shadow" : "second";
    const std::string& ours = made->live_answer->body;
    const std::string& theirs = made->other_answer.body;
    if (ours.empty() || theirs.empty()) continue;
    ++compared;
    // What broke off has all of the text, and less than it announced.
    EXPECT_EQ(name + ours.substr(4), theirs);
  }
  EXPECT_EQ(copies, ended) << "every copy that was sent is one pair";
  EXPECT_GT(compared, copies / 2);
  EXPECT_GT(copies, taken.size() / 2);
  std::uint64_t twin_answers =
      twins(metrics::TwinResult::Answered) + twins(metrics::TwinResult::Failed) + twins(metrics::TwinResult::Ended);
  EXPECT_EQ(taken.size() - copies, twin_answers);
}

}  // namespace
}  // namespace sluice::gateway
