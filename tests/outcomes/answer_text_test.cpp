#include "sluice/outcomes/answer_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sluice::outcomes {
namespace {

/// The text that comes of a body in pieces of this size.
std::string text_of(AnswerText& text, bool events, const std::string& body, std::size_t piece, std::size_t limit,
                    std::size_t expected = 0) {
  text.begin(events, limit, expected);
  for (std::size_t at = 0; at < body.size(); at += piece) text.add(std::string_view(body).substr(at, piece));
  text.finish();
  return std::string(text.text());
}

TEST(AnswerText, IsTheBodyHoweverItComes) {
  AnswerText text;
  const std::string body(5000, 'x');
  for (const std::size_t piece : {1U, 7U, 4096U, 9000U}) {
    EXPECT_EQ(text_of(text, false, body, piece, 8192), body) << piece;
    EXPECT_EQ(text_of(text, false, body, piece, 8192, body.size()), body) << piece;
    EXPECT_EQ(text.events(), 0U);
  }
  EXPECT_EQ(text_of(text, false, "", 1, 10), "");
  EXPECT_FALSE(text.is_too_large());
}

TEST(AnswerText, OfABodyBeyondTheLimitNothingIsKept) {
  AnswerText text;
  EXPECT_EQ(text_of(text, false, std::string(100, 'x'), 10, 100), std::string(100, 'x'));
  EXPECT_EQ(text_of(text, false, std::string(101, 'x'), 10, 100), "");
  EXPECT_TRUE(text.is_too_large());
  EXPECT_EQ(text_of(text, false, "short", 10, 100, 101), "") << "its length was told";
  EXPECT_TRUE(text.is_too_large());
  EXPECT_EQ(text_of(text, false, "short", 10, 100), "short") << "the next one is another one";
  EXPECT_FALSE(text.is_too_large());
}

TEST(AnswerText, OfAStreamItIsTheLastObject) {
  AnswerText text;
  const std::string body =
      ": hello\r\nevent: x\r\ndata: {\"n\":1}\r\n\r\ndata:{\"n\":2}\n\ndata:  {\"n\":3}\n\nid: 4\n\ndata: [DONE]\n\n";
  for (std::size_t piece = 1; piece < 20; ++piece) {
    EXPECT_EQ(text_of(text, true, body, piece, 1024), "{\"n\":3}") << piece;
    EXPECT_EQ(text.events(), 3U);
  }
  EXPECT_EQ(text_of(text, true, "data: {\"n\":1}\n\ndata: {\"n\":2}", 5, 1024), "{\"n\":2}") << "no line end is needed";
  EXPECT_EQ(text_of(text, true, "data: [DONE]\n\n", 5, 1024), "");
  EXPECT_EQ(text.events(), 0U);
}

TEST(AnswerText, AStreamMayBeLongAndItsEventsMayNot) {
  AnswerText text;
  std::string body;
  for (int i = 0; i < 100; ++i) body += "data: {\"n\":" + std::to_string(i) + "}\n\n";
  EXPECT_EQ(text_of(text, true, body, 64, 32), "{\"n\":99}");
  EXPECT_EQ(text.events(), 100U);
  const std::string large = "data: {\"text\":\"" + std::string(40, 'x') + "\"}\n\n";
  EXPECT_EQ(text_of(text, true, body + large, 64, 32), "") << "what stood before it is not the last one";
  EXPECT_TRUE(text.is_too_large());
  EXPECT_EQ(text.events(), 101U);
  EXPECT_EQ(text_of(text, true, large + body, 64, 32), "{\"n\":99}");
  EXPECT_FALSE(text.is_too_large());
  EXPECT_EQ(text_of(text, true, body + ": " + std::string(100, 'x') + "\n\n", 64, 32), "{\"n\":99}")
      << "a comment says nothing, however long it is";
}

TEST(AnswerText, KeepsUsualMemoryAndGivesBackTheRest) {
  AnswerText text;
  text_of(text, false, std::string(1000, 'x'), 1000, 1 << 20);
  const char* const usual = text.text().data();
  text.end();
  text_of(text, false, std::string(2000, 'y'), 1000, 1 << 20);
  EXPECT_EQ(text.text().data(), usual);
  text_of(text, false, std::string(200'000, 'z'), 1000, 1 << 20);
  EXPECT_EQ(text.text().size(), 200'000U);
  text.end();
  EXPECT_EQ(text.text().data(), nullptr);
}

}  // namespace
}  // namespace sluice::outcomes
