#include "sluice/gateway/answer_reader.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace sluice::gateway {
namespace {

using outcomes::AnswerField;
using outcomes::Unread;
using policy::AnswerPart;
using policy::OutcomeType;

AnswerField field_of(AnswerPart part, const std::string& name) {
  AnswerField field;
  field.part = part;
  field.type = OutcomeType::Value;
  field.name = name;
  if (part == AnswerPart::JsonPointer) field.pointer = {name};
  return field;
}

class AnswerReaderTest : public testing::Test {
 protected:
  /// Shows an answer as a relay does: its head, then its payload in two pieces.
  const outcomes::Observation& read(const std::string& head, const std::string& body) {
    const std::string text = "HTTP/1.1 " + head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    http::ResponseHeadParser parser;
    http::ResponseHead answer;
    EXPECT_EQ(parser.parse(text, http::Method::Post, answer), http::ParseStatus::Done) << text;
    seen_ = {};
    reader_.begin(fields_, answer, text.data(), random_);
    wanted_body_ = reader_.wants_body();
    if (wanted_body_) {
      reader_.take(std::string_view(body).substr(0, body.size() / 2));
      reader_.take(std::string_view(body).substr(body.size() / 2));
    }
    reader_.finish(parser_, std::chrono::seconds(1), seen_);
    reader_.end();
    return seen_;
  }

  outcomes::AnswerFields fields_{field_of(AnswerPart::Header, "x-score"), field_of(AnswerPart::JsonPointer, "score")};
  AnswerReader reader_;
  outcomes::AnswerParser parser_;
  outcomes::Observation seen_;
  Random random_{1};
  bool wanted_body_ = false;
};

TEST_F(AnswerReaderTest, ReadsHeadersAndBodies) {
  read("200 OK\r\nX-Score: 0.5\r\n", R"({"score":2})");
  EXPECT_EQ(seen_.read, 3);
  EXPECT_EQ(seen_.values[0], 0.5F);
  EXPECT_EQ(seen_.values[1], 2.0F);
  read("404 Not Found\r\n", R"({"score":null})");
  EXPECT_EQ(seen_.read, 0);
  EXPECT_EQ(seen_.unread[0], Unread::Absent);
  EXPECT_EQ(seen_.unread[1], Unread::Absent);
}

TEST_F(AnswerReaderTest, AnErrorHasNoValues) {
  read("500 Oops\r\nX-Score: 0.5\r\n", R"({"score":2})");
  EXPECT_FALSE(wanted_body_);
  EXPECT_EQ(seen_.read, 0);
  EXPECT_EQ(seen_.unread[0], Unread::NotLooked);
  EXPECT_EQ(seen_.unread[1], Unread::NotLooked);
}

TEST_F(AnswerReaderTest, WhatIsCompressedOrTooLargeIsNotRead) {
  read("200 OK\r\nContent-Encoding: gzip\r\nX-Score: 1\r\n", "zzzz");
  EXPECT_FALSE(wanted_body_);
  EXPECT_EQ(seen_.read, 1) << "a header needs no body";
  EXPECT_EQ(seen_.unread[1], Unread::Encoded);
  read("200 OK\r\nContent-Encoding: Identity\r\nX-Score: 1\r\n", R"({"score":2})");
  EXPECT_EQ(seen_.read, 3);
  fields_[1].body_bytes = 1024;
  read("200 OK\r\n", R"({"score":2,"text":")" + std::string(1024, 'x') + "\"}");
  EXPECT_EQ(seen_.unread[1], Unread::TooLarge);
  fields_.push_back(fields_[1]);
  fields_[2].body_bytes = 4096;
  read("200 OK\r\n", R"({"score":2,"text":")" + std::string(1024, 'x') + "\"}");
  EXPECT_EQ(seen_.unread[1], Unread::TooLarge);
  EXPECT_EQ(seen_.values[2], 2.0F) << "each has a bound of its own";
}

TEST_F(AnswerReaderTest, AHeaderAloneNeedsNoBody) {
  fields_.pop_back();
  read("200 OK\r\nX-Score: 7\r\n", R"({"score":2})");
  EXPECT_FALSE(wanted_body_);
  EXPECT_EQ(seen_.read, 1);
}

