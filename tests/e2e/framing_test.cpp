#include <algorithm>

#include "e2e/e2e.hpp"

// The rules stand case by case in tests/protocol; here a few of each kind go through the whole daemon.
namespace sluice::test {
namespace {

struct Trick {
  const char* name;
  std::string bytes;
  std::vector<int> statuses;
};

class Framing : public testing::TestWithParam<Trick> {};

TEST_P(Framing, IsRefusedAndReachesNobody) {
  const auto& trick = GetParam();
  FakeUpstream upstream("reached");
  SluiceProcess sluice(policy_for(upstream));
  for (const bool slowly : {false, true}) {
    RawClient client(sluice.port());
    if (slowly) {
      client.send_byte_by_byte(trick.bytes);
    } else {
      client.send(trick.bytes);
    }
    const auto response = client.read_response();
    EXPECT_TRUE(std::find(trick.statuses.begin(), trick.statuses.end(), response.status()) != trick.statuses.end())
        << response.start_line;
    EXPECT_TRUE(response.has("x-sluice-error"));
    EXPECT_TRUE(client.is_closed_by_peer()) << "what follows a broken request cannot be trusted";
  }
  EXPECT_EQ(upstream.request_count(), 0u);
  RawClient next(sluice.port());
  EXPECT_EQ(next.get("/").body, "reached");
}

const std::string kPost = "POST / HTTP/1.1\r\nHost: a\r\n";

INSTANTIATE_TEST_SUITE_P(
    Tricks, Framing,
    testing::Values(
        Trick{"LengthAndChunks", kPost + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}},
        Trick{"TwoLengths", kPost + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", {400}},
        Trick{"LengthWithPlus", kPost + "Content-Length: +1\r\n\r\na", {400}},
        Trick{"LengthThatOverflows", kPost + "Content-Length: 99999999999999999999\r\n\r\na", {400, 413}},
        Trick{"UnknownCoding", kPost + "Transfer-Encoding: gzip\r\n\r\n", {400, 501}},
        Trick{"ChunkedNotLast", kPost + "Transfer-Encoding: chunked, gzip\r\n\r\n", {400, 501}},
        Trick{"HiddenChunked",
              kPost + "Transfer-Encoding: \x0b"
                      "chunked\r\n\r\n0\r\n\r\n",
              {400, 501}},
        Trick{"ChunkedInHttp10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}},
        Trick{"SpaceBeforeColon", kPost + "Content-Length : 1\r\n\r\na", {400}},
        Trick{"FoldedField", kPost + "X-A: 1\r\n folded\r\n\r\n", {400}},
        Trick{"BareLineFeed", kPost + "X-A: 1\nX-B: 2\r\n\r\n", {400}},
        Trick{"NulInValue", kPost + std::string("X-A: a\0b\r\n\r\n", 12), {400}},
        Trick{"NoHost", "GET / HTTP/1.1\r\n\r\n", {400}},
        Trick{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", {400}},
        Trick{"SpaceInTarget", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", {400}},
        Trick{"HttpTwo", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", {400, 505}},
        Trick{"Connect", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", {400, 405, 501}},
        Trick{"NotHttp", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15), {400}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Chunks, ThatAreBrokenNeverLookWholeToTheUpstream) {
  for (const std::string body :
       {"zz\r\n", "5\r\nhelloX\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nhello\r\n0\r\n\r\n", " 5\r\nhello\r\n0\r\n\r\n"}) {
    std::string seen;
    FakeUpstream upstream([&](Conversation& gateway) {
      gateway.read_head();
      seen = gateway.read_until("0\r\n\r\n");
    });
    SluiceProcess sluice(policy_for(upstream));
    RawClient client(sluice.port());
    client.send(kPost + "Transfer-Encoding: chunked\r\n\r\n" + body);
    const auto response = client.read_response();
    EXPECT_EQ(response.status(), 400) << body;
    EXPECT_TRUE(client.is_closed_by_peer());
    EXPECT_TRUE(eventually([&] { return upstream.open_connections() == 0; }));
    EXPECT_EQ(seen.find("0\r\n\r\n"), std::string::npos) << body;
  }
}

}  // namespace
}  // namespace sluice::test
