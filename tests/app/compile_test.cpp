#include "sluice/app/compile.hpp"

#include <gtest/gtest.h>

#include "compiling.hpp"
#include "sluice/app/memory_limit.hpp"

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

std::string refusal_of(policy::ModelRoute route) {
  policy::PolicySet set;
  set.routes = {std::move(route)};
  const auto config = compile(set);
  return config.ok() ? "" : config.error().message;
}

traffic::RequestView request_to(std::string_view path) {
  traffic::RequestView view;
  view.method = "POST";
  view.path = path;
  return view;
}

TEST(Compile, KeepsTheDefaultsOfBothSidesInStep) {
  const gateway::Config config = compiled(one_route());
  const gateway::Config data_plane;
  EXPECT_EQ(config.limits.connections, data_plane.limits.connections);
  EXPECT_EQ(config.limits.header_bytes, data_plane.limits.header_bytes);
  EXPECT_EQ(config.limits.headers, data_plane.limits.headers);
  EXPECT_EQ(config.limits.body_bytes, data_plane.limits.body_bytes);
  EXPECT_EQ(config.limits.requests_in_flight, data_plane.limits.requests_in_flight);
  EXPECT_EQ(config.limits.waiting, data_plane.limits.waiting);
  EXPECT_EQ(config.limits.wait, data_plane.limits.wait);
  EXPECT_EQ(config.names, data_plane.names);
  EXPECT_EQ(config.client.header, data_plane.client.header);
  EXPECT_EQ(config.client.keep_alive, data_plane.client.keep_alive);
  EXPECT_EQ(config.client.body_idle, data_plane.client.body_idle);
  EXPECT_EQ(config.drain.delay, data_plane.drain.delay);
  EXPECT_EQ(config.drain.timeout, data_plane.drain.timeout);
  const gateway::Route route;
  EXPECT_EQ(config.routes[0].timeouts.request, route.timeouts.request);
  EXPECT_EQ(config.routes[0].timeouts.backend_request, route.timeouts.backend_request);
  EXPECT_EQ(config.routes[0].timeouts.connect, route.timeouts.connect);
  EXPECT_EQ(config.routes[0].timeouts.stream_idle, route.timeouts.stream_idle);
  EXPECT_EQ(config.routes[0].mirror.requests_in_flight, route.mirror.requests_in_flight);
  EXPECT_EQ(config.routes[0].mirror.requests_per_second, route.mirror.requests_per_second);
  EXPECT_EQ(config.routes[0].mirror.body_bytes, route.mirror.body_bytes);
  EXPECT_EQ(config.routes[0].mirror.timeout, route.mirror.timeout);
  EXPECT_EQ(config.routes[0].mirror.idle, route.mirror.idle);
  EXPECT_EQ(config.routes[0].mirror.deduplicate, route.mirror.deduplicate);
  EXPECT_FALSE(config.routes[0].pairs.has_value());
  EXPECT_EQ(config.routes[0].retry, route.retry);
  EXPECT_EQ(config.routes[0].hedge, route.hedge);
  EXPECT_EQ(config.routes[0].limits, route.limits);
  const gateway::Version version;
  EXPECT_EQ(config.routes[0].versions[0].pool, version.pool);
  EXPECT_EQ(config.routes[0].versions[0].supervision, version.supervision);
  EXPECT_EQ(config.routes[0].versions[0].limits, version.limits);
  EXPECT_EQ(config.routes[0].versions[0].adaptive, version.adaptive);
  EXPECT_EQ(config.routes[0].versions[0].fallback, version.fallback);
}

