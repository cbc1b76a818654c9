#include "sluice/gateway/answer_keeper.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

namespace sluice::gateway {
namespace {

class AnswerKeeperTest : public testing::Test {
 protected:
  AnswerKeeperTest() {
    rules.bodies = true;
    rules.body_bytes = 1000;
  }
  /// An answer with these fields, of which so many bytes come in pieces.
  compare::Answer keep(const std::string& fields, std::size_t bytes, std::size_t piece = 100,
                       http::Method method = http::Method::Get) {
    return keep_within(memory, fields, bytes, piece, method);
  }
  compare::Answer keep_within(compare::Memory& all, const std::string& fields, std::size_t bytes, std::size_t piece,
                              http::Method method = http::Method::Get) {
    const std::string text = "HTTP/1.1 200 OK\r\n" + fields + "\r\n";
    auto head = std::make_unique<http::ResponseHead>();
    http::ResponseHeadParser parser;
    EXPECT_EQ(parser.parse(text, method, *head), http::ParseStatus::Done) << text;
    compare::Answer answer;
    AnswerKeeper keeper(rules, all, answer);
    keeper.take_head(*head, text.data());
    wanted = keeper.wants_body();
    for (std::size_t sent = 0; sent < bytes; sent += piece) {
      keeper.take_payload(std::string(std::min(piece, bytes - sent), 'x'));
    }
    return answer;
  }
  PairRules rules;
  compare::Memory memory{10'000};
  bool wanted = false;
};

TEST_F(AnswerKeeperTest, KeepsABodyWhoseLengthIsTold) {
  const compare::Answer answer = keep("Content-Length: 250\r\n", 250);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, std::string(250, 'x'));
  EXPECT_EQ(answer.memory.bytes(), 250u) << "and takes no more than it is long";
  EXPECT_FALSE(answer.encoded || answer.events || answer.too_large || answer.out_of_memory);
}

TEST_F(AnswerKeeperTest, KeepsABodyWhoseLengthIsNotTold) {
  const compare::Answer answer = keep("Transfer-Encoding: chunked\r\n", 1000, 7);
  EXPECT_EQ(answer.body.size(), 1000u);
  EXPECT_LE(answer.memory.bytes(), rules.body_bytes);
  EXPECT_GE(answer.memory.bytes(), 1000u);
}

TEST_F(AnswerKeeperTest, NoMoreIsAllocatedThanWasTaken) {
  for (const std::size_t piece : {7U, 64U, 300U}) {
    for (const char* const fields : {"Transfer-Encoding: chunked\r\n", "Content-Length: 1000\r\n"}) {
      const compare::Answer answer = keep(fields, 1000, piece);
      EXPECT_EQ(answer.body.size(), 1000u);
      EXPECT_LE(answer.body.capacity(), answer.memory.bytes()) << piece << " " << fields;
    }
  }
}

TEST_F(AnswerKeeperTest, ALongAnnouncementIsNotBelievedAtOnce) {
  rules.body_bytes = 1 << 20;
  compare::Memory large(1 << 20);
  const compare::Answer answer = keep_within(large, "Content-Length: 1000000\r\n", 10, 10);
  EXPECT_LE(answer.memory.bytes(), 64u * 1024);
}

TEST_F(AnswerKeeperTest, WhatIsTooLargeIsNotKept) {
  for (const char* const fields : {"Content-Length: 1001\r\n", "Transfer-Encoding: chunked\r\n"}) {
    const compare::Answer answer = keep(fields, 1001);
    EXPECT_TRUE(answer.too_large) << fields;
    EXPECT_EQ(answer.body, "") << fields;
    EXPECT_EQ(memory.used(), 0u) << fields;
  }
}

TEST_F(AnswerKeeperTest, NothingIsKeptWhenTooMuchWaits) {
  ASSERT_TRUE(memory.take(9'900));
  const compare::Answer answer = keep("Content-Length: 500\r\n", 500);
  EXPECT_TRUE(answer.out_of_memory);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(memory.used(), 9'900u);
  EXPECT_FALSE(keep("Content-Length: 50\r\n", 50).out_of_memory) << "it fits";
  EXPECT_EQ(memory.used(), 9'900u) << "and went back with the answer";
}

TEST_F(AnswerKeeperTest, OfWhatIsCompressedOnlyTheHead) {
  const compare::Answer answer = keep("Content-Encoding: gzip\r\nContent-Length: 10\r\n", 10);
  EXPECT_TRUE(answer.encoded);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(keep("Content-Encoding: identity\r\nContent-Length: 10\r\n", 10).body.size(), 10u);
}

TEST_F(AnswerKeeperTest, TellsEventsAndBinaryTensors) {
  EXPECT_TRUE(keep("Content-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n", 0).events);
  EXPECT_EQ(keep("Inference-Header-Content-Length: 77\r\nContent-Length: 100\r\n", 100).json_bytes, 77u);
}

TEST_F(AnswerKeeperTest, AnAnswerWithoutABodyIsNotWaitedFor) {
  keep("Content-Length: 100\r\n", 0, 1, http::Method::Head);
  EXPECT_FALSE(wanted);
}

TEST_F(AnswerKeeperTest, WithoutBodiesOnlyTheStatusAndTheHeadersThatAreRead) {
  rules.bodies = false;
  rules.score_header = "x-score";
  rules.label_header = "x-label";
  const compare::Answer answer = keep("X-Score: 0.5\r\nX-Label: cat\r\nContent-Length: 3\r\n", 3);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.score_text, "0.5");
  EXPECT_EQ(answer.label_text, "cat");
  EXPECT_EQ(keep("X-Label: " + std::string(5000, 'y') + "\r\nContent-Length: 3\r\n", 3).label_text.size(), 256u);
}

}  // namespace
}  // namespace sluice::gateway
