#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

TEST(Head, HasTheLengthButNoBodyAndKeepsTheConnection) {
  FakeUpstream upstream([](Conversation& gateway) {
    while (true) {
      const auto request = gateway.read_request();
      gateway.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
      if (request.method() != "HEAD") gateway.send("hello");
    }
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  for (int i = 0; i < 2; ++i) {
    const auto head = client.exchange(request_text("HEAD", "/"));
    EXPECT_EQ(head.status(), 200);
    EXPECT_EQ(head.field("content-length"), "5");
    EXPECT_EQ(client.get("/").body, "hello");
  }
  EXPECT_EQ(upstream.connections(), 1u);
}

TEST(Head, OfAChunkedResourceHasNoBodyEither) {
  FakeUpstream upstream([](Conversation& gateway) {
    while (true) {
      const auto request = gateway.read_request();
      gateway.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      if (request.method() != "HEAD") gateway.send(chunked("hello", 2));
    }
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  EXPECT_EQ(client.exchange(request_text("HEAD", "/")).status(), 200);
  EXPECT_EQ(client.get("/").body, "hello");
}

TEST(Head, AnErrorOfOursHasNoBodyEither) {
  FakeUpstream upstream;
  SluiceProcess sluice(policy_for(upstream, "matches: [{path: {type: Exact, value: /only}}]"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.exchange(request_text("HEAD", "/other")).status(), 404);
  EXPECT_EQ(client.get("/only").status(), 200);
}

class WithoutBody : public testing::TestWithParam<const char*> {};

TEST_P(WithoutBody, EndsAfterTheHead) {
  const std::string head = GetParam();
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 " + head + "\r\n\r\n");
    gateway.read_request();
    gateway.answer(200, "next");
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  const auto response = client.get("/");
  EXPECT_EQ(response.status(), std::stoi(head));
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(client.get("/").body, "next");
  EXPECT_EQ(upstream.connections(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Statuses, WithoutBody,
                         testing::Values("204 No Content", "304 Not Modified\r\nContent-Length: 77\r\nETag: \"x\"",
                                         "200 OK\r\nContent-Length: 0"));

TEST(Interim, ResponsesPassInOrder) {
  FakeUpstream upstream(
      always("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style>\r\n\r\n"
             "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"));
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  for (int i = 0; i < 2; ++i) {
    const auto response = client.get("/");
    EXPECT_EQ(response.body, "done");
    ASSERT_EQ(response.interim.size(), 2u);
    EXPECT_EQ(response.interim[0].status(), 102);
    EXPECT_EQ(response.interim[1].field("link"), "</style>");
  }
}

TEST(Interim, ResponsesAreNotForOldClients) {
  FakeUpstream upstream(always("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"));
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  const auto response = client.exchange("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_EQ(response.body, "done");
  EXPECT_TRUE(response.interim.empty());
}

TEST(Interim, ResponsesWithoutEndAreRefused) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    while (true) gateway.send("HTTP/1.1 102 Processing\r\n\r\n");
  });
  SluiceProcess sluice(policy_for(upstream, "timeouts: {request: 500ms, backendRequest: 300ms}"));
  RawClient client(sluice.port());
  const auto response = client.get("/");
  EXPECT_TRUE(response.status() == 502 || response.status() == 504) << response.start_line;
}

TEST(Interim, AProtocolSwitchNobodyAskedForIsRefused) {
  FakeUpstream upstream(always("HTTP/1.1 101 Switching Protocols\r\nUpgrade: evil\r\nConnection: upgrade\r\n\r\n"));
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  expect_bad_response(sluice, client.get("/", {{"Connection", "upgrade"}, {"Upgrade", "evil"}}));
}

TEST(Pipelining, AnswersComeInOrder) {
  FakeUpstream upstream(echo());
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    requests +=
        i % 2 == 0 ? request_text("POST", "/", "n" + std::to_string(i))
                   : request_text("POST", "/", chunked("n" + std::to_string(i), 1), {{"Transfer-Encoding", "chunked"}});
  }
  client.send(requests);
  for (int i = 0; i < 20; ++i) ASSERT_EQ(client.read_response().body, "n" + std::to_string(i));
}

TEST(Pipelining, ABadRequestBehindAGoodOneIsRefusedAfterItsAnswer) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.send(request_text("GET", "/") + "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + request_text("GET", "/"));
  EXPECT_EQ(client.read_response().body, "fine");
  EXPECT_EQ(client.read_response().status(), 400);
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_EQ(upstream.request_count(), 1u);
}

TEST(Pipelining, NothingIsReadBehindAConnectionClose) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.send(request_text("GET", "/", {}, {{"Connection", "close"}}) + request_text("GET", "/smuggled"));
  const auto response = client.read_response();
  EXPECT_EQ(response.body, "fine");
  EXPECT_TRUE(same_ignoring_case(response.field("connection"), "close"));
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_EQ(upstream.request_count(), 1u);
}

TEST(OldClients, GetTheirAnswerAndTheEndOfTheConnection) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  const auto response = client.exchange("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(response.status(), 200);
  EXPECT_EQ(response.body, "fine");
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_EQ(upstream.request(0).protocol(), "HTTP/1.1");
}

TEST(OldClients, KeepTheConnectionWhenTheyAskForIt) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  const std::string request = "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n";
  const auto response = client.exchange(request);
  EXPECT_TRUE(same_ignoring_case(response.field("connection"), "keep-alive"));
  EXPECT_EQ(client.exchange(request).body, "fine");
}

TEST(OldClients, NeverSeeChunks) {
  FakeUpstream upstream(always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked("hello there", 4)));
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  const auto response = client.exchange("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_FALSE(response.has("transfer-encoding")) << response.raw_head;
  EXPECT_EQ(response.body, "hello there");
  EXPECT_TRUE(response.complete);
}

}  // namespace
}  // namespace sluice::test
