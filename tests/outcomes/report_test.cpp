#include "sluice/outcomes/report.hpp"

#include <gtest/gtest.h>

namespace sluice::outcomes {
namespace {

using Kind = ReportedValue::Kind;

std::vector<ReportItem> items_of(const std::string& body, const std::string& type = "application/json") {
  auto read = read_reports(body, type);
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  return read ? *read : std::vector<ReportItem>{};
}

std::string why_unread(const std::string& body, const std::string& type = "application/json") {
  const auto read = read_reports(body, type);
  return read ? "it was read" : read.error().message;
}

ReportItem only_item(const std::string& body) {
  const auto items = items_of(body);
  EXPECT_EQ(items.size(), 1U);
  return items.empty() ? ReportItem{} : items[0];
}

TEST(Report, OneObjectIsOneItemWithItsOutcomes) {
  const ReportItem item = only_item(R"( {"decision": "abc", "click": 1, "revenue": 12.5, "unit": "u-17"} )");
  EXPECT_EQ(item.problem, "");
  EXPECT_EQ(item.decision, "abc");
  EXPECT_EQ(item.unit, "u-17");
  ASSERT_EQ(item.values.size(), 2U);
  EXPECT_EQ(item.values[0].outcome, "click");
  EXPECT_EQ(item.values[0].number, 1);
  EXPECT_EQ(item.values[1].outcome, "revenue");
  EXPECT_EQ(item.values[1].number, 12.5);
}

TEST(Report, OrderAndEscapesDoNotMatter) {
  const ReportItem item = only_item(R"({"cli\u0063k": true, "unit": 1700, "decision": "a\u0062c"})");
  EXPECT_EQ(item.problem, "");
  EXPECT_EQ(item.decision, "abc");
  EXPECT_EQ(item.unit, "1700") << "as the gateway reads a number from a body";
  EXPECT_EQ(item.values[0].outcome, "click");
  EXPECT_EQ(item.values[0].kind, Kind::Boolean);
  EXPECT_EQ(item.values[0].number, 1);
}

TEST(Report, ValuesAreFiniteNumbersOrBooleansOrNothing) {
  const auto value = [](const std::string& text) {
    const ReportItem item = only_item(R"({"decision":"d","x":)" + text + "}");
    EXPECT_EQ(item.problem, "") << text;
    return item.values.size() == 1 ? item.values[0] : ReportedValue{"", Kind::Other, 99};
  };
  for (const auto& [text, number] : {std::pair{"0", 0.0},
                                     {"-0.5", -0.5},
                                     {"1e3", 1000.0},
                                     {"1.25E-2", 0.0125},
                                     {"9007199254740993123", 9007199254740993123.0}}) {
    EXPECT_EQ(value(text).kind, Kind::Number) << text;
    EXPECT_EQ(value(text).number, number) << text;
  }
  EXPECT_EQ(value("false").kind, Kind::Boolean);
  EXPECT_EQ(value("false").number, 0);
  for (const char* const text :
       {"1e400", "-1e999", "null", "\"1\"", "[1]", "{\"a\":{\"b\":[1,2]}}", "01", "1.", "-", "truth", "1e", "1x"}) {
    EXPECT_EQ(value(text).kind, Kind::Other) << text;
  }
}

TEST(Report, AnArrayIsItsItemsInOrder) {
  const auto items = items_of(R"([{"decision":"a","x":1}, {"decision":"b","x":2}])");
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[1].index, 1U);
  EXPECT_EQ(items[1].decision, "b");
}

TEST(Report, ABadItemHarmsNoOtherOne) {
  const auto items = items_of(R"([{"decision":"a","x":1}, 7, {"x":1}, {"decision":"b"}, {"decision":5,"x":1},
      {"decision":"c","x":1e400}, "text", null, [{"decision":"no","x":1}], {"decision":"d","unit":{},"x":1},
      {"decision":"","x":1}, {"decision":"e","decision":"f","x":1}, {"decision":"g","x":2}])");
  ASSERT_EQ(items.size(), 13U);
  const std::vector<std::string> problems = {"",
                                             "it is no object",
                                             "it names no `decision`",
                                             "it names no outcome",
                                             "`decision` is no text",
                                             "",
                                             "it is no object",
                                             "it is no object",
                                             "it is no object",
                                             "`unit` is neither text nor a number",
                                             "`decision` is no token",
                                             "`decision` is there twice",
                                             ""};
  for (std::size_t i = 0; i < problems.size(); ++i) {
    EXPECT_EQ(items[i].index, i);
    EXPECT_EQ(items[i].problem, problems[i]) << i;
  }
  EXPECT_EQ(items[12].decision, "g");
}

