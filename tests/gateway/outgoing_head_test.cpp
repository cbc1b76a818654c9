#include "sluice/gateway/outgoing_head.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace sluice::gateway {
namespace {

constexpr std::string_view kClient = "192.0.2.7";
constexpr RequestAdditions kAsShadow{{}, {}, {}, Purpose::Shadow};

/// What an endpoint gets of a request.
std::string forwarded(const std::string& bytes, RequestAdditions additions = {}) {
  if (additions.client_address.empty()) additions.client_address = kClient;
  if (additions.host.empty()) additions.host = "model.test";
  auto head = std::make_unique<http::RequestHead>();
  http::RequestHeadParser parser;
  EXPECT_EQ(parser.parse(bytes, *head), http::ParseStatus::Done) << bytes << parser.refusal().reason;
  auto out = std::make_unique<GatherList>();
  write_request_head(bytes.data(), *head, additions, *out);
  std::string text;
  out->flatten_into(text);
  EXPECT_EQ(text.size(), out->size());
  return text;
}

std::string answered(const std::string& bytes, const ResponseAdditions& additions, bool interim = false) {
  auto head = std::make_unique<http::ResponseHead>();
  http::ResponseHeadParser parser;
  EXPECT_EQ(parser.parse(bytes, http::Method::Get, *head), http::ParseStatus::Done) << bytes;
  auto out = std::make_unique<GatherList>();
  if (interim) {
    write_interim_head(bytes.data(), *head, *out);
  } else {
    write_response_head(bytes.data(), *head, additions, *out);
  }
  std::string text;
  out->flatten_into(text);
  return text;
}

constexpr std::string_view kOurs = "X-Forwarded-For: 192.0.2.7\r\nVia: 1.1 sluice\r\n\r\n";

TEST(RequestHead, OriginFormGoesOnByteForByteWithOurFieldsBehind) {
  const std::string head = "POST /v2/models/m/infer?x=%20y HTTP/1.1\r\nHost: a.test\r\nX-odd-CASE:  v \r\n";
  EXPECT_EQ(forwarded(head + "\r\n"), head + std::string(kOurs));
}

TEST(RequestHead, AHeadWithNothingToRemoveIsTwoPieces) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\n\r\n";
  http::RequestHead head;
  http::RequestHeadParser parser;
  ASSERT_EQ(parser.parse(bytes, head), http::ParseStatus::Done);
  GatherList out;
  write_request_head(bytes.data(), head, {kClient, {}, "model.test", {}}, out);
  EXPECT_EQ(out.pieces().size(), 2u) << "the client's bytes and ours";
}