TEST(Compile, CarriesEveryFieldOfTheGateway) {
  policy::PolicySet set;
  set.gateway.listeners = {{{"127.0.0.1", 0}, {}, {}},
                           {{"::1", 8443}, policy::ListenerTls{"c.pem", "k.pem", "ca.pem"}, {}}};
  set.gateway.workers.count = 3;
  set.gateway.limits = {11, 12_KiB, 13, 14_MiB, 15, 16, 17s, {18_MiB}};
  set.gateway.dns = {{{"10.0.0.10", 53}}, 1s, 2, 3s, 4s};
  set.gateway.timeouts = {1s, 2s, 3s};
  set.gateway.drain = {4s, 5s};
  set.gateway.log.access_log = 25_pct;
  const auto config = *compile(set);
  const std::vector<gateway::Listener> listeners{{"127.0.0.1", 0, {}},
                                                 {"::1", 8443, gateway::ListenerTls{"c.pem", "k.pem", "ca.pem"}}};
  EXPECT_EQ(config.listeners, listeners);
  EXPECT_EQ(config.workers, 3u);
  EXPECT_EQ(config.limits.connections, 11u);
  EXPECT_EQ(config.limits.header_bytes, 12u << 10);
  EXPECT_EQ(config.limits.headers, 13u);
  EXPECT_EQ(config.limits.body_bytes, 14u << 20);
  EXPECT_EQ(config.limits.requests_in_flight, 15u);
  EXPECT_EQ(config.limits.waiting, 16u);
  EXPECT_EQ(config.limits.wait, 17s);
  EXPECT_EQ(config.limits.memory_bytes, 18u << 20);
  EXPECT_EQ(config.names, (gateway::NameServers{{"10.0.0.10:53"}, 1s, 2, 3s, 4s}));
  EXPECT_EQ(config.client.header, 1s);
  EXPECT_EQ(config.client.body_idle, 2s);
  EXPECT_EQ(config.client.keep_alive, 3s);
  EXPECT_EQ(config.drain.delay, 4s);
  EXPECT_EQ(config.drain.timeout, 5s);
  EXPECT_DOUBLE_EQ(config.access_log_ratio, 0.25);
  EXPECT_TRUE(config.routes.empty());
}

TEST(Compile, NeverRoundsADeadlineDownToNone) {
  auto route = one_route();
  route.timeouts.connect = 300us;
  route.timeouts.request = 1500us;
  const auto config = compiled(route);
  EXPECT_EQ(config.routes[0].timeouts.connect, 1ms);
  EXPECT_EQ(config.routes[0].timeouts.request, 2ms);
}

TEST(Compile, KeepsNumbersTooLargeForTheDataPlaneAtTheirBound) {
  policy::PolicySet set;
  set.gateway.limits.header_bytes = Bytes{1ull << 40};
  set.gateway.limits.headers = 1 << 20;
  const auto config = *compile(set);
  EXPECT_EQ(config.limits.header_bytes, 0xFFFFFFFFu);
  EXPECT_EQ(config.limits.headers, 0xFFFFu);
}

TEST(Compile, LooksAtMemoryOnlyWhenAsked) {
  policy::PolicySet set;
  set.gateway.limits.memory.bytes = 0_B;
  EXPECT_EQ(compile(set)->limits.memory_bytes, 0u);
  set.gateway.limits.memory.bytes.reset();
  EXPECT_EQ(compile(set)->limits.memory_bytes, memory_limit() / 10 * 9) << "auto";
}

TEST(Compile, CarriesTimeoutsAndPools) {
  auto route = one_route();
  route.timeouts = {1s, 2s, 3s, 4s};
  route.pool = {1, 2, 3s, 4s, 5s, 6};
  route.versions.push_back(version("v2", {"http://127.0.0.1:9002"}));
  route.versions[1].pool = policy::Pool{7, 8, 9s, 10s, 11s, 12};
  policy::Canary canary;
  canary.stable = "v1";
  canary.candidate = "v2";
  route.strategy = canary;
  const auto config = compiled(route);
  const auto& made = config.routes[0];
  EXPECT_EQ(made.timeouts.request, 1s);
  EXPECT_EQ(made.timeouts.backend_request, 2s);
  EXPECT_EQ(made.timeouts.connect, 3s);
  EXPECT_EQ(made.timeouts.stream_idle, 4s);
  EXPECT_EQ(made.versions[0].pool, (upstream::PoolLimits{1, 2, 3000ms, 6, 4000ms, 5000ms}));
  EXPECT_EQ(made.versions[1].pool, (upstream::PoolLimits{7, 8, 9000ms, 12, 10000ms, 11000ms}));
}

TEST(Compile, TellsHowEachEndpointIsReached) {
  auto route = one_route();
  route.versions = {version(
      "v1", {"http://127.0.0.1:9001", "https://models.internal", "https://[::1]:9443", "dns://models.internal:9001"})};
  route.versions[0].tls = policy::UpstreamTls{"ca.pem", "name", "c.pem", "k.pem", true};
  const auto config = compiled(route);
  const upstream::EndpointTls tls{"ca.pem", "name", "c.pem", "k.pem", false};
  const std::vector<upstream::EndpointSpec> endpoints{{"127.0.0.1", 9001, false, false, {}},
                                                      {"models.internal", 443, true, false, tls},
                                                      {"::1", 9443, true, false, tls},
                                                      {"models.internal", 9001, false, true, {}}};
  EXPECT_EQ(config.routes[0].versions[0].endpoints, endpoints);
}

