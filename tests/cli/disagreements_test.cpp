#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "cli/command.hpp"
#include "sluice/cli/answer_difference.hpp"

namespace sluice::cli {
namespace {

using test::FakeUpstream;
using Json = nlohmann::json;
using Answer = std::pair<int, std::string>;

Json pair_that_differs() {
  return {
      {"version", "v2"},
      {"segment", "mobile"},
      {"requestId", "r-1"},
      {"at", "2026-11-22T09:51:07.042Z"},
      {"severity", 0.5},
      {"differences",
       {{{"field", "/outputs/score"}, {"change", "value"}, {"size", 0.25}, {"places", 2}},
        {{"field", "/note"}, {"change", "missing"}, {"size", 0}, {"places", 1}}}},
      {"live",
       {{"status", 200}, {"seconds", 0.008}, {"body", R"({"outputs":[{"name":"score","data":[1,0.5]}],"note":"x"})"}}},
      {"candidate",
       {{"status", 200}, {"seconds", 0.009}, {"body", R"({"outputs":[{"name":"score","data":[1,0.75]}]})"}}}};
}

Answer answer_of(const std::string& target) {
  if (target.starts_with("/api/v1/routes/fraud/disagreements")) {
    Json page{{"route", "fraud"}, {"pairs", {pair_that_differs()}}, {"leftOut", 3}};
    return {200, page.dump()};
  }
  if (target.starts_with("/api/v1/routes/quiet/")) return {200, R"({"route":"quiet","pairs":[],"leftOut":0})"};
  if (target.starts_with("/api/v1/routes/closed/")) return {403, R"({"error":"the policy of closed keeps no pairs"})"};
  return {404, R"({"error":"there is no route"})"};
}

TEST(DisagreementsVerb, ShowsWhatDiffersAndHow) {
  std::string asked;
  const FakeUpstream port(admin_port([&](const auto& request) {
    asked = request.target();
    return answer_of(request.target());
  }));
  ::setenv("LC_ALL", "C", 1);  // no arrows
  const Ran ran = command({"disagreements", "fraud", "--version", "v2", "-n", "1", "--admin", address_of(port)});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(asked, "/api/v1/routes/fraud/disagreements?limit=1&version=v2");
  EXPECT_EQ(ran.out,
            "v2  severity 0.5  2026-11-22 09:51:07  request r-1  segment mobile\n"
            "  live 200 in 8.0ms, candidate 200 in 9.0ms\n"
            "  /outputs/score  value  [1] 0.5 -> 0.75  (2 places)\n"
            "  /note  missing  \"x\" -> -\n"
            "\n3 more; -n shows more of them\n");
}

TEST(DisagreementsVerb, ShowsBodiesWhenAskedTo) {
  const FakeUpstream port(admin_port([](const auto& request) { return answer_of(request.target()); }));
  const Ran ran = command({"disagreements", "fraud", "--bodies", "--admin", address_of(port)});
  EXPECT_NE(ran.out.find("  candidate  {\"outputs\""), std::string::npos) << ran.out;
}

TEST(DisagreementsVerb, GivesProgramsTheJson) {
  const FakeUpstream port(admin_port([](const auto& request) { return answer_of(request.target()); }));
  const Ran ran = command({"disagreements", "fraud", "-o", "json", "--admin", address_of(port)});
  EXPECT_EQ(Json::parse(ran.out)["pairs"][0]["differences"][0]["field"], "/outputs/score");
}

TEST(DisagreementsVerb, SaysWhyThereAreNone) {
  const FakeUpstream port(admin_port([](const auto& request) { return answer_of(request.target()); }));
  EXPECT_EQ(command({"disagreements", "quiet", "--admin", address_of(port)}).out, "no pair that differs is kept\n");
  const Ran closed = command({"disagreements", "closed", "--admin", address_of(port)});
  EXPECT_EQ(closed.exit_code, 3);
  EXPECT_EQ(closed.err, "sluice: the policy of closed keeps no pairs\n");
  EXPECT_EQ(command({"disagreements", "frau", "--admin", address_of(port)}).exit_code, 4);
  EXPECT_EQ(command({"disagreements", "a/b"}).exit_code, 2);
  EXPECT_EQ(command({"disagreements", "fraud", "-n", "0"}).exit_code, 2);
  EXPECT_EQ(command({"disagreements"}).exit_code, 2);
}

std::string shown(const std::string& field, const std::string& live, const std::string& candidate) {
  const auto values = values_of(field, live, candidate);
  return values ? values->place + " " + values->live + " " + values->candidate : "nothing";
}

TEST(ValuesOf, FollowsFieldsAsComparisonsNameThem) {
  EXPECT_EQ(shown("/a/b", R"({"a":{"b":1}})", R"({"a":{"b":2}})"), " 1 2");
  EXPECT_EQ(
      shown("/list/*/label", R"({"list":[{"label":"x"},{"label":"y"}]})", R"({"list":[{"label":"x"},{"label":"z"}]})"),
      "[1] \"y\" \"z\"")
      << "the first place that differs";
  EXPECT_EQ(shown("/a~1b", R"({"a/b":1})", R"({"a/b":2})"), " 1 2");
  EXPECT_EQ(shown("/*", R"([1,2])", R"([1,2,3])"), "[2] - 3");
  EXPECT_EQ(shown("/gone", R"({"gone":true})", "{}"), " true -");
  const std::string tensor =
      R"({"outputs":[{"name":"id","data":[1]},{"name":"p","datatype":"FP32","shape":[2],"data":)";
  EXPECT_EQ(shown("/outputs/p", tensor + "[[1,2]]}]}", tensor + "[[1,3]]}]}"), "[0][1] 2 3");
}

TEST(ValuesOf, SaysNothingWhereNothingCanBeSaid) {
  EXPECT_EQ(shown("/a", R"({"a":1})", R"({"a":1})"), "nothing");
  EXPECT_EQ(shown("/a", R"({"a":1,"b)", R"({"a":2})"), "nothing") << "a body that was cut";
  EXPECT_EQ(shown("status", R"({"a":1})", R"({"a":2})"), "nothing");
  EXPECT_EQ(shown("", "1", "2"), "nothing");
  EXPECT_EQ(shown("/a", "<123 bytes, not shown>", R"({"a":2})"), "nothing");
}

TEST(ValuesOf, ShowsLongValuesInShort) {
  const std::string value(200, 'x');
  const auto values = values_of("/a", R"({"a":")" + value + "\"}", R"({"a":1})");
  ASSERT_TRUE(values);
  EXPECT_LT(values->live.size(), 70U);
}

}  // namespace
}  // namespace sluice::cli
