#include "sluice/compare/redaction.hpp"

#include <gtest/gtest.h>

#include <string>

#include "pair_fixtures.hpp"

namespace sluice::compare {
namespace {

std::string shown(std::string body, const std::vector<std::string>& pointers, std::size_t most = 4096) {
  Redactor redactor;
  return redactor.show(answered(std::move(body)), pointers, most);
}

TEST(Redaction, WithoutPointersJsonIsShownAsItIs) {
  EXPECT_EQ(shown(R"({ "a" : [1, -2, 2.5, 1.0, 18446744073709551615, 1e300], "b": [true, false, null], "c": {} })", {}),
            R"({"a":[1,-2,2.5,1.0,18446744073709551615,1e+300],"b":[true,false,null],"c":{}})");
  EXPECT_EQ(shown(R"("q\"\\\n\u0001ü")", {}), R"("q\"\\\u000a\u0001ü")");
}

TEST(Redaction, WhatAPointerNamesIsGoneWithAllBelowIt) {
  EXPECT_EQ(shown(R"({"user":{"name":"Ada","age":36},"score":0.5})", {"/user"}),
            R"({"user":"<redacted>","score":0.5})");
  EXPECT_EQ(shown(R"({"user":{"name":"Ada","age":36},"score":0.5})", {"/user/name", "/score"}),
            R"({"user":{"name":"<redacted>","age":36},"score":"<redacted>"})");
  EXPECT_EQ(shown(R"({"a":1})", {""}), R"("<redacted>")");
}

TEST(Redaction, AStarIsAnyIndexOrNameOnOneLevel) {
  EXPECT_EQ(shown(R"({"rows":[{"id":1,"x":2},{"id":3,"x":4}],"id":5})", {"/rows/*/id"}),
            R"({"rows":[{"id":"<redacted>","x":2},{"id":"<redacted>","x":4}],"id":5})");
  EXPECT_EQ(shown(R"({"a":{"k":1},"b":{"k":2,"l":3}})", {"/*/k"}),
            R"({"a":{"k":"<redacted>"},"b":{"k":"<redacted>","l":3}})");
  EXPECT_EQ(shown(R"([[1,2],[3,4]])", {"/1/*"}), R"([[1,2],["<redacted>","<redacted>"]])");
}

TEST(Redaction, AnElementOfAListMayBeCalledByItsName) {
  const char* const tensors =
      R"({"outputs":[{"name":"ids","data":[7]},{"name":"scores","data":[0.5]},{"data":[8],"name":"ids"}]})";
  EXPECT_EQ(shown(tensors, {"/outputs/ids/data"}),
            R"({"outputs":[{"name":"ids","data":"<redacted>"},{"name":"scores","data":[0.5]},)"
            R"({"data":"<redacted>","name":"ids"}]})");
  EXPECT_EQ(shown(tensors, {"/outputs/ids"}),
            R"({"outputs":["<redacted>",{"name":"scores","data":[0.5]},"<redacted>"]})");
  EXPECT_EQ(shown(R"([{"name":"a","name":"ids","data":[7]}])", {"/ids"}), R"(["<redacted>"])") << "by either of two";
  EXPECT_EQ(shown(R"({"x":{"name":"ids","data":[7]}})", {"/ids"}), R"({"x":{"name":"ids","data":[7]}})");
}

TEST(Redaction, PointersMeanUnescapedNames) {
  EXPECT_EQ(shown(R"({"a/b":1,"c~d":2,"\u0065":3})", {"/a~1b", "/c~0d", "/e"}),
            R"({"a/b":"<redacted>","c~d":"<redacted>","e":"<redacted>"})");
}

TEST(Redaction, AMemberThatStandsThereTwiceIsGoneTwice) {
  EXPECT_EQ(shown(R"({"k":"secret","k":"secret too"})", {"/k"}), R"({"k":"<redacted>","k":"<redacted>"})");
}

TEST(Redaction, WhatIsNoJsonIsShownAsASize) {
  EXPECT_EQ(shown("{\"k\":\"secret\"", {"/k"}), "<13 bytes, not shown>");
  EXPECT_EQ(shown("plain text", {}), "<10 bytes, not shown>");
  EXPECT_EQ(shown("\"\xff\"", {}), "<3 bytes, not shown>");
  EXPECT_EQ(shown("", {}), "");
  EXPECT_EQ(shown(R"({"k":1} {"k":"secret"})", {"/k"}), "<22 bytes, not shown>");
}

TEST(Redaction, StreamsAndCompressedBodiesAreShownAsASize) {
  Redactor redactor;
  Answer stream = answered(R"({"k":"secret"})");
  stream.events = true;
  EXPECT_EQ(redactor.show(stream, {}, 100), "<14 bytes, not shown>");
  Answer encoded = answered(R"({"k":"secret"})");
  encoded.encoded = true;
  EXPECT_EQ(redactor.show(encoded, {}, 100), "<14 bytes, not shown>");
}

TEST(Redaction, BytesBehindTheJsonAreShownAsASize) {
  Redactor redactor;
  Answer tensor = answered(std::string(R"({"outputs":[]})") + std::string(8, '\x01'));
  tensor.json_bytes = 14;
  EXPECT_EQ(redactor.show(tensor, {}, 100), R"({"outputs":[]} <8 bytes, not shown>)");
  tensor.json_bytes = 1000;
  EXPECT_EQ(redactor.show(tensor, {}, 100), "<22 bytes, not shown>");
}

TEST(Redaction, ACutEndsNoCharacterInItsMiddle) {
  EXPECT_EQ(shown(R"(["aä"])", {}, 4), R"(["a)");
  EXPECT_EQ(shown(R"(["aä"])", {}, 5), R"(["aä)");
  EXPECT_EQ(shown("[\"\U0001F600\"]", {}, 5), "[\"");
  EXPECT_EQ(utf8_prefix("aä", 2), "a");
  EXPECT_EQ(utf8_prefix("aä", 3), "aä");
  EXPECT_EQ(utf8_prefix("aä", 0), "");
  EXPECT_EQ(utf8_prefix("\x80\x80\x80\x80\x80\x80", 5).size(), 5U) << "no UTF-8 at all";
}

TEST(Redaction, AHugeBodyIsCutAndStillRedacted) {
  std::string body = "[";
  for (int i = 0; i < 50'000; ++i) body += R"({"name":"secret","x":[[[[1]]]]},)";
  body += "0]";
  const std::string text = shown(body, {"/*/name"}, 1000);
  EXPECT_EQ(text.size(), 1000U);
  EXPECT_EQ(text.find("secret"), std::string::npos);
  EXPECT_NE(text.find("<redacted>"), std::string::npos);
}

TEST(Redaction, DeepNestingIsNoTrouble) {
  const std::string deep = std::string(900, '[') + std::string(900, ']');
  EXPECT_EQ(shown(deep, {"/0/0"}), R"([["<redacted>"]])");
  EXPECT_EQ(shown(deep, {}, 10'000), deep);
  const std::string deeper = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(shown(deeper, {}), "<200000 bytes, not shown>");
}

}  // namespace
}  // namespace sluice::compare
