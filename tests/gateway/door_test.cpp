// POST /sluice/v1/outcomes, byte by byte: what is handed in at the door, and what its client gets to read.
#include "door_fixture.hpp"

namespace sluice::gateway {
namespace {

using test::RawClient;

class DoorTest : public DoorFixture {};

TEST_F(DoorTest, IsHandedTheBodyAndItsTypeAndItsAnswerGoesToTheClient) {
  open(usual());
  RawClient client(port);
  client.send(report(R"({"decision":"abc","click":1})", {{"Content-Type", "application/json"}}));
  ASSERT_TRUE(door.has(1));
  EXPECT_EQ(door.post(0).body, R"({"decision":"abc","click":1})");
  EXPECT_EQ(door.post(0).content_type, "application/json");
  door.answer({200, R"({"accepted":1})", 0});
  const auto answer = client.read_response();
  EXPECT_EQ(answer.start_line, "HTTP/1.1 200 OK");
  EXPECT_EQ(answer.body, R"({"accepted":1})");
  EXPECT_EQ(answer.field("content-type"), "application/json");
  EXPECT_EQ(answer.field("content-length"), "14");
  EXPECT_EQ(answer.field("x-request-id").size(), 36u);
  EXPECT_TRUE(answer.has("date"));
  EXPECT_FALSE(answer.has("connection"));
  EXPECT_FALSE(answer.has("retry-after"));
  EXPECT_FALSE(answer.has("x-sluice-decision"));
  EXPECT_EQ(client.get("/").body, "one") << "the connection goes on";
  EXPECT_EQ(v1.request_count(), 1u);
}

TEST_F(DoorTest, SendsItsClientsAwayForAWhileWhenItIsFull) {
  door.answer_at_once([](const outcomes::Post&) { return outcomes::Answer{503, R"({"error":"full"})", 7}; });
  open(usual());
  const auto answer = RawClient(port).exchange(report("{}", {{"X-Request-Id", "mine"}}));
  EXPECT_EQ(answer.start_line, "HTTP/1.1 503 Service Unavailable");
  EXPECT_EQ(answer.field("retry-after"), "7");
  EXPECT_EQ(answer.body, R"({"error":"full"})");
  EXPECT_EQ(answer.field("x-request-id"), "mine");
}

TEST_F(DoorTest, TakesAnEmptyBodyAsTheDoorsBusiness) {
  counts_bytes();
  open(usual());
  RawClient client(port);
  EXPECT_EQ(client.exchange(report("")).body, R"({"bytes":0})");
  EXPECT_EQ(client.exchange("POST /sluice/v1/outcomes HTTP/1.1\r\nHost: m\r\n\r\n").body, R"({"bytes":0})");
}

TEST_F(DoorTest, TakesAnyFraming) {
  open(usual());
  door.answer_at_once([](const outcomes::Post& post) { return outcomes::Answer{200, post.body, 0}; });
  const std::string body = R"({"decision":"abc","click":1})";
  const std::string in_chunks = "POST /sluice/v1/outcomes HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\n" +
                                test::chunked(body, 5, {{"x-trailer", "1"}});
  RawClient client(port);
  EXPECT_EQ(client.exchange(in_chunks).body, body);
  client.send_byte_by_byte(in_chunks);
  EXPECT_EQ(client.read_response().body, body);
  client.send_byte_by_byte(report(body));
  EXPECT_EQ(client.read_response().body, body);
  client.send(in_chunks + report("2") + in_chunks + test::request_text("GET", "/") + report("4"));
  for (const std::string& expected : {body, std::string("2"), body, std::string("one"), std::string("4")}) {
    EXPECT_EQ(client.read_response().body, expected) << "pipelined requests are answered in order";
  }
}

TEST_F(DoorTest, TakesLargeBodiesHoweverTheyCome) {
  counts_bytes();
  open(usual());
  const std::string body(3 << 20, 'x');
  const std::string expected = "{\"bytes\":" + std::to_string(body.size()) + "}";
  RawClient client(port);
  EXPECT_EQ(client.exchange(report(body)).body, expected);
  client.send("POST /sluice/v1/outcomes HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\n" +
              test::chunked(body, 70'000) + report("after"));
  EXPECT_EQ(client.read_response().body, expected);
  EXPECT_EQ(client.read_response().body, R"({"bytes":5})");
  EXPECT_EQ(door.post(0).body, body);
  EXPECT_EQ(door.post(1).body, body);
}

TEST_F(DoorTest, InvitesTheBodyOfWhoExpectsAnInvitation) {
  counts_bytes();
  open(usual());
  RawClient client(port);
  client.send("POST /sluice/v1/outcomes HTTP/1.1\r\nHost: m\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_head().status(), 100);
  client.send("{}");
  EXPECT_EQ(client.read_response().body, R"({"bytes":2})");
}

TEST_F(DoorTest, RefusesWhatIsTooLarge) {
  counts_bytes();
  Config config = usual();
  config.limits.body_bytes = 1000;
  open(config);
  const auto announced = RawClient(port).exchange(report(std::string(1001, 'x')));
  EXPECT_EQ(announced.status(), 413);
  EXPECT_EQ(announced.field("x-sluice-error"), "too_large");
  EXPECT_EQ(announced.body, R"({"error":"The request body exceeds the limit."})");
  RawClient client(port);
  client.send("POST /sluice/v1/outcomes HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("3e8\r\n" + std::string(1000, 'x') + "\r\n1\r\nx\r\n");
  EXPECT_EQ(client.read_response().status(), 413);
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_EQ(RawClient(port).exchange(report(std::string(1000, 'x'))).body, R"({"bytes":1000})");
  EXPECT_EQ(door.count(), 1u);
  config.limits.body_bytes = 64 << 20;
  publish(std::move(config));
  RawClient greedy(port);
  greedy.send("POST /sluice/v1/outcomes HTTP/1.1\r\nHost: m\r\nContent-Length: 4194305\r\n\r\n");
  EXPECT_EQ(greedy.read_response().status(), 413) << "four mebibytes, whatever the limits say";
}

TEST_F(DoorTest, RefusesMalformedChunks) {
  open(usual());
  for (const std::string bad : {"zz\r\n", "2\r\n{}x"}) {
    RawClient client(port);
    client.send("POST /sluice/v1/outcomes HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send(bad);
    EXPECT_EQ(client.read_response().status(), 400);
    EXPECT_TRUE(client.is_closed_by_peer());
  }
  EXPECT_EQ(door.count(), 0u);
}

TEST_F(DoorTest, TakesNothingButPost) {
  open(usual());
  RawClient client(port);
  for (const std::string method : {"GET", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    const auto answer = client.exchange(test::request_text(method, kDoorPath));
    EXPECT_EQ(answer.start_line, "HTTP/1.1 405 Method Not Allowed") << method;
    EXPECT_EQ(answer.field("allow"), "POST");
    EXPECT_EQ(answer.field("x-sluice-error"), "method_not_allowed");
  }
  client.send(test::request_text("HEAD", kDoorPath));
  EXPECT_EQ(client.read_response(true).status(), 405);
  EXPECT_EQ(client.get("/").body, "one");
  EXPECT_EQ(v1.request_count(), 1u);
}

TEST_F(DoorTest, StandsAtItsOwnPathOnly) {
  open(usual());
  counts_bytes();
  RawClient client(port);
  for (const std::string path : {"/sluice/v1/outcomes/", "/sluice/v1/outcome", "/sluice/v1", "/sluice/v2/outcomes",
                                 "/Sluice/v1/outcomes", "/sluice/v1/outcomes/x", "//sluice/v1/outcomes"}) {
    EXPECT_EQ(client.post(path, "{}").body, "one") << path;
  }
  EXPECT_EQ(door.count(), 0u);
  EXPECT_EQ(client.post("/sluice/v1/outcomes?source=x", "{}").body, R"({"bytes":2})");
  EXPECT_EQ(client.exchange("POST http://m/sluice/v1/outcomes HTTP/1.1\r\nHost: m\r\nContent-Length: 1\r\n\r\n1").body,
            R"({"bytes":1})");
}

TEST_F(DoorTest, IsNotThereWithoutARouteThatHasOutcomes) {
  open(config_for({{"v1", v1.port()}}));
  const auto answer = RawClient(port).exchange(report("{}"));
  EXPECT_EQ(answer.status(), 404);
  EXPECT_EQ(answer.body, R"({"error":"No route here has outcomes."})");
  counts_bytes();
  publish(usual());
  EXPECT_EQ(RawClient(port).exchange(report("{}")).status(), 200);
}

TEST_F(DoorTest, IsNotThereWhenNobodyOpenedOne) {
  start(usual());
  EXPECT_EQ(RawClient(port).exchange(report("{}")).status(), 404);
  EXPECT_EQ(v1.request_count(), 0u);
}

TEST_F(DoorTest, KeepsTheConnectionsOfOldClientsThatAskForIt) {
  counts_bytes();
  open(usual());
  RawClient client(port);
  const std::string old = "POST /sluice/v1/outcomes HTTP/1.0\r\nContent-Length: 2\r\n";
  const auto kept = client.exchange(old + "Connection: keep-alive\r\n\r\n{}");
  EXPECT_EQ(kept.field("connection"), "keep-alive");
  EXPECT_EQ(client.exchange(old + "\r\n{}").field("connection"), "close");
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST_F(DoorTest, IsNoRequestOfARouteNorOfAVersion) {
  counts_bytes();
  open(usual(), 1);
  RawClient client(port);
  client.exchange(report("{}"));
  client.get("/");
  EXPECT_TRUE(counts(0, 1, 0));
  const auto snapshot = registry->snapshot();
  EXPECT_EQ(snapshot.routes[0].versions[0].totals.responses[metrics::status_slot(200)], 1u);
  EXPECT_EQ(snapshot.gateway.refused[metrics::status_slot(200)], 0u);
}

TEST_F(DoorTest, WaitsForAPlaceAmongTheRequestsInFlight) {
  Config config = usual();
  config.limits.requests_in_flight = 1;
  open(config, 1);
  RawClient first(port);
  first.send(report("1"));
  ASSERT_TRUE(door.has(1));
  const auto refused = RawClient(port).get("/");
  EXPECT_EQ(refused.status(), 503);
  EXPECT_EQ(refused.field("x-sluice-error"), "overloaded");
  EXPECT_EQ(RawClient(port).exchange(report("2")).field("x-sluice-error"), "overloaded");
  door.answer({200, "{}", 0});
  EXPECT_EQ(first.read_response().status(), 200);
  EXPECT_TRUE(test::eventually([&] { return RawClient(port).get("/").status() == 200; })) << "the place is free again";
}

TEST_F(DoorTest, KeepsNoMoreOfUnfinishedBodiesThanItHasRoomFor) {
  counts_bytes();
  open(usual(), 1);
  std::string almost = report(std::string(DoorDesk::kMaxPost, 'x'));
  almost.pop_back();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (std::size_t i = 0; i < DoorDesk::kMaxBytes / DoorDesk::kMaxPost + 1; ++i) {
    clients.push_back(std::make_unique<RawClient>(port));
    clients.back()->send(almost);
  }
  const auto overloaded = [&] {
    return registry->snapshot().gateway.failures[static_cast<std::size_t>(metrics::FailureReason::Overloaded)];
  };
  EXPECT_TRUE(test::eventually([&] { return overloaded() == 1; }));
  std::size_t taken = 0;
  for (auto& client : clients) {
    client->send("x");
    const int status = client->read_response().status();
    EXPECT_TRUE(status == 200 || status == 503) << status;
    taken += status == 200 ? 1 : 0;
  }
  EXPECT_EQ(taken, clients.size() - 1);
  EXPECT_EQ(overloaded(), 1u);
}

}  // namespace
}  // namespace sluice::gateway
