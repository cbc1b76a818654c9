#include "sluice/app/resilience.hpp"

#include <algorithm>
#include <string_view>

#include "sluice/app/convert.hpp"

namespace sluice::app {
namespace {

/// What a check asks for unless the policy says so itself. Only two protocols know a question about one model.
std::string health_path(const policy::Health& health, policy::Protocol protocol) {
  if (!health.path.empty()) return health.path;
  switch (protocol) {
    case policy::Protocol::OpenInference:
      return health.model.empty() ? "/v2/health/ready" : "/v2/models/" + health.model + "/ready";
    case policy::Protocol::KServeV1:
      return health.model.empty() ? "/" : "/v1/models/" + health.model;
    case policy::Protocol::SageMaker:
      return "/ping";
    case policy::Protocol::OpenAi:
    case policy::Protocol::Vertex:
      return "/health";
    case policy::Protocol::Raw:
      break;
  }
  return "/";
}

upstream::HealthCheckSettings to_health(const std::optional<policy::Health>& health, policy::Protocol protocol) {
  upstream::HealthCheckSettings made;
  if (!health) return made;
  made.enabled = true;
  made.path = health_path(*health, protocol);
  made.host = health->host;
  made.lowest_status = clamp_to<std::uint16_t>(health->status.lowest);
  made.highest_status = clamp_to<std::uint16_t>(health->status.highest);
  made.interval = health->interval;
  made.unhealthy_interval = health->unhealthy_interval;
  made.timeout = health->timeout;
  made.jitter = health->jitter.fraction;
  made.healthy_threshold = health->healthy_threshold;
  made.unhealthy_threshold = health->unhealthy_threshold;
  return made;
}

upstream::EjectionSettings to_ejection(const policy::Ejection& ejection) {
  upstream::EjectionSettings made;
  made.enabled = ejection.enabled;
  made.consecutive_errors = ejection.consecutive_errors;
  made.consecutive_gateway_errors = ejection.consecutive_gateway_errors;
  made.interval = ejection.interval;
  made.min_requests = ejection.min_requests;
  made.min_endpoints = ejection.min_endpoints;
  made.success_rate_deviations = ejection.success_rate_deviations;
  made.success_rate_margin = ejection.success_rate_margin.fraction;
  made.latency_factor = ejection.latency_factor;
  made.latency_margin = ejection.latency_margin;
  made.base_time = ejection.base_time;
  made.max_time = ejection.max_time;
  made.max_ejected = ejection.max_ejected.fraction;
  made.probation = ejection.probation;
  made.probation_share = ejection.probation_share.fraction;
  return made;
}

bool is_content_type(std::string_view name) {
  constexpr std::string_view wanted = "content-type";
  return std::equal(name.begin(), name.end(), wanted.begin(), wanted.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

upstream::WarmUpRequest to_warm_up_request(const policy::WarmUpRequest& request) {
  upstream::WarmUpRequest made;
  made.method = request.method;
  made.path = request.path;
  made.headers.assign(request.headers.begin(), request.headers.end());
  made.body = request.body;
  const bool typed = std::any_of(made.headers.begin(), made.headers.end(),
                                 [](const auto& field) { return is_content_type(field.first); });
  if (!made.body.empty() && !typed) made.headers.emplace_back("content-type", "application/json");
  return made;
}

upstream::WarmUpSettings to_warm_up(const std::optional<policy::WarmUp>& warm_up) {
  upstream::WarmUpSettings made;
  if (!warm_up) return made;
  for (const auto& request : warm_up->requests) made.requests.push_back(to_warm_up_request(request));
  made.repeat = warm_up->repeat;
  if (warm_up->recorded) {
    made.recorded = warm_up->recorded->last;
    made.recorded_body_bytes = clamp_to<std::uint32_t>(warm_up->recorded->body_bytes.count);
  }
  made.timeout = warm_up->timeout;
  return made;
}

upstream::AttemptFailure to_failure(policy::RetryOn on) {
  switch (on) {
    case policy::RetryOn::ConnectFailure:
      return upstream::AttemptFailure::ConnectFailure;
    case policy::RetryOn::NoRoom:
      return upstream::AttemptFailure::NoRoom;
    case policy::RetryOn::Reset:
      return upstream::AttemptFailure::Reset;
    case policy::RetryOn::BadResponse:
      return upstream::AttemptFailure::BadResponse;
    case policy::RetryOn::Timeout:
      return upstream::AttemptFailure::Timeout;
    case policy::RetryOn::Unavailable:
      return upstream::AttemptFailure::Unavailable;
    case policy::RetryOn::ServerError:
      return upstream::AttemptFailure::ServerError;
    case policy::RetryOn::TooManyRequests:
      break;
  }
  return upstream::AttemptFailure::TooManyRequests;
}

}  // namespace

upstream::Supervision to_supervision(const policy::ModelRoute& route, const policy::Version& version) {
  const policy::SlowStart slow_start = version.slow_start.value_or(route.slow_start);
  upstream::Supervision made;
  made.health = to_health(version.health ? version.health : route.health, route.protocol);
  made.ejection = to_ejection(version.ejection.value_or(route.ejection));
  made.slow_start = {slow_start.duration, slow_start.floor.fraction};
  made.warm_up = to_warm_up(version.warm_up ? version.warm_up : route.warm_up);
  made.panic_threshold = route.panic_threshold.fraction;
  return made;
}

upstream::RetryRules to_retry_rules(const policy::Retry& retry, policy::Protocol protocol) {
  const bool raw = protocol == policy::Protocol::Raw;
  const auto methods = retry.methods.value_or(raw ? policy::RetryMethods::Safe : policy::RetryMethods::Any);
  upstream::RetryRules made;
  made.attempts = retry.attempts;
  made.on = {};
  for (const auto on : retry.on) made.on.add(to_failure(on));
  made.unsafe_methods = methods == policy::RetryMethods::Any;
  made.budget = retry.budget.fraction;
  made.budget_floor = retry.min_budget;
  made.backoff_base = milliseconds(retry.backoff.base);
  made.backoff_max = milliseconds(retry.backoff.max);
  made.retry_after_max = milliseconds(retry.max_retry_after);
  made.body_bytes = retry.body_bytes.count;
  return made;
}

upstream::HedgeRules to_hedge_rules(const std::optional<policy::Hedge>& hedge) {
  if (!hedge) return {};
  return {milliseconds(hedge->after), hedge->quantile.fraction};
}

gateway::ConcurrencyLimits to_limits(const std::optional<policy::RequestLimits>& limits) {
  if (!limits) return {};
  return {limits->requests_in_flight, limits->waiting, milliseconds(limits->wait_timeout)};
}

gateway::AdaptiveConcurrency to_adaptive(const std::optional<policy::AdaptiveConcurrency>& adaptive) {
  if (!adaptive) return {};
  return {true, adaptive->min, adaptive->max, adaptive->tolerance};
}

gateway::NameServers to_name_servers(const policy::Dns& dns) {
  gateway::NameServers made;
  for (const auto& server : dns.servers) made.servers.push_back(policy::to_string(server));
  made.timeout = milliseconds(dns.timeout);
  made.tries = dns.tries;
  made.min_ttl = milliseconds(dns.min_ttl);
  made.max_ttl = milliseconds(dns.max_ttl);
  return made;
}

}  // namespace sluice::app
