#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

std::string joined(const std::vector<std::string>& values) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ", ") + value;
  return text;
}

TEST(RequestFields, HopByHopFieldsStopHere) {
  FakeUpstream upstream;
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.get("/", {{"Connection", "keep-alive, X-Private"},
                   {"X-Private", "1"},
                   {"Keep-Alive", "timeout=5"},
                   {"Proxy-Connection", "keep-alive"},
                   {"TE", "trailers"},
                   {"Upgrade", "websocket"},
                   {"X-Public", "2"}});
  const auto seen = upstream.request(0);
  for (const auto* name : {"x-private", "keep-alive", "proxy-connection", "te", "upgrade"}) {
    EXPECT_FALSE(seen.has(name)) << name << "\n" << seen.raw_head;
  }
  EXPECT_EQ(seen.field("x-public"), "2");
  EXPECT_EQ(seen.raw_head.find("X-Private"), std::string::npos) << "Connection still names it";
}

TEST(RequestFields, EndToEndFieldsArriveAsTheyWereWrittenAndInOrder) {
  FakeUpstream upstream;
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.get("/a%20b?q=%2F", {{"X-CamelCase", "Va lue;  q=\"1\""},
                              {"x-lower", ""},
                              {"Set", "1"},
                              {"Set", "2"},
                              {"Content-Type", "application/json"},
                              {"X-Bytes", "caf\xc3\xa9"}});
  const auto seen = upstream.request(0);
  EXPECT_EQ(seen.target(), "/a%20b?q=%2F");
  EXPECT_EQ(seen.field("host"), "model.test");
  const auto camel = seen.raw_head.find("X-CamelCase: Va lue;  q=\"1\"\r\n");
  EXPECT_NE(camel, std::string::npos) << seen.raw_head;
  EXPECT_LT(camel, seen.raw_head.find("Content-Type: application/json\r\n"));
  EXPECT_EQ(seen.all("set"), (std::vector<std::string>{"1", "2"}));
  EXPECT_TRUE(seen.has("x-lower"));
  EXPECT_EQ(seen.field("x-bytes"), "caf\xc3\xa9");
}

TEST(RequestFields, OurOwnFieldsFromOutsideAreStripped) {
  FakeUpstream upstream;
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.get(
      "/", {{"X-Sluice-Shadow", "true"}, {"x-sluice-anything", "1"}, {"X-SLUICE-VERSION", "v9"}, {"x-sluice", "kept"}});
  const auto seen = upstream.request(0);
  for (const auto* name : {"x-sluice-shadow", "x-sluice-anything", "x-sluice-version"}) {
    EXPECT_FALSE(seen.has(name)) << name;
  }
  EXPECT_EQ(seen.field("x-sluice"), "kept") << "only the prefix with its dash is ours";
}

TEST(RequestFields, TheRequestIdIsKeptOrMade) {
  FakeUpstream upstream;
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/", {{"X-Request-Id", "abc-1"}}).field("x-request-id"), "abc-1");
  EXPECT_EQ(upstream.request(0).all("x-request-id"), std::vector<std::string>{"abc-1"});

  std::set<std::string> made;
  for (std::size_t i = 1; i <= 20; ++i) {
    const auto response = client.get("/");
    ASSERT_EQ(response.all("x-request-id").size(), 1u);
    EXPECT_EQ(upstream.request(i).field("x-request-id"), response.field("x-request-id"));
    made.insert(response.field("x-request-id"));
  }
  EXPECT_EQ(made.size(), 20u);
  EXPECT_EQ(made.count(""), 0u);
}

TEST(RequestFields, ViaAndForwardedForGrowByOne) {
  FakeUpstream upstream;
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.get("/");
  client.get("/", {{"Via", "1.0 front"}, {"X-Forwarded-For", "10.1.2.3"}});
  EXPECT_TRUE(upstream.request(0).field("via").starts_with("1.1 ")) << upstream.request(0).raw_head;
  EXPECT_EQ(upstream.request(0).field("x-forwarded-for"), "127.0.0.1");
  const auto via = joined(upstream.request(1).all("via"));
  EXPECT_TRUE(via.starts_with("1.0 front, 1.1 ")) << via;
  EXPECT_EQ(joined(upstream.request(1).all("x-forwarded-for")), "10.1.2.3, 127.0.0.1");
}

TEST(RequestFields, AnAbsoluteTargetMayNotContradictTheHost) {
  FakeUpstream upstream;
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  const auto response = client.exchange("GET http://real.test/x?y=1 HTTP/1.1\r\nHost: real.test\r\n\r\n");
  ASSERT_EQ(response.status(), 200) << response.body;
  EXPECT_EQ(upstream.request(0).all("host"), std::vector<std::string>{"real.test"}) << upstream.request(0).raw_head;
  EXPECT_TRUE(upstream.request(0).target() == "/x?y=1" || upstream.request(0).target() == "http://real.test/x?y=1");
  EXPECT_EQ(client.exchange("GET http://real.test/ HTTP/1.1\r\nHost: other.test\r\n\r\n").status(), 400);
  EXPECT_EQ(upstream.request_count(), 1u);
}

TEST(ResponseFields, HopByHopFieldsStopHere) {
  FakeUpstream upstream(answers(200, "ok",
                                {{"Connection", "x-internal"},
                                 {"X-Internal", "1"},
                                 {"Keep-Alive", "timeout=5"},
                                 {"Proxy-Connection", "close"},
                                 {"X-Public", "2"}}));
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  const auto response = client.get("/");
  for (const auto* name : {"x-internal", "keep-alive", "proxy-connection"}) EXPECT_FALSE(response.has(name)) << name;
  EXPECT_EQ(response.field("x-public"), "2");
  EXPECT_EQ(client.get("/").status(), 200) << "what the upstream says about its connection is not for the client";
}

TEST(ResponseFields, OursReplaceThoseOfTheUpstream) {
  FakeUpstream upstream(answers(200, "ok", {{"X-Sluice-Version", "forged"}, {"x-sluice-error", "forged"}}));
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  const auto response = client.get("/");
  EXPECT_EQ(response.all("x-sluice-version"), std::vector<std::string>{"v1"});
  EXPECT_FALSE(response.has("x-sluice-error"));
}

TEST(ResponseFields, StatusReasonAndCookiesArriveAsTheyWereWritten) {
  FakeUpstream upstream(always(
      "HTTP/1.1 299 Quite Fine\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\nDate: now\r\n\r\nok"));
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  const auto response = client.get("/");
  EXPECT_EQ(response.start_line, "HTTP/1.1 299 Quite Fine");
  EXPECT_EQ(response.all("set-cookie"), (std::vector<std::string>{"a=1", "b=2"}));
  EXPECT_EQ(response.body, "ok");
}

TEST(ResponseFields, AConnectionThatTheUpstreamClosesDoesNotCloseTheClients) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.answer(200, "bye", {{"Connection", "close"}});
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").body, "bye");
  EXPECT_EQ(client.get("/").body, "bye");
  EXPECT_EQ(upstream.connections(), 2u);
}

}  // namespace
}  // namespace sluice::test
