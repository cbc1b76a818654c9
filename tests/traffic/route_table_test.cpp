#include "sluice/traffic/route_table.hpp"

#include <gtest/gtest.h>

#include "request.hpp"

namespace sluice::traffic {
namespace {

Condition exact(std::string path) {
  return {Field::path(), TextTest::exact(std::move(path))};
}
Condition prefix(std::string path) {
  return {Field::path(), TextTest::segments(std::move(path))};
}
Condition expression(const std::string& text) {
  return {Field::path(), *TextTest::regular_expression(text)};
}
Condition header(std::string_view name) {
  return {Field::header(name), TextTest::prefix("")};
}
Condition param(std::string name) {
  return {Field::query_param(std::move(name)), TextTest::prefix("")};
}
Condition method(std::string name) {
  return {Field::method(), TextTest::exact(std::move(name))};
}
Condition model(std::string name) {
  return {Field::model(""), TextTest::exact(std::move(name))};
}

/// One match per route.
RouteTable table(std::vector<std::vector<Condition>> routes) {
  std::vector<std::vector<Match>> matches;
  for (auto& conditions : routes) matches.push_back({Match(std::move(conditions))});
  return RouteTable(std::move(matches));
}

std::int32_t find(const RouteTable& table, const std::string& path) {
  return table.find(to_path(path).view());
}

TEST(RouteTable, WithoutRoutesFindsNone) {
  EXPECT_EQ(RouteTable().find(Request{}.view()), RouteTable::none);
  EXPECT_EQ(RouteTable(std::vector<std::vector<Match>>{}).find(Request{}.view()), RouteTable::none);
}

TEST(RouteTable, TakesEveryPathForARouteWithoutMatches) {
  const RouteTable one(std::vector<std::vector<Match>>(1));
  EXPECT_EQ(find(one, "/"), 0);
  EXPECT_EQ(find(one, "/any/thing"), 0);
}

TEST(RouteTable, SendsNoPathThatIsNoneAnywhere) {
  const RouteTable one(std::vector<std::vector<Match>>(1));
  EXPECT_EQ(find(one, "*"), RouteTable::none);
  EXPECT_EQ(find(one, ""), RouteTable::none);
}

TEST(RouteTable, TakesPrefixesByWholeSegments) {
  const auto routes = table({{prefix("/v2/models/fraud")}});
  EXPECT_EQ(find(routes, "/v2/models/fraud"), 0);
  EXPECT_EQ(find(routes, "/v2/models/fraud/"), 0);
  EXPECT_EQ(find(routes, "/v2/models/fraud/infer"), 0);
  EXPECT_EQ(find(routes, "/v2/models/fraud2/infer"), RouteTable::none);
  EXPECT_EQ(find(routes, "/v2/models"), RouteTable::none);
  EXPECT_EQ(find(routes, "/v2/models/"), RouteTable::none);
  EXPECT_EQ(find(routes, "//v2/models/fraud"), RouteTable::none);
}

TEST(RouteTable, TakesAnExactPathAsItStands) {
  const auto routes = table({{exact("/a")}, {exact("/a/")}, {exact("/")}, {exact("/a//b")}});
  EXPECT_EQ(find(routes, "/a"), 0);
  EXPECT_EQ(find(routes, "/a/"), 1);
  EXPECT_EQ(find(routes, "/"), 2);
  EXPECT_EQ(find(routes, "/a//b"), 3);
  EXPECT_EQ(find(routes, "/a/b"), RouteTable::none);
  EXPECT_EQ(find(routes, "//"), RouteTable::none);
}

TEST(RouteTable, PrefersExactThenLongestPrefixThenExpressionThenTheRoot) {
  const auto routes = table({{prefix("/")},
                             {expression("/(v2|v3)/.*")},
                             {prefix("/v2")},
                             {prefix("/v2/models")},
                             {exact("/v2/models/fraud")}});
  EXPECT_EQ(find(routes, "/v2/models/fraud"), 4);
  EXPECT_EQ(find(routes, "/v2/models/other"), 3);
  EXPECT_EQ(find(routes, "/v2/health"), 2);
  EXPECT_EQ(find(routes, "/v3/health"), 1);
  EXPECT_EQ(find(routes, "/health"), 0);
}

TEST(RouteTable, PrefersAMethodThenAModelThenHeadersThenQueryParams) {
  const auto routes = table({{prefix("/m")},
                             {prefix("/m"), param("q")},
                             {prefix("/m"), param("q"), param("r")},
                             {prefix("/m"), header("h")},
                             {prefix("/m"), header("h"), header("i")},
                             {prefix("/m"), model("x")},
                             {prefix("/m"), method("PUT")}});
  auto request = to_path("/m");
  EXPECT_EQ(routes.find(request.view()), 0);
  request.query = "q=1";
  EXPECT_EQ(routes.find(request.view()), 1);
  request.query = "q=1&r=2";
  EXPECT_EQ(routes.find(request.view()), 2);
  request.headers["h"] = "1";
  EXPECT_EQ(routes.find(request.view()), 3);
  request.headers["i"] = "1";
  EXPECT_EQ(routes.find(request.view()), 4);
  request.body = R"({"model":"x"})";
  EXPECT_EQ(routes.find(request.view()), 5);
  request.method = "PUT";
  EXPECT_EQ(routes.find(request.view()), 6);
}

TEST(RouteTable, PrefersTheFirstInTheFileAmongEquals) {
  const auto routes = table({{prefix("/a"), header("h")}, {prefix("/a/"), header("i")}});
  auto request = to_path("/a");
  request.headers = {{"h", "1"}, {"i", "1"}};
  EXPECT_EQ(routes.find(request.view()), 0);
}

TEST(RouteTable, FallsBackToALessSpecificRouteWhenConditionsFail) {
  const auto routes = table({{exact("/a/b"), method("GET")}, {prefix("/a/b"), header("h")}, {prefix("/a")}});
  auto request = to_path("/a/b");
  EXPECT_EQ(routes.find(request.view()), 2);
  request.headers["h"] = "1";
  EXPECT_EQ(routes.find(request.view()), 1);
  request.method = "GET";
  EXPECT_EQ(routes.find(request.view()), 0);
}

TEST(RouteTable, FindsARouteByAnyOfItsMatches) {
  const RouteTable routes({{Match({prefix("/a")}), Match({prefix("/b")})}, {Match({prefix("/c")})}});
  EXPECT_EQ(find(routes, "/a"), 0);
  EXPECT_EQ(find(routes, "/b"), 0);
  EXPECT_EQ(find(routes, "/c"), 1);
}

TEST(RouteTable, AsksForTheBodyOnlyWhenItWouldDecide) {
  const auto routes = table({{prefix("/v1"), model("a")}, {prefix("/v1"), model("b")}, {prefix("/v2")}});
  EXPECT_TRUE(routes.needs_body());
  auto request = to_path("/v1/chat");
  request.body_is_here = false;
  EXPECT_EQ(routes.find(request.view()), RouteTable::wants_body);
  request.body_is_here = true;
  request.body = R"({"model":"b"})";
  EXPECT_EQ(routes.find(request.view()), 1);
  request.body = R"({"model":"c"})";
  EXPECT_EQ(routes.find(request.view()), RouteTable::none);
  request.body.clear();
  EXPECT_EQ(routes.find(request.view()), RouteTable::none);
  request.body_is_here = false;
  request.path = "/v2/x";
  EXPECT_EQ(routes.find(request.view()), 2);
  EXPECT_FALSE(table({{prefix("/v2")}}).needs_body());
}

TEST(RouteTable, FindsEachOfHundreds) {
  std::vector<std::vector<Condition>> conditions;
  for (int i = 0; i < 500; ++i) conditions.push_back({prefix("/v2/models/model-" + std::to_string(i))});
  const auto routes = table(conditions);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(find(routes, "/v2/models/model-" + std::to_string(i) + "/infer"), i);
  EXPECT_EQ(find(routes, "/v2/models/model-500/infer"), RouteTable::none);
}

TEST(RouteTable, SurvivesHostilePaths) {
  const auto routes = table({{prefix("/a/b/c")}, {exact("/")}, {expression("/(x+x+)+y")}});
  EXPECT_EQ(find(routes, std::string(60000, '/')), RouteTable::none);
  EXPECT_EQ(find(routes, "/" + std::string(60000, 'x')), RouteTable::none);
  EXPECT_EQ(find(routes, "/a/b/c" + std::string(60000, '/')), 0);
  EXPECT_EQ(find(routes, std::string("/a\0/b", 5)), RouteTable::none);
  EXPECT_EQ(find(routes, "/%61/b/c"), RouteTable::none) << "escapes are not decoded";
  EXPECT_EQ(find(routes, "/a/b/../b/c"), RouteTable::none) << "dot segments are not resolved";
}

}  // namespace
}  // namespace sluice::traffic
