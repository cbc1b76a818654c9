#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string>

#include "sluice/policy/formats.hpp"
#include "sluice/policy/rules.hpp"
#include "sluice/policy/scalars.hpp"
#include "sluice/policy/text.hpp"

namespace sluice::policy {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// Two bounds of one thing: the upper one is wrong when both are written, and follows the lower one otherwise.
void fit_maximum(Duration low, std::string_view low_key, Duration& high, std::string_view high_key, const Cursor& at) {
  if (low <= high) return;
  if (at.at(high_key).written()) {
    at.at(high_key).error(Code::DeadlineOrder, std::string(high_key) + " (" + format_duration(high) +
                                                   ") is less than " + std::string(low_key) + " (" +
                                                   format_duration(low) + ")");
  }
  high = low;
}

void warn_unless_acting(bool acts, const Cursor& at, const char* why) {
  if (!acts && at.written()) at.warning(Code::NoEffect, why);
}

/// Nobody knows how many endpoints a name has.
bool has_second_endpoint(const Version& version) {
  const auto many = [](const Endpoint& endpoint) { return endpoint.scheme == Scheme::Dns; };
  return version.endpoints.size() > 1 || std::any_of(version.endpoints.begin(), version.endpoints.end(), many);
}

void check_hedge(const ModelRoute& route, const Cursor& at) {
  if (!route.hedge || !at.written()) return;
  if (std::none_of(route.versions.begin(), route.versions.end(), has_second_endpoint)) {
    at.warning(Code::NoEffect, "no version has a second endpoint for the second try");
  }
  if (route.retry.budget.fraction == 0 && route.retry.min_budget == 0) {
    at.warning(Code::NoEffect, "retry.budget 0% with minBudget 0 leaves nothing for hedges");
  }
  if (at.at("after").written() && route.hedge->after >= route.timeouts.backend_request) {
    at.at("after").warning(Code::LateDeadline, "the attempt has timed out by then: timeouts.backendRequest is " +
                                                   format_duration(route.timeouts.backend_request));
  }
}

void check_health_model(const ModelRoute& route, const std::optional<Health>& health, const Cursor& at) {
  if (!health || health->model.empty() || !at.at("model").written()) return;
  if (route.protocol != Protocol::OpenInference && route.protocol != Protocol::KServeV1) {
    at.at("model").error(Code::NeedsAnother, "protocol " + std::string(to_string(route.protocol)) +
                                                 " has no question about one model; write a path instead");
  }
}

void check_wait(const std::optional<RequestLimits>& limits, Duration request, const Cursor& at) {
  if (limits && limits->waiting > 0 && at.at("waitTimeout").written() && limits->wait_timeout > request) {
    at.at("waitTimeout").warning(Code::LateDeadline, "the request's deadline always comes first");
  }
}

void check_patience(const ModelRoute& route, const Cursor& at) {
  const Cursor patience = at.at("retry").at("maxRetryAfter");
  if (route.retry.attempts > 0 && patience.written() && route.retry.max_retry_after > route.timeouts.request) {
    patience.warning(Code::LateDeadline, "the request's deadline always comes first");
  }
}

void check_version_limits(const ModelRoute& route, const Version& version, const Cursor& at) {
  const Cursor in_flight = at.at("limits").at("requestsInFlight");
  if (!version.limits || !route.limits || !in_flight.written() || route.limits->requests_in_flight == 0) return;
  if (version.limits->requests_in_flight >= route.limits->requests_in_flight) {
    in_flight.warning(Code::NoEffect, "the route's limit of " + std::to_string(route.limits->requests_in_flight) +
                                          " is always reached first");
  }
}

}  // namespace

void complete_backoff(Backoff& backoff, const Cursor& at) {
  fit_maximum(backoff.base, "base", backoff.max, "max", at);
}

void check_retry(const Retry& retry, const Cursor& at) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < retry.on.size(); ++i) {
    const Cursor word = at.at("on").at(i);
    if (word.written() && !word.node().text.empty() && !seen.insert(word.node().text).second) {
      word.error(Code::DuplicateName, in_quotes(word.node().text) + " stands here twice");
    }
  }
  const bool retries = retry.attempts > 0;
  for (const std::string_view key : {"on", "backoff", "maxRetryAfter"}) {
    warn_unless_acting(retries, at.at(key), "with attempts 0 nothing is retried");
  }
  const bool statuses = std::any_of(retry.on.begin(), retry.on.end(), [](RetryOn on) {
    return on == RetryOn::Unavailable || on == RetryOn::ServerError || on == RetryOn::TooManyRequests;
  });
  warn_unless_acting(!retries || statuses, at.at("maxRetryAfter"),
                     "only Unavailable, ServerError and TooManyRequests come with a Retry-After, and `on` has none");
  if (retries && retry.budget.fraction == 0 && retry.min_budget == 0) {
    at.at("minBudget").warning(Code::NoEffect, "with budget 0% as well nothing is ever retried");
  }
}

