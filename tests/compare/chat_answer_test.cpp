#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "comparing.hpp"

// How answers of the OpenAI protocol are compared, streamed or not.

namespace sluice::compare {
namespace {

std::string chat(const std::string& content, const std::string& reason = "stop", int tokens = 5) {
  return R"({"id":"x","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":")" +
         content + R"("},"finish_reason":")" + reason + R"("}],"usage":{"completion_tokens":)" +
         std::to_string(tokens) + "}}";
}

std::string calling(const std::string& name, const std::string& arguments) {
  return R"({"choices":[{"index":0,"message":{"content":null,"tool_calls":[{"type":"function","function":{"name":")" +
         name + R"(","arguments":")" + arguments + R"("}}]},"finish_reason":"tool_calls"}]})";
}

std::vector<std::string> chunks(const std::vector<std::string>& texts, bool with_usage = false) {
  const std::string head = R"({"id":"x","object":"chat.completion.chunk","model":"m","choices":)";
  std::vector<std::string> events;
  events.push_back(head + R"([{"index":0,"delta":{"role":"assistant"}}]})");
  for (const std::string& text : texts) {
    events.push_back(head + R"([{"index":0,"delta":{"content":")" + text + R"("},"finish_reason":null}]})");
  }
  events.push_back(head + R"([{"index":0,"delta":{},"finish_reason":"stop"}]})");
  if (with_usage) events.push_back(head + R"([],"usage":{"completion_tokens":9}})");
  events.push_back("[DONE]");
  return events;
}

policy::Compare edits(double ratio) {
  policy::Compare compare;
  compare.edit_ratio = ratio;
  return compare;
}

