#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "sluice/http/head.hpp"

namespace sluice::http {
namespace {

const std::string kUsual =
    "POST /v2/models/fraud/infer?trace=1 HTTP/1.1\r\n"
    "Host: models.test:8080\r\n"
    "User-Agent: curl/8.5.0\r\n"
    "Accept: */*\r\n"
    "Content-Type: application/json\r\n"
    "X-User-Id:  \t 4711 \t\r\n"
    "Connection: keep-alive\r\n"
    "X-Request-ID: 7b1d\r\n"
    "Content-Length: 250\r\n"
    "\r\n";

TEST(RequestHeadParser, RecordsRangesOfTheOriginalBytes) {
  RequestHeadParser parser;
  RequestHead head;
  const std::string bytes = kUsual + "body and more";
  ASSERT_EQ(parser.parse(bytes, head), ParseStatus::Done);
  const char* base = bytes.data();
  EXPECT_EQ(head.size, kUsual.size());
  EXPECT_EQ(head.method, Method::Post);
  EXPECT_EQ(head.method_text.in(base), "POST");
  EXPECT_EQ(head.target.in(base), "/v2/models/fraud/infer?trace=1");
  EXPECT_EQ(head.path.in(base), "/v2/models/fraud/infer");
  EXPECT_EQ(head.query.in(base), "trace=1");
  EXPECT_TRUE(head.authority.empty());
  EXPECT_EQ(head.start_line.in(base), "POST /v2/models/fraud/infer?trace=1 HTTP/1.1");
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_EQ(head.framing, Framing::Length);
  EXPECT_EQ(head.content_length, 250u);
  EXPECT_TRUE(head.keep_alive);
  ASSERT_EQ(head.field_count, 8);
  EXPECT_EQ(head.fields()[4].name.in(base), "X-User-Id");
  EXPECT_EQ(head.fields()[4].value.in(base), "4711");
  EXPECT_EQ(head.fields()[4].line.in(base), "X-User-Id:  \t 4711 \t\r\n");
  EXPECT_EQ(head.find(base, "x-user-id"), "4711");
  EXPECT_EQ(head.find(base, "x-user"), "");
  EXPECT_EQ(head.find(base, "x-user").data(), nullptr);
  ASSERT_NE(head.find(FieldId::XRequestId), nullptr);
  EXPECT_EQ(head.find(FieldId::XRequestId)->value.in(base), "7b1d");
  EXPECT_EQ(head.find(FieldId::Trailer), nullptr);
  EXPECT_TRUE(head.find(FieldId::Connection)->hop_by_hop);
  EXPECT_FALSE(head.find(FieldId::Host)->hop_by_hop);
}

TEST(RequestHeadParser, SaysNeedMoreForEveryPrefixOfAHead) {
  RequestHeadParser parser;
  RequestHead head;
  for (std::size_t size = 0; size < kUsual.size(); ++size) {
    ASSERT_EQ(parser.parse(std::string_view(kUsual).substr(0, size), head), ParseStatus::NeedMore) << size;
  }
  ASSERT_EQ(parser.parse(kUsual, head), ParseStatus::Done);
  EXPECT_EQ(head.field_count, 8);
}

TEST(RequestHeadParser, LetsTheBufferMoveBetweenCalls) {
  RequestHeadParser parser;
  RequestHead head;
  const auto half = std::make_unique<std::string>(kUsual.substr(0, 100));
  ASSERT_EQ(parser.parse(*half, head), ParseStatus::NeedMore);
  const std::string elsewhere = kUsual;
  ASSERT_EQ(parser.parse(elsewhere, head), ParseStatus::Done);
  EXPECT_EQ(head.find(elsewhere.data(), "host"), "models.test:8080");
}

TEST(RequestHeadParser, StartsAnewAfterDoneAndAfterRefused) {
  RequestHeadParser parser;
  RequestHead head;
  ASSERT_EQ(parser.parse(kUsual, head), ParseStatus::Done);
  const std::string get = "GET / HTTP/1.0\r\n\r\n";
  ASSERT_EQ(parser.parse(get, head), ParseStatus::Done);
  EXPECT_EQ(head.field_count, 0);
  EXPECT_EQ(head.framing, Framing::None);
  EXPECT_EQ(head.content_length, 0u);
  EXPECT_TRUE(head.query.empty());
  EXPECT_FALSE(head.keep_alive);
  ASSERT_EQ(parser.parse("GET / HTTP/1.1\nHost: a\n\n", head), ParseStatus::Refused);
  EXPECT_EQ(parser.refusal().reason, "bare_lf");
  ASSERT_EQ(parser.parse(kUsual, head), ParseStatus::Done);
}

TEST(RequestHeadParser, ResetForgetsAHalfHead) {
  RequestHeadParser parser;
  RequestHead head;
  ASSERT_EQ(parser.parse(std::string_view(kUsual).substr(0, 120), head), ParseStatus::NeedMore);
  parser.reset();
  ASSERT_EQ(parser.parse("GET /x HTTP/1.1\r\nHost: a\r\n\r\n", head), ParseStatus::Done);
  EXPECT_EQ(head.field_count, 1);
}

TEST(RequestHeadParser, RefusesABadLineAsSoonAsItEnded) {
  RequestHeadParser parser;
  RequestHead head;
  EXPECT_EQ(parser.parse("GET / HTTP/3.0\r\n", head), ParseStatus::Refused);
  EXPECT_EQ(parser.refusal().status, 505);
  EXPECT_EQ(parser.parse("\x16\x03\x01", head), ParseStatus::Refused) << "a TLS handshake holds no line end";
  EXPECT_EQ(parser.parse("GET / HTTP/1.1\r\nHost: a\r\nbad name: 1\r\n", head), ParseStatus::Refused);
}

TEST(RequestHeadParser, WaitsForTheSecondByteOfALeadingEmptyLine) {
  RequestHeadParser parser;
  RequestHead head;
  EXPECT_EQ(parser.parse("\r", head), ParseStatus::NeedMore);
  EXPECT_EQ(leading_empty_lines("\r"), 0u);
  EXPECT_EQ(leading_empty_lines("\r\n\r\nGET"), 4u);
  EXPECT_EQ(leading_empty_lines("\n"), 0u);
  EXPECT_EQ(parser.parse("\rG", head), ParseStatus::Refused);
  EXPECT_EQ(parser.refusal().reason, "bare_cr");
}

TEST(RequestHeadParser, TakesAHeadOfExactlyTheLimitAndRefusesOneByteMore) {
  const std::string front = "GET / HTTP/1.1\r\nHost: a\r\nX-Filler: ";
  for (const std::size_t more : {0u, 1u}) {
    const HeadLimits limits{.bytes = 500, .fields = 10, .target = 100};
    RequestHeadParser parser(limits);
    RequestHead head;
    const std::string bytes = front + std::string(500 - front.size() - 4 + more, 'x') + "\r\n\r\n";
    ASSERT_EQ(bytes.size(), 500 + more);
    EXPECT_EQ(parser.parse(bytes, head), more == 0 ? ParseStatus::Done : ParseStatus::Refused);
    if (more > 0) {
      EXPECT_EQ(parser.refusal().status, 431);
    }
  }
}

TEST(RequestHeadParser, RefusesAnEndlessHeadWithoutWaitingForItsEnd) {
  const HeadLimits limits{.bytes = 500, .fields = 10, .target = 100};
  RequestHeadParser parser(limits);
  RequestHead head;
  std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nX-Filler: ";
  ParseStatus status = ParseStatus::NeedMore;
  while (status == ParseStatus::NeedMore && bytes.size() < 1000) status = parser.parse(bytes += 'x', head);
  EXPECT_EQ(status, ParseStatus::Refused);
  EXPECT_EQ(bytes.size(), 500u);
  EXPECT_EQ(parser.refusal().reason, "fields_too_large");

  bytes = "GET /";
  status = ParseStatus::NeedMore;
  while (status == ParseStatus::NeedMore && bytes.size() < 1000) status = parser.parse(bytes += 'x', head);
  EXPECT_EQ(parser.refusal().status, 414);
  EXPECT_LT(bytes.size(), 160u);
}

TEST(RequestHeadParser, CountsFieldsAgainstTheirLimit) {
  for (const int count : {10, 11}) {
    RequestHeadParser parser(HeadLimits{.bytes = 60 * 1024, .fields = 10, .target = 100});
    RequestHead head;
    std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 1; i < count; ++i) bytes += "N: 1\r\n";
    EXPECT_EQ(parser.parse(bytes + "\r\n", head), count == 10 ? ParseStatus::Done : ParseStatus::Refused);
    if (count == 11) {
      EXPECT_EQ(parser.refusal().reason, "too_many_fields");
    }
  }
}

TEST(RequestHeadParser, FieldLimitsAboveTheStoreAreCutToIt) {
  RequestHeadParser parser(HeadLimits{.bytes = 60 * 1024, .fields = 1000, .target = 100});
  RequestHead head;
  std::string bytes = "GET / HTTP/1.0\r\n";
  for (std::size_t i = 0; i < kMaxFields + 1; ++i) bytes += "N: 1\r\n";
  EXPECT_EQ(parser.parse(bytes + "\r\n", head), ParseStatus::Refused);
}

// What the gateway depends on most: whatever way bytes are damaged and cut, the same verdict, and ranges that stay
// inside.
TEST(RequestHeadParser, GivesOneVerdictForAnyCutOfAnyDamage) {
  std::mt19937 random(20240229);
  const std::string alphabet = "\r\n\t :;,\"/%?#@*\\0aZ\x7f\x80";
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = kUsual;
    const auto damages = random() % 3;
    for (std::size_t i = 0; i < damages; ++i) {
      const auto at = random() % bytes.size();
      const char byte = alphabet[random() % alphabet.size()];
      if (random() % 2 == 0) {
        bytes[at] = byte;
      } else {
        bytes.insert(at, 1, byte);
      }
    }
    RequestHeadParser whole;
    RequestHead expected;
    const ParseStatus verdict = whole.parse(bytes, expected);

    RequestHeadParser pieces;
    RequestHead head;
    ParseStatus status = ParseStatus::NeedMore;
    for (std::size_t size = 0; status == ParseStatus::NeedMore && size < bytes.size();) {
      size = std::min(bytes.size(), size + 1 + random() % 40);
      const std::string copy(bytes, 0, size);  // its own allocation, so that a read past the end is seen by ASan
      status = pieces.parse(copy, head);
    }
    ASSERT_EQ(status, verdict) << bytes;
    if (verdict == ParseStatus::Refused) {
      ++refused;
      ASSERT_EQ(pieces.refusal().reason, whole.refusal().reason) << bytes;
    }
    if (verdict != ParseStatus::Done) continue;
    ASSERT_EQ(head.size, expected.size);
    ASSERT_EQ(head.field_count, expected.field_count);
    for (const Field& field : head.fields()) {
      ASSERT_LE(field.line.end(), head.size);
      ASSERT_GE(field.value.offset, field.name.end());
      ASSERT_LE(field.value.end() + 2, field.line.end());
    }
  }
  EXPECT_GT(refused, 2000) << "the damage must matter";
}

