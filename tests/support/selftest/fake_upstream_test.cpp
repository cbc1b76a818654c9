#include "support/fake_upstream.hpp"

#include <gtest/gtest.h>

namespace sluice::test {
namespace {

TEST(FakeUpstream, RecordsWhatItReceivedAndAnswers) {
  FakeUpstream upstream("hello");
  RawClient client(upstream.port());
  const auto response = client.post("/infer", "body", {{"X-Thing", " 7 "}});
  EXPECT_EQ(response.status(), 200);
  EXPECT_EQ(response.body, "hello");
  ASSERT_EQ(upstream.request_count(), 1u);
  EXPECT_EQ(upstream.request(0).target(), "/infer");
  EXPECT_EQ(upstream.request(0).field("x-thing"), "7");
  EXPECT_EQ(upstream.request(0).body, "body");
}

TEST(FakeUpstream, ReadsChunkedBodiesWithTrailers) {
  FakeUpstream upstream(echo());
  RawClient client(upstream.port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send_byte_by_byte(chunked("abcdefg", 3, {{"X-Sum", "1"}}));
  const auto response = client.read_response();
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(response.body, "abcdefg");
  EXPECT_EQ(upstream.request(0).chunks, (std::vector<std::size_t>{3, 3, 1}));
  EXPECT_EQ(upstream.request(0).trailer("x-sum"), "1");
}

TEST(FakeUpstream, SeesThatItsPeerClosed) {
  Gate seen;
  FakeUpstream upstream([&](Conversation& peer) {
    peer.read_request();
    if (peer.sees_close()) seen.open();
  });
  RawClient client(upstream.port());
  client.send(request_text("GET", "/"));
  upstream.request(0);
  client.close();
  EXPECT_TRUE(seen.wait());
}

TEST(FakeUpstream, ResetsWhenTheScriptSaysSo) {
  FakeUpstream upstream([](Conversation& peer) {
    peer.read_request();
    peer.reset();
  });
  RawClient client(upstream.port());
  client.send(request_text("GET", "/"));
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_TRUE(client.connection().was_reset());
}

TEST(FakeUpstream, HoldsItsAnswerUntilTheGateOpens) {
  Gate gate;
  FakeUpstream upstream([&](Conversation& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
    peer.wait_for(gate);
    peer.send("cd");
  });
  RawClient client(upstream.port());
  client.send(request_text("GET", "/"));
  EXPECT_EQ(client.read_until("ab").substr(0, 15), "HTTP/1.1 200 OK");
  EXPECT_THROW(client.connection().read_some(10, std::chrono::milliseconds(30)), TimedOut);
  gate.open();
  EXPECT_EQ(client.read_exactly(2), "cd");
}

TEST(FakeUpstream, IsTornDownWhileAScriptWaits) {
  const Gate never;
  FakeUpstream upstream([&](Conversation& peer) { peer.wait_for(never); });
  RawClient client(upstream.port());
  ASSERT_TRUE(eventually([&] { return upstream.connections() == 1; }));
}

TEST(FakeUpstream, ReportsWhatAScriptThrew) {
  FakeUpstream upstream([](Conversation&) { throw std::runtime_error("a broken script"); });
  RawClient client(upstream.port());
  EXPECT_TRUE(client.is_closed_by_peer());
  ASSERT_TRUE(eventually([&] { return !upstream.script_errors().empty(); }));
  EXPECT_EQ(upstream.script_errors().front(), "a broken script");
}

TEST(MessageReader, SaysThatAShortBodyIsNotComplete) {
  FakeUpstream upstream([](Conversation& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nonly");
  });
  RawClient client(upstream.port());
  const auto response = client.get("/");
  EXPECT_EQ(response.body, "only");
  EXPECT_FALSE(response.complete);
}

TEST(MessageReader, KeepsInterimHeadsApart) {
  FakeUpstream upstream([](Conversation& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
  });
  RawClient client(upstream.port());
  const auto response = client.get("/");
  EXPECT_EQ(response.status(), 204);
  ASSERT_EQ(response.interim.size(), 1u);
  EXPECT_EQ(response.interim[0].field("link"), "</a>");
}

}  // namespace
}  // namespace sluice::test
