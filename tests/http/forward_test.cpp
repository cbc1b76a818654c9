#include "sluice/http/forward.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::http {
namespace {

struct Kept {
  std::string lines;
  std::size_t pieces = 0;
};

template <typename Head>
Kept collect(const std::string& bytes, const KeptFields& kept, const Head& head) {
  Kept result;
  for (const Range piece : kept.span()) {
    EXPECT_LE(piece.end(), head.size - 2) << "the empty line is the caller's to write";
    result.lines += piece.in(bytes.data());
  }
  result.pieces = kept.span().size();
  return result;
}

Kept request(const std::string& lines, const RequestForwarding& how = {}) {
  const std::string bytes = "POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
  RequestHeadParser parser;
  RequestHead head;
  EXPECT_EQ(parser.parse(bytes, head), ParseStatus::Done) << lines;
  KeptFields kept;
  kept_request_fields(head, how, kept);
  return collect(bytes, kept, head);
}

Kept response(const std::string& lines, bool drop_framing = false) {
  const std::string bytes = "HTTP/1.1 200 OK\r\n" + lines + "\r\n";
  ResponseHeadParser parser;
  ResponseHead head;
  EXPECT_EQ(parser.parse(bytes, Method::Get, head), ParseStatus::Done) << lines;
  KeptFields kept;
  kept_response_fields(head, drop_framing, kept);
  return collect(bytes, kept, head);
}

TEST(KeptFields, AHeadWithNothingToRemoveIsOnePiece) {
  const Kept kept = request("Accept: */*\r\nX-User-Id: 7\r\nVia: 1.1 edge\r\n");
  EXPECT_EQ(kept.lines, "Host: a\r\nAccept: */*\r\nX-User-Id: 7\r\nVia: 1.1 edge\r\n");
  EXPECT_EQ(kept.pieces, 1u);
}

TEST(KeptFields, HopByHopFieldsStopHere) {
  const Kept kept = request(
      "Connection: keep-alive, x-hop\r\nKeep-Alive: timeout=5\r\nA: 1\r\nX-Hop: 1\r\nTE: trailers\r\nUpgrade: h2c\r\n"
      "Proxy-Authorization: x\r\nProxy-Connection: close\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\n");
  EXPECT_EQ(kept.lines, "Host: a\r\nA: 1\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\n");
  EXPECT_EQ(kept.pieces, 3u);
}

TEST(KeptFields, WhatTheGatewayWritesItselfIsRemovedOnRequest) {
  const std::string lines =
      "X-Forwarded-For: 1.2.3.4\r\nExpect: 100-continue\r\nX-Sluice-Version: v2\r\nX-Request-Id: 1\r\nContent-Length: "
      "5\r\n";
  const RequestForwarding all{true, true, true, true};
  EXPECT_EQ(request(lines, all).lines, "Host: a\r\nContent-Length: 5\r\n");
  const RequestForwarding none{false, false, false, false};
  EXPECT_EQ(request(lines, none).lines, "Host: a\r\n" + lines);
}

TEST(KeptFields, OurNamesFromOutsideNeverPass) {
  const RequestForwarding none{false, false, false, false};
  EXPECT_EQ(request("X-Sluice-Shadow: true\r\nx-sluice-: 1\r\nX-SLUICE-DECISION: f\r\n", none).lines, "Host: a\r\n");
  EXPECT_EQ(response("X-Sluice-Version: v9\r\nX-Sluice-Error: x\r\nX-Request-Id: 5\r\nA: 1\r\n").lines, "A: 1\r\n");
}

TEST(KeptFields, FramingGoesOnlyWhenTheBodyIsTakenOutOfItsChunks) {
  const std::string lines = "Transfer-Encoding: chunked\r\nTrailer: A\r\nA: 1\r\n";
  EXPECT_EQ(response(lines).lines, lines);
  EXPECT_EQ(response(lines, true).lines, "A: 1\r\n");
}

TEST(KeptFields, TheWorstHeadFits) {
  std::string lines;
  RequestHead head;
  RequestHeadParser parser(HeadLimits{.bytes = 60 * 1024, .fields = kMaxFields, .target = 100});
  for (std::size_t i = 0; i < kMaxFields / 2; ++i) lines += "A: 1\r\nTE: 1\r\n";
  const std::string bytes = "POST / HTTP/1.0\r\n" + lines + "\r\n";
  ASSERT_EQ(parser.parse(bytes, head), ParseStatus::Done);
  KeptFields kept;
  kept_request_fields(head, {}, kept);
  EXPECT_EQ(kept.span().size(), kMaxFields / 2);
  EXPECT_LE(kept.span().size(), kept.pieces.size());
}

}  // namespace
}  // namespace sluice::http
