#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

std::string head_that_expects(std::size_t length) {
  return "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

TEST(Expect, TheClientSendsItsBodyOnceTheUpstreamSaysContinue) {
  FakeUpstream upstream([](Conversation& gateway) {
    auto request = gateway.read_head();
    gateway.send("HTTP/1.1 100 Continue\r\n\r\n");
    const auto body = gateway.read_exactly(5);
    gateway.answer(200, body);
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.send(head_that_expects(5));
  EXPECT_EQ(client.read_head().status(), 100);
  client.send("hello");
  const auto response = client.read_response();
  EXPECT_EQ(response.body, "hello");
  EXPECT_TRUE(response.interim.empty()) << "a second 100";
}

TEST(Expect, AFinalAnswerComesWithoutTheBody) {
  for (const int status : {417, 413, 401}) {
    FakeUpstream upstream([status](Conversation& gateway) {
      gateway.read_head();
      gateway.answer(status, "no");
    });
    SluiceProcess sluice(policy_for(upstream));
    RawClient client(sluice.port());
    client.send(head_that_expects(100));
    const auto response = client.read_response();
    EXPECT_EQ(response.status(), status);
    EXPECT_EQ(response.body, "no");
  }
}

TEST(Expect, TheClientDoesNotWaitForAnUpstreamThatKeepsSilent) {
  FakeUpstream upstream([](Conversation& gateway) {
    gateway.read_request();
    gateway.answer(200, "late");
  });
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  const auto begun = std::chrono::steady_clock::now();
  client.send(head_that_expects(5));
  EXPECT_EQ(client.read_head().status(), 100);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(kSanitized ? 15 : 3));
  client.send("hello");
  const auto response = client.read_response();
  EXPECT_EQ(response.body, "late");
  EXPECT_EQ(upstream.request(0).body, "hello");
}

TEST(Expect, ABodyThatComesUnaskedIsForwarded) {
  FakeUpstream upstream(echo());
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.send(head_that_expects(5) + "hello");
  EXPECT_EQ(client.read_response().body, "hello");
}

TEST(Expect, OldClientsGetNo100) {
  FakeUpstream upstream(echo());
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  client.send("POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
  const auto response = client.read_response();
  EXPECT_EQ(response.body, "hello");
  EXPECT_TRUE(response.interim.empty());
}

TEST(Expect, ABodyThatIsTooLargeIsRefusedBeforeItIsSent) {
  FakeUpstream upstream;
  SluiceProcess sluice(policy_for(upstream, {}, "limits: {bodyBytes: 1KiB}"));
  RawClient client(sluice.port());
  client.send(head_that_expects(5000));
  expect_error(client.read_response(), 413, "too_large");
  EXPECT_EQ(upstream.request_count(), 0u);
}

}  // namespace
}  // namespace sluice::test
