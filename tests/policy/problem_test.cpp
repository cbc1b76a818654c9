#include "sluice/policy/problem.hpp"

#include <gtest/gtest.h>

#include "sluice/policy/report.hpp"
#include "sluice/policy/text.hpp"

namespace sluice::policy {
namespace {

Problem problem_at(std::string_view text, Mark mark) {
  Report report("f.yaml", text);
  report.add(Severity::Error, Code::UnknownField, mark, "spec.x", "unknown field", "y");
  return report.problems().front();
}

TEST(Problems, LookLikeACompilersMessages) {
  EXPECT_EQ(describe(problem_at("a:\n  x: 1\n", {1, 2})),
            "f.yaml:2:3: error: spec.x: unknown field; did you mean \"y\"?   [E102]\n    x: 1\n    ^\n");
}

TEST(Problems, CountCharactersAndKeepTabs) {
  const Problem problem = problem_at("\tä: x", {0, 5});
  EXPECT_EQ(problem.position.column, 5);
  EXPECT_TRUE(describe(problem).ends_with("\n  \tä: x\n  \t   ^\n")) << describe(problem);
}

TEST(Problems, ShowAWindowOfAVeryLongLine) {
  const std::string text(100'000, 'x');
  const Problem problem = problem_at(text, {0, 50'000});
  EXPECT_EQ(problem.position.column, 50'001);
  EXPECT_LE(problem.source_line.size(), 160U);
  EXPECT_LT(problem.caret, problem.source_line.size());
}

TEST(Problems, WithoutAPlaceNameOnlyTheFile) {
  EXPECT_EQ(describe(problem_at("a", {})), "f.yaml: error: spec.x: unknown field; did you mean \"y\"?   [E102]\n");
}

TEST(Problems, AreSortedByFileLineAndColumn) {
  std::vector<Problem> problems(4);
  problems[0].position = {"b", 1, 1};
  problems[1].position = {"a", 10, 1};
  problems[2].position = {"a", 9, 5};
  problems[3].position = {"a", 9, 2};
  sort_problems(problems);
  EXPECT_EQ(problems[0].position.column, 2);
  EXPECT_EQ(problems[1].position.column, 5);
  EXPECT_EQ(problems[2].position.line, 10);
  EXPECT_EQ(problems[3].position.file, "b");
}

TEST(Text, OfUsersIsShortenedAndTamed) {
  EXPECT_EQ(in_quotes("a\nb"), "\"a?b\"");
  EXPECT_EQ(in_quotes(std::string(100, 'x')), '"' + std::string(60, 'x') + "…\"");
  EXPECT_FALSE(first_bad_byte(in_quotes(std::string(59, 'x') + "äöü")));
}

TEST(Text, IsValidUtf8) {
  EXPECT_FALSE(first_bad_byte("plain\tä€𝄞\r\n"));
  EXPECT_EQ(first_bad_byte("ab\xff"), 2U);
  EXPECT_EQ(first_bad_byte("\xC0\x80"), 0U) << "overlong";
  EXPECT_EQ(first_bad_byte("\xED\xA0\x80"), 0U) << "surrogate";
  EXPECT_EQ(first_bad_byte("\xF4\x90\x80\x80"), 0U) << "beyond Unicode";
  EXPECT_EQ(first_bad_byte("a\xE2\x82"), 1U) << "cut off";
  EXPECT_EQ(first_bad_byte(std::string_view("a\0b", 3)), 1U);
}

}  // namespace
}  // namespace sluice::policy
