#include "sluice/policy/document.hpp"

#include <gtest/gtest.h>

namespace sluice::policy {
namespace {

struct Parsed {
  std::vector<NodePtr> documents;
  std::vector<std::string> codes;
};

Parsed parse(std::string_view text) {
  Report report("test.yaml", text);
  Parsed out;
  out.documents = parse_documents(text, report);
  for (const Problem& problem : report.problems()) out.codes.push_back(problem.code);
  return out;
}

using Codes = std::vector<std::string>;

TEST(Documents, KeepTheirPlaces) {
  const Parsed parsed = parse("a: 1\nb:\n  - x\n  - {c: d}\n");
  ASSERT_EQ(parsed.documents.size(), 1U);
  const Entry* b = parsed.documents[0]->find("b");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->key_mark.line, 1);
  EXPECT_EQ(b->key_mark.column, 0);
  const Entry* c = b->value->items[1]->find("c");
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(c->key_mark.line, 3);
  EXPECT_EQ(c->key_mark.column, 5);
  EXPECT_EQ(c->value->mark.column, 8);
}

TEST(Documents, TellTextFromWords) {
  const Parsed parsed = parse("[yes, \"yes\", 'yes', ~, null, \"null\", 010]");
  const auto& items = parsed.documents.at(0)->items;
  EXPECT_FALSE(items[0]->quoted);
  EXPECT_TRUE(items[1]->quoted);
  EXPECT_TRUE(items[2]->quoted);
  EXPECT_EQ(items[3]->kind, TreeNode::Kind::Null);
  EXPECT_EQ(items[4]->kind, TreeNode::Kind::Null);
  EXPECT_EQ(items[5]->kind, TreeNode::Kind::Scalar);
  EXPECT_EQ(items[6]->text, "010");
}

TEST(Documents, ThatAreEmptyAreLeftOut) {
  EXPECT_EQ(parse("").documents.size(), 0U);
  EXPECT_EQ(parse("---\n---\na: 1\n---\n").documents.size(), 1U);
}

TEST(Documents, BeforeASyntaxErrorAreKept) {
  const Parsed parsed = parse("a: 1\n---\nb: [\n");
  EXPECT_EQ(parsed.documents.size(), 1U);
  EXPECT_EQ(parsed.codes, Codes{"E004"});
}

TEST(Documents, DoNotGoOnForEver) {
  for (const char* text : {",", "]", "}", "a: 1\n---\n,\n", "--- ,", ", a: b", "[a]]", "{a: b}}"}) {
    EXPECT_EQ(parse(text).codes, Codes{"E004"}) << text;
  }
}

TEST(Documents, RefuseAQuoteThatIsNeverClosed) {
  EXPECT_EQ(parse("a: \"b").codes, Codes{"E004"});
  EXPECT_EQ(parse("a: 'b").codes, Codes{"E004"});
  EXPECT_EQ(parse("a: \"b\\\"").codes, Codes{"E004"});
  EXPECT_TRUE(parse("ä: \"b\\\"\"\r\nc: 'it''s'\r\nd: |\r\n  \"\r\n").codes.empty());
}

TEST(Documents, NestAtMost64Deep) {
  EXPECT_TRUE(parse(std::string(64, '[') + std::string(64, ']')).codes.empty());
  EXPECT_EQ(parse(std::string(65, '[') + std::string(65, ']')).codes, Codes{"E005"});
  EXPECT_FALSE(parse(std::string(200'000, '[')).codes.empty());
}

TEST(Documents, CountDepthThroughAliases) {
  const std::string deep = std::string(40, '[') + std::string(40, ']');
  EXPECT_EQ(parse("a: &a " + deep + "\nb: " + std::string(30, '[') + "*a" + std::string(30, ']')).codes, Codes{"E005"});
}

TEST(Aliases, ShareTheirAnchor) {
  const Parsed parsed = parse("a: &x {k: v}\nb: *x\n");
  ASSERT_EQ(parsed.documents.size(), 1U);
  EXPECT_EQ(parsed.documents[0]->find("a")->value, parsed.documents[0]->find("b")->value);
}

TEST(Aliases, ExpandAtMostTenfold) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + "," + before + "]\n";
  }
  const Parsed parsed = parse(bomb);
  EXPECT_EQ(parsed.codes, Codes{"E006"});
  EXPECT_TRUE(parsed.documents.empty());
}

TEST(Files, AreBoundedInSize) {
  EXPECT_EQ(parse(std::string(max_file_bytes + 1, ' ')).codes, Codes{"E002"});
  EXPECT_TRUE(parse("a: " + std::string(max_file_bytes - 3, 'x')).codes.empty());
}

TEST(Problems, AreBoundedInNumber) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "a: 1\n";
  const Parsed parsed = parse(text);
  ASSERT_EQ(parsed.codes.size(), 1001U);
  EXPECT_EQ(parsed.codes.front(), "E101");
  EXPECT_EQ(parsed.codes.back(), "E012");
}

}  // namespace
}  // namespace sluice::policy
