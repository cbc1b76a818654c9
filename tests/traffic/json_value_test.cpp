#include "sluice/traffic/json_value.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "sluice/base/random.hpp"

namespace sluice::traffic {
namespace {

/// The value as text, or "(absent)".
std::string value_at(std::string_view pointer, std::string_view body) {
  const auto tokens = parse_json_pointer(pointer);
  if (!tokens) return tokens.error().message;
  const auto value = find_json_value(body, *tokens);
  return value.data() == nullptr ? "(absent)" : std::string(value);
}

TEST(JsonPointer, IsCutIntoUnescapedTokens) {
  EXPECT_EQ(*parse_json_pointer("/user/id"), (std::vector<std::string>{"user", "id"}));
  EXPECT_EQ(*parse_json_pointer("/a~1b/m~0n"), (std::vector<std::string>{"a/b", "m~n"}));
  EXPECT_EQ(*parse_json_pointer("/~01"), (std::vector<std::string>{"~1"}));
  EXPECT_EQ(*parse_json_pointer("/"), (std::vector<std::string>{""}));
  EXPECT_EQ(*parse_json_pointer("/a/"), (std::vector<std::string>{"a", ""}));
}

TEST(JsonPointer, IsRefusedWithAReasonWhenItIsNone) {
  EXPECT_NE(parse_json_pointer("").error().message.find("inside the body"), std::string::npos);
  EXPECT_NE(parse_json_pointer("user").error().message.find("begins with '/'"), std::string::npos);
  EXPECT_NE(parse_json_pointer("/a~2").error().message.find("~0"), std::string::npos);
  EXPECT_NE(parse_json_pointer("/a~").error().message.find("~0"), std::string::npos);
  EXPECT_NE(parse_json_pointer("/a\"b").error().message.find("quote"), std::string::npos);
  EXPECT_FALSE(parse_json_pointer("/" + std::string(257, 'k')).ok());
  EXPECT_TRUE(parse_json_pointer("/" + std::string(256, 'k')).ok());
  std::string deep;
  for (int i = 0; i < 33; ++i) deep += "/x";
  EXPECT_FALSE(parse_json_pointer(deep).ok());
}

TEST(JsonValue, IsFoundAtAnyDepth) {
  EXPECT_EQ(value_at("/user", R"({"user":"anna"})"), "anna");
  EXPECT_EQ(value_at("/user/id", R"({"a":[1,{"user":0}],"user":{"x":{},"id":"anna"},"z":1})"), "anna");
  EXPECT_EQ(value_at("/inputs/1/name", R"({"inputs":[{"name":"x"},{"name":"y"}]})"), "y");
  EXPECT_EQ(value_at("/1", R"(["x","y"])"), "y");
  EXPECT_EQ(value_at("/a~1b", R"({"a/b":"c"})"), "c");
}

TEST(JsonValue, IsTheTextOfAString) {
  EXPECT_EQ(value_at("/u", "{\"u\":\"a\\u00e9\\n\\\"b\"}"), "a\xc3\xa9\n\"b");
  EXPECT_EQ(value_at("/u", R"({"u":""})"), "");
}

TEST(JsonValue, IsANumberOrABooleanAsWritten) {
  EXPECT_EQ(value_at("/u", R"({"u": 42 })"), "42");
  EXPECT_EQ(value_at("/u", R"({"u":-1.50e3,"v":1})"), "-1.50e3");
  EXPECT_EQ(value_at("/u", R"({"u":12345678901234567890123})"), "12345678901234567890123");
  EXPECT_EQ(value_at("/u", R"({"u":true})"), "true");
}

TEST(JsonValue, IsAbsentWhereThereIsNoScalar) {
  for (const auto* body : {R"({"u":null})", R"({"u":{}})", R"({"u":[]})", R"({"v":1})", R"({})", R"([])", R"("u")", "1",
                           "null", R"({"U":1})", R"({"uu":1})"}) {
    EXPECT_EQ(value_at("/u", body), "(absent)") << body;
  }
  EXPECT_EQ(value_at("/u/v", R"({"u":"text"})"), "(absent)");
  EXPECT_EQ(value_at("/5", R"([1,2])"), "(absent)");
  EXPECT_EQ(value_at("/-", R"([1,2])"), "(absent)");
  EXPECT_EQ(value_at("/01", R"([1,2])"), "(absent)");
  EXPECT_EQ(value_at("/99999999999999999999", R"([1,2])"), "(absent)");
}

TEST(JsonValue, IsAbsentInABodyThatIsCutOffOrNoJson) {
  for (const auto* body :
       {"", " ", "{", R"({"u")", R"({"u":)", R"({"u":"ann)", R"({"u":"anna")", R"({"u":"anna",)", "user=anna",
        "<u>1</u>", "{u:1}", "\xff\xfe", "{\"u\":\"\xff\"}", "]", "}", ",", "\\", "\""}) {
    EXPECT_EQ(value_at("/u", body), "(absent)") << body;
  }
  EXPECT_EQ(value_at("/u", std::string_view("\0\0\0", 3)), "(absent)");
}

TEST(JsonValue, OfSeveralOfOneNameTheFirstCounts) {
  EXPECT_EQ(value_at("/u", R"({"u":1,"u":2})"), "1");
}

TEST(JsonValue, IsNotLookedForInABodyBeyondTheBound) {
  const std::string start = R"({"u":"anna","pad":")";
  const auto padded = [&](std::size_t size) { return start + std::string(size - start.size() - 2, 'x') + "\"}"; };
  EXPECT_EQ(value_at("/u", padded(max_json_body)), "anna");
  EXPECT_EQ(value_at("/u", padded(max_json_body + 1)), "(absent)");
}

TEST(JsonValue, SurvivesADeepBody) {
  EXPECT_EQ(value_at("/u", std::string(200000, '[')), "(absent)");
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  EXPECT_EQ(value_at("/u", R"({"d":)" + deep + R"(,"u":"x"})"), "x");
  std::string objects;
  for (int i = 0; i < 30000; ++i) objects += R"({"a":)";
  EXPECT_EQ(value_at("/u", objects), "(absent)");
}

TEST(JsonValue, ComparesALongKeyAtTheVeryEndOfTheBody) {
  EXPECT_EQ(value_at("/" + std::string(256, 'k'), R"({"k":1})"), "(absent)");
  EXPECT_EQ(value_at("/" + std::string(256, 'k'), "{\"" + std::string(256, 'k') + "\":1}"), "1");
}

TEST(JsonValue, SurvivesEveryCutAndRandomDamage) {
  const std::string whole = R"({"a":[1,2,{"b":"\u00e9\\"}],"user":{"id":"anna","n":-1.5e9},"t":true})";
  const auto tokens = *parse_json_pointer("/user/id");
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    const std::string exact = whole.substr(0, cut);  // its own allocation, so that a sanitizer sees one byte too many
    const auto value = find_json_value(exact, tokens);
    // What does not end in a brace is known to be cut; behind an inner one, the value may be there already.
    if (!exact.ends_with('}')) {
      EXPECT_EQ(value.data(), nullptr) << exact;
    }
  }
  Random random(3);
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = whole;
    for (int i = 0; i < 3; ++i) damaged[random.below(damaged.size())] = static_cast<char>(random.next());
    EXPECT_LE(find_json_value(damaged, tokens).size(), damaged.size());
  }
}

TEST(JsonValue, HasAParserPerThread) {
  const auto tokens = *parse_json_pointer("/u");
  const auto here = find_json_value(R"({"u":"here"})", tokens);
  std::string there;
  std::thread([&] { there = find_json_value(R"({"u":"there"})", tokens); }).join();
  EXPECT_EQ(here, "here");
  EXPECT_EQ(there, "there");
}

}  // namespace
}  // namespace sluice::traffic
