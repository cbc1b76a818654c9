#include "sluice/compare/event_stream.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::compare {
namespace {

std::vector<std::string> data_of(std::string_view body) {
  std::vector<std::string> all;
  ServerSentData events(body);
  for (std::string_view data; events.next(data);) all.emplace_back(data);
  return all;
}

std::string joined(const std::vector<std::string>& events) {
  JsonReader reader;
  JsonTree tree;
  ChatStream stream;
  stream.begin();
  for (const std::string& event : events) {
    EXPECT_TRUE(reader.read(event, tree)) << event;
    stream.add(tree);
  }
  std::string json;
  return stream.write(json) ? json : "too much";
}

TEST(ServerSentData, AreWhatTheLinesSay) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(data_of("data: a\n\ndata:b\r\n\r\ndata:  c\r\rdata: d"), (Texts{"a", "b", " c", "d"}));
  EXPECT_EQ(data_of("data: one\ndata: two\ndata:three\n\n"), (Texts{"one\ntwo\nthree"}));
  EXPECT_EQ(data_of(": hello\nevent: x\nid: 3\ndata: a\nretry: 5\n\n\n\n"), (Texts{"a"}));
  EXPECT_EQ(data_of("data\n\ndatax: b\n\ndata: c\n\n"), (Texts{"", "c"}));
  EXPECT_TRUE(data_of("").empty());
  EXPECT_TRUE(data_of("event: x\n\n").empty());
}

TEST(ChatStream, AddsUpToTheAnswerThatWouldHaveComeAtOnce) {
  EXPECT_EQ(
      joined(
          {R"({"id":"c1","object":"chat.completion.chunk","created":7,"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]})",
           R"({"id":"c1","object":"chat.completion.chunk","created":7,"choices":[{"index":0,"delta":{"content":"Hel\u006c"},"finish_reason":null}]})",
           R"({"id":"c1","object":"chat.completion.chunk","created":7,"choices":[{"index":0,"delta":{"content":"o"},"finish_reason":null}],"usage":null})",
           R"({"id":"c1","object":"chat.completion.chunk","created":7,"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})",
           R"({"id":"c1","object":"chat.completion.chunk","created":7,"choices":[],"usage":{"completion_tokens":2}})"}),
      R"({"id":"c1","object":"chat.completion","created":7,"choices":[{"index":0,"message":{"role":"assistant","content":"Hel\u006co"},"finish_reason":"stop"}],"usage":{"completion_tokens":2}})");
}

TEST(ChatStream, FindsChoicesAndToolCallsByTheirIndex) {
  EXPECT_EQ(
      joined(
          {R"({"choices":[{"index":1,"delta":{"content":"b"}},{"index":0,"delta":{"content":"a"}}]})",
           R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"find","arguments":"{\"q\""}}]}}]})",
           R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t1","function":{"name":"find","arguments":":1}"}}]}}]})"}),
      R"({"choices":[{"index":0,"message":{"content":"a","tool_calls":[{"id":"t1","type":"function","function":{"name":"find","arguments":"{\"q\":1}"}}]}},{"index":1,"message":{"content":"b"}}]})");
}

TEST(ChatStream, JoinsTextsOfTheOlderProtocol) {
  EXPECT_EQ(joined({R"({"object":"text_completion","choices":[{"index":0,"text":"one "}]})",
                    R"({"object":"text_completion","choices":[{"index":0,"text":"two","finish_reason":"stop"}]})"}),
            R"({"object":"text_completion","choices":[{"index":0,"text":"one two","finish_reason":"stop"}]})");
}

TEST(ChatStream, OfResponsesIsTheOneAtItsEnd) {
  EXPECT_EQ(joined({R"({"type":"response.output_text.delta","delta":"Hi"})",
                    R"({"type":"response.completed","response":{"id":"r","output":[{"content":[{"text":"Hi"}]}]}})"}),
            R"({"id":"r","output":[{"content":[{"text":"Hi"}]}]})");
}

TEST(ChatStream, GivesUpWhereTooMuchIsNamed) {
  std::vector<std::string> events;
  for (int i = 0; i < 300; ++i) events.push_back("{\"field" + std::to_string(i) + "\":1}");
  EXPECT_EQ(joined(events), "too much");
}

TEST(ChatStream, WritesEveryKindOfValue) {
  JsonReader reader;
  JsonTree tree;
  const std::string text =
      R"({"a":[1,-0.5,true,false,null,"x\"y",{}],"b":{"c":[]},"n":NaN,"big":12345678901234567890})";
  ASSERT_TRUE(reader.read(text, tree));
  std::string json;
  write_json(tree, tree.root(), json);
  EXPECT_EQ(json, text);
}

}  // namespace
}  // namespace sluice::compare