TEST(Report, WhatIsBeforeTheBreakOfAnArrayIsRead) {
  const auto items = items_of(R"([{"decision":"a","x":1}, {"decision":"b" "x":2}, {"decision":"c","x":3}])");
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].problem, "");
  EXPECT_EQ(items[1].problem, "the JSON breaks here, and nothing behind it is read");
}

TEST(Report, SomethingBehindTheArrayIsToldAndHarmsNothing) {
  const auto items = items_of(R"([{"decision":"a","x":1}] [])");
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].problem, "");
  EXPECT_EQ(items[1].problem, "there is something behind the array");
}

TEST(Report, LinesAreItemsOfTheirOwn) {
  const std::string body =
      "{\"decision\":\"a\",\"x\":1}\n\n  {\"decision\":\"b\",\"x\":2}\r\n{\"decision\":\n{\"decision\":\"c\",\"x\":3} "
      "junk\n{\"decision\":\"d\",\"x\":4}";
  for (const char* const type : {"application/x-ndjson", "Application/JSONL; charset=utf-8", "", "application/json"}) {
    const auto items = items_of(body, type);
    ASSERT_EQ(items.size(), 5U) << type;
    EXPECT_EQ(items[1].decision, "b");
    EXPECT_EQ(items[1].index, 1U) << "blank lines do not count";
    EXPECT_EQ(items[2].problem, "the line is not JSON");
    EXPECT_EQ(items[3].problem, "the line is not JSON");
    EXPECT_EQ(items[4].decision, "d");
    EXPECT_EQ(items[4].problem, "");
  }
}

TEST(Report, AnObjectOverSeveralLinesIsOneItem) {
  EXPECT_EQ(only_item("{\n  \"decision\": \"a\",\n  \"x\": 1\n}\n").problem, "");
}

TEST(Report, WhatIsNoPostAtAllIsRefusedWhole) {
  EXPECT_EQ(why_unread(""), "the post is empty");
  EXPECT_EQ(why_unread(" \n "), "the post is empty");
  EXPECT_EQ(why_unread("[]"), "the post is empty");
  EXPECT_EQ(why_unread("\n\n", "application/x-ndjson"), "the post is empty");
  for (const char* const body : {"{", "[{\"decision\":\"a\"", "{\"decision\":\"a\",\"x\":1} {}", "{\"a\":\"\xff\"}"}) {
    EXPECT_EQ(why_unread(body), "the post is not JSON") << body;
  }
  for (const char* const body : {"7", "\"text\"", "null", "true"}) {
    EXPECT_EQ(why_unread(body), "a post is an object, an array of objects, or objects on lines of their own") << body;
  }
}

TEST(Report, EverythingHasABound) {
  std::string many = "[";
  for (std::size_t i = 0; i < most_report_items; ++i) many += "{\"decision\":\"a\",\"x\":1},";
  many.back() = ']';
  EXPECT_EQ(items_of(many).size(), most_report_items);
  many.back() = ',';
  EXPECT_EQ(why_unread(many + "{}]"), "a post has at most 10000 items");
  std::string lines;
  for (std::size_t i = 0; i <= most_report_items; ++i) lines += "{\"decision\":\"a\",\"x\":1}\n";
  EXPECT_EQ(why_unread(lines), "a post has at most 10000 items");
  EXPECT_EQ(why_unread(std::string(most_report_bytes + 1, ' ')), "a post has at most 4 MiB");

  std::string wide = R"({"decision":"a")";
  for (int i = 0; i < 16; ++i) wide += ",\"o" + std::to_string(i) + "\":1";
  EXPECT_EQ(only_item(wide + "}").problem, "");
  EXPECT_EQ(only_item(wide + ",\"o16\":1}").problem, "it names more than 16 outcomes");
  EXPECT_EQ(only_item(R"({"decision":"a","x":1,"unit":")" + std::string(257, 'u') + "\"}").problem,
            "`unit` has not 1 to 256 bytes");
  EXPECT_EQ(only_item(R"({"decision":"a",")" + std::string(257, 'x') + "\":1}").problem,
            "an outcome's name has 1 to 256 bytes");
  EXPECT_EQ(why_unread(R"({"decision":"a","x":)" + std::string(2000, '[') + std::string(2000, ']') + "}"),
            "it was read");
}

}  // namespace
}  // namespace sluice::outcomes