TEST_F(AnswerReaderTest, ReadsTheShareThatIsSampled) {
  fields_[0].sample = 0.25;
  fields_[1].sample = 0;
  int headers = 0;
  for (int i = 0; i < 4000; ++i) {
    read("200 OK\r\nX-Score: 7\r\n", R"({"score":2})");
    headers += seen_.read & 1;
    EXPECT_EQ(seen_.read & 2, 0);
    EXPECT_EQ(seen_.unread[1], Unread::NotLooked);
  }
  EXPECT_NEAR(headers, 1000, 110) << "four standard deviations";
}

TEST_F(AnswerReaderTest, OfAStreamTheLastObjectIsReadAndItsObjectsAreTokens) {
  fields_ = {field_of(AnswerPart::JsonPointer, "score"), field_of(AnswerPart::Tokens, ""),
             field_of(AnswerPart::TokensPerSecond, "")};
  read("200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\n",
       "data: {\"score\":1}\n\ndata: {\"score\":2}\n\ndata: [DONE]\n\n");
  EXPECT_EQ(seen_.read, 7);
  EXPECT_EQ(seen_.values[0], 2.0F);
  EXPECT_EQ(seen_.values[1], 2.0F);
  EXPECT_EQ(seen_.values[2], 2.0F);
  read("200 OK\r\nContent-Type: application/json\r\n", R"({"usage":{"completion_tokens":9}})");
  EXPECT_EQ(seen_.read, 6);
  EXPECT_EQ(seen_.values[1], 9.0F);
}

TEST_F(AnswerReaderTest, FindsATensorBehindTheJson) {
  fields_ = {field_of(AnswerPart::Tensor, "score")};
  const std::string json = R"({"outputs":[{"name":"score","datatype":"UINT8","parameters":{"binary_data_size":1}}]})";
  read("200 OK\r\nInference-Header-Content-Length: " + std::to_string(json.size()) + "\r\n", json + "\x09");
  EXPECT_EQ(seen_.read, 1);
  EXPECT_EQ(seen_.values[0], 9.0F);
  read("200 OK\r\nInference-Header-Content-Length: x\r\n", json + "\x09");
  EXPECT_EQ(seen_.unread[0], Unread::Absent);
}

TEST_F(AnswerReaderTest, OneAnswerLeavesNothingToTheNext) {
  read("200 OK\r\nX-Score: 0.5\r\n", R"({"score":2})");
  seen_ = {};
  reader_.finish(parser_, std::chrono::seconds(1), seen_);
  EXPECT_EQ(seen_.read, 0) << "nothing was begun";
  read("200 OK\r\n", "{}");
  EXPECT_EQ(seen_.read, 0);
}

TEST_F(AnswerReaderTest, WhatIsWatchedForDriftIsToldBesideTheOutcomes) {
  AnswerField score = field_of(AnswerPart::JsonPointer, "p");
  score.purpose = outcomes::ReadFor::Score;
  AnswerField label = field_of(AnswerPart::Header, "x-class");
  label.purpose = outcomes::ReadFor::Label;
  fields_.push_back(score);
  fields_.push_back(label);
  read("200 OK\r\nX-Class: fraud\r\nX-Score: 0.5\r\n", R"({"score":2,"p":0.75})");
  EXPECT_EQ(seen_.read, 3) << "outcomes alone";
  EXPECT_TRUE(seen_.prediction.has_score);
  EXPECT_EQ(seen_.prediction.score, 0.75F);
  EXPECT_TRUE(seen_.prediction.has_label);
  EXPECT_EQ(seen_.prediction.label.shown(), "fraud");
  read("200 OK\r\n", R"({"score":2,"p":"high"})");
  EXPECT_EQ(seen_.read, 2);
  EXPECT_FALSE(seen_.prediction.has_score);
  EXPECT_EQ(seen_.prediction.score_unread, Unread::NoNumber);
  EXPECT_FALSE(seen_.prediction.has_label);
  EXPECT_EQ(seen_.prediction.label_unread, Unread::Absent);
}

}  // namespace
}  // namespace sluice::gateway
