#include "sluice/upstream/own_request.hpp"

#include <gtest/gtest.h>

namespace sluice::upstream {
namespace {

const EndpointSpec kEndpoint{.host = "10.0.0.1", .port = 9001, .tls_settings = {}};

void expect_valid(const std::string& bytes) {
  http::RequestHeadParser parser;
  auto head = std::make_unique<http::RequestHead>();
  ASSERT_EQ(parser.parse(bytes, *head), http::ParseStatus::Done) << parser.refusal().reason << "\n" << bytes;
  EXPECT_EQ(head->size + head->content_length, bytes.size());
}

TEST(OwnRequest, ACheckAsksForItsPathAndKeepsNoConnection) {
  HealthCheckSettings settings;
  settings.path = "/v2/health/ready";
  const std::string bytes = check_request(settings, kEndpoint);
  EXPECT_TRUE(bytes.starts_with("GET /v2/health/ready HTTP/1.1\r\nhost: 10.0.0.1:9001\r\n"));
  EXPECT_NE(bytes.find("connection: close\r\n"), std::string::npos);
  expect_valid(bytes);
}

TEST(OwnRequest, AChecksHostCanBeSet) {
  HealthCheckSettings settings;
  settings.host = "models.example";
  EXPECT_NE(check_request(settings, kEndpoint).find("host: models.example\r\n"), std::string::npos);
}

TEST(OwnRequest, AWarmUpRequestIsMarkedAndFramed) {
  const std::string bytes = warm_up_request({"POST", "/v2/models/m/infer", {{"x-a", "1"}}, "{\"a\":1}"}, kEndpoint);
  EXPECT_TRUE(bytes.starts_with("POST /v2/models/m/infer HTTP/1.1\r\n"));
  EXPECT_NE(bytes.find("x-sluice-warmup: true\r\n"), std::string::npos);
  EXPECT_NE(bytes.find("x-a: 1\r\n"), std::string::npos);
  EXPECT_NE(bytes.find("content-type: application/json\r\n"), std::string::npos);
  EXPECT_TRUE(bytes.ends_with("content-length: 7\r\n\r\n{\"a\":1}"));
  expect_valid(bytes);
}

TEST(OwnRequest, HeadersOfThePolicyWinExceptWhereTheyFrame) {
  const std::string bytes = warm_up_request(
      {"POST",
       "/",
       {{"Host", "h"}, {"Content-Type", "text/plain"}, {"Content-Length", "99"}, {"Connection", "close"}},
       "abc"},
      kEndpoint);
  EXPECT_NE(bytes.find("Host: h\r\n"), std::string::npos);
  EXPECT_EQ(bytes.find("host: 10.0.0.1"), std::string::npos);
  EXPECT_EQ(bytes.find("application/json"), std::string::npos);
  EXPECT_EQ(bytes.find("99"), std::string::npos);
  EXPECT_EQ(bytes.find("Connection"), std::string::npos);
  expect_valid(bytes);
}

TEST(OwnRequest, AGetHasNoLengthAndAnEmptyPostHasOne) {
  const std::string get = warm_up_request({"GET", "/", {}, ""}, kEndpoint);
  EXPECT_EQ(get.find("content-length"), std::string::npos);
  expect_valid(get);
  const std::string post = warm_up_request({"POST", "/", {}, ""}, kEndpoint);
  EXPECT_NE(post.find("content-length: 0\r\n"), std::string::npos);
  expect_valid(post);
}

TEST(OwnRequest, ARecordedRequestIsMarkedBehindItsFirstLine) {
  EXPECT_EQ(marked_as_warm_up("POST / HTTP/1.1\r\nhost: a\r\n\r\nbody"),
            "POST / HTTP/1.1\r\nx-sluice-warmup: true\r\nhost: a\r\n\r\nbody");
  EXPECT_EQ(marked_as_warm_up("no request"), "no request");
}

TEST(OwnRequest, OnlyHeadEndsItsAnswerDifferently) {
  EXPECT_EQ(method_of_request("HEAD / HTTP/1.1\r\n\r\n"), http::Method::Head);
  EXPECT_EQ(method_of_request("POST / HTTP/1.1\r\n\r\n"), http::Method::Post);
  EXPECT_EQ(method_of_request(""), http::Method::Post);
}

}  // namespace
}  // namespace sluice::upstream
