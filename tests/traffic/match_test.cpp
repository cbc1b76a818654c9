#include "sluice/traffic/match.hpp"

#include <gtest/gtest.h>

#include "request.hpp"

namespace sluice::traffic {
namespace {

Condition header_equals(std::string_view name, std::string value) {
  return {Field::header(name), TextTest::exact(std::move(value))};
}

TEST(Condition, FailsOnAnAbsentFieldWhateverItAsks) {
  EXPECT_FALSE((Condition{Field::header("x"), TextTest::prefix("")}.holds(Request{}.view())));
  EXPECT_TRUE((Condition{Field::header("x"), TextTest::prefix("")}.holds(with_header("x", "").view())));
}

TEST(Match, WithoutConditionsHoldsAlways) {
  EXPECT_TRUE(Match().holds(Request{}.view()));
}

TEST(Match, HoldsWhenAllConditionsDo) {
  const Match match({header_equals("tier", "gold"), {Field::method(), TextTest::exact("POST")}});
  auto request = with_header("tier", "gold");
  EXPECT_TRUE(match.holds(request.view()));
  request.method = "GET";
  EXPECT_FALSE(match.holds(request.view()));
}

TEST(Match, LooksAtTheBodyLast) {
  const Match match({{*Field::json_pointer("/u"), TextTest::exact("a")},
                     header_equals("tier", "gold"),
                     {Field::path(), TextTest::segments("/v2")}});
  EXPECT_TRUE(match.needs_body());
  EXPECT_EQ(match.conditions().front().field.source(), Field::Source::Path);
  EXPECT_EQ(match.conditions().back().field.source(), Field::Source::JsonPointer);
}

TEST(Match, AsksForTheBodyOnlyWhenEverythingElseHolds) {
  const Match match({{*Field::json_pointer("/u"), TextTest::exact("a")}, header_equals("tier", "gold")});
  auto request = with_header("tier", "gold");
  request.body_is_here = false;
  EXPECT_EQ(match.judge_beyond_path(request.view()), Match::Verdict::NeedsBody);
  request.body_is_here = true;
  request.body = R"({"u":"a"})";
  EXPECT_EQ(match.judge_beyond_path(request.view()), Match::Verdict::Yes);
  request.body = R"({"u":"b"})";
  EXPECT_EQ(match.judge_beyond_path(request.view()), Match::Verdict::No);
  request.body_is_here = false;
  request.headers["tier"] = "silver";
  EXPECT_EQ(match.judge_beyond_path(request.view()), Match::Verdict::No);
}

TEST(Match, LeavesThePathToATableThatHasJudgedIt) {
  const Match match({{Field::path(), TextTest::exact("/elsewhere")}, {Field::method(), TextTest::exact("POST")}});
  ASSERT_NE(match.path_condition(), nullptr);
  EXPECT_EQ(match.path_condition()->test.text(), "/elsewhere");
  EXPECT_EQ(match.judge_beyond_path(Request{}.view()), Match::Verdict::Yes);
  EXPECT_EQ(Match({header_equals("a", "b")}).path_condition(), nullptr);
}

TEST(Matches, HoldWhenOneDoes) {
  const std::vector<Match> matches{Match({header_equals("tier", "gold")}), Match({header_equals("tier", "silver")})};
  EXPECT_TRUE(any_holds(matches, with_header("tier", "silver").view()));
  EXPECT_FALSE(any_holds(matches, with_header("tier", "none").view()));
  EXPECT_FALSE(any_holds({}, Request{}.view()));
}

}  // namespace
}  // namespace sluice::traffic