void complete_health(Health& health, const Cursor& at) {
  if (at.at("path").written() && at.at("model").written()) {
    at.at("model").error(Code::NotTogether, "the path already says what is asked for; keep one of the two");
  }
  if (!at.at("unhealthyInterval").written()) {
    health.unhealthy_interval = std::min(health.unhealthy_interval, health.interval);
  }
  if (health.timeout < health.interval) return;
  if (at.at("timeout").written()) {
    at.at("timeout").error(Code::DeadlineOrder, "timeout (" + format_duration(health.timeout) +
                                                    ") must be shorter than interval (" +
                                                    format_duration(health.interval) + ")");
  }
  health.timeout = health.interval / 2;
}

void complete_ejection(Ejection& ejection, const Cursor& at) {
  fit_maximum(ejection.base_time, "baseTime", ejection.max_time, "maxTime", at);
  if (!ejection.enabled) {
    for (const Entry& entry : at.node().entries) {
      if (entry.key != "enabled") at.at(entry).warning(Code::NoEffect, "with enabled: false nothing is ejected");
    }
    return;
  }
  const Cursor gateway_errors = at.at("consecutiveGatewayErrors");
  if (gateway_errors.written() && ejection.consecutive_errors > 0 &&
      ejection.consecutive_gateway_errors > ejection.consecutive_errors) {
    gateway_errors.warning(Code::NoEffect, "gateway errors count among errors, so consecutiveErrors (" +
                                               std::to_string(ejection.consecutive_errors) + ") always comes first");
  }
  if (ejection.latency_factor > 0 && ejection.latency_factor <= 1) {
    at.at("latencyFactor")
        .error(Code::OutOfBounds,
               "must be more than 1, or 0 for never: half of the endpoints are "
               "slower than the median");
  }
  warn_unless_acting(ejection.success_rate_deviations > 0, at.at("successRateMargin"),
                     "with successRateDeviations 0 success rates are not compared");
  warn_unless_acting(ejection.latency_factor > 0, at.at("latencyMargin"),
                     "with latencyFactor 0 latencies are not compared");
  warn_unless_acting(ejection.probation > Duration{}, at.at("probationShare"), "with probation 0s there is none");
}

void check_warm_up_request(const WarmUpRequest& request, const Cursor& at) {
  // What frames the request follows from the request itself.
  static constexpr std::array<std::string_view, 9> ours{
      "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect"};
  if (request.method == "CONNECT") {
    at.at("method").error(Code::BadFormat, "\"CONNECT\" asks for a tunnel, and a model server answers with none");
  }
  for (const auto& [name, value] : request.headers) {
    const Cursor field = at.at("headers").at(name);
    if (const std::string problem = header_name_format.problem(name); !problem.empty()) {
      field.error(Code::BadFormat, in_quotes(name) + ": " + problem);
    } else if (std::find(ours.begin(), ours.end(), lower(name)) != ours.end()) {
      field.error(Code::NotTogether, in_quotes(name) + " is written by the gateway itself");
    }
  }
}

void check_warm_up(const WarmUp& /*warm_up*/, const Cursor& at) {
  if (!at.at("requests").meant() && !at.at("recorded").meant()) {
    at.error(Code::NeedsAnother, "needs requests of your own, or recorded ones");
  }
}

void check_request_limits(const RequestLimits& limits, const Cursor& at) {
  warn_unless_acting(limits.waiting > 0, at.at("waitTimeout"), "with waiting 0 no request waits");
}

void complete_adaptive_concurrency(AdaptiveConcurrency& adaptive, const Cursor& at) {
  if (adaptive.min <= adaptive.max) return;
  if (at.at("max").written()) {
    at.at("max").error(Code::OutOfBounds, "max (" + std::to_string(adaptive.max) + ") is less than min (" +
                                              std::to_string(adaptive.min) + ")");
  }
  adaptive.max = adaptive.min;
}

void check_resilience(const ModelRoute& route, const Cursor& at) {
  check_hedge(route, at.at("hedge"));
  check_health_model(route, route.health, at.at("health"));
  check_patience(route, at);
  check_wait(route.limits, route.timeouts.request, at.at("limits"));
  for (std::size_t i = 0; i < route.versions.size(); ++i) {
    const Cursor version = at.at("versions").at(i);
    check_health_model(route, route.versions[i].health, version.at("health"));
    check_wait(route.versions[i].limits, route.timeouts.request, version.at("limits"));
    check_version_limits(route, route.versions[i], version);
  }
}

}  // namespace sluice::policy