TEST(Compile, VerifiesCertificatesUnlessToldOtherwise) {
  auto route = one_route();
  route.versions = {version("v1", {"https://models.internal"})};
  EXPECT_TRUE(compiled(route).routes[0].versions[0].endpoints[0].tls_settings.verify);
}

TEST(Compile, GivesEachProtocolItsErrorBody) {
  const std::vector<std::pair<policy::Protocol, http::ErrorStyle>> styles{
      {policy::Protocol::OpenInference, http::ErrorStyle::OpenInference},
      {policy::Protocol::KServeV1, http::ErrorStyle::KServeV1},
      {policy::Protocol::OpenAi, http::ErrorStyle::OpenAI},
      {policy::Protocol::SageMaker, http::ErrorStyle::SageMaker},
      {policy::Protocol::Vertex, http::ErrorStyle::Vertex},
      {policy::Protocol::Raw, http::ErrorStyle::Raw}};
  for (const auto& [protocol, style] : styles) {
    auto route = one_route();
    route.protocol = protocol;
    EXPECT_EQ(compiled(route).routes[0].error_style, style);
  }
}

TEST(Compile, NamesTheStrategyAndTheRoles) {
  EXPECT_EQ(compiled(one_route()).routes[0].strategy, "none");
  EXPECT_EQ(compiled(one_route()).routes[0].versions[0].role, "stable");
  auto route = one_route();
  route.versions.push_back(version("v2", {"http://127.0.0.1:9002"}));
  policy::Canary canary;
  canary.stable = "v1";
  canary.candidate = "v2";
  canary.steps.emplace_back().weight = 5;
  route.strategy = canary;
  const auto config = compiled(route);
  EXPECT_EQ(config.routes[0].strategy, "canary");
  EXPECT_EQ(config.routes[0].versions[1].role, "candidate");
  EXPECT_DOUBLE_EQ(config.routes[0].plan.target_share(1), 0) << "nothing is decided yet";
}

TEST(Compile, DoesWhatTheRolloutSays) {
  policy::PolicySet set;
  set.routes = {one_route()};
  set.routes[0].versions.push_back(version("v2", {"http://127.0.0.1:9002"}));
  strategy::Steering steering;
  traffic::PlanSpec spec;
  spec.route = "fraud";
  spec.versions = {"v1", "v2"};
  spec.splits = {{{0, 95}, {1, 5}}};
  spec.otherwise = traffic::Target::split(0);
  steering.plan = *traffic::TrafficPlan::build(spec);
  steering.roles = {"stable", "candidate"};
  steering.fallbacks = {-1, 0};
  steering.withheld = {{}, {"127.0.0.1:9002"}};
  steering.copies.requests = 7;
  steering.window = 12;
  const auto config = *compile(set, {{"fraud", steering}});
  const gateway::Route& route = config.routes[0];
  EXPECT_DOUBLE_EQ(route.plan.target_share(1), 0.05);
  EXPECT_EQ(route.versions[1].role, "candidate");
  EXPECT_EQ(route.versions[1].fallback, 0);
  EXPECT_EQ(route.versions[1].withheld, steering.withheld[1]);
  EXPECT_EQ(route.mirror.requests, 7u);
  EXPECT_EQ(route.window, 12u);
}

TEST(Compile, NamesTheVersionThatAnswersForAnother) {
  auto route = one_route();
  route.versions.push_back(version("v2", {"http://127.0.0.1:9002"}));
  policy::Canary canary;
  canary.stable = "v1";
  canary.candidate = "v2";
  route.strategy = canary;
  EXPECT_EQ(compiled(route).routes[0].versions[0].fallback, -1);
  EXPECT_EQ(compiled(route).routes[0].versions[1].fallback, 0);
}

