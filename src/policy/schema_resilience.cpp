// What keeps answers coming while endpoints come, go and fail.
#include "sluice/policy/rules.hpp"
#include "sluice/policy/schema.hpp"

namespace sluice::policy {

using namespace std::chrono_literals;

const Type& type_of(Tag<RetryOn> /*tag*/) {
  static const Type type =
      enumeration<RetryOn>("RetryOn", {{"ConnectFailure", "No connection: refused, too late, TLS, no address."},
                                       {"NoRoom", "No endpoint may get traffic, or too many requests wait for one."},
                                       {"Reset", "The connection ended before the head of an answer."},
                                       {"BadResponse", "What came is not HTTP."},
                                       {"Timeout", "No head of an answer within `backendRequest`."},
                                       {"Unavailable", "Status 502 or 503."},
                                       {"ServerError", "Any other status of 500 and more."},
                                       {"TooManyRequests", "Status 429."}});
  return type;
}

const Type& type_of(Tag<RetryMethods> /*tag*/) {
  static const Type type = enumeration<RetryMethods>(
      "RetryMethods",
      {{"Any", "POST too: a prediction that is made twice changes nothing."},
       {"Safe", "Requests that may have reached an endpoint only with a method that may be repeated; POST is none."}});
  return type;
}

const Type& type_of(Tag<Backoff> /*tag*/) {
  static const Type type = [] {
    Declaration<Backoff> d("Backoff", "The pause before a retry: doubled with each, with jitter.");
    d.field("base", &Backoff::base, "Before the first retry.").between(1ms, 1min);
    d.field("max", &Backoff::max, "No pause is longer.")
        .between(1ms, 10min)
        .default_is("250ms, or `base` if that is longer");
    d.completing_rule(complete_backoff);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Retry> /*tag*/) {
  static const Type type = [] {
    Declaration<Retry> d("Retry",
                         "Further attempts after one failed, on another endpoint if there is one; a reused connection "
                         "that died is always retried once. Nothing is retried once a byte of an answer has gone to "
                         "the client.");
    d.field("attempts", &Retry::attempts, "Attempts after the first.").between(0, 5);
    d.field("on", &Retry::on, "Failures that are worth another attempt.")
        .items(1, 8)
        .default_is("`ConnectFailure`, `NoRoom`, `Reset`, `Unavailable`");
    d.field("methods", &Retry::methods, "Which requests may be sent again.")
        .default_is("`Any`; `Safe` with `protocol: Raw`");
    d.field("budget", &Retry::budget,
            "Retries and hedges may make up this share of the route's active requests on a worker.")
        .between(0_pct, 100_pct);
    d.field("minBudget", &Retry::min_budget, "Retries and hedges at the same time that are always allowed.")
        .between(0, 10'000);
    d.field("backoff", &Retry::backoff, "The pause before a retry.");
    d.field("maxRetryAfter", &Retry::max_retry_after,
            "An endpoint whose `Retry-After` asks for more patience is not tried again.")
        .between(0s, 10min);
    d.field("bodyBytes", &Retry::body_bytes,
            "Request bodies up to this size are kept, so that a retry, a hedge or the parachute can send them again.")
        .between(0_B, 1024_MiB);
    d.rule(check_retry);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Hedge> /*tag*/) {
  static const Type type = [] {
    Declaration<Hedge> d("Hedge",
                         "A second try on another endpoint beside a slow first one: the first answer wins, the other "
                         "request is cancelled. Counts against the retry budget. Exactly one trigger.");
    d.field("after", &Hedge::after, "After this long without the head of an answer.")
        .between(1ms, 1h)
        .one_of("trigger");
    d.field("quantile", &Hedge::quantile, "After the latency that this share of the route's answers stay below.")
        .between(50_pct, 99.9_pct)
        .one_of("trigger");
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Health> /*tag*/) {
  static const Type type = [] {
    Declaration<Health> d("Health",
                          "Active checks: GET requests to every endpoint, again and again. `health: {}` is the whole "
                          "of it with defaults; without the key an endpoint is ready as soon as it is named.");
    d.field("path", &Health::path, "What is asked for.")
        .format(path_format)
        .default_is(
            "by protocol: `/v2/health/ready` (OpenInference), `/` (KServeV1, Raw), `/health` (OpenAI, Vertex), `/ping` "
            "(SageMaker)");
    d.field("host", &Health::host, "The Host header of a check; the endpoint's own when absent.").format(host_format);
    d.field("model", &Health::model,
            "Asks whether this model is ready, not only the server: `/v2/models/M/ready` (OpenInference) or "
            "`/v1/models/M` (KServeV1).")
        .format(name_format);
    d.field("status", &Health::status, "Statuses that pass.");
    d.field("interval", &Health::interval, "Between two checks of a healthy endpoint.").between(10ms, 1h);
    d.field("unhealthyInterval", &Health::unhealthy_interval, "After a failed check, until the endpoint is healthy.")
        .between(10ms, 1h)
        .default_is("1s, or `interval` if that is shorter");
    d.field("timeout", &Health::timeout, "For one check, dialling included.")
        .between(1ms, 10min)
        .default_is("1s, or half of `interval` if that is shorter");
    d.field("jitter", &Health::jitter, "Every interval varies by up to this share, both ways.").between(0_pct, 50_pct);
    d.field("healthyThreshold", &Health::healthy_threshold, "Passes in a row that make an endpoint healthy.")
        .between(1, 100);
    d.field("unhealthyThreshold", &Health::unhealthy_threshold, "Failures in a row that make an endpoint unhealthy.")
        .between(1, 100);
    d.completing_rule(complete_health);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Ejection> /*tag*/) {
  static const Type type = [] {
    Declaration<Ejection> d("Ejection",
                            "Takes endpoints out for a while when their real requests fail, or take much longer than "
                            "elsewhere. 4xx and clients that went away never count.");
    d.field("enabled", &Ejection::enabled, "Whether endpoints are ejected at all.");
    d.field("consecutiveErrors", &Ejection::consecutive_errors, "5xx and gateway errors in a row that eject; 0: never.")
        .between(0, 10'000);
    d.field("consecutiveGatewayErrors", &Ejection::consecutive_gateway_errors,
            "Refused, reset, late or malformed answers in a row that eject; 0: never.")
        .between(0, 10'000);
    d.field("interval", &Ejection::interval, "How often success rates and latencies of endpoints are compared.")
        .between(100ms, 1h);
    d.field("minRequests", &Ejection::min_requests, "An endpoint with fewer in an interval is not compared.")
        .between(1, 1'000'000);
    d.field("minEndpoints", &Ejection::min_endpoints, "With fewer that can be compared, none is.").between(2, 256);
    d.field("successRateDeviations", &Ejection::success_rate_deviations,
            "Ejects below the mean success rate of the others by so many standard deviations; 0: never.")
        .between(0, 100);
    d.field("successRateMargin", &Ejection::success_rate_margin, "And by at least this much.").between(0_pct, 100_pct);
    d.field("latencyFactor", &Ejection::latency_factor,
            "Ejects above so many times the median of the endpoints' mean latencies; 0: never.")
        .between(0, 1000);
    d.field("latencyMargin", &Ejection::latency_margin, "And by at least this much.").between(0s, 10min);
    d.field("baseTime", &Ejection::base_time, "How long the first ejection lasts; n in a row last n times as long.")
        .between(10ms, 24h);
    d.field("maxTime", &Ejection::max_time, "No ejection lasts longer.")
        .between(10ms, 168h)
        .default_is("5m, or `baseTime` if that is longer");
    d.field("maxEjected", &Ejection::max_ejected,
            "Share of a version's endpoints that may be out at the same time; one of two or more always may.")
        .between(1_pct, 100_pct);
    d.field("probation", &Ejection::probation, "How long an endpoint that returns gets only a trickle.")
        .between(0s, 1h);
    d.field("probationShare", &Ejection::probation_share, "Share of its usual traffic meanwhile.")
        .between(1_pct, 100_pct);
    d.completing_rule(complete_ejection);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<SlowStart> /*tag*/) {
  static const Type type = [] {
    Declaration<SlowStart> d("SlowStart",
                             "An endpoint that has just become ready gets its traffic little by little. The weights of "
                             "versions stay exact meanwhile.");
    d.field("duration", &SlowStart::duration, "From ready to all of its usual traffic; `0s`: at once.").between(0s, 1h);
    d.field("floor", &SlowStart::floor, "The share it begins with.").between(1_pct, 100_pct);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<WarmUpRequest> /*tag*/) {
  static const Type type = [] {
    Declaration<WarmUpRequest> d("WarmUpRequest", "One request that a new endpoint gets before those of clients.");
    d.field("method", &WarmUpRequest::method, "Its method.").format(method_format);
    d.field("path", &WarmUpRequest::path, "Path and query.").format(path_format).required();
    d.field("headers", &WarmUpRequest::headers, "Header fields; Host and the length of the body come by themselves.")
        .items(0, 32);
    d.field("body", &WarmUpRequest::body, "Its body, sent as `application/json` unless `headers` say otherwise.")
        .format(body_format);
    d.rule(check_warm_up_request);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<Recorded> /*tag*/) {
  static const Type type = [] {
    Declaration<Recorded> d("Recorded",
                            "Keeps the last real requests of the route, in memory only, and warms new endpoints up "
                            "with them. These are clients' data: writing this key is the consent.");
    d.field("last", &Recorded::last, "How many are kept.").between(1, 1000);
    d.field("bodyBytes", &Recorded::body_bytes, "Requests with a larger body are not kept.").between(0_B, 16_MiB);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<WarmUp> /*tag*/) {
  static const Type type = [] {
    Declaration<WarmUp> d("WarmUp",
                          "Requests that a new endpoint gets once it is ready and before any of a client's. Their "
                          "answers are thrown away.");
    d.field("requests", &WarmUp::requests, "Requests that you write yourself.").items(1, 64);
    d.field("repeat", &WarmUp::repeat, "How often each is sent.").between(1, 10'000);
    d.field("recorded", &WarmUp::recorded, "Keeps real requests for this; none are kept when absent.");
    d.field("timeout", &WarmUp::timeout, "For all of it; then traffic begins nevertheless.").between(10ms, 1h);
    d.rule(check_warm_up);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<RequestLimits> /*tag*/) {
  static const Type type = [] {
    Declaration<RequestLimits> d("RequestLimits",
                                 "How many requests are served at the same time by the whole gateway.");
    d.field("requestsInFlight", &RequestLimits::requests_in_flight, "More wait, or get 503 with `Retry-After`.")
        .between(1, 1'000'000)
        .required();
    d.field("waiting", &RequestLimits::waiting, "Requests that may wait for their turn.").between(0, 1'000'000);
    d.field("waitTimeout", &RequestLimits::wait_timeout, "How long one of them waits before it gets 503.")
        .between(1ms, 10min);
    d.rule(check_request_limits);
    return d.finish();
  }();
  return type;
}

const Type& type_of(Tag<AdaptiveConcurrency> /*tag*/) {
  static const Type type = [] {
    Declaration<AdaptiveConcurrency> d("AdaptiveConcurrency",
                                       "Finds the number of requests that a version serves well at the same time by "
                                       "watching its latency; each worker on its own.");
    d.field("min", &AdaptiveConcurrency::min, "The limit never falls below this.").between(1, 100'000);
    d.field("max", &AdaptiveConcurrency::max, "The limit never rises above this.")
        .between(1, 1'000'000)
        .default_is("1000, or `min` if that is larger");
    d.field("tolerance", &AdaptiveConcurrency::tolerance, "Latency may grow by this factor before the limit shrinks.")
        .between(1.05, 10);
    d.completing_rule(complete_adaptive_concurrency);
    return d.finish();
  }();
  return type;
}

}  // namespace sluice::policy
