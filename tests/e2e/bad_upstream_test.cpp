#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

TEST(BadUpstream, ThatSendsLessThanItPromisedNeverLooksComplete) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nonly");
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  const auto response = client.get("/");
  if (response.status() == 200) {
    EXPECT_FALSE(response.complete);
    EXPECT_EQ(response.body, "only");
  } else {
    EXPECT_EQ(response.status(), 502);
  }
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"version", "v1"}}), 1);
}

TEST(BadUpstream, ThatSendsMoreThanItPromisedCannotSpeakToTheNext) {
  FakeUpstream upstream([](Conversation& gateway) {
    while (true) {
      gateway.read_request();
      gateway.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngoodHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    }
  });
  SluiceProcess sluice(policy_for(upstream, {}, "workers: 1"));
  RawClient client(sluice.port());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.get("/").body, "good");
}

TEST(BadUpstream, ThatSpeaksUnaskedIsNotListenedTo) {
  Gate spoken;
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    gateway.answer(200, "good");
    if (gateway.number() == 0) {
      gateway.answer(200, "evil");
      spoken.open();
      gateway.sees_close();
    }
  });
  SluiceProcess sluice(policy_for(upstream, {}, "workers: 1"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").body, "good");
  ASSERT_TRUE(spoken.wait());
  EXPECT_EQ(client.get("/").body, "good");
}

class Broken : public testing::TestWithParam<const char*> {};

TEST_P(Broken, ResponsesAreA502) {
  const std::string bytes = GetParam();
  FakeUpstream upstream([&](Conversation& gateway) {
    gateway.read_request();
    gateway.send(bytes);
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  expect_bad_response(sluice, client.get("/"));
  EXPECT_EQ(upstream.request_count(), 1u) << "an answer that began must not be retried";
}

INSTANTIATE_TEST_SUITE_P(
    Heads, Broken,
    testing::Values("this is not HTTP at all\r\n\r\n", "HTTP/1.1 two hundred\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab",
                    "HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nab", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nX-A: 1\r\n folded\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nX Y: 1\r\n\r\n", "HTTP/1.1 99 Small\r\n\r\n"));

TEST(BadUpstream, WithAHeadThatIsTooLargeIsA502) {
  FakeUpstream upstream(always("HTTP/1.1 200 OK\r\nX-Big: " + std::string(200000, 'x') + "\r\n\r\n"));
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  expect_bad_response(sluice, client.get("/"));
}

TEST(BadUpstream, WithAHeadWithoutEndIsA502) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\n");
    while (true) gateway.send("X-More: and more\r\n");
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  expect_bad_response(sluice, client.get("/"));
}

TEST(BadUpstream, WithABrokenChunkNeverLooksComplete) {
  for (const std::string rest : {"zz\r\n", "5\r\nhelloX", "ffffffffffffffffff\r\n", "-5\r\n", " 5\r\nhello\r\n"}) {
    FakeUpstream upstream([&](Conversation& gateway) {
      gateway.read_request();
      gateway.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n" + rest);
      gateway.sees_close();
    });
    SluiceProcess sluice(policy_for(upstream));
    RawClient client(sluice.port());
    const auto response = client.get("/");
    EXPECT_TRUE(response.status() == 502 || !response.complete) << rest << response.start_line;
    EXPECT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"reason", "bad_response"}}), 1) << rest;
  }
}

TEST(BadUpstream, ThatClosesWithoutAWordIsA502) {
  FakeUpstream upstream([](Conversation& gateway) { gateway.read_request(); });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  expect_error(client.get("/"), 502, "reset");
}

TEST(BadUpstream, ThatResetsInTheMiddleNeverLooksComplete) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    gateway.reset();
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  const auto response = client.get("/");
  EXPECT_TRUE(response.status() == 502 || !response.complete);
  EXPECT_EQ(sluice.metric_becomes(1, "sluice_request_failures_total", {{"reason", "reset"}}), 1);
}