TEST(Compile, CarriesWhatKeepsAnswersComing) {
  auto route = one_route();
  route.protocol = policy::Protocol::Raw;
  route.retry.attempts = 3;
  route.hedge = policy::Hedge{50ms, {}};
  route.limits = policy::RequestLimits{1, 2, 3s};
  route.adaptive = policy::AdaptiveConcurrency{4, 5, 6};
  route.slow_start.duration = 7s;
  route.versions[0].limits = policy::RequestLimits{8, 9, 10s};
  const auto config = compiled(route);
  const auto& made = config.routes[0];
  EXPECT_EQ(made.retry.attempts, 3u);
  EXPECT_FALSE(made.retry.unsafe_methods) << "the protocol is asked";
  EXPECT_EQ(made.hedge.after, 50ms);
  EXPECT_EQ(made.limits, (gateway::ConcurrencyLimits{1, 2, 3s}));
  EXPECT_EQ(made.versions[0].limits, (gateway::ConcurrencyLimits{8, 9, 10s}));
  EXPECT_EQ(made.versions[0].adaptive, (gateway::AdaptiveConcurrency{true, 4, 5, 6}));
  EXPECT_EQ(made.versions[0].supervision.slow_start.duration, 7s);
  route.versions[0].adaptive = policy::AdaptiveConcurrency{11, 12, 13};
  EXPECT_EQ(compiled(route).routes[0].versions[0].adaptive, (gateway::AdaptiveConcurrency{true, 11, 12, 13}));
}

TEST(Compile, BoundsTheCopiesOfAShadow) {
  auto route = one_route();
  route.versions.push_back(version("v2", {"http://127.0.0.1:9002"}));
  route.timeouts.backend_request = 7s;
  policy::Shadow shadow;
  shadow.live = "v1";
  shadow.candidates = {{"v2", 30, {}}};
  shadow.budget.requests_in_flight = 4;
  shadow.budget.requests_per_second = 12.5;
  shadow.budget.body_bytes = 64_KiB;
  route.strategy = shadow;
  const auto config = compiled(route);
  const auto& mirror = config.routes[0].mirror;
  EXPECT_EQ(mirror.requests_in_flight, 4u);
  EXPECT_EQ(mirror.requests_per_second, 12.5);
  EXPECT_EQ(mirror.body_bytes, 64u << 10);
  EXPECT_EQ(mirror.timeout, 7s);
  EXPECT_DOUBLE_EQ(config.routes[0].plan.mirror_share(1), 0.3);
}

TEST(Compile, LetsAnswersSayTheirDecisionsWhereOutcomesWillBeReported) {
  policy::ModelRoute route = one_route();
  EXPECT_FALSE(compiled(route).routes[0].tokens);
  route.outcomes.emplace_back().name = "click";
  EXPECT_TRUE(compiled(route).routes[0].tokens);
}

TEST(Compile, NumbersRoutesAsTheTableDoes) {
  auto fraud = one_route();
  fraud.matches.resize(1);
  fraud.matches[0].path = policy::PathMatch{policy::PathMatchType::PathPrefix, "/v2/models/fraud", {}};
  auto churn = one_route();
  churn.name = "churn";
  churn.matches.resize(1);
  churn.matches[0].path = policy::PathMatch{policy::PathMatchType::PathPrefix, "/v2/models/churn", {}};
  policy::PolicySet set;
  set.routes = {fraud, churn};
  const auto config = *compile(set);
  EXPECT_EQ(config.routes.at(config.table.find(request_to("/v2/models/churn/infer"))).name, "churn");
  EXPECT_EQ(config.routes.at(config.table.find(request_to("/v2/models/fraud/infer"))).name, "fraud");
  EXPECT_EQ(config.table.find(request_to("/v2/models/other/infer")), traffic::RouteTable::none);
}

TEST(Compile, RefusesWhatTheDataPlaneCannotDo) {
  auto expression = one_route();
  expression.matches.resize(1);
  expression.matches[0].path = policy::PathMatch{policy::PathMatchType::RegularExpression, "/(", {"a.yaml", 3, 9}};
  EXPECT_NE(refusal_of(expression).find("a.yaml:3:9: "), std::string::npos);
  auto strategy = one_route();
  policy::BlueGreen blue_green;
  blue_green.active = "v1";
  blue_green.preview = "v9";
  strategy.strategy = blue_green;
  EXPECT_NE(refusal_of(strategy).find("v9"), std::string::npos) << refusal_of(strategy);
  auto unsplit = one_route();
  unsplit.versions.push_back(version("v2", {"http://127.0.0.1:9002"}));
  EXPECT_NE(refusal_of(unsplit).find("no strategy"), std::string::npos);
}

}  // namespace
}  // namespace sluice::app
