#include "sluice/compare/comparison.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "comparing.hpp"
#include "pair_fixtures.hpp"

namespace sluice::compare {
namespace {

using policy::AnswerPart;
using policy::Protocol;

policy::FromAnswer from(AnswerPart part, const std::string& name = "") {
  policy::FromAnswer made;
  made.part = part;
  made.name = name;
  return made;
}

policy::Drift drifting(std::optional<policy::FromAnswer> score, std::optional<policy::FromAnswer> label = {}) {
  policy::Drift drift;
  drift.score = std::move(score);
  drift.label = std::move(label);
  return drift;
}

TEST(Comparison, OfStatusesIsByTheirClass) {
  Judge judge(Protocol::Raw);
  const auto tell = [&](std::uint16_t live, std::uint16_t other) {
    return judge.tell(answer_of("{}", live), answer_of("{}", other));
  };
  EXPECT_EQ(tell(200, 200), "alike");
  EXPECT_EQ(tell(200, 201), "alike");
  EXPECT_EQ(tell(200, 404), "status status");
  EXPECT_EQ(tell(404, 200), "status status");
  EXPECT_EQ(tell(404, 404), "alike");
  EXPECT_EQ(tell(404, 422), "status status");
  EXPECT_EQ(tell(301, 308), "status status");
  EXPECT_EQ(tell(200, 500), "not compared");
  EXPECT_EQ(tell(503, 200), "not compared");
  EXPECT_EQ(tell(503, 503), "not compared");
  EXPECT_EQ(tell(0, 200), "not compared");
  // What a refusal says is for people.
  EXPECT_EQ(judge.tell(answer_of("a", 400), answer_of("b", 400)), "alike");
}

TEST(Comparison, IsNotOfAnswersThatSayNothing) {
  Judge judge(Protocol::Raw);
  Answer left = answer_of("{}");
  left.counted = false;
  EXPECT_EQ(judge.tell(answer_of("{}"), left), "not compared");
  Answer broken = answer_of("{}");
  broken.complete = false;
  EXPECT_EQ(judge.tell(broken, answer_of("{}")), "not compared");
}

TEST(Comparison, IsNotOfBodiesThatAreNotThere) {
  Judge judge(Protocol::Raw);
  const Answer whole = answer_of("{}");
  Answer encoded = answer_of("");
  encoded.encoded = true;
  Answer forgotten = answer_of("");
  forgotten.out_of_memory = true;
  Answer large = answer_of("");
  large.too_large = true;
  EXPECT_EQ(judge.tell(encoded, encoded), "not compared");
  EXPECT_EQ(judge.tell(encoded, large), "not compared");
  EXPECT_EQ(judge.tell(forgotten, whole), "not compared");
  EXPECT_EQ(judge.tell(large, large), "not compared");
  EXPECT_EQ(judge.tell(encoded, forgotten), "not compared");
  // One that is too large or compressed while the other is not: that is a difference.
  EXPECT_EQ(judge.tell(whole, large), "body unread");
  EXPECT_EQ(judge.tell(whole, encoded), "body unread");
  EXPECT_EQ(judge.tell(encoded, whole), "body unread");
  encoded.status = 404;
  EXPECT_EQ(judge.tell(whole, encoded), "status status");
}

TEST(Comparison, WithoutRulesIsOfStatusesAlone) {
  Judge judge(Protocol::Raw, std::nullopt);
  EXPECT_EQ(judge.tell("{\"a\":1}", "{\"a\":2}"), "alike");
  EXPECT_EQ(judge.tell(answer_of("a"), answer_of("b", 404)), "status status");
}

TEST(Comparison, OfBodiesThatAreNoJsonIsOfTheirBytes) {
  Judge judge(Protocol::SageMaker);
  EXPECT_EQ(judge.tell("0.1,0.2\n", "0.1,0.2\n"), "alike");
  EXPECT_EQ(judge.tell("0.1,0.2\n", "0.1,0.3\n"), "body value");
  EXPECT_EQ(judge.tell("0.1,0.2\n", "[0.1,0.2]"), "body unread");
  EXPECT_EQ(judge.tell("", ""), "alike");
  EXPECT_EQ(judge.tell("{}", ""), "body unread");
  EXPECT_EQ(judge.tell(std::string("\xFF\xFE"), std::string("\xFF\xFE")), "alike");
}

TEST(Comparison, PutsTheWorstPairsFirst) {
  Judge judge(Protocol::Raw);
  const auto severity = [&](const Answer& live, const Answer& other) { return severity_of(judge.judge(live, other)); };
  const Answer live = answer_of(R"({"a":100,"b":"x","c":1})");
  const double none = severity(live, live);
  const double slight = severity(live, answer_of(R"({"a":101,"b":"x","c":1})"));
  const double larger = severity(live, answer_of(R"({"a":170,"b":"x","c":1})"));
  const double more = severity(live, answer_of(R"({"a":170,"b":"x","c":1.0001})"));
  const double text = severity(live, answer_of(R"({"a":100,"b":"y","c":1})"));
  const double missing = severity(live, answer_of(R"({"a":100,"b":"x"})"));
  const double unread = severity(live, answer_of("oops"));
  const double status = severity(live, answer_of("{}", 404));
  EXPECT_EQ(none, 0);
  EXPECT_LT(none, slight);
  EXPECT_LT(slight, larger);
  EXPECT_LT(larger, more);
  EXPECT_LT(more, text);
  EXPECT_LT(text, missing);
  EXPECT_LT(missing, unread);
  EXPECT_LT(unread, status);
  EXPECT_LE(status, 1);
}

TEST(Comparison, TellsEveryChangeByName) {
  EXPECT_EQ(to_string(Change::ArgMax), "arg-max");
  EXPECT_EQ(to_string(Change::TopK), "top-k");
  EXPECT_EQ(to_string(Change::Unread), "unread");
}

TEST(Comparison, ReadsScoresOfBothAnswers) {
  const auto scores = [](const policy::FromAnswer& where, const Answer& live, const Answer& other,
                         Protocol protocol = Protocol::Raw) {
    Judge judge(protocol, std::nullopt, drifting(where));
    const Comparison found = judge.judge(live, other);
    return std::pair(found.live_score, found.other_score);
  };
  using Scores = std::pair<std::optional<double>, std::optional<double>>;
  const auto pointer = from(AnswerPart::JsonPointer, "/predictions/0/score");
  EXPECT_EQ(scores(pointer, answer_of(R"({"predictions":[{"score":0.5}]})"),
                   answer_of(R"({"predictions":[{"score":[[0.75,1]]}]})")),
            Scores(0.5, 0.75));
  EXPECT_EQ(scores(pointer, answer_of(R"({"predictions":[{"score":"0.5"}]})"), answer_of(R"({"predictions":[]})")),
            Scores());
  EXPECT_EQ(scores(pointer, answer_of(R"({"predictions":[{"score":1e300}]})"),
                   answer_of(R"({"predictions":[{"score":NaN}]})")),
            Scores());
  EXPECT_EQ(scores(pointer, stream_of({"1", R"({"predictions":[{"score":1}]})"}), answer_of("nonsense")),
            Scores(1.0, std::nullopt));
  const std::string json =
      R"({"outputs":[{"name":"score","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}]})";
  EXPECT_EQ(scores(from(AnswerPart::Tensor, "score"), binary_answer(json, bytes_of<float>({0.25F})),
                   answer_of(R"({"outputs":[{"name":"score","datatype":"FP32","shape":[1],"data":[2]}]})"),
                   Protocol::OpenInference),
            Scores(0.25, 2.0));
  Answer live = answer_of("");
  live.score_text = " 0.125 ";
  Answer other = answer_of("");
  other.score_text = "high";
  EXPECT_EQ(scores(from(AnswerPart::Header, "x-score"), live, other), Scores(0.125, std::nullopt));
  const Answer tokens = answer_of(R"({"usage":{"completion_tokens":10}})");
  EXPECT_EQ(scores(from(AnswerPart::Tokens), tokens, stream_of({"{}", "{}"}), Protocol::OpenAi), Scores(10.0, 2.0));
  EXPECT_EQ(scores(from(AnswerPart::TokensPerSecond), tokens, answer_of(""), Protocol::OpenAi),
            Scores(20.0, std::nullopt));
  Answer held_up = answer_of(tokens.body);
  held_up.held_up = true;
  EXPECT_EQ(scores(from(AnswerPart::TokensPerSecond), held_up, tokens, Protocol::OpenAi), Scores(std::nullopt, 20.0))
      << "of how its client took it";
}