TEST(ChatAnswers, AreComparedByTextReasonAndTokens) {
  Judge judge(policy::Protocol::OpenAi);
  EXPECT_EQ(judge.tell(chat("Paris."), chat("Paris.")), "alike");
  EXPECT_EQ(judge.tell(chat("Paris."), chat("Rome.")), "/choices/*/message/content text");
  EXPECT_EQ(judge.tell(chat("Paris."), chat("Paris.", "length")), "/choices/*/finish_reason value");
  EXPECT_EQ(judge.tell(chat("Paris.", "stop", 5), chat("Paris.", "stop", 6)), "/usage/completion_tokens value");
  const Comparison found = judge.judge(answer_of(chat("Paris.", "stop", 5)), answer_of(chat("Paris!", "stop", 7)));
  EXPECT_EQ(found.live_tokens, 5u);
  EXPECT_EQ(found.other_tokens, 7u);
  const Comparison hostile = judge.judge(answer_of(R"({"usage":{"completion_tokens":NaN}})"),
                                         answer_of(R"({"usage":{"completion_tokens":Infinity}})"));
  EXPECT_EQ(hostile.live_tokens, 0u);
  EXPECT_EQ(hostile.other_tokens, 4'000'000'000u);
  EXPECT_DOUBLE_EQ(found.differences[0].size, 1.0 / 6);
}

TEST(ChatAnswers, MayBeWordedDifferentlyByTheEditRatio) {
  Judge judge(policy::Protocol::OpenAi, edits(0.2));
  EXPECT_EQ(judge.tell(chat("The capital is Paris.", "stop", 10), chat("The capital: Paris.", "stop", 9)), "alike");
  EXPECT_EQ(judge.tell(chat("The capital is Paris."), chat("I do not know that.")), "/choices/*/message/content text");
  EXPECT_EQ(judge.tell(chat("same", "stop", 10), chat("same", "stop", 5)), "/usage/completion_tokens value");
  // What is no prose is equal or not.
  EXPECT_EQ(judge.tell(chat("same", "stop"), chat("same", "stoq")), "/choices/*/finish_reason value");
}

TEST(ChatAnswers, CallToolsAlikeWhenNameAndArgumentsAre) {
  Judge judge(policy::Protocol::OpenAi);
  const std::string live = calling("find", R"({\"q\":\"a\",\"n\":1})");
  EXPECT_EQ(judge.tell(live, calling("find", R"({ \"n\": 1.0, \"q\": \"\\u0061\" })")), "alike");
  EXPECT_EQ(judge.tell(live, calling("seek", R"({\"q\":\"a\",\"n\":1})")),
            "/choices/*/message/tool_calls/*/function/name value");
  EXPECT_EQ(judge.tell(live, calling("find", R"({\"q\":\"b\",\"n\":1})")),
            "/choices/*/message/tool_calls/*/function/arguments/q value");
  EXPECT_EQ(judge.tell(live, calling("find", "not JSON")), "/choices/*/message/tool_calls/*/function/arguments value");
  EXPECT_NE(judge.tell(live, chat("I cannot.")).find("/choices/*/message/tool_calls missing"), std::string::npos);
}

TEST(ChatAnswers, TakeNullForNothing) {
  Judge judge(policy::Protocol::OpenAi);
  EXPECT_EQ(judge.tell(R"({"choices":[{"index":0,"message":{"content":"a","refusal":null},"logprobs":null}]})",
                       R"({"choices":[{"index":0,"message":{"content":"a"}}]})"),
            "alike");
}

TEST(ChatAnswers, DoNotCompareTheNameOfTheModel) {
  Judge judge(policy::Protocol::OpenAi);
  EXPECT_EQ(judge.tell(R"({"model":"m-1","system_fingerprint":"a","id":"1"})",
                       R"({"model":"m-2","system_fingerprint":"b","id":"2"})"),
            "/id value");
}

TEST(ChatAnswers, OfAStreamAreWhatItAddsUpTo) {
  Judge judge(policy::Protocol::OpenAi);
  EXPECT_EQ(judge.tell(stream_of(chunks({"Pa", "ris."})), stream_of(chunks({"P", "ar", "is."}))), "alike");
  EXPECT_EQ(judge.tell(stream_of(chunks({"Pa", "ris."})), stream_of(chunks({"Ro", "me."}))),
            "/choices/*/message/content text");
  const Comparison found = judge.judge(stream_of(chunks({"a"}, true)), stream_of(chunks({"a"})));
  EXPECT_EQ(told(found), "/usage missing");
  EXPECT_EQ(found.live_tokens, 9u);
  EXPECT_EQ(found.other_tokens, 3u);
}

TEST(ChatAnswers, OfAStreamAndOfNoneAreHeldAgainstOneAnother) {
  Judge judge(policy::Protocol::OpenAi);
  EXPECT_EQ(judge.tell(stream_of(chunks({"Pa", "ris."})), answer_of(chat("Paris."))), "alike");
  EXPECT_EQ(judge.tell(answer_of(chat("Paris.")), stream_of(chunks({"Ro", "me."}))), "/choices/*/message/content text");
}

TEST(ChatAnswers, ThatBreakOffInNonsenseAreNoAnswer) {
  Judge judge(policy::Protocol::OpenAi);
  EXPECT_EQ(judge.tell(stream_of(chunks({"a"})), stream_of({R"({"choices":[)"})), "body unread");
  EXPECT_EQ(judge.tell(stream_of({"x"}), stream_of({"y"})), "body value");
  EXPECT_EQ(judge.tell(stream_of({"x"}), stream_of({"x"})), "alike");
}

TEST(ChatAnswers, WithAnErrorInTheStreamDiffer) {
  Judge judge(policy::Protocol::OpenAi);
  auto broken = chunks({"a"});
  broken.insert(broken.begin() + 2, R"({"error":{"message":"out of memory"}})");
  EXPECT_EQ(judge.tell(stream_of(chunks({"a"})), stream_of(broken)), "/error added");
}

TEST(OtherStreams, AreComparedEventByEvent) {
  Judge judge(policy::Protocol::Raw);
  EXPECT_EQ(judge.tell(stream_of({R"({"t":"a"})", R"({"t":"b"})"}), stream_of({R"({"t":"a"})", R"({"t":"b"})"})),
            "alike");
  EXPECT_EQ(judge.tell(stream_of({R"({"t":"a"})", R"({"t":"b"})"}), stream_of({R"({"t":"a"})", R"({"t":"c"})"})),
            "/*/t value");
  EXPECT_EQ(judge.tell(stream_of({"1"}), stream_of({"1", "2"})), "body shape");
  EXPECT_EQ(judge.tell(stream_of({}), stream_of({})), "alike");
}

}  // namespace
}  // namespace sluice::compare
