#include <algorithm>
#include <cmath>

#include "e2e/e2e.hpp"

namespace sluice::test {
namespace {

std::string two_routes(const FakeUpstream& fraud, const FakeUpstream& fallback, const std::string& fraud_matches) {
  return gateway_yaml() + route_yaml("fraud", {version_yaml("v1", fraud)}, "matches: " + fraud_matches) +
         route_yaml("everything", {version_yaml("w1", fallback)}, "matches: [{path: {type: PathPrefix, value: /}}]");
}

TEST(Routing, AnswersComeFromTheVersionAndNameIt) {
  FakeUpstream upstream("hello");
  SluiceProcess sluice(policy_for(upstream));
  RawClient client(sluice.port());
  const auto response = client.post("/v2/models/m/infer", "{}");
  EXPECT_EQ(response.status(), 200);
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(version_of(response), "v1");
  EXPECT_EQ(upstream.request(0).target(), "/v2/models/m/infer");
}

TEST(Routing, ThePathDecidesBetweenRoutes) {
  FakeUpstream fraud("fraud");
  FakeUpstream fallback("fallback");
  SluiceProcess sluice(two_routes(fraud, fallback, "[{path: {type: PathPrefix, value: /v2/models/fraud}}]"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/v2/models/fraud").body, "fraud");
  EXPECT_EQ(client.get("/v2/models/fraud/infer").body, "fraud");
  EXPECT_EQ(client.get("/v2/models/fraud?x=1").body, "fraud");
  EXPECT_EQ(client.get("/v2/models/fraudulent").body, "fallback");
  EXPECT_EQ(client.get("/").body, "fallback");
}

TEST(Routing, HeadersQueryParametersAndMethodDecideToo) {
  FakeUpstream special("special");
  FakeUpstream fallback("fallback");
  SluiceProcess sluice(two_routes(special, fallback,
                                  "[{headers: [{name: X-Tier, value: gold}]}, "
                                  "{queryParams: [{name: tier, value: gold}]}, {method: PUT}]"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/", {{"x-tier", "gold"}}).body, "special");
  EXPECT_EQ(client.get("/", {{"x-tier", "silver"}}).body, "fallback");
  EXPECT_EQ(client.get("/?a=b&tier=gold").body, "special");
  EXPECT_EQ(client.exchange(request_text("PUT", "/", "x")).body, "special");
}

TEST(Routing, TheModelInTheBodyDecides) {
  FakeUpstream large("large");
  FakeUpstream fallback("fallback");
  SluiceProcess sluice(gateway_yaml() +
                       route_yaml("large", {version_yaml("v1", large)}, "protocol: OpenAI\nmatches: [{model: large}]") +
                       route_yaml("everything", {version_yaml("w1", fallback)}, "protocol: OpenAI"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.post("/v1/chat/completions", R"({"model":"large","messages":[]})").body, "large");
  EXPECT_EQ(client.post("/v1/chat/completions", R"({"model":"small"})").body, "fallback");
  EXPECT_EQ(large.request(0).body, R"({"model":"large","messages":[]})");
}

TEST(Routing, TheModelIsFoundHoweverTheBodyArrives) {
  FakeUpstream large("large");
  FakeUpstream fallback("fallback");
  SluiceProcess sluice(gateway_yaml() +
                       route_yaml("large", {version_yaml("v1", large)}, "protocol: OpenAI\nmatches: [{model: large}]") +
                       route_yaml("everything", {version_yaml("w1", fallback)}, "protocol: OpenAI"));
  RawClient client(sluice.port());
  const std::string body = R"({"messages":[],"model":"large","stream":false})";
  const auto whole = request_text("POST", "/v1/chat/completions", body);
  const auto pieces =
      request_text("POST", "/v1/chat/completions", chunked(body, 7), {{"Transfer-Encoding", "chunked"}});
  for (const auto& request : {whole, pieces}) {
    EXPECT_EQ(client.exchange(request).body, "large");
    client.send_cut_at(request, {request.find("\r\n\r\n") + 4});
    EXPECT_EQ(client.read_response().body, "large");
    client.send_byte_by_byte(request);
    EXPECT_EQ(client.read_response().body, "large");
  }
  for (const auto& request : large.requests()) EXPECT_EQ(request.body, body);
  EXPECT_EQ(client.exchange(request_text("POST", "/", body, {{"Expect", "100-continue"}})).body, "large");
}

TEST(Routing, ABodyThatIsNoJsonIsStillForwarded) {
  FakeUpstream large("large");
  FakeUpstream fallback(echo());
  SluiceProcess sluice(gateway_yaml() +
                       route_yaml("large", {version_yaml("v1", large)}, "protocol: OpenAI\nmatches: [{model: large}]") +
                       route_yaml("everything", {version_yaml("w1", fallback)}, "protocol: OpenAI"));
  RawClient client(sluice.port());
  for (const auto& body : {std::string("not json"), std::string("{\"model\":"), std::string("{\"model\":7}"),
                           std::string("\xff\x00{}", 4), std::string(300000, '['), std::string(300000, 'x')}) {
    EXPECT_TRUE(client.post("/v1/chat/completions", body).body == body) << body.substr(0, 20);
  }
}

TEST(Routing, WithoutARouteTheAnswerIs404) {
  FakeUpstream upstream;
  SluiceProcess sluice(policy_for(upstream, "matches: [{path: {type: Exact, value: /only}}]"));
  RawClient client(sluice.port());
  const auto refused = client.get("/other");
  EXPECT_EQ(refused.status(), 404);
  EXPECT_EQ(refused.field("x-sluice-error"), "no_route");
  EXPECT_EQ(client.get("/only").status(), 200) << "the connection stays usable";
  EXPECT_EQ(upstream.request_count(), 1u);
}

TEST(Routing, ARefusedRequestWithABodyDoesNotDisturbTheNext) {
  FakeUpstream upstream;
  SluiceProcess sluice(policy_for(upstream, "matches: [{path: {type: Exact, value: /only}}]"));
  RawClient client(sluice.port());
  const auto refused = client.post("/other", "GET /only HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(refused.status(), 404);
  if (!same_ignoring_case(refused.field("connection"), "close")) {
    EXPECT_EQ(client.get("/only").status(), 200);
  } else {
    EXPECT_TRUE(client.is_closed_by_peer());
  }
  EXPECT_LE(upstream.request_count(), 1u) << "a body was taken for a request";
}

TEST(Weights, AreRespectedByRequestsThatStandForThemselves) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(split_policy(first, second, 1, 3));
  RawClient client(sluice.port());
  const int count = 400;
  int to_second = 0;
  for (int i = 0; i < count; ++i) to_second += client.get("/").body == "two" ? 1 : 0;
  const double deviation = std::sqrt(count * 0.25 * 0.75);
  EXPECT_NEAR(to_second, count * 0.75, 6 * deviation);
}

TEST(Weights, AVersionWithoutWeightGetsNothing) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(split_policy(first, second, 1, 0));
  RawClient client(sluice.port());
  for (int i = 0; i < 50; ++i) EXPECT_EQ(client.get("/").body, "one");
  EXPECT_EQ(second.request_count(), 0u);
}

TEST(Weights, ACanaryStartsAtItsFirstWeight) {
  FakeUpstream stable("stable");
  FakeUpstream candidate("candidate");
  SluiceProcess sluice(
      gateway_yaml() +
      route_yaml("model", {version_yaml("v1", stable), version_yaml("v2", candidate)},
                 "strategy: {canary: {stable: v1, candidate: v2, steps: [{setWeight: 20}, {pause: {}}]}}"));
  RawClient client(sluice.port());
  const int count = 400;
  int to_candidate = 0;
  for (int i = 0; i < count; ++i) to_candidate += version_of(client.get("/")) == "v2" ? 1 : 0;
  EXPECT_NEAR(to_candidate, count * 0.2, 6 * std::sqrt(count * 0.2 * 0.8));
}

TEST(Sticky, AUserStaysWithTheVersionOnEveryConnectionAndAfterARestart) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  const auto policy = split_policy(first, second, 1, 1, "unit: {header: x-user-id}");
  std::vector<std::string> assigned;
  {
    SluiceProcess sluice(policy);
    for (int user = 0; user < 40; ++user) {
      RawClient client(sluice.port());
      const Fields fields{{"X-User-Id", "user-" + std::to_string(user)}};
      assigned.push_back(version_of(client.get("/", fields)));
      EXPECT_EQ(version_of(client.get("/again", fields)), assigned.back());
    }
  }
  EXPECT_EQ(std::set(assigned.begin(), assigned.end()).size(), 2u);
  SluiceProcess restarted(policy);
  RawClient client(restarted.port());
  for (int user = 0; user < 40; ++user) {
    EXPECT_EQ(version_of(client.get("/", {{"x-user-id", "user-" + std::to_string(user)}})), assigned[user]);
  }
}

TEST(Sticky, AUserThatIsInStaysInWhenTheShareGrows) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  const auto in_candidate = [](SluiceProcess& sluice) {
    std::set<int> users;
    RawClient client(sluice.port());
    for (int user = 0; user < 200; ++user) {
      if (version_of(client.get("/", {{"x-user-id", std::to_string(user)}})) == "v2") users.insert(user);
    }
    return users;
  };
  SluiceProcess small(split_policy(first, second, 90, 10, "unit: {header: x-user-id}"));
  SluiceProcess large(split_policy(first, second, 60, 40, "unit: {header: x-user-id}"));
  const auto before = in_candidate(small);
  const auto after = in_candidate(large);
  EXPECT_FALSE(before.empty());
  EXPECT_GT(after.size(), before.size());
  EXPECT_TRUE(std::includes(after.begin(), after.end(), before.begin(), before.end()));
}

TEST(Sticky, CookieQueryParameterAndJsonPointerNameAUserToo) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  const auto stays = [&](const std::string& unit, const auto& ask) {
    SluiceProcess sluice(split_policy(first, second, 1, 1, "unit: " + unit));
    RawClient client(sluice.port());
    std::set<std::string> versions;
    for (int user = 0; user < 30; ++user) {
      const auto version = version_of(ask(client, std::to_string(user)));
      EXPECT_EQ(version_of(ask(client, std::to_string(user))), version) << unit;
      versions.insert(version);
    }
    EXPECT_EQ(versions.size(), 2u) << unit;
  };
  stays("{cookie: uid}", [](RawClient& client, const std::string& user) {
    return client.get("/", {{"Cookie", "a=b; uid=" + user + "; c=d"}});
  });
  stays("{queryParam: uid}", [](RawClient& client, const std::string& user) { return client.get("/?uid=" + user); });
  stays("{jsonPointer: /user/id}", [](RawClient& client, const std::string& user) {
    return client.post("/", R"({"x":[1,2],"user":{"id":")" + user + "\"}}");
  });
}

TEST(Pinning, ChoosesTheVersionWhereThePolicyAllowsIt) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(split_policy(first, second, 1, 0, "pinning: {allow: Everyone}"));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/").body, "one");
  const auto pinned = client.get("/", {{"x-sluice-version", "v2"}});
  EXPECT_EQ(pinned.body, "two");
  EXPECT_EQ(version_of(pinned), "v2");
}

TEST(Pinning, IsIgnoredAndStrippedWhereThePolicyDoesNotAllowIt) {
  FakeUpstream first("one");
  FakeUpstream second("two");
  SluiceProcess sluice(split_policy(first, second, 1, 0));
  RawClient client(sluice.port());
  EXPECT_EQ(client.get("/", {{"x-sluice-version", "v2"}}).body, "one");
  EXPECT_FALSE(first.request(0).has("x-sluice-version"));
  EXPECT_EQ(second.request_count(), 0u);
}

}  // namespace
}  // namespace sluice::test
