#include "sluice/app/resilience.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sluice::app {
namespace {

using namespace std::chrono_literals;
using policy::Protocol;

policy::ModelRoute route_of(Protocol protocol = Protocol::OpenInference) {
  policy::ModelRoute route;
  route.protocol = protocol;
  route.versions.resize(1);
  return route;
}

upstream::Supervision supervised(const policy::ModelRoute& route) {
  return to_supervision(route, route.versions[0]);
}

std::string path_of(Protocol protocol, policy::Health health) {
  auto route = route_of(protocol);
  route.health = std::move(health);
  return supervised(route).health.path;
}

TEST(Resilience, KeepsTheDefaultsOfBothSidesInStep) {
  auto route = route_of();
  EXPECT_EQ(supervised(route), upstream::Supervision{});
  route.health = policy::Health{};
  auto checked = upstream::Supervision{};
  checked.health.enabled = true;
  EXPECT_EQ(supervised(route), checked);
  EXPECT_EQ(to_retry_rules({}, Protocol::OpenInference), upstream::RetryRules{});
  EXPECT_EQ(to_hedge_rules({}), upstream::HedgeRules{});
  EXPECT_EQ(to_limits({}), gateway::ConcurrencyLimits{});
  EXPECT_EQ(to_adaptive({}), gateway::AdaptiveConcurrency{});
  auto adaptive = gateway::AdaptiveConcurrency{};
  adaptive.enabled = true;
  EXPECT_EQ(to_adaptive(policy::AdaptiveConcurrency{}), adaptive);
  EXPECT_EQ(to_name_servers({}), gateway::NameServers{});
  route.warm_up = policy::WarmUp{{}, 1, policy::Recorded{}, 30s};
  EXPECT_EQ(supervised(route).warm_up.recorded_body_bytes, upstream::WarmUpSettings{}.recorded_body_bytes);
  EXPECT_EQ(supervised(route).warm_up.timeout, upstream::WarmUpSettings{}.timeout);
}

TEST(Resilience, AsksEachProtocolItsOwnQuestion) {
  const std::vector<std::pair<Protocol, std::string>> paths{{Protocol::OpenInference, "/v2/health/ready"},
                                                            {Protocol::KServeV1, "/"},
                                                            {Protocol::OpenAi, "/health"},
                                                            {Protocol::SageMaker, "/ping"},
                                                            {Protocol::Vertex, "/health"},
                                                            {Protocol::Raw, "/"}};
  for (const auto& [protocol, path] : paths) EXPECT_EQ(path_of(protocol, {}), path) << policy::to_string(protocol);
}

TEST(Resilience, AsksAboutTheModelThatIsNamed) {
  policy::Health health;
  health.model = "fraud";
  EXPECT_EQ(path_of(Protocol::OpenInference, health), "/v2/models/fraud/ready");
  EXPECT_EQ(path_of(Protocol::KServeV1, health), "/v1/models/fraud");
}

TEST(Resilience, AsksWhatIsWritten) {
  policy::Health health;
  health.path = "/up?deep=1";
  for (const auto protocol : {Protocol::OpenInference, Protocol::SageMaker, Protocol::Raw}) {
    EXPECT_EQ(path_of(protocol, health), "/up?deep=1");
  }
}

TEST(Resilience, CarriesEveryFieldOfAHealthCheck) {
  auto route = route_of();
  route.health = policy::Health{"/up", "models", "", {200, 204}, 11s, 12s, 13s, 14_pct, 15, 16};
  EXPECT_EQ(supervised(route).health,
            (upstream::HealthCheckSettings{true, "/up", "models", 200, 204, 11s, 12s, 13s, 0.14, 15, 16}));
}

TEST(Resilience, CarriesEveryFieldOfAnEjection) {
  auto route = route_of();
  route.ejection = {false, 1, 2, 3s, 4, 5, 6, 7_pct, 8, 9ms, 10s, 11s, 12_pct, 13s, 14_pct};
  EXPECT_EQ(supervised(route).ejection,
            (upstream::EjectionSettings{false, 1, 2, 3s, 4, 5, 6, 0.07, 8, 9ms, 10s, 11s, 0.12, 13s, 0.14}));
}

TEST(Resilience, CarriesSlowStartAndPanic) {
  auto route = route_of();
  route.slow_start = {1s, 2_pct};
  route.panic_threshold = 30_pct;
  EXPECT_EQ(supervised(route).slow_start, (upstream::SlowStartSettings{1s, 0.02}));
  EXPECT_EQ(supervised(route).panic_threshold, 0.3);
}

TEST(Resilience, CarriesWarmUpRequests) {
  auto route = route_of();
  policy::WarmUpRequest plain;
  plain.path = "/v2/models/fraud/infer";
  plain.headers = {{"x-a", "1"}, {"x-b", "2"}};
  plain.body = "{}";
  policy::WarmUpRequest typed = plain;
  typed.headers = {{"Content-Type", "application/octet-stream"}};
  policy::WarmUpRequest bare;
  bare.method = "GET";
  bare.path = "/";
  route.warm_up = policy::WarmUp{{plain, typed, bare}, 5, policy::Recorded{7, 9_KiB}, 8s};
  const auto made = supervised(route).warm_up;
  const std::vector<upstream::WarmUpRequest> requests{
      {"POST", "/v2/models/fraud/infer", {{"x-a", "1"}, {"x-b", "2"}, {"content-type", "application/json"}}, "{}"},
      {"POST", "/v2/models/fraud/infer", {{"Content-Type", "application/octet-stream"}}, "{}"},
      {"GET", "/", {}, ""}};
  EXPECT_EQ(made, (upstream::WarmUpSettings{requests, 5, 7, 9 << 10, 8s}));
  EXPECT_TRUE(made.enabled());
}

TEST(Resilience, RecordsNothingUnlessTold) {
  auto route = route_of();
  route.warm_up = policy::WarmUp{};
  EXPECT_EQ(supervised(route).warm_up.recorded, 0u);
}

TEST(Resilience, AVersionReplacesWhatTheRouteSaysAsAWhole) {
  auto route = route_of();
  route.health = policy::Health{};
  route.health->path = "/route";
  route.health->interval = 9s;
  route.ejection.consecutive_errors = 9;
  route.ejection.base_time = 9s;
  route.slow_start = {9s, 9_pct};
  route.warm_up = policy::WarmUp{{}, 9, policy::Recorded{}, 9s};
  auto& version = route.versions[0];
  version.health = policy::Health{};
  version.ejection = policy::Ejection{};
  version.ejection->base_time = 7s;
  version.slow_start = policy::SlowStart{};
  version.warm_up = policy::WarmUp{};
  auto expected = upstream::Supervision{};
  expected.health.enabled = true;
  expected.ejection.base_time = 7s;
  EXPECT_EQ(supervised(route), expected);
}

TEST(Resilience, CarriesEveryFieldOfARetry) {
  policy::Retry retry;
  retry.attempts = 4;
  retry.on = {policy::RetryOn::Timeout, policy::RetryOn::TooManyRequests};
  retry.budget = 35_pct;
  retry.min_budget = 6;
  retry.backoff = {7ms, 8ms};
  retry.max_retry_after = 9s;
  retry.body_bytes = 10_KiB;
  const auto rules = to_retry_rules(retry, Protocol::OpenInference);
  EXPECT_EQ(rules, (upstream::RetryRules{4,
                                         {upstream::AttemptFailure::Timeout, upstream::AttemptFailure::TooManyRequests},
                                         true,
                                         0.35,
                                         6,
                                         7ms,
                                         8ms,
                                         9s,
                                         10 << 10}));
}

TEST(Resilience, KnowsEveryFailure) {
  const std::vector<std::pair<policy::RetryOn, upstream::AttemptFailure>> failures{
      {policy::RetryOn::ConnectFailure, upstream::AttemptFailure::ConnectFailure},
      {policy::RetryOn::NoRoom, upstream::AttemptFailure::NoRoom},
      {policy::RetryOn::Reset, upstream::AttemptFailure::Reset},
      {policy::RetryOn::BadResponse, upstream::AttemptFailure::BadResponse},
      {policy::RetryOn::Timeout, upstream::AttemptFailure::Timeout},
      {policy::RetryOn::Unavailable, upstream::AttemptFailure::Unavailable},
      {policy::RetryOn::ServerError, upstream::AttemptFailure::ServerError},
      {policy::RetryOn::TooManyRequests, upstream::AttemptFailure::TooManyRequests}};
  EXPECT_EQ(failures.size(), upstream::kAttemptFailures);
  for (const auto& [on, failure] : failures) {
    policy::Retry retry;
    retry.on = {on};
    EXPECT_EQ(to_retry_rules(retry, Protocol::Raw).on, upstream::FailureSet{failure});
  }
}

TEST(Resilience, RepeatsOnlySafeMethodsOfAnUnknownProtocol) {
  policy::Retry retry;
  EXPECT_FALSE(to_retry_rules(retry, Protocol::Raw).unsafe_methods);
  EXPECT_TRUE(to_retry_rules(retry, Protocol::OpenAi).unsafe_methods);
  retry.methods = policy::RetryMethods::Any;
  EXPECT_TRUE(to_retry_rules(retry, Protocol::Raw).unsafe_methods);
  retry.methods = policy::RetryMethods::Safe;
  EXPECT_FALSE(to_retry_rules(retry, Protocol::OpenAi).unsafe_methods);
}

TEST(Resilience, CarriesEitherTriggerOfAHedge) {
  EXPECT_EQ(to_hedge_rules(policy::Hedge{50ms, {}}), (upstream::HedgeRules{50ms, 0}));
  EXPECT_EQ(to_hedge_rules(policy::Hedge{{}, 95_pct}), (upstream::HedgeRules{0ms, 0.95}));
}

TEST(Resilience, CarriesLimitsAndNameServers) {
  EXPECT_EQ(to_limits(policy::RequestLimits{1, 2, 3s}), (gateway::ConcurrencyLimits{1, 2, 3s}));
  EXPECT_EQ(to_adaptive(policy::AdaptiveConcurrency{1, 2, 3}), (gateway::AdaptiveConcurrency{true, 1, 2, 3}));
  EXPECT_EQ(to_name_servers(policy::Dns{{{"10.0.0.10", 53}, {"::1", 5353}}, 1s, 2, 3s, 4s}),
            (gateway::NameServers{{"10.0.0.10:53", "[::1]:5353"}, 1s, 2, 3s, 4s}));
}

}  // namespace
}  // namespace sluice::app