TEST(ResponseHeadParser, ReadsAStatusLineWithAndWithoutAReason) {
  ResponseHeadParser parser;
  ResponseHead head;
  for (const std::string line : {"HTTP/1.1 404 Not Found", "HTTP/1.1 404 ", "HTTP/1.1 404"}) {
    const std::string bytes = line + "\r\nContent-Length: 3\r\n\r\nabc";
    ASSERT_EQ(parser.parse(bytes, Method::Get, head), ParseStatus::Done) << line;
    EXPECT_EQ(head.status, 404);
    EXPECT_EQ(head.content_length, 3u);
    EXPECT_EQ(head.size, bytes.size() - 3);
  }
}

TEST(ResponseHeadParser, RefusesAnythingButHttpAtItsFirstByte) {
  ResponseHeadParser parser;
  ResponseHead head;
  EXPECT_EQ(parser.parse("S", Method::Get, head), ParseStatus::Refused);
  EXPECT_EQ(parser.refusal().status, 502);
  EXPECT_EQ(parser.refusal().reason, "invalid_status_line");
}

TEST(ResponseHeadParser, BoundsTheStatusLine) {
  ResponseHeadParser parser;
  ResponseHead head;
  const std::string bytes = "HTTP/1.1 200 " + std::string(9000, 'k');
  EXPECT_EQ(parser.parse(bytes, Method::Get, head), ParseStatus::Refused);
  EXPECT_EQ(parser.refusal().status, 502);
  EXPECT_EQ(parser.refusal().reason, "status_line_too_long");
}

TEST(ResponseHeadParser, GivesInterimHeadsOneByOne) {
  ResponseHeadParser parser;
  ResponseHead head;
  std::string bytes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  ASSERT_EQ(parser.parse(bytes, Method::Post, head), ParseStatus::Done);
  EXPECT_EQ(head.status, 100);
  EXPECT_EQ(head.framing, Framing::None);
  bytes.erase(0, head.size);
  ASSERT_EQ(parser.parse(bytes, Method::Post, head), ParseStatus::Done);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.framing, Framing::Chunked);
}

}  // namespace
}  // namespace sluice::http
