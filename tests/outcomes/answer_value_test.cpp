#include "sluice/outcomes/answer_value.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "sluice/outcomes/answer_text.hpp"

namespace sluice::outcomes {
namespace {

using policy::AnswerPart;
using policy::OutcomeType;

AnswerField pointing(std::vector<std::string> pointer, OutcomeType type = OutcomeType::Value) {
  AnswerField field;
  field.type = type;
  field.pointer = std::move(pointer);
  return field;
}

AnswerField tensor(const std::string& name, OutcomeType type = OutcomeType::Value) {
  AnswerField field;
  field.part = AnswerPart::Tensor;
  field.type = type;
  field.name = name;
  return field;
}

AnswerField tokens(AnswerPart part = AnswerPart::Tokens) {
  AnswerField field;
  field.part = part;
  field.type = OutcomeType::Value;
  return field;
}

class AnswerValue : public testing::Test {
 protected:
  /// The value, or why there is none.
  std::string read(const AnswerField& field, const std::string& text, std::size_t json_bytes = 0,
                   std::uint32_t events = 0, Duration took = std::chrono::seconds(2)) {
    const std::string padded = text + std::string(AnswerText::kPadding, '\0');
    AnswerBody body;
    body.text = std::string_view(padded).substr(0, text.size());
    body.json_bytes = json_bytes;
    body.events = events;
    body.took = took;
    float value = -1;
    const Unread unread = parser_.read(field, body, value);
    if (unread != Unread::NotLooked) return std::string(to_string(unread));
    std::string shown = std::to_string(value);
    shown.erase(shown.find_last_not_of('0') + 1);
    return shown;
  }
  AnswerParser parser_;
};

TEST_F(AnswerValue, StandsWhereThePointerLeads) {
  const std::string body = R"({"a":{"b":[1,{"score":0.5}]},"ok":true,"bad":false,"text":"7","none":null,"list":[[3]]})";
  EXPECT_EQ(read(pointing({"a", "b", "1", "score"}), body), "0.5");
  EXPECT_EQ(read(pointing({"a", "b", "0"}), body), "1.");
  EXPECT_EQ(read(pointing({"a", "b"}), body), "1.") << "of a list the first";
  EXPECT_EQ(read(pointing({"list"}), body), "3.");
  EXPECT_EQ(read(pointing({"ok"}, OutcomeType::Binary), body), "1.");
  EXPECT_EQ(read(pointing({"bad"}, OutcomeType::Binary), body), "0.");
  EXPECT_EQ(read(pointing({"a", "b", "1", "score"}, OutcomeType::Binary), body), "1.") << "whatever is not 0";
  EXPECT_EQ(read(pointing({"ok"}), body), "no_number");
  EXPECT_EQ(read(pointing({"text"}), body), "no_number");
  EXPECT_EQ(read(pointing({"a"}), body), "no_number");
  EXPECT_EQ(read(pointing({"none"}), body), "absent");
  EXPECT_EQ(read(pointing({"b"}), body), "absent");
  EXPECT_EQ(read(pointing({"a", "b", "2"}), body), "absent");
  EXPECT_EQ(read(pointing({"a", "b", "01"}), body), "absent");
}

TEST_F(AnswerValue, HostileBodiesHaveNone) {
  for (const std::string body : {"", " ", "{", "[", "\"", "{\"score\"", "{\"score\":", "{\"score\":}", "nonsense",
                                 "{\"score\":[}", "{\"score\":[]}", "\xff\xfe", "{\"score\":[[[[[[[[[[1]]]]]]]]]]}"}) {
    const std::string found = read(pointing({"score"}), body);
    EXPECT_TRUE(found == "absent" || found == "no_number") << body << ": " << found;
  }
  EXPECT_EQ(read(pointing({"score"}), R"({"score":1e999})"), "no_number");
  EXPECT_EQ(read(pointing({"score"}), R"({"score":-2e15})"), "no_number");
  EXPECT_EQ(read(pointing({"score"}), R"({"score":NaN})"), "absent");
  EXPECT_EQ(read(pointing({"score"}), R"({"score":1x})"), "no_number");
  EXPECT_EQ(read(pointing({"score"}), R"({"score":-1e15})"), "-999999986991104.") << "as near as a float is";
}

TEST_F(AnswerValue, OfATensorItIsTheFirstElement) {
  const std::string body = R"({"model_name":"m","outputs":[)"
                           R"({"name":"label","datatype":"INT64","shape":[2],"data":[7,8]},)"
                           R"({"shape":[1,2],"data":[[0.25,0.75]],"datatype":"FP32","name":"score"},)"
                           R"({"name":"empty","datatype":"FP32","shape":[0],"data":[]},)"
                           R"({"name":"bytes","datatype":"BYTES","shape":[1],"data":["x"]}]})";
  EXPECT_EQ(read(tensor("label"), body), "7.");
  EXPECT_EQ(read(tensor("score"), body), "0.25");
  EXPECT_EQ(read(tensor("score", OutcomeType::Binary), body), "1.");
  EXPECT_EQ(read(tensor("empty"), body), "absent");
  EXPECT_EQ(read(tensor("bytes"), body), "no_number");
  EXPECT_EQ(read(tensor("other"), body), "absent");
  EXPECT_EQ(read(tensor("label"), R"({"error":"no"})"), "absent");
  EXPECT_EQ(read(tensor("label"), R"({"outputs":[{"name":"label"}]})"), "absent");
  EXPECT_EQ(read(tensor("label"), R"({"outputs":[7]})"), "absent");
}

template <typename T>
std::string bytes_of(T number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

TEST_F(AnswerValue, ABinaryTensorsBytesStandBehindTheJson) {
  const auto output = [](const std::string& name, const std::string& type, std::size_t bytes) {
    return R"({"name":")" + name + R"(","datatype":")" + type + R"(","shape":[1],"parameters":{"binary_data_size":)" +
           std::to_string(bytes) + "}}";
  };
  const std::string json = R"({"outputs":[)" + output("a", "INT64", 16) + R"(,{"name":"text","data":[5]},)" +
                           output("b", "FP32", 4) + "," + output("c", "FP64", 8) + "," + output("d", "BOOL", 1) + "," +
                           output("e", "FP16", 2) + "," + output("f", "UINT8", 1) + "]}";
  const std::string body = json + bytes_of(std::int64_t{-3}) + bytes_of(std::int64_t{9}) + bytes_of(0.5F) +
                           bytes_of(1.25) + "\x01" + "ab" + "\xff";
  EXPECT_EQ(read(tensor("a"), body, json.size()), "-3.");
  EXPECT_EQ(read(tensor("text"), body, json.size()), "5.");
  EXPECT_EQ(read(tensor("b"), body, json.size()), "0.5");
  EXPECT_EQ(read(tensor("c"), body, json.size()), "1.25");
  EXPECT_EQ(read(tensor("d", OutcomeType::Binary), body, json.size()), "1.");
  EXPECT_EQ(read(tensor("e"), body, json.size()), "no_number");
  EXPECT_EQ(read(tensor("f"), body, json.size()), "255.");
  EXPECT_EQ(read(tensor("f"), body.substr(0, body.size() - 1), json.size()), "absent") << "it is not there whole";
  EXPECT_EQ(read(tensor("a"), json), "absent") << "nobody said where the JSON ends";
  EXPECT_EQ(read(tensor("a"), body, body.size() + 1), "absent");
  const std::string huge = R"({"outputs":[)" + output("a", "FP32", std::numeric_limits<std::size_t>::max()) + "," +
                           output("b", "FP32", 4) + "]}";
  EXPECT_EQ(read(tensor("b"), huge + bytes_of(0.5F), huge.size()), "absent");
  const std::string none = R"({"outputs":[)" + output("a", "FP64", 4) + "]}";
  EXPECT_EQ(read(tensor("a"), none + bytes_of(1.0), none.size()), "absent") << "less than one element";
}

TEST_F(AnswerValue, TokensAreWhatTheUsageSaysOrHowManyEventsCame) {
  const std::string usage = R"({"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":42}})";
  EXPECT_EQ(read(tokens(), usage), "42.");
  EXPECT_EQ(read(tokens(), usage, 0, 50), "42.") << "the last event of a stream knows it better";
  EXPECT_EQ(read(tokens(), R"({"choices":[],"usage":null})", 0, 50), "50.");
  EXPECT_EQ(read(tokens(), "", 0, 50), "50.");
  EXPECT_EQ(read(tokens(), R"({"choices":[]})"), "absent");
  EXPECT_EQ(read(tokens(), R"({"usage":{"completion_tokens":-1}})"), "absent");
  const AnswerField rate = tokens(AnswerPart::TokensPerSecond);
  EXPECT_EQ(read(rate, usage), "21.");
  EXPECT_EQ(read(rate, "", 0, 50, std::chrono::milliseconds(500)), "100.");
  EXPECT_EQ(read(rate, usage, 0, 0, Duration(0)), "absent") << "no time passed";
}

TEST(ReadNumber, TakesWhatAHeaderSays) {
  const auto read = [](const char* text, OutcomeType type) -> std::optional<float> {
    float value = -1;
    return read_number(text, type, value) == Unread::NotLooked ? std::optional(value) : std::nullopt;
  };
  EXPECT_EQ(read(" 0.5\t", OutcomeType::Value), 0.5F);
  EXPECT_EQ(read("-3e2", OutcomeType::Value), -300.0F);
  EXPECT_EQ(read("true", OutcomeType::Binary), 1.0F);
  EXPECT_EQ(read("false", OutcomeType::Binary), 0.0F);
  EXPECT_EQ(read("0.0", OutcomeType::Binary), 0.0F);
  EXPECT_EQ(read("17", OutcomeType::Binary), 1.0F);
  for (const char* const text : {"", " ", "true", "nan", "inf", "-inf", "1e16", "1,5", "0x10", "1 2", "yes", "+1"}) {
    EXPECT_EQ(read(text, OutcomeType::Value), std::nullopt) << text;
  }
  float value = 0;
  EXPECT_EQ(read_number("", OutcomeType::Value, value), Unread::Absent);
  EXPECT_EQ(read_number("x", OutcomeType::Value, value), Unread::NoNumber);
}

/// The class that is read, or why there is none.
class AnswerLabel : public AnswerValue {
 protected:
  std::string label(AnswerField field, const std::string& text, std::size_t json_bytes = 0) {
    field.purpose = ReadFor::Label;
    const std::string padded = text + std::string(AnswerText::kPadding, '\0');
    AnswerBody body;
    body.text = std::string_view(padded).substr(0, text.size());
    body.json_bytes = json_bytes;
    Label found;
    const Unread unread = parser_.read_label(field, body, found);
    if (unread != Unread::NotLooked) return std::string(to_string(unread));
    Label same;
    same.set(found.shown());
    EXPECT_EQ(found.hash == same.hash, found.shown().size() < found.text.size()) << "the hash is of the whole text";
    return std::string(found.shown());
  }
};

TEST_F(AnswerLabel, IsATextAWholeNumberOrABoolean) {
  const std::string body =
      R"({"text":"fr\u0061ud","whole":7,"float":3.0,"part":0.5,"yes":true,"list":[["x"]],"none":null})";
  EXPECT_EQ(label(pointing({"text"}), body), "fraud");
  EXPECT_EQ(label(pointing({"whole"}), body), "7");
  EXPECT_EQ(label(pointing({"float"}), body), "3") << "the same class as 3";
  EXPECT_EQ(label(pointing({"part"}), body), "no_number");
  EXPECT_EQ(label(pointing({"yes"}), body), "true");
  EXPECT_EQ(label(pointing({"list"}), body), "x") << "of a list the first";
  EXPECT_EQ(label(pointing({"none"}), body), "absent");
  EXPECT_EQ(label(pointing({"nowhere"}), body), "absent");
  EXPECT_EQ(label(pointing({"text"}), R"({"text":{}})"), "no_number");
  EXPECT_EQ(label(pointing({"text"}), R"({"text":1e999})"), "no_number");
}

TEST_F(AnswerLabel, StandsInTensorsOfEveryKind) {
  EXPECT_EQ(label(tensor("class"), R"({"outputs":[{"name":"class","datatype":"INT64","data":[4,2]}]})"), "4");
  EXPECT_EQ(label(tensor("class"), R"({"outputs":[{"name":"class","datatype":"BYTES","data":["cat","dog"]}]})"), "cat");
  const std::string json =
      R"({"outputs":[{"name":"class","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":14}}]})";
  const std::string bytes("\3\0\0\0cat\3\0\0\0dog", 14);
  EXPECT_EQ(label(tensor("class"), json + bytes, json.size()), "cat");
  EXPECT_EQ(label(tensor("class"),
                  json + std::string("\xff\xff\xff\xff"
                                     "catdogcats",
                                     14),
                  json.size()),
            "absent");
  const std::string numbers =
      R"({"outputs":[{"name":"class","datatype":"INT32","shape":[1],"parameters":{"binary_data_size":4}}]})";
  EXPECT_EQ(label(tensor("class"), numbers + std::string("\x2a\0\0\0", 4), numbers.size()), "42");
}

TEST_F(AnswerLabel, ABooleanIsOneClassHoweverItIsWritten) {
  for (const char* written : {"true", "[true,false]", "[1,0]"}) {
    const std::string head = R"({"outputs":[{"name":"class","data":)" + std::string(written);
    EXPECT_EQ(label(tensor("class"), head + R"(,"datatype":"BOOL"}]})"), "true") << written;
  }
  EXPECT_EQ(label(tensor("class"), R"({"outputs":[{"name":"class","datatype":"BOOL","data":[0]}]})"), "false");
  const std::string json =
      R"({"outputs":[{"name":"class","datatype":"BOOL","shape":[1],"parameters":{"binary_data_size":1}}]})";
  EXPECT_EQ(label(tensor("class"), json + std::string(1, '\1'), json.size()), "true");
  EXPECT_EQ(label(tensor("class"), json + std::string(1, '\0'), json.size()), "false");
}

TEST_F(AnswerLabel, ALongTextIsKnownByAllOfIt) {
  const std::string same(40, 'a');
  EXPECT_EQ(label(pointing({"text"}), R"({"text":")" + same + "1\"}"), std::string(24, 'a'));
  Label one;
  Label other;
  one.set(same + "1");
  other.set(same + "2");
  EXPECT_NE(one.hash, other.hash);
  EXPECT_EQ(one.shown(), other.shown());
}

TEST(HeaderLabel, IsTheTextWithoutBlanks) {
  Label label;
  EXPECT_EQ(read_label("  fraud\t", label), Unread::NotLooked);
  EXPECT_EQ(label.shown(), "fraud");
  EXPECT_EQ(read_label("  ", label), Unread::Absent);
}

}  // namespace
}  // namespace sluice::outcomes
