#include "sluice/http/framing_rules.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::http {
namespace {

/// The verdict on a request with these lines after a valid request line: "ok" or the reason.
std::string verdict(const std::string& lines, RequestHead& head, const std::string& version = "1.1") {
  RequestHeadParser parser;
  const std::string bytes = "POST /m HTTP/" + version + "\r\n" + lines + "\r\n";
  const ParseStatus status = parser.parse(bytes, head);
  EXPECT_NE(status, ParseStatus::NeedMore) << lines;
  return status == ParseStatus::Done ? "ok" : std::string(parser.refusal().reason);
}

std::string verdict(const std::string& lines) {
  RequestHead head;
  return verdict("Host: a\r\n" + lines, head);
}

std::string response_verdict(const std::string& text, ResponseHead& head, Method method = Method::Get) {
  ResponseHeadParser parser;
  const ParseStatus status = parser.parse(text + "\r\n", method, head);
  EXPECT_NE(status, ParseStatus::NeedMore) << text;
  if (status == ParseStatus::Done) return "ok";
  EXPECT_EQ(parser.refusal().status, 502) << text;
  return std::string(parser.refusal().reason);
}

TEST(FramingRules, TakesOneCanonicalLength) {
  for (const std::string value : {"1", "250", "999999999999999999"}) {
    RequestHead head;
    EXPECT_EQ(verdict("Host: a\r\nContent-Length: " + value + "\r\n", head), "ok");
    EXPECT_EQ(head.framing, Framing::Length);
    EXPECT_EQ(head.content_length, std::stoull(value));
  }
}

TEST(FramingRules, ALengthOfZeroIsNoBody) {
  RequestHead head;
  EXPECT_EQ(verdict("Host: a\r\nContent-Length: 0\r\nExpect: 100-continue\r\n", head), "ok");
  EXPECT_EQ(head.framing, Framing::None);
  EXPECT_FALSE(head.expects_continue) << "nobody will send anything to wait for";
}

TEST(FramingRules, RefusesEveryOtherSpellingOfALength) {
  for (const std::string value : {"",
                                  "+5",
                                  "-5",
                                  "-0",
                                  "5 5",
                                  "5,5",
                                  "5, 5",
                                  "0x5",
                                  "5;q=1",
                                  "\"5\"",
                                  "5a",
                                  "1e3",
                                  "5.0",
                                  "05",
                                  "00",
                                  "9999999999999999999",
                                  "18446744073709551621",
                                  "\t5",
                                  "5\t",
                                  "\x85"}) {
    EXPECT_EQ(verdict("Content-Length: " + value + "\r\n"), "invalid_content_length") << value;
  }
  EXPECT_EQ(verdict("Content-Length: 5\r\nContent-Length: 5\r\n"), "duplicate_content_length");
  EXPECT_EQ(verdict("Content-Length: 5\r\ncontent-length: 6\r\n"), "duplicate_content_length");
}

TEST(FramingRules, TakesChunkedAloneAndInAnyCase) {
  for (const std::string value : {"chunked", "Chunked", "CHUNKED", " chunked "}) {
    RequestHead head;
    EXPECT_EQ(verdict("Host: a\r\nTransfer-Encoding:" + value + "\r\n", head), "ok") << value;
    EXPECT_EQ(head.framing, Framing::Chunked);
    EXPECT_EQ(head.content_length, 0u);
  }
}

TEST(FramingRules, RefusesEveryOtherTransferCoding) {
  const auto te = [](const std::string& value) { return verdict("Transfer-Encoding: " + value + "\r\n"); };
  for (const std::string value : {"gzip", "identity", "xchunked", "gzip, chunked", "gzip,deflate,chunked"}) {
    EXPECT_EQ(te(value), "unsupported_transfer_encoding") << value;
  }
  for (const std::string value :
       {"", ",", "chunked,", ",chunked", "chunked, chunked", "chunked, gzip", "chunked;q=1", "\"chunked\"",
        "chunked identity", "\tchunked", "chunked\t", "gzip,chunked,chunked"}) {
    EXPECT_EQ(te(value), "invalid_transfer_encoding") << value;
  }
  EXPECT_EQ(verdict("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "invalid_transfer_encoding");
  EXPECT_EQ(verdict("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n"), "invalid_transfer_encoding");
}

TEST(FramingRules, RefusesTwoFramingsAtOnce) {
  EXPECT_EQ(verdict("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), "content_length_with_transfer_encoding");
  EXPECT_EQ(verdict("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"), "content_length_with_transfer_encoding");
  RequestHead head;
  EXPECT_EQ(verdict("Transfer-Encoding: chunked\r\n", head, "1.0"), "transfer_encoding_in_http_1_0");
}

TEST(FramingRules, WantsExactlyOneHostOnHttp11) {
  RequestHead head;
  EXPECT_EQ(verdict("", head), "missing_host");
  EXPECT_EQ(verdict("", head, "1.0"), "ok");
  EXPECT_EQ(verdict("Host: a\r\nHost: a\r\n", head), "duplicate_host");
  EXPECT_EQ(verdict("Host: a\r\nHost: b\r\n", head, "1.0"), "duplicate_host");
}

TEST(FramingRules, KnowsAValidHost) {
  RequestHead head;
  for (const std::string host : {"a", "models.test:8080", "10.0.0.1", "[::1]", "[2001:db8::1]:80", "a_b", "a:"}) {
    EXPECT_EQ(verdict("Host: " + host + "\r\n", head), "ok") << host;
  }
  for (const std::string host : {"", "a b", "a,b", "u@a", "a/b", "a:b", "a:123456", "a:65536", "[::1", "::1", "[a]",
                                 "a#", "a\\b", "[::1]x", ":80", "a:80:80", "\xc3\xa4"}) {
    EXPECT_EQ(verdict("Host: " + host + "\r\n", head), "invalid_host") << host;
  }
}

TEST(FramingRules, ConnectionIsKeptByVersionUnlessSaidOtherwise) {
  const auto kept = [](const std::string& connection, const std::string& version) {
    RequestHead head;
    EXPECT_EQ(verdict("Host: a\r\n" + connection, head, version), "ok");
    return head.keep_alive;
  };
  EXPECT_TRUE(kept("", "1.1"));
  EXPECT_FALSE(kept("", "1.0"));
  EXPECT_TRUE(kept("Connection: Keep-Alive\r\n", "1.0"));
  EXPECT_FALSE(kept("Connection: Close\r\n", "1.1"));
  EXPECT_FALSE(kept("Connection: keep-alive\r\nConnection: foo, close\r\n", "1.1"));
  EXPECT_FALSE(kept("Proxy-Connection: keep-alive\r\n", "1.0"));
}

TEST(FramingRules, MarksWhatConnectionNames) {
  RequestHead head;
  ASSERT_EQ(
      verdict("Host: a\r\nX-Hop: 1\r\nConnection: x-hop, ,TE\r\nx-HOP: 2\r\nX-Hop-2: 3\r\nTE: trailers\r\n", head),
      "ok");
  EXPECT_TRUE(head.fields()[1].hop_by_hop);
  EXPECT_TRUE(head.fields()[3].hop_by_hop);
  EXPECT_FALSE(head.fields()[4].hop_by_hop);
  EXPECT_TRUE(head.fields()[5].hop_by_hop);
}

TEST(FramingRules, ConnectionCannotStripWhatOthersRelyOn) {
  for (const std::string name : {"Host", "content-length", "Transfer-Encoding"}) {
    EXPECT_EQ(verdict("Connection: " + name + "\r\n"), "connection_names_framing_field") << name;
  }
  for (const std::string name :
       {"Authorization", "X-Request-Id", "Via", "x-forwarded-for", "x-sluice-version", "cookie"}) {
    RequestHead head;
    ASSERT_EQ(verdict("Host: a\r\nConnection: " + name + "\r\n" + name + ": 1\r\n", head), "ok");
    EXPECT_FALSE(head.fields()[2].hop_by_hop) << name;
  }
  EXPECT_EQ(verdict("Connection: a b\r\n"), "invalid_connection");
  EXPECT_EQ(verdict("Connection: \"close\"\r\n"), "invalid_connection");
  std::string many = "Connection: a";
  for (int i = 0; i < 32; ++i) many += ",a";
  EXPECT_EQ(verdict(many + "\r\n"), "invalid_connection");
}

TEST(FramingRules, OnlyKnowsOneExpectation) {
  RequestHead head;
  ASSERT_EQ(verdict("Host: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n", head), "ok");
  EXPECT_TRUE(head.expects_continue);
  ASSERT_EQ(verdict("Expect: 100-continue\r\nContent-Length: 5\r\n", head, "1.0"), "ok");
  EXPECT_FALSE(head.expects_continue);
  EXPECT_EQ(verdict("Expect: 200-ok\r\n"), "unsupported_expectation");
  EXPECT_EQ(verdict("Expect: 100-continue\r\nExpect: more\r\n"), "unsupported_expectation");
}

TEST(FramingRules, HostMustBeTheAuthorityOfTheTarget) {
  RequestHeadParser parser;
  RequestHead head;
  const std::string same = "GET HTTP://Model.test/x?y HTTP/1.1\r\nHost: model.test\r\n\r\n";
  ASSERT_EQ(parser.parse(same, head), ParseStatus::Done);
  EXPECT_EQ(head.authority.in(same.data()), "Model.test");
  EXPECT_EQ(head.path.in(same.data()), "/x");
  EXPECT_EQ(head.query.in(same.data()), "y");
  ASSERT_EQ(parser.parse("GET http://model.test/x HTTP/1.1\r\nHost: other.test\r\n\r\n", head), ParseStatus::Refused);
  EXPECT_EQ(parser.refusal().reason, "host_mismatch");
  const std::string bare = "GET http://a?q HTTP/1.0\r\n\r\n";
  ASSERT_EQ(parser.parse(bare, head), ParseStatus::Done);
  EXPECT_TRUE(head.path.empty());
  EXPECT_EQ(head.query.in(bare.data()), "q");
}

TEST(FramingRules, ResponsesEndAsTheRequestMakesThem) {
  ResponseHead head;
  const std::string five = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n";
  ASSERT_EQ(response_verdict(five, head), "ok");
  EXPECT_EQ(head.framing, Framing::Length);
  ASSERT_EQ(response_verdict(five, head, Method::Head), "ok");
  EXPECT_EQ(head.framing, Framing::None);
  EXPECT_EQ(head.content_length, 0u);
  EXPECT_TRUE(head.keep_alive);
  ASSERT_EQ(response_verdict("HTTP/1.1 200 OK\r\n", head), "ok");
  EXPECT_EQ(head.framing, Framing::UntilClose);
  EXPECT_FALSE(head.keep_alive);
  ASSERT_EQ(response_verdict("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n", head), "ok");
  EXPECT_EQ(head.framing, Framing::None);
  ASSERT_EQ(response_verdict("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n", head), "ok");
  ASSERT_EQ(response_verdict("HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n", head), "ok");
  ASSERT_EQ(response_verdict("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n", head), "ok");
  EXPECT_FALSE(head.keep_alive);
  ASSERT_EQ(response_verdict("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n", head), "ok");
  EXPECT_TRUE(head.keep_alive);
}

TEST(FramingRules, RefusesResponsesThatCanBeReadInTwoWays) {
  ResponseHead head;
  const auto refused = [&](const std::string& text) { return response_verdict(text, head); };
  EXPECT_EQ(refused("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n"), "duplicate_content_length");
  EXPECT_EQ(refused("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
            "content_length_with_transfer_encoding");
  EXPECT_EQ(refused("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n"), "unsupported_transfer_encoding");
  EXPECT_EQ(refused("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n"), "transfer_encoding_in_http_1_0");
  EXPECT_EQ(refused("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n"), "body_not_allowed");
  EXPECT_EQ(refused("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n"), "body_not_allowed");
  EXPECT_EQ(refused("HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n"), "body_not_allowed");
  EXPECT_EQ(refused("HTTP/1.1 101 Switching Protocols\r\n"), "unexpected_upgrade");
  EXPECT_EQ(refused("HTTP/1.1 600 Odd\r\n"), "invalid_status_line");
  EXPECT_EQ(refused("HTTP/1.1 20 OK\r\n"), "invalid_status_line");
  EXPECT_EQ(refused("HTTP/2.0 200 OK\r\n"), "unsupported_version");
  EXPECT_EQ(refused("HTTP/1.1 200 O\rK\r\n"), "invalid_status_line");
  EXPECT_EQ(refused("HTTP/1.1 200 OK\r\nA : 1\r\n"), "space_before_colon");
}

}  // namespace
}  // namespace sluice::http
