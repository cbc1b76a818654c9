#include "sluice/base/log_format.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <vector>

namespace sluice::log {
namespace {

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string text_value(std::string_view text) {
  std::string out;
  append_text_value(out, text);
  return out;
}

TEST(LogFormat, TextQuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(text_value("127.0.0.1:8080"), "127.0.0.1:8080");
  EXPECT_EQ(text_value(""), "\"\"");
  EXPECT_EQ(text_value("two words"), "\"two words\"");
  EXPECT_EQ(text_value("a=b"), "\"a=b\"");
  EXPECT_EQ(text_value("say \"x\\y\""), R"("say \"x\\y\"")");
  EXPECT_EQ(text_value("a\nb\r\t\x01\x7f"), R"("a\nb\r\t\x01\x7f")");
  EXPECT_EQ(text_value("größe \xff"), "\"größe \\xff\"");
}

TEST(LogFormat, JsonEscapesWhatTheGrammarForbids) {
  EXPECT_EQ(json_string("a\"b\\c\nd\x01"), R"("a\"b\\c\nd\u0001")");
  EXPECT_EQ(json_string("größe"), "\"größe\"");
}

TEST(LogFormat, JsonReplacesWhatIsNotUtf8) {
  const std::string replacement = "\xEF\xBF\xBD";
  EXPECT_EQ(json_string("\xff"), '"' + replacement + '"');
  EXPECT_EQ(json_string("\xc0\xaf"), '"' + replacement + replacement + '"');                    // overlong
  EXPECT_EQ(json_string("\xed\xa0\x80"), '"' + replacement + replacement + replacement + '"');  // surrogate
  EXPECT_EQ(json_string("\xe2\x82"), '"' + replacement + replacement + '"');                    // cut off
}

TEST(LogFormat, AnyBytesMakeValidJsonOnOneLine) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 3000; ++i) {
    std::string bytes(random() % 40, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    const std::vector<Field> fields = {{"key", bytes}, {bytes, 1}};
    const std::string line = format_event(Format::Json, Level::Warn, bytes, fields, 0);
    const auto parsed = nlohmann::json::parse("{" + line + "}", nullptr, false);
    ASSERT_FALSE(parsed.is_discarded()) << line;
    EXPECT_EQ(parsed["message"], parsed["key"]);
  }
}

TEST(LogFormat, NoBytesBreakALineOfText) {
  for (int c = 0; c < 256; ++c) {
    const std::string bytes(2, static_cast<char>(c));
    const std::vector<Field> fields = {{"key", bytes}};
    const std::string line = format_event(Format::Text, Level::Warn, bytes, fields, 0);
    EXPECT_TRUE(std::none_of(line.begin(), line.end(), [](char byte) {
      return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f;
    })) << c;
  }
}

TEST(LogFormat, WritesEveryKindOfValue) {
  const std::string owned = "owned";
  const std::vector<Field> fields = {{"text", "plain"},
                                     {"owned", owned},
                                     {"flag", true},
                                     {"real", 0.25},
                                     {"negative", -7},
                                     {"large", std::numeric_limits<std::uint64_t>::max()},
                                     {"span", std::chrono::milliseconds(1500)}};
  EXPECT_EQ(format_event(Format::Text, Level::Info, "started", fields, 0),
            "info  started text=plain owned=owned flag=true real=0.25 negative=-7 large=18446744073709551615 span=1.5");
  EXPECT_EQ(format_event(Format::Json, Level::Info, "started", fields, 0),
            R"("level":"info","message":"started","text":"plain","owned":"owned","flag":true,"real":0.25,)"
            R"("negative":-7,"large":18446744073709551615,"span":1.5)");
}

TEST(LogFormat, NumbersThatJsonDoesNotKnowAreNull) {
  const std::vector<Field> fields = {{"x", std::numeric_limits<double>::quiet_NaN()}};
  EXPECT_EQ(format_event(Format::Json, Level::Info, "m", fields, 0), R"("level":"info","message":"m","x":null)");
}

TEST(LogFormat, SaysHowManyLinesWereSuppressed) {
  EXPECT_EQ(format_event(Format::Text, Level::Warn, "m", {}, 12), "warn  m suppressed=12");
}

}  // namespace
}  // namespace sluice::log