TEST(RequestHead, AbsoluteFormBecomesOriginForm) {
  EXPECT_EQ(forwarded("GET http://a.test/x/y?q=1 HTTP/1.1\r\nHost: a.test\r\n\r\n"),
            "GET /x/y?q=1 HTTP/1.1\r\nHost: a.test\r\n" + std::string(kOurs));
  EXPECT_EQ(forwarded("GET http://a.test HTTP/1.1\r\nHost: a.test\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a.test\r\n" + std::string(kOurs));
  EXPECT_EQ(forwarded("GET http://a.test?q HTTP/1.1\r\nHost: a.test\r\n\r\n"),
            "GET /?q HTTP/1.1\r\nHost: a.test\r\n" + std::string(kOurs));
}

TEST(RequestHead, EndpointsAreSpokenToInOurOwnVersion) {
  EXPECT_EQ(forwarded("GET /x HTTP/1.0\r\nHost: a\r\n\r\n"),
            "GET /x HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.7\r\nVia: 1.0 sluice\r\n\r\n");
}

TEST(RequestHead, AMissingHostIsTheTargetsOwnOrTheEndpoints) {
  EXPECT_EQ(forwarded("GET http://a.test:81/x HTTP/1.0\r\n\r\n"),
            "GET /x HTTP/1.1\r\nHost: a.test:81\r\nX-Forwarded-For: 192.0.2.7\r\nVia: 1.0 sluice\r\n\r\n");
  EXPECT_EQ(forwarded("GET /x HTTP/1.0\r\n\r\n"),
            "GET /x HTTP/1.1\r\nHost: model.test\r\nX-Forwarded-For: 192.0.2.7\r\nVia: 1.0 sluice\r\n\r\n");
  EXPECT_NE(forwarded("GET / HTTP/1.0\r\n\r\n", {{}, {}, "[::1]:9001", {}}).find("\r\nHost: [::1]:9001\r\n"),
            std::string::npos)
      << "RFC 3986: an IPv6 address stands in brackets";
}

TEST(RequestHead, LosesTheFieldsThatACopyShallLose) {
  const std::vector<std::string> drop = {"authorization", "cookie", "x-forwarded-for"};
  RequestAdditions additions = kAsShadow;
  additions.drop = drop;
  EXPECT_EQ(forwarded("GET / HTTP/1.1\r\nAuthorization: a\r\nHost: a\r\nCookie: 1\r\ncookie: 2\r\nCookies: 3\r\n"
                      "X-Forwarded-For: 1.1.1.1\r\nZ: 1\r\nCOOKIE: 4\r\n\r\n",
                      additions),
            "GET / HTTP/1.1\r\nHost: a\r\nCookies: 3\r\nZ: 1\r\nVia: 1.1 sluice\r\nx-sluice-shadow: true\r\n\r\n");
}

TEST(RequestHead, ForwardedForIsOneLineWithTheClientLast) {
  const std::string text = forwarded(
      "GET / HTTP/1.1\r\nX-Forwarded-For: 1.1.1.1\r\nHost: a\r\nx-forwarded-for: 2.2.2.2, 3.3.3.3\r\n"
      "X-Forwarded-For: \r\nA: 1\r\n\r\n");
  EXPECT_EQ(text,
            "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\n"
            "X-Forwarded-For: 1.1.1.1, 2.2.2.2, 3.3.3.3, 192.0.2.7\r\nVia: 1.1 sluice\r\n\r\n");
}

TEST(RequestHead, TheMostForwardedForLinesThatFitAreJoined) {
  std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n";
  std::string joined = "X-Forwarded-For: ";
  for (int i = 0; i < 99; ++i) {
    bytes += "X-Forwarded-For: 10.0.0." + std::to_string(i) + "\r\n";
    joined += "10.0.0." + std::to_string(i) + ", ";
  }
  EXPECT_NE(forwarded(bytes + "\r\n").find(joined + std::string(kClient) + "\r\n"), std::string::npos);
}

TEST(RequestHead, ViaOfOthersStaysAndOursComesBehind) {
  EXPECT_EQ(forwarded("GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 edge\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: a\r\nVia: 1.1 edge\r\nX-Forwarded-For: 192.0.2.7\r\nVia: 1.1 sluice\r\n\r\n");
}

TEST(RequestHead, ARequestIdIsKeptOrAdded) {
  EXPECT_NE(forwarded("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\n\r\n").find("\r\nX-Request-Id: mine\r\n"),
            std::string::npos);
  const std::string made = forwarded("GET / HTTP/1.1\r\nHost: a\r\n\r\n", {{}, "made", {}, {}});
  EXPECT_TRUE(made.ends_with("Via: 1.1 sluice\r\nx-request-id: made\r\n\r\n")) << made;
}

TEST(RequestHead, HopByHopFieldsAndOurOwnNamesStopHere) {
  const std::string text = forwarded(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nTE: "
      "trailers\r\nUpgrade: h2c\r\nx-sluice-shadow: true\r\nX-Sluice-Version: v2\r\nX-Sluice-Any: 1\r\nLast: 1\r\n"
      "\r\n");
  EXPECT_EQ(text, "GET / HTTP/1.1\r\nHost: a\r\nLast: 1\r\n" + std::string(kOurs));
}

TEST(RequestHead, OnlyCopiesForShadowsAreMarked) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nX-Sluice-Shadow: false\r\n\r\n";
  EXPECT_EQ(forwarded(bytes).find("hadow"), std::string::npos);
  EXPECT_TRUE(forwarded(bytes, kAsShadow).ends_with("\r\nx-sluice-shadow: true\r\n\r\n"));
}

TEST(RequestHead, ExpectGoesOnUnlessThisIsACopy) {
  const std::string bytes = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
  EXPECT_NE(forwarded(bytes).find("Expect: 100-continue"), std::string::npos);
  EXPECT_EQ(forwarded(bytes, kAsShadow).find("Expect"), std::string::npos);
}

TEST(ResponseHead, GoesOnWithOurFieldsBehind) {
  EXPECT_EQ(
      answered("HTTP/1.1 200 Fine thing\r\nContent-Length: 2\r\n\r\n", {"v2", "77", ConnectionField::None, false}),
      "HTTP/1.1 200 Fine thing\r\nContent-Length: 2\r\nx-sluice-version: v2\r\nx-request-id: 77\r\n\r\n");
}

TEST(ResponseHead, WhatTheEndpointSaysInOurNameStopsHere) {
  EXPECT_EQ(answered("HTTP/1.1 200 OK\r\nX-Sluice-Version: fake\r\nX-Sluice-Error: x\r\nX-Request-Id: theirs\r\n"
                     "Connection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n",
                     {"v1", {}, ConnectionField::None, false}),
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx-sluice-version: v1\r\n\r\n");
}

TEST(ResponseHead, AnAnswerOfHttp10GoesOnInOurOwnVersion) {
  EXPECT_EQ(answered("HTTP/1.0 404 Gone away\r\nContent-Length: 0\r\n\r\n", {}),
            "HTTP/1.1 404 Gone away\r\nContent-Length: 0\r\n\r\n");
}

TEST(ResponseHead, SaysByWhichDecisionItCameAndNobodyElseDoes) {
  const std::string forged = "HTTP/1.1 200 OK\r\nX-Sluice-Decision: theirs\r\nA: 1\r\n\r\n";
  EXPECT_EQ(answered(forged, {}), "HTTP/1.1 200 OK\r\nA: 1\r\n\r\n");
  EXPECT_EQ(answered(forged, {"v1", "7", ConnectionField::None, false, "ours"}),
            "HTTP/1.1 200 OK\r\nA: 1\r\nx-sluice-version: v1\r\nx-sluice-decision: ours\r\nx-request-id: 7\r\n\r\n");
}

TEST(ResponseHead, SaysWhatBecomesOfTheConnection) {
  const std::string bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  EXPECT_TRUE(answered(bytes, {{}, {}, ConnectionField::Close, false}).ends_with("\r\nConnection: close\r\n\r\n"));
  EXPECT_TRUE(answered(bytes, {{}, {}, ConnectionField::KeepAlive, false}).ends_with("Connection: keep-alive\r\n\r\n"));
  EXPECT_EQ(answered(bytes, {}).find("Connection"), std::string::npos);
}

TEST(ResponseHead, WithoutItsFramingABodyIsForClientsOfHttp10) {
  const std::string bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nA: 1\r\n\r\n";
  EXPECT_EQ(answered(bytes, {{}, {}, ConnectionField::None, true}), "HTTP/1.1 200 OK\r\nA: 1\r\n\r\n");
  EXPECT_EQ(answered(bytes, {}), bytes);
}

TEST(InterimHead, GainsNothingAndLosesWhatStopsHere) {
  EXPECT_EQ(answered("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n", {}, true),
            "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
}

}  // namespace
}  // namespace sluice::gateway
