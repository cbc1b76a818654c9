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

policy::ContextFeature feature(policy::ContextSource source, std::string name,
                               policy::ContextType type = policy::ContextType::Number,
                               std::vector<std::string> values = {}) {
  return {source, std::move(name), type, std::move(values), {}};
}

TEST(FromPolicy, TakesEverySourceOfAContextInItsOrder) {
  using policy::ContextSource;
  policy::Bandit bandit;
  bandit.context = {feature(ContextSource::Header, "X-Age"), feature(ContextSource::Cookie, "C"),
                    feature(ContextSource::QueryParam, "q", policy::ContextType::Category, {"a", "b"}),
                    feature(ContextSource::JsonPointer, "/user/age")};
  const auto fields = context_fields(bandit);
  ASSERT_TRUE(fields.ok());
  ASSERT_EQ(fields->size(), 4u);
  EXPECT_EQ((*fields)[0].field.source(), Field::Source::Header);
  EXPECT_EQ((*fields)[0].field.name(), "x-age");
  EXPECT_EQ((*fields)[0].kind, ContextField::Kind::Number);
  EXPECT_EQ((*fields)[1].field.source(), Field::Source::Cookie);
  EXPECT_EQ((*fields)[2].field.source(), Field::Source::QueryParam);
  EXPECT_EQ((*fields)[2].kind, ContextField::Kind::OneOf);
  EXPECT_EQ((*fields)[2].values, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ((*fields)[3].field.source(), Field::Source::JsonPointer);
  EXPECT_EQ(features_of(*fields), 5u);
}

TEST(FromPolicy, SharesTheFeaturesThatAreLeftAmongCategoriesWithoutValues) {
  using policy::ContextSource;
  const auto buckets = [](int numbers, int categories) {
    policy::Bandit bandit;
    for (int i = 0; i < numbers; ++i) bandit.context.push_back(feature(ContextSource::Header, "n"));
    for (int i = 0; i < categories; ++i) {
      bandit.context.push_back(feature(ContextSource::Header, "c", policy::ContextType::Category));
    }
    std::vector<int> found;
    const auto fields = context_fields(bandit);
    if (!fields.ok()) return found;
    for (const auto& field : *fields) {
      if (field.kind == ContextField::Kind::Hashed) found.push_back(field.buckets);
    }
    return found;
  };
  EXPECT_EQ(buckets(0, 1), std::vector<int>{8});
  EXPECT_EQ(buckets(1, 2), (std::vector<int>{8, 7}));
  EXPECT_EQ(buckets(0, 3), (std::vector<int>{6, 5, 5}));
  EXPECT_EQ(buckets(14, 2), (std::vector<int>{1, 1}));
  EXPECT_EQ(buckets(0, 16), std::vector<int>(16, 1));
  EXPECT_EQ(buckets(15, 2), std::vector<int>{});
}

TEST(FromPolicy, RefusesAContextThatNoTokenHasRoomFor) {
  using policy::ContextSource;
  policy::Bandit bandit;
  for (int i = 0; i < 16; ++i) bandit.context.push_back(feature(ContextSource::Header, "n"));
  EXPECT_TRUE(context_fields(bandit).ok());
  bandit.context.push_back(feature(ContextSource::Header, "n"));
  EXPECT_NE(context_fields(bandit).error().message.find("more than 16 features"), std::string::npos);
  bandit.context = {feature(ContextSource::JsonPointer, "age")};
  bandit.context[0].position = {"rollout.yaml", 9, 5};
  EXPECT_TRUE(context_fields(bandit).error().message.starts_with("rollout.yaml:9:5: "));
}

}  // namespace
}  // namespace sluice::traffic