TEST(Comparison, ReadsLabelsOfBothAnswers) {
  Judge judge(Protocol::Raw, std::nullopt, drifting(std::nullopt, from(AnswerPart::JsonPointer, "/label")));
  const auto labels = [&](const std::string& live, const std::string& other) {
    return judge.judge(answer_of(live), answer_of(other));
  };
  const Comparison texts = labels(R"({"label":"caf\u00e9"})", R"({"label":["cat","dog"]})");
  EXPECT_EQ(texts.live_label_text, "caf\xC3\xA9");
  EXPECT_EQ(texts.other_label_text, "cat");
  EXPECT_NE(texts.live_label, texts.other_label);
  const Comparison numbers = labels(R"({"label":3})", R"({"label":"3"})");
  EXPECT_TRUE(numbers.live_label.has_value());
  EXPECT_EQ(numbers.live_label, numbers.other_label);
  EXPECT_EQ(labels(R"({"label":true})", R"({"label":1.5})").live_label_text, "true");
  EXPECT_FALSE(labels(R"({"label":true})", R"({"label":1.5})").other_label.has_value());
  EXPECT_FALSE(labels(R"({"label":null})", R"({"label":{}})").live_label.has_value());
  const Comparison large =
      labels("{\"label\":\"" + std::string(63, 'x') + "\xC3\xA9\"}", R"({"label":12345678901234567890})");
  EXPECT_EQ(large.live_label_text, std::string(63, 'x'));
  EXPECT_EQ(large.other_label_text, "12345678901234567890");
  Judge tensors(Protocol::OpenInference, std::nullopt, drifting(std::nullopt, from(AnswerPart::Tensor, "label")));
  const Comparison bytes =
      tensors.judge(answer_of(R"({"outputs":[{"name":"label","datatype":"BYTES","shape":[1],"data":["cat"]}]})"),
                    answer_of(R"({"outputs":[{"name":"label","datatype":"INT32","shape":[1],"data":[7]}]})"));
  EXPECT_EQ(bytes.live_label_text, "cat");
  EXPECT_EQ(bytes.other_label_text, "7");
  const Comparison booleans =
      tensors.judge(answer_of(R"({"outputs":[{"name":"label","datatype":"BOOL","shape":[1],"data":[true]}]})"),
                    answer_of(R"({"outputs":[{"name":"label","datatype":"BOOL","shape":[1],"data":[0]}]})"));
  EXPECT_EQ(booleans.live_label_text, "true");
  EXPECT_EQ(booleans.other_label_text, "false");
}

}  // namespace
}  // namespace sluice::compare
