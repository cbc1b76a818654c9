#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

TEST(Streams, EventsArriveOneByOne) {
  Gate second;
  Gate last;
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    gateway.send("9\r\ndata: 1\n\n\r\n");
    gateway.wait_for(second);
    gateway.send("9\r\ndata: 2\n\n\r\n");
    gateway.wait_for(last);
    gateway.send("9\r\ndata: 3\n\n\r\n0\r\n\r\n");
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.send(request_text("POST", "/v1/chat/completions", R"({"stream":true})"));
  client.read_until("data: 1\n\n");
  second.open();
  client.read_until("data: 2\n\n");
  last.open();
  const auto rest = client.read_until("0\r\n\r\n");
  EXPECT_NE(rest.find("data: 3\n\n"), std::string::npos) << rest;
}

TEST(Streams, TheHeadArrivesBeforeTheFirstEvent) {
  Gate first;
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
    gateway.wait_for(first);
    gateway.send("data: 1\n\n");
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.send(request_text("GET", "/"));
  auto response = client.read_head();
  EXPECT_EQ(response.status(), 200);
  first.open();
  client.reader().read_response_body(response);
  EXPECT_EQ(response.body, "data: 1\n\n");
  EXPECT_TRUE(response.complete);
}

TEST(Streams, ALengthDoesNotMakeThePiecesWait) {
  Gate rest;
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none");
    gateway.wait_for(rest);
    gateway.send("two");
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.send(request_text("GET", "/"));
  client.read_until("one");
  rest.open();
  EXPECT_EQ(client.read_exactly(3), "two");
}

TEST(Streams, UploadsArrivePieceByPiece) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_head();
    gateway.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (true) {
      const auto size = gateway.read_until("\r\n");
      if (size == "0\r\n") break;
      const auto word = gateway.read_exactly(static_cast<std::size_t>(std::stoi(size, nullptr, 16)) + 2);
      gateway.send(chunked("got " + word.substr(0, word.size() - 2), 100).substr(0, word.size() + 4 + 3));
    }
    gateway.read_until("\r\n");
    gateway.send("0\r\n\r\n");
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const std::string word : {"alpha", "beta", "gamma"}) {
    client.send(chunked(word, 100).substr(0, word.size() + 5));
    EXPECT_NE(client.read_until("got " + word).find("got "), std::string::npos);
  }
  client.send("0\r\n\r\n");
  EXPECT_TRUE(client.read_until("0\r\n\r\n").ends_with("0\r\n\r\n"));
}

TEST(Streams, ASlowReaderSlowsTheUpstreamDown) {
  constexpr std::size_t kMost = 256u << 20;
  std::atomic<std::size_t> sent{0};
  Gate stalled;
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kMost) + "\r\n\r\n");
    for (std::size_t i = 0; i < kMost; i += 1 << 16) {
      gateway.send_filler(1 << 16);
      sent += 1 << 16;
    }
  });
  SluiceProcess sluice(policy_for(upstream, {}, "workers: 1"));
  RawClient warm(sluice.port());
  RawClient client(sluice.port(), 32 * 1024);
  const auto before = sluice.process().resident();
  client.send(request_text("GET", "/"));
  client.read_head();
  std::size_t last = 0;
  int unchanged = 0;
  ASSERT_TRUE(eventually([&] {
    const auto now = sent.load();
    unchanged = now == last && now > 0 ? unchanged + 1 : 0;
    last = now;
    return unchanged >= 100;
  })) << "the upstream is never slowed down";
  EXPECT_LT(last, kMost / 2) << "nobody reads, yet the upstream could send on";
  if (!kSanitized) {
    EXPECT_LT(sluice.process().resident(), before + (2u << 20));
  }
  client.reset();
}

TEST(Abort, AClientThatLeavesBeforeTheAnswerEndsTheUpstreamExchange) {
  Gate seen;
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    if (gateway.sees_close()) seen.open();
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.send(request_text("POST", "/", "x"));
  upstream.request(0);
  client.reset();
  EXPECT_TRUE(seen.wait()) << "the model computes on for nobody";
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"reason", "client_abort"}}), 1);
}

TEST(Abort, AClientThatClosesOrderlyEndsItToo) {
  Gate seen;
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    if (gateway.sees_close()) seen.open();
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.send(request_text("POST", "/", "x"));
  upstream.request(0);
  client.close();
  EXPECT_TRUE(seen.wait());
}

TEST(Abort, AClientThatLeavesInAStreamEndsTheUpstreamExchange) {
  Gate seen;
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    gateway.send("9\r\ndata: 1\n\n\r\n");
    if (gateway.sees_close()) seen.open();
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.send(request_text("GET", "/"));
  client.read_until("data: 1");
  client.reset();
  EXPECT_TRUE(seen.wait()) << "a stream goes on for nobody";
}

TEST(Abort, AnUploadThatBreaksOffNeverLooksWhole) {
  for (const bool in_chunks : {false, true}) {
    Gate seen;
    std::string rest;
    FakeUpstream upstream([&](Conversation& gateway) {
      gateway.read_until("begin");
      rest = gateway.read_until("never sent");
    });
    SluiceProcess sluice(policy_for(upstream));
    RawClient client(sluice.port());
    client.send(in_chunks ? "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n"
                          : "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nbegin");
    ASSERT_TRUE(eventually([&] { return upstream.connections() == 1; }));
    client.close();
    ASSERT_TRUE(eventually([&] { return upstream.open_connections() == 0; }));
    EXPECT_EQ(rest.find("0\r\n\r\n"), std::string::npos) << "the gateway ended the body in the client's name";
  }
}

TEST(EarlyAnswer, ReachesAClientThatStillSends) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_head();
    gateway.answer(413, "too much for me");
    gateway.sees_close();
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nonly the beginning");
  const auto response = client.read_response();
  EXPECT_EQ(response.status(), 413);
  EXPECT_EQ(response.body, "too much for me");
}

TEST(EarlyAnswer, ReachesAClientOfAnUpstreamThatClosesToo) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_head();
    gateway.answer(503, "busy", {{"Connection", "close"}});
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n");
  const std::string block(100000, 'x');
  for (int i = 0; i < 5 && client.connection().write_what_fits(block) > 0; ++i) {
  }
  const auto response = client.read_response();
  EXPECT_EQ(response.status(), 503);
  EXPECT_EQ(response.body, "busy");
}

TEST(EarlyAnswer, TheNextRequestNeverMeetsTheRestOfTheBody) {
  FakeUpstream upstream([](Conversation& gateway) {
    if (gateway.number() == 0) {
      gateway.read_head();
      gateway.answer(200, "early");
      gateway.sees_close();
      return;
    }
    gateway.read_request();
    gateway.answer(200, "fresh");
  });
  SluiceProcess sluice(policy_for(upstream, {}, "workers: 1"));
  RawClient first(sluice.port());
  first.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf");
  EXPECT_EQ(first.read_response().body, "early");
  RawClient second(sluice.port());
  EXPECT_EQ(second.get("/").body, "fresh") << "an upstream connection in the middle of a body was reused";
}

}  // namespace
}  // namespace sluice::test
