#include "sluice/rollout/prometheus_answer.hpp"

#include <gtest/gtest.h>

namespace sluice::rollout {
namespace {

using strategy::QueryAnswer;
using State = QueryAnswer::State;

const WallTime kNow{std::chrono::hours(480'000)};

QueryAnswer read(std::string_view body, unsigned status = 200) {
  return read_prometheus(status, body, kNow);
}

std::string vector_of(const std::string& series) {
  return R"({"status":"success","data":{"resultType":"vector","result":[)" + series + "]}}";
}

std::string sample(const std::string& value) {
  return R"({"metric":{"job":"a"},"value":[1700000000.1,")" + value + "\"]}";
}

TEST(PrometheusUrl, AsksTheApiBehindTheAddress) {
  EXPECT_EQ(prometheus_url("http://prom:9090", "up"), "http://prom:9090/api/v1/query?query=up");
  EXPECT_EQ(prometheus_url("http://prom:9090/", "up"), "http://prom:9090/api/v1/query?query=up");
  EXPECT_EQ(prometheus_url("https://example.org/team/prom", "up"),
            "https://example.org/team/prom/api/v1/query?query=up");
}

TEST(PrometheusUrl, EveryCharacterOfTheQueryArrives) {
  EXPECT_EQ(
      prometheus_url("http://p", "sum(rate(a{b=\"v1\"}[5m])) + 1 & 2%\n#\xc3\xa9"),
      "http://p/api/v1/query?query=sum%28rate%28a%7Bb%3D%22v1%22%7D%5B5m%5D%29%29%20%2B%201%20%26%202%25%0A%23%C3%A9");
}

TEST(PrometheusAnswer, OneSeriesIsAValue) {
  const QueryAnswer answer = read(vector_of(sample("0.25")));
  EXPECT_EQ(answer.state, State::Value);
  EXPECT_DOUBLE_EQ(answer.value, 0.25);
  EXPECT_EQ(answer.at, kNow);
}

TEST(PrometheusAnswer, AScalarIsAValue) {
  const QueryAnswer answer = read(R"({"status":"success","data":{"resultType":"scalar","result":[1.5,"-3e2"]}})");
  EXPECT_EQ(answer.state, State::Value);
  EXPECT_DOUBLE_EQ(answer.value, -300);
}

TEST(PrometheusAnswer, NumbersAreReadAsPrometheusWritesThem) {
  for (const auto& [text, value] :
       {std::pair{"0", 0.0}, {"1e-05", 1e-5}, {"+2", 2.0}, {"123456789012345", 1.23456789012345e14}}) {
    const QueryAnswer answer = read(vector_of(sample(text)));
    EXPECT_EQ(answer.state, State::Value) << text;
    EXPECT_DOUBLE_EQ(answer.value, value) << text;
  }
}

TEST(PrometheusAnswer, NoSeriesIsEmpty) {
  const QueryAnswer answer = read(vector_of(""));
  EXPECT_EQ(answer.state, State::Empty);
  EXPECT_EQ(answer.detail, "the query found no series");
}

TEST(PrometheusAnswer, SeveralSeriesAreMany) {
  const QueryAnswer answer = read(vector_of(sample("1") + "," + sample("2") + "," + sample("3")));
  EXPECT_EQ(answer.state, State::Many);
  EXPECT_EQ(answer.detail, "the query found 3 series, and one is wanted");
}

TEST(PrometheusAnswer, WhatIsNotFiniteIsNoNumber) {
  for (const char* const text : {"NaN", "+Inf", "-Inf", "Inf", "1e999"}) {
    const QueryAnswer answer = read(vector_of(sample(text)));
    EXPECT_EQ(answer.state, State::NotANumber) << text;
    EXPECT_EQ(answer.detail, "the value is " + std::string(text));
    EXPECT_EQ(answer.value, 0);
  }
}

TEST(PrometheusAnswer, AnErrorIsToldInTheServersWords) {
  const QueryAnswer answer =
      read(R"({"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": parse error"})", 400);
  EXPECT_EQ(answer.state, State::Failed);
  EXPECT_EQ(answer.detail, "bad_data: invalid parameter \"query\": parse error");
}

TEST(PrometheusAnswer, ASuccessWithAnotherStatusIsNoValue) {
  EXPECT_EQ(read(vector_of(sample("1")), 503).state, State::Failed);
  EXPECT_EQ(read("busy", 503).detail, "status 503 and no JSON");
  EXPECT_EQ(read("{}", 404).detail, "status 404 and no reason");
}

TEST(PrometheusAnswer, AnotherTypeOfResultIsNamed) {
  const QueryAnswer answer = read(R"({"status":"success","data":{"resultType":"matrix","result":[]}})");
  EXPECT_EQ(answer.state, State::Failed);
  EXPECT_EQ(answer.detail, "the query gives a matrix, not a number");
}

TEST(PrometheusAnswer, NonsenseFailsAndNeverThrows) {
  for (const char* const body :
       {"", "null", "[]", "{", "<html>", R"({"status":"success"})", R"({"status":"success","data":1})",
        R"({"status":"success","data":{"resultType":"vector"}})",
        R"({"status":"success","data":{"resultType":"vector","result":{}}})",
        R"({"status":"success","data":{"resultType":"vector","result":[1]}})",
        R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{}}]}})",
        R"({"status":"success","data":{"resultType":"vector","result":[{"histogram":[1,{}]}]}})",
        R"({"status":"success","data":{"resultType":"vector","result":[{"value":[1]}]}})",
        R"({"status":"success","data":{"resultType":"vector","result":[{"value":[1,2]}]}})",
        R"({"status":"success","data":{"resultType":"vector","result":[{"value":[1,""]}]}})",
        R"({"status":"success","data":{"resultType":"vector","result":[{"value":[1,"+"]}]}})",
        R"({"status":"success","data":{"resultType":"vector","result":[{"value":[1,"7 apples"]}]}})",
        R"({"status":7,"data":{"resultType":"scalar","result":[1,"1"]}})"}) {
    const QueryAnswer answer = read(body);
    EXPECT_EQ(answer.state, State::Failed) << body;
    EXPECT_NE(answer.detail, "") << body;
  }
}

TEST(PrometheusAnswer, DeepNestingIsHarmless) {
  EXPECT_EQ(read(std::string(100'000, '[')).state, State::Failed);
  EXPECT_EQ(read(std::string(100'000, '[') + std::string(100'000, ']')).state, State::Failed);
}

}  // namespace
}  // namespace sluice::rollout
