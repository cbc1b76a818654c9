#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>((i * 31 + i / 251) & 0xff);
  return text;
}

const std::vector<std::size_t> kSizes{0, 1, 2, 1023, 1024, 1025, 16384, 65535, 65536, 65537, 300000};

TEST(Bodies, OfEverySizePassWithALength) {
  FakeUpstream upstream(echo());
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  for (const auto size : kSizes) {
    const auto body = pattern(size);
    const auto response = client.post("/", body);
    ASSERT_EQ(response.status(), 200) << size;
    EXPECT_TRUE(response.complete) << size;
    EXPECT_TRUE(response.body == body) << size;
    EXPECT_EQ(upstream.requests().back().framing, HttpMessage::Framing::Length) << size;
  }
}

TEST(Bodies, OfEverySizePassInChunks) {
  FakeUpstream upstream(echo());
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  for (const auto size : kSizes) {
    const auto body = pattern(size);
    client.send(request_text("POST", "/", chunked(body, 1000), {{"Transfer-Encoding", "chunked"}}));
    const auto response = client.read_response();
    ASSERT_EQ(response.status(), 200) << size;
    EXPECT_TRUE(response.complete) << size;
    EXPECT_TRUE(response.body == body) << size;
    EXPECT_EQ(upstream.requests().back().framing, HttpMessage::Framing::Chunked) << size;
  }
}

TEST(Bodies, ThatEndWithTheConnectionArriveWhole) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
    gateway.send(pattern(100000));
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  const auto response = client.get("/");
  EXPECT_TRUE(response.complete);
  EXPECT_TRUE(response.body == pattern(100000));
}

TEST(Bodies, OfOldUpstreamsArriveWhole) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.0 200 OK\r\n\r\nold but good");
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  const auto response = client.get("/");
  EXPECT_EQ(response.protocol(), "HTTP/1.1");
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(response.body, "old but good");
}

TEST(Bodies, ByteByByteAreTheSame) {
  FakeUpstream upstream(echo());
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.send_byte_by_byte(request_text("POST", "/", "hello"));
  EXPECT_EQ(client.read_response().body, "hello");
  client.send_byte_by_byte(request_text("POST", "/", chunked("hello there", 4), {{"Transfer-Encoding", "chunked"}}));
  EXPECT_EQ(client.read_response().body, "hello there");
}

TEST(Bodies, CutAnywhereAreTheSame) {
  FakeUpstream upstream(echo());
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  const auto request = request_text("POST", "/", chunked("hello there", 4), {{"Transfer-Encoding", "chunked"}});
  for (std::size_t cut = 1; cut < request.size(); ++cut) {
    client.send_cut_at(request, {cut});
    ASSERT_EQ(client.read_response().body, "hello there") << "cut at " << cut;
  }
}

TEST(Bodies, OfAnUpstreamByteByByteAreTheSame) {
  FakeUpstream upstream([](Conversation& gateway) {
    while (true) {
      gateway.read_request();
      for (const char byte : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked("hello there", 4)) {
        gateway.send({&byte, 1});
      }
    }
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").body, "hello there");
  EXPECT_EQ(client.get("/").body, "hello there");
}

TEST(Bodies, ChunkExtensionsDoNotPass) {
  FakeUpstream upstream(echo());
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.send(request_text("POST", "/", "5;name=value\r\nhello\r\n0;last\r\n\r\n", {{"Transfer-Encoding", "chunked"}}));
  EXPECT_EQ(client.read_response().body, "hello");
}

TEST(Bodies, GetWithABodyPasses) {
  FakeUpstream upstream(echo());
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  EXPECT_EQ(client.exchange(request_text("GET", "/", "unusual")).body, "unusual");
  EXPECT_EQ(client.get("/").body, "");
}

TEST(Trailers, OfARequestDoNotBecomeFields) {
  FakeUpstream upstream(echo());
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.send(request_text("POST", "/", chunked("hi", 2, {{"X-Sum", "9"}}),
                           {{"Transfer-Encoding", "chunked"}, {"Trailer", "X-Sum"}}));
  EXPECT_EQ(client.read_response().body, "hi");
  EXPECT_FALSE(upstream.request(0).has("x-sum"));
  client.send(request_text("POST", "/", chunked("again", 2), {{"Transfer-Encoding", "chunked"}}));
  EXPECT_EQ(client.read_response().body, "again");
}

TEST(Trailers, ThatWouldFrameOrRouteAreRefused) {
  for (const auto* name : {"Content-Length", "Transfer-Encoding", "Host", "Connection"}) {
    FakeUpstream upstream([](Conversation& gateway) {
      gateway.read_request();
      gateway.answer(200, "swallowed");
    });
    SluiceProcess sluice(policy_for(upstream));
    RawClient client(sluice.port());
    client.send(request_text("POST", "/", chunked("hi", 2, {{name, "3"}}), {{"Transfer-Encoding", "chunked"}}));
    EXPECT_EQ(client.read_response().status(), 400) << name;
    EXPECT_TRUE(client.is_closed_by_peer());
  }
}

TEST(Trailers, OfAResponseNeverBecomeFieldsAndTheConnectionStaysUsable) {
  FakeUpstream upstream(always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Tokens\r\n\r\n" +
                               chunked("words", 5, {{"X-Tokens", "1"}})));
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  for (int i = 0; i < 2; ++i) {
    const auto response = client.get("/", {{"TE", "trailers"}});
    EXPECT_TRUE(response.complete);
    EXPECT_EQ(response.body, "words");
    EXPECT_FALSE(response.has("x-tokens"));
  }
}

}  // namespace
}  // namespace sluice::test
