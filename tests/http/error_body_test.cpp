#include "sluice/http/error_body.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sluice/http/head.hpp"

namespace sluice::http {
namespace {

std::string written(const ErrorResponse& response, std::size_t capacity = kMaxErrorResponse) {
  std::vector<char> buffer(capacity);
  return {buffer.data(), write_error_response(buffer, response)};
}

std::string body_of(const std::string& text) {
  return text.substr(text.find("\r\n\r\n") + 4);
}

ErrorResponse unavailable(ErrorStyle style) {
  ErrorResponse response;
  response.status = 503;
  response.reason = "no_endpoint";
  response.message = "no endpoint of \"v2\" is ready";
  response.style = style;
  return response;
}

TEST(ErrorBody, SpeaksTheProtocolOfTheRoute) {
  EXPECT_EQ(body_of(written(unavailable(ErrorStyle::Raw))), "no endpoint of \"v2\" is ready\n");
  EXPECT_EQ(body_of(written(unavailable(ErrorStyle::OpenInference))), R"({"error":"no endpoint of \"v2\" is ready"})");
  EXPECT_EQ(body_of(written(unavailable(ErrorStyle::KServeV1))), R"({"error":"no endpoint of \"v2\" is ready"})");
  EXPECT_EQ(body_of(written(unavailable(ErrorStyle::OpenAI))),
            R"({"error":{"message":"no endpoint of \"v2\" is ready","type":"server_error","param":null,)"
            R"("code":"no_endpoint"}})");
  const std::string sagemaker = written(unavailable(ErrorStyle::SageMaker));
  EXPECT_EQ(body_of(sagemaker), R"({"Message":"no endpoint of \"v2\" is ready"})");
  EXPECT_NE(sagemaker.find("x-amzn-errortype: ServiceUnavailable\r\n"), std::string::npos);
  EXPECT_EQ(body_of(written(unavailable(ErrorStyle::Vertex))),
            R"({"error":{"code":503,"message":"no endpoint of \"v2\" is ready","status":"UNAVAILABLE"}})");
}

TEST(ErrorBody, SaysByWhichDecisionItCameAndWhatIsAllowed) {
  ErrorResponse response = unavailable(ErrorStyle::SageMaker);
  EXPECT_EQ(written(response).find("x-sluice-decision"), std::string::npos);
  EXPECT_EQ(written(response).find("allow:"), std::string::npos);
  response.decision = std::string_view("0123456789abcdef0123456789abcdef");
  response.allow = "POST";
  const std::string text = written(response);
  EXPECT_NE(text.find("\r\nx-sluice-decision: 0123456789abcdef0123456789abcdef\r\n"), std::string::npos);
  EXPECT_NE(text.find("\r\nallow: POST\r\n"), std::string::npos);
}

TEST(ErrorBody, IsAResponseThatOurOwnParserTakes) {
  for (const ErrorStyle style : {ErrorStyle::Raw, ErrorStyle::OpenInference, ErrorStyle::KServeV1, ErrorStyle::OpenAI,
                                 ErrorStyle::SageMaker, ErrorStyle::Vertex}) {
    ErrorResponse response = unavailable(style);
    response.request_id = "7b1d";
    response.version = "v2";
    response.date = "Thu, 29 Feb 2024 12:00:00 GMT";
    response.retry_after = 3;
    const std::string text = written(response);
    ResponseHeadParser parser;
    ResponseHead head;
    ASSERT_EQ(parser.parse(text, Method::Get, head), ParseStatus::Done);
    EXPECT_EQ(head.status, 503);
    EXPECT_EQ(head.content_length, text.size() - head.size);
    EXPECT_FALSE(head.keep_alive);
    const char* base = text.data();
    EXPECT_EQ(head.find(base, "x-sluice-error"), "no_endpoint");
    EXPECT_EQ(head.find(base, "x-sluice-version"), "v2");
    EXPECT_EQ(head.find(base, "x-request-id"), "7b1d");
    EXPECT_EQ(head.find(base, "date"), "Thu, 29 Feb 2024 12:00:00 GMT");
    EXPECT_EQ(head.find(base, "retry-after"), "3");
    EXPECT_EQ(head.find(base, "content-type"), style == ErrorStyle::Raw ? "text/plain" : "application/json");
  }
}

TEST(ErrorBody, LeavesOutWhatIsNotThere) {
  ErrorResponse response = unavailable(ErrorStyle::Raw);
  response.close = false;
  const std::string text = written(response);
  for (const std::string name : {"connection", "date", "x-request-id", "x-sluice-version", "retry-after", "x-amzn"}) {
    EXPECT_EQ(text.find("\r\n" + name), std::string::npos) << name;
  }
}

TEST(ErrorBody, HeadGetsTheSameHeadAndNoBody) {
  ErrorResponse response = unavailable(ErrorStyle::OpenAI);
  const std::string full = written(response);
  response.to_head = true;
  EXPECT_EQ(written(response), full.substr(0, full.find("\r\n\r\n") + 4));
}

TEST(ErrorBody, MakesAnyMessageHarmless) {
  ErrorResponse response = unavailable(ErrorStyle::OpenInference);
  const std::string nasty = std::string("a\r\n\t\0b", 6) + "\\\"\xc3\xa4\x7f";
  response.message = nasty;
  EXPECT_EQ(body_of(written(response)), R"({"error":"a    b\\\"???"})");
  response.message = std::string_view();
  EXPECT_EQ(body_of(written(response)), R"({"error":""})");
}

TEST(ErrorBody, TheLargestResponseFitsAndASmallBufferIsNeverOverrun) {
  ErrorResponse response = unavailable(ErrorStyle::OpenAI);
  const std::string quotes(5000, '"');
  const std::string token(64, 'r');
  const std::string id(kMaxErrorRequestId, 'i');
  const std::string decision(128, 'd');
  response.message = quotes;
  response.decision = decision;
  response.allow = "POST";
  response.reason = response.version = token;
  response.request_id = id;
  response.date = "Thu, 29 Feb 2024 12:00:00 GMT";
  response.retry_after = 4294967295;
  const std::string text = written(response);
  ASSERT_GT(text.size(), 2 * kMaxErrorMessage);
  for (std::size_t capacity = 0; capacity < text.size(); ++capacity) ASSERT_EQ(written(response, capacity), "");
  EXPECT_EQ(written(response, text.size()), text);
}

TEST(ErrorBody, DropsARequestIdThatIsTooLongToEcho) {
  ErrorResponse response = unavailable(ErrorStyle::Raw);
  const std::string id(kMaxErrorRequestId + 1, 'i');
  response.request_id = id;
  EXPECT_EQ(written(response).find("x-request-id"), std::string::npos);
}

}  // namespace
}  // namespace sluice::http
