#include "sluice/traffic/from_policy.hpp"

#include <gtest/gtest.h>

#include "request.hpp"

namespace sluice::traffic {
namespace {

using policy::PathMatchType;
using policy::Protocol;
using policy::ValueMatchType;

policy::ValueMatch value(std::string name, ValueMatchType type, std::string text) {
  policy::ValueMatch match;
  match.name = std::move(name);
  match.type = type;
  match.value = std::move(text);
  return match;
}

policy::Match path(PathMatchType type, std::string text) {
  policy::Match match;
  match.path = policy::PathMatch{type, std::move(text), {}};
  return match;
}

bool holds(const policy::Match& match, const Request& request, Protocol protocol = Protocol::OpenInference) {
  return to_match(match, protocol)->holds(request.view());
}

TEST(FromPolicy, TakesAnEmptyMatchAsEveryRequest) {
  EXPECT_TRUE(holds({}, Request{}));
}

TEST(FromPolicy, TakesEveryTypeOfPath) {
  EXPECT_TRUE(holds(path(PathMatchType::Exact, "/a"), to_path("/a")));
  EXPECT_FALSE(holds(path(PathMatchType::Exact, "/a"), to_path("/a/b")));
  EXPECT_TRUE(holds(path(PathMatchType::PathPrefix, "/a"), to_path("/a/b")));
  EXPECT_FALSE(holds(path(PathMatchType::PathPrefix, "/a"), to_path("/ab")));
  EXPECT_TRUE(holds(path(PathMatchType::RegularExpression, "/a+"), to_path("/aaa")));
  EXPECT_FALSE(holds(path(PathMatchType::RegularExpression, "/a+"), to_path("/aaa/b")));
}

TEST(FromPolicy, TakesHeadersCookiesQueryParametersAndTheMethod) {
  policy::Match match;
  match.headers = {value("X-Tier", ValueMatchType::Exact, "gold")};
  match.cookies = {value("sid", ValueMatchType::Prefix, "a")};
  match.query_params = {value("debug", ValueMatchType::RegularExpression, "[01]")};
  match.method = "POST";
  Request request;
  request.headers = {{"x-tier", "gold"}, {"cookie", "sid=abc"}};
  request.query = "debug=1";
  EXPECT_TRUE(holds(match, request));
  auto other = request;
  other.headers["x-tier"] = "silver";
  EXPECT_FALSE(holds(match, other));
  other = request;
  other.headers["cookie"] = "sid=b";
  EXPECT_FALSE(holds(match, other));
  other = request;
  other.query = "debug=2";
  EXPECT_FALSE(holds(match, other));
  other = request;
  other.method = "GET";
  EXPECT_FALSE(holds(match, other));
}

TEST(FromPolicy, TakesRangesOpenOnEitherSide) {
  policy::Match match;
  match.headers = {value("age", ValueMatchType::Range, "")};
  match.headers[0].min = 18;
  EXPECT_TRUE(holds(match, with_header("age", "99")));
  EXPECT_FALSE(holds(match, with_header("age", "17.9")));
  match.headers[0].min.reset();
  match.headers[0].max = 65;
  EXPECT_TRUE(holds(match, with_header("age", "-3")));
  EXPECT_FALSE(holds(match, with_header("age", "66")));
}

TEST(FromPolicy, FindsTheModelWhereTheProtocolHasIt) {
  policy::Match match;
  match.model = "fraud";
  const auto body = [](std::string text) {
    auto request = with_body(std::move(text));
    request.path = "/v1/chat/completions";
    return request;
  };
  EXPECT_TRUE(holds(match, to_path("/v2/models/fraud/infer"), Protocol::OpenInference));
  EXPECT_TRUE(holds(match, to_path("/v1/models/fraud:predict"), Protocol::KServeV1));
  EXPECT_TRUE(holds(match, to_path("/endpoints/fraud/invocations"), Protocol::SageMaker));
  EXPECT_TRUE(holds(match, to_path("/v1/projects/p/locations/l/endpoints/fraud:predict"), Protocol::Vertex));
  EXPECT_TRUE(holds(match, body(R"({"model":"fraud"})"), Protocol::OpenAi));
  EXPECT_TRUE(holds(match, body(R"({"model":"fraud"})"), Protocol::Raw));
  EXPECT_FALSE(holds(match, body(R"({"model":"other"})"), Protocol::OpenAi));
  EXPECT_FALSE(holds(match, to_path("/v2/models/other/infer"), Protocol::OpenInference));
}

TEST(FromPolicy, NamesThePlaceOfABrokenExpression) {
  auto broken = path(PathMatchType::RegularExpression, "/(a");
  broken.path->position = {"rollout.yaml", 7, 12};
  const auto one = to_match(broken, Protocol::Raw);
  ASSERT_FALSE(one.ok());
  EXPECT_TRUE(one.error().message.starts_with("rollout.yaml:7:12: ")) << one.error().message;
  EXPECT_FALSE(to_matches({policy::Match{}, broken}, Protocol::Raw).ok());

  policy::Match header;
  header.headers = {value("x", ValueMatchType::RegularExpression, "*")};
  EXPECT_FALSE(to_match(header, Protocol::Raw).ok());
}

TEST(FromPolicy, TakesEveryUnit) {
  using policy::UnitSource;
  const auto source = [](UnitSource from, std::string name) {
    const auto unit = to_unit({from, std::move(name), ""});
    return unit.ok() && unit->has_value() ? std::optional((*unit)->source()) : std::nullopt;
  };
  EXPECT_EQ(source(UnitSource::Header, "x"), Field::Source::Header);
  EXPECT_EQ(source(UnitSource::Cookie, "x"), Field::Source::Cookie);
  EXPECT_EQ(source(UnitSource::QueryParam, "x"), Field::Source::QueryParam);
  EXPECT_EQ(source(UnitSource::JsonPointer, "/x"), Field::Source::JsonPointer);
  EXPECT_EQ(source(UnitSource::ClientAddress, ""), Field::Source::ClientAddress);
  EXPECT_EQ(source(UnitSource::Request, ""), std::nullopt);
  EXPECT_TRUE(to_unit({UnitSource::Request, "", ""}).ok());
  EXPECT_FALSE(to_unit({UnitSource::JsonPointer, "x", ""}).ok());
}

}  // namespace
}  // namespace sluice::traffic
