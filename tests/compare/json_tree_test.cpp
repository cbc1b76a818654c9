#include "sluice/compare/json_tree.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace sluice::compare {
namespace {

struct Tree {
  explicit Tree(std::string json) : text(std::move(json)) { is_read = reader.read(text, tree); }

  std::string text;
  JsonReader reader;
  JsonTree tree;
  bool is_read = false;
};

bool is_json(const std::string& text) {
  return Tree(text).is_read;
}

TEST(JsonTree, HoldsEveryKindOfValue) {
  const Tree one(R"( {"a": [1, -2.5e3, true, false, null, "x"], "b": {}, "c": []} )");
  ASSERT_TRUE(one.is_read);
  const JsonTree& tree = one.tree;
  ASSERT_EQ(tree.kind(0), JsonKind::Object);
  EXPECT_EQ(tree.count(0), 3u);
  JsonTree::Place list = 0;
  ASSERT_TRUE(tree.find(0, "a", list));
  ASSERT_EQ(tree.kind(list), JsonKind::List);
  EXPECT_EQ(tree.count(list), 6u);
  EXPECT_FALSE(tree.is_flat(list));
  JsonTree::Place at = JsonTree::first(list);
  EXPECT_EQ(tree.number(at), 1);
  EXPECT_EQ(tree.number(at = tree.next(at)), -2500);
  EXPECT_EQ(tree.kind(at = tree.next(at)), JsonKind::True);
  EXPECT_EQ(tree.kind(at = tree.next(at)), JsonKind::False);
  EXPECT_EQ(tree.kind(at = tree.next(at)), JsonKind::Null);
  EXPECT_EQ(tree.raw(at = tree.next(at)), "x");
  EXPECT_EQ(tree.next(at), tree.end(list));
  JsonTree::Place empty = 0;
  ASSERT_TRUE(tree.find(0, "b", empty));
  EXPECT_EQ(tree.count(empty), 0u);
  EXPECT_FALSE(tree.find(0, "d", empty));
}

TEST(JsonTree, HoldsAListOfNumbersLikeAnArray) {
  const Tree one("[0.5,1,2.25]");
  ASSERT_TRUE(one.is_read);
  ASSERT_TRUE(one.tree.is_flat(0));
  EXPECT_EQ(one.tree.number(JsonTree::first(0) + 2), 2.25);
}

TEST(JsonTree, KeepsWholeNumbersThatNoDoubleHolds) {
  const Tree one("[9007199254740991,9007199254740993,-9223372036854775808,1e400,123456789012345678901234567890]");
  ASSERT_TRUE(one.is_read);
  JsonTree::Place at = JsonTree::first(0);
  EXPECT_EQ(one.tree.kind(at), JsonKind::Number);
  EXPECT_EQ(one.tree.token(at = one.tree.next(at)), "9007199254740993");
  EXPECT_EQ(one.tree.token(at = one.tree.next(at)), "-9223372036854775808");
  EXPECT_EQ(one.tree.token(at = one.tree.next(at)), "1e400");
  EXPECT_TRUE(std::isinf(one.tree.rounded(at)));
  EXPECT_EQ(one.tree.token(at = one.tree.next(at)), "123456789012345678901234567890");
  EXPECT_NEAR(one.tree.rounded(at), 1.2345678901234568e29, 1e14);
}

TEST(JsonTree, TakesWhatPythonWritesForNumbersThatAreNone) {
  const Tree one("[NaN, Infinity, -Infinity]");
  ASSERT_TRUE(one.is_read);
  EXPECT_TRUE(one.tree.is_flat(0));
  EXPECT_TRUE(std::isnan(one.tree.number(2)));
  EXPECT_EQ(one.tree.number(3), std::numeric_limits<double>::infinity());
  EXPECT_EQ(one.tree.number(4), -std::numeric_limits<double>::infinity());
}

TEST(JsonTree, UnescapesTexts) {
  const std::pair<const char*, const char*> cases[] = {
      {R"(plain)", "plain"},
      {R"(\"\\\/\b\f\n\r\t)", "\"\\/\b\f\n\r\t"},
      {R"(\u0041\u00e9\u20ac)", "A\xC3\xA9\xE2\x82\xAC"},
      {R"(\ud83d\ude00!)", "\xF0\x9F\x98\x80!"},
      {R"(\ud83d)", "\xEF\xBF\xBD"},
      {R"(\ude00x)", "\xEF\xBF\xBDx"},
      {R"(\q\u12)", R"(\q\u12)"},
      {R"(end\)", R"(end\)"},
  };
  for (const auto& [raw, plain] : cases) {
    std::string text;
    unescape_json(raw, text);
    EXPECT_EQ(text, plain) << raw;
  }
}

TEST(JsonTree, KnowsTheSameTextInAnotherSpelling) {
  const Tree one(R"(["caf\u00e9", "a/b"])");
  const Tree two("[\"caf\xC3\xA9\", \"a\\/c\"]");
  ASSERT_TRUE(one.is_read && two.is_read);
  EXPECT_TRUE(same_text(one.tree, 2, two.tree, 2));
  EXPECT_FALSE(same_text(one.tree, 4, two.tree, 4));
}

TEST(JsonTree, IsReadFromScalarsToo) {
  EXPECT_EQ(Tree(" 3.5 ").tree.number(0), 3.5);
  EXPECT_EQ(Tree("\"a\\\"b\"").tree.raw(0), "a\\\"b");
  EXPECT_EQ(Tree("null").tree.kind(0), JsonKind::Null);
  EXPECT_EQ(Tree("-0").tree.number(0), 0);
  EXPECT_EQ(Tree("18446744073709551616").tree.kind(0), JsonKind::Exact);
}

TEST(JsonTree, RefusesWhatIsNoJson) {
  for (const char* const text : {"",         " ",          "{",           "[",          "[1",          "[1,",   "[1,]",
                                 "[,1]",     "[1 2]",      "{\"a\"}",     "{\"a\":}",   "{\"a\":1,}",  "{a:1}", "[1]]",
                                 "[[1]",     "{\"a\":1}}", "{\"a\":1} x", "1 2",        "\"a\" \"b\"", "\"a",   "nul",
                                 "truex",    "[nul]",      "[01]",        "[1.]",       "[.5]",        "[+1]",  "[1e]",
                                 "[--1]",    "[nan]",      "['a']",       "[\"a\nb\"]", "[\"\xFF\"]",  "]",     "}",
                                 ",",        "[}",         "{]",          "[\"a\":1]",  "{\"a\":1]",   "[1}",   "[{]",
                                 "{\"a\":[}"}) {
    EXPECT_FALSE(is_json(text)) << text;
  }
  EXPECT_FALSE(is_json(std::string("[1]\0", 4)));
}

TEST(JsonTree, GoesSoDeepAndNoDeeper) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_TRUE(is_json(nested(JsonTree::kDeepest)));
  EXPECT_FALSE(is_json(nested(JsonTree::kDeepest + 1)));
  EXPECT_FALSE(is_json(nested(100000)));
  EXPECT_FALSE(is_json(std::string(100000, '[')));
}

TEST(JsonTree, OfAFailedTextIsEmpty) {
  Tree one("[1,2]");
  ASSERT_TRUE(one.is_read);
  EXPECT_FALSE(one.reader.read("[1,2", one.tree));
  EXPECT_TRUE(one.tree.empty());
}

}  // namespace
}  // namespace sluice::compare
