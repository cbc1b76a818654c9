// What became of requests: how many, how long, and why a version got them.
#include "sluice/metrics/families.hpp"

namespace sluice::metrics {

namespace {

/// Series that alerts divide by or wait for: there from the start, because a rate needs a first zero.
constexpr std::array<int, 5> kVersionCodes = {200, 500, 502, 503, 504};
constexpr std::array<int, 2> kRefusedCodes = {400, 404};

/// What may fail a request once a version is chosen; a 5xx by itself is the endpoint's answer.
bool fails_versions(FailureReason reason) {
  return !before_choice(reason) && reason != FailureReason::ServerError;
}

/// What lets another version answer: everything that is the endpoint's doing, before its answer began.
bool falls_back(FailureReason reason) {
  return reason >= FailureReason::NoEndpoint && reason <= FailureReason::RequestTimeout;
}

void add_answers(Families& page) {
  Family& answered = page.counter(
      "requests_total", "Requests answered, by the status code the client saw; version is empty when none was chosen.");
  add_codes(answered, labels_of("", ""), page.snapshot().gateway.refused, kRefusedCodes);
  for (const RouteSnapshot& route : page.snapshot().routes) {
    add_codes(answered, labels_of(route.name, ""), route.totals.refused, {});
    for (const VersionSnapshot& version : route.versions) {
      add_codes(answered, labels_of(route.name, version.name), version.totals.responses, kVersionCodes);
    }
  }
  Family& failed =
      page.counter("request_failures_total", "Requests that the gateway failed itself or cut off, by reason.");
  add_reasons<FailureReason>(failed, labels_of("", ""), page.snapshot().gateway.failures, before_choice);
  for (const RouteSnapshot& route : page.snapshot().routes) {
    add_reasons<FailureReason>(failed, labels_of(route.name, ""), route.totals.failures,
                               [](FailureReason) { return false; });
    for (const VersionSnapshot& version : route.versions) {
      add_reasons<FailureReason>(failed, labels_of(route.name, version.name), version.totals.failures, fails_versions);
    }
  }
  page.version_gauge("requests_in_flight", "Requests whose answer is not complete.", &VersionTotals::in_flight);
  page.version_gauge("streams_open", "Answers of unknown length that are being delivered.",
                     &VersionTotals::streams_open);
}

void add_further_attempts(Families& page) {
  page.version_counter("retries_total", "Attempts after a request's first at a version, hedges aside.",
                       &VersionTotals::retries);
  page.version_counter("retried_requests_total", "Requests that took more than one attempt at a version.",
                       &VersionTotals::retried);
  page.version_counter("retries_denied_total", "Retries and hedges that the route's budget forbade.",
                       &VersionTotals::retries_denied);
  page.version_counter("hedges_total", "Second tries beside a first that took long.", &VersionTotals::hedges);
  page.version_counter("hedges_won_total", "Hedges that answered before the first try.", &VersionTotals::hedges_won);
  Family& fallbacks =
      page.counter("fallbacks_total", "Calls that a version failed and another version answered, by reason.");
  page.each_version([&](const VersionSnapshot& version, const Labels& labels) {
    add_reasons<FailureReason>(fallbacks, labels, version.totals.fallbacks, falls_back);
  });
}

void add_durations(Families& page) {
  page.version_histogram("request_duration_seconds", "From a request's first byte to the last byte of its answer.",
                         &VersionTotals::request_duration);
  page.version_histogram("upstream_duration_seconds",
                         "From the request sent to the last byte of the endpoint's answer.",
                         &VersionTotals::upstream_duration);
  page.version_histogram("time_to_first_byte_seconds",
                         "From the request sent to the first byte of the endpoint's answer.",
                         &VersionTotals::time_to_first_byte);
  page.version_histogram("pool_wait_seconds",
                         "Wait for a connection to an endpoint, dialling included, of requests that waited.",
                         &VersionTotals::pool_wait, short_bounds());
  Family& overhead =
      page.histogram("overhead_seconds", "Request duration minus the endpoint's, of requests without streamed bodies.",
                     short_bounds());
  for (const RouteSnapshot& route : page.snapshot().routes) {
    overhead.samples.push_back({{{"route", route.name}}, 0, &route.totals.overhead});
  }
}

/// Who waits for a place among the requests in flight, and where that place is found by watching latencies.
void add_waiting(Families& page) {
  Family& waiting = page.gauge("requests_waiting", "Requests that wait for their turn, by the limit they wait at.");
  Family& waited = page.histogram(
      "queue_wait_seconds", "Wait for a place among the requests in flight, of requests that waited.", short_bounds());
  Family& limits = page.gauge("concurrency_limit", "Requests in flight that an adaptive limit allows.");
  waiting.samples.push_back({labels_of("", ""), static_cast<double>(page.snapshot().gateway.waiting)});
  for (const RouteSnapshot& route : page.snapshot().routes) {
    waiting.samples.push_back({labels_of(route.name, ""), static_cast<double>(route.totals.waiting)});
    waited.samples.push_back({{{"route", route.name}}, 0, &route.totals.queue_wait});
  }
  page.each_version([&](const VersionSnapshot& version, const Labels& labels) {
    waiting.samples.push_back({labels, static_cast<double>(version.totals.waiting)});
    const std::int64_t limit = version.totals.concurrency_limit;
    if (limit != 0) limits.samples.push_back({labels, static_cast<double>(limit)});
  });
  page.drop_empty("concurrency_limit");
}

/// No copies for a candidate, so not in its families.
void add_twins(Families& page) {
  Family& twins = page.counter("shadow_twins_total", "Copied requests that the live version shall answer twice.");
  page.each_version([&](const VersionSnapshot& version, const Labels& labels) {
    if (version.role != "live" && version.totals.shadow_twins == decltype(version.totals.shadow_twins){}) return;
    add_reasons<TwinResult>(
        twins, labels, version.totals.shadow_twins, [](TwinResult) { return true; }, "result");
  });
}

void add_shares(Families& page) {
  Family& decisions = page.counter("decisions_total", "Requests that were given to a version, by what decided.");
  Family& target = page.gauge("target_weight_ratio", "Share of its route's requests that a version shall get.");
  Family& observed = page.gauge("observed_weight_ratio",
                                "Share that a version got of the decisions by weight since the weights last changed.");
  Family& info = page.gauge("version_info", "Always 1; the labels say what part a version plays at the moment.");
  page.each_version([&](const VersionSnapshot& version, const Labels& labels) {
    add_reasons<DecisionReason>(decisions, labels, version.totals.decisions, [](DecisionReason) { return true; });
    target.samples.push_back({labels, version.target_weight});
    observed.samples.push_back({labels, version.observed_weight});
    info.samples.push_back({labels + Label{"role", version.role} + Label{"strategy", version.strategy}, 1});
  });
}

}  // namespace

void add_request_families(Families& page) {
  add_answers(page);
  add_further_attempts(page);
  add_durations(page);
  add_waiting(page);
  add_shares(page);
}

/// Only versions that are shadows, or were since they exist, so live versions do not carry a second set of zeros.
void add_shadow_families(Families& page) {
  Family& requests = page.counter("shadow_requests_total", "Copies that a shadow answered, by its status code.");
  Family& dropped = page.counter("shadow_dropped_total", "Copies not sent, or not answered, by reason.");
  Family& duration =
      page.histogram("shadow_duration_seconds", "From a copy's start to the end of the shadow's answer.");
  Family& in_flight = page.gauge("shadow_requests_in_flight", "Copies on their way.");
  page.each_version([&](const VersionSnapshot& version, const Labels& labels) {
    const VersionTotals& totals = version.totals;
    const bool used = totals.shadow_duration.count() != 0 || totals.shadow_in_flight != 0 ||
                      totals.shadow_dropped != decltype(totals.shadow_dropped){};
    if (version.role != "shadow" && !used) return;
    add_codes(requests, labels, totals.shadow_responses, kVersionCodes);
    add_reasons<ShadowDropReason>(dropped, labels, totals.shadow_dropped, [](ShadowDropReason) { return true; });
    duration.samples.push_back({labels, 0, &totals.shadow_duration});
    in_flight.samples.push_back({labels, static_cast<double>(totals.shadow_in_flight)});
  });
  add_twins(page);
  page.drop_empty("shadow_");
}

}  // namespace sluice::metrics