TEST(BadUpstream, ThatIsNotThereIsA502Or503) {
  SluiceProcess sluice(gateway_yaml() +
                       route_yaml("model", {version_yaml("v1", "http://127.0.0.1:" + std::to_string(refused_port()))}));
  RawClient client(sluice.port());
  const auto response = client.get("/");
  EXPECT_TRUE(response.status() == 502 || response.status() == 503) << response.start_line;
  EXPECT_EQ(response.field("x-sluice-error"), "connect_failed");
}

TEST(BadUpstream, ThatDoesNotResolveIsA502Or503AndTheGatewayStartsAnyway) {
  FakeUpstream healthy("fine");
  SluiceProcess sluice(gateway_yaml() +
                       route_yaml("lost", {version_yaml("v1", "http://no-such-host.invalid:9")},
                                  "matches: [{path: {type: PathPrefix, value: /lost}}]") +
                       route_yaml("healthy", {version_yaml("w1", healthy)}));
  RawClient client(sluice.port());
  const auto response = client.get("/lost");
  EXPECT_TRUE(response.status() == 502 || response.status() == 503) << response.start_line;
  EXPECT_EQ(response.field("x-sluice-error"), "resolve_failed");
  EXPECT_EQ(client.get("/").body, "fine");
}

TEST(Upstream, IsFoundByName) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(gateway_yaml() + route_yaml("model", {version_yaml("v1", "http://localhost:" +
                                                                                    std::to_string(upstream.port()))}));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").body, "fine");
}

TEST(BadUpstream, ThatDiesWithIdleConnectionsIsAnErrorAndNotAHang) {
  FakeUpstream upstream("fine");
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").status(), 200);
  upstream.stop();
  for (int i = 0; i < 3; ++i) {
    const auto response = client.get("/");
    EXPECT_TRUE(response.status() == 502 || response.status() == 503) << response.start_line;
    EXPECT_TRUE(response.has("x-sluice-error"));
  }
}

struct ErrorShape {
  const char* protocol;
  const char* content_type;
  const char* pointer;  ///< where the sentence stands; empty: the whole text
};

class ErrorBodies : public testing::TestWithParam<ErrorShape> {};

TEST_P(ErrorBodies, AreOfTheRoutesProtocol) {
  const auto shape = GetParam();
  FakeUpstream upstream([](Conversation& gateway) { gateway.read_request(); });
  SluiceProcess sluice(policy_for(upstream, std::string("protocol: ") + shape.protocol));
  RawClient client(sluice.port());
  const auto response = client.post("/v1/x", R"({"model":"m"})", {{"X-Request-Id", "r-1"}});
  EXPECT_EQ(response.status(), 502);
  EXPECT_EQ(response.field("x-sluice-error"), "reset");
  EXPECT_EQ(response.field("x-request-id"), "r-1");
  EXPECT_EQ(version_of(response), "v1");
  EXPECT_TRUE(response.field("content-type").starts_with(shape.content_type)) << response.raw_head;
  if (*shape.pointer == '\0') {
    EXPECT_FALSE(response.body.empty());
    return;
  }
  const auto body = nlohmann::json::parse(response.body);
  EXPECT_FALSE(body.at(nlohmann::json::json_pointer(shape.pointer)).get<std::string>().empty());
}

INSTANTIATE_TEST_SUITE_P(Protocols, ErrorBodies,
                         testing::Values(ErrorShape{"OpenInference", "application/json", "/error"},
                                         ErrorShape{"KServeV1", "application/json", "/error"},
                                         ErrorShape{"OpenAI", "application/json", "/error/message"},
                                         ErrorShape{"Vertex", "application/json", "/error/message"},
                                         ErrorShape{"SageMaker", "application/json", "/Message"},
                                         ErrorShape{"Raw", "text/plain", ""}),
                         [](const auto& test) { return test.param.protocol; });

}  // namespace
}  // namespace sluice::test
