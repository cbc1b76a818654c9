#include "sluice/metrics/exporter.hpp"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <locale>
#include <span>
#include <sstream>
#include <utility>

#include "sluice/base/log.hpp"
#include "sluice/metrics/process_stats.hpp"

namespace sluice::metrics {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

/// Upper ends of the exported buckets in seconds; every one is in stats::kExportedBounds, so the counts are exact.
constexpr std::array<double, 20> kDurationBounds = {.001, .0025, .005, .01, .025, .05, .075, .1, .25, .5,
                                                    .75,  1,     2.5,  5,   7.5,  10,  30,   60, 120, 300};
constexpr std::array<double, 19> kShortBounds = {.00001, .000025, .00005, .0001, .00025, .0005, .001, .0025, .005, .01,
                                                 .025,   .05,     .1,     .25,   .5,     1,     2.5,  5,     10};

/// Series that alerts divide by or wait for: there from the start, because a rate needs a first zero.
constexpr std::array<int, 5> kVersionCodes = {200, 500, 502, 503, 504};
constexpr std::array<int, 2> kRefusedCodes = {400, 404};

Labels operator+(const Labels& base, ClientMetric::Label label) {
  Labels all = base;
  all.push_back(std::move(label));
  return all;
}

MetricFamily family(const char* name, const char* help, MetricType type) {
  return {std::string("sluice_") + name, help, type, {}};
}

void add_counter(MetricFamily& family, Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = value;
  family.metric.push_back(std::move(metric));
}

void add_gauge(MetricFamily& family, Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  family.metric.push_back(std::move(metric));
}

void add_histogram(MetricFamily& family, Labels labels, const stats::Histogram& values,
                   std::span<const double> bounds) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.histogram.sample_count = values.count();
  metric.histogram.sample_sum = std::chrono::duration<double>(values.sum()).count();
  std::size_t bucket = 0;
  std::uint64_t below = 0;
  for (const double bound : bounds) {
    const std::size_t end = stats::bucket_of(Duration(std::llround(bound * 1e9)));
    for (; bucket <= end; ++bucket) below += values.bucket_count(bucket);
    metric.histogram.bucket.push_back({below, bound});
  }
  family.metric.push_back(std::move(metric));
}

void add_codes(MetricFamily& family, const Labels& labels, const StatusTotals& totals, std::span<const int> always) {
  for (std::size_t slot = 0; slot < kStatusSlots; ++slot) {
    const int status = status_of_slot(slot);
    if (totals[slot] == 0 && std::find(always.begin(), always.end(), status) == always.end()) continue;
    add_counter(family, labels + ClientMetric::Label{"code", slot == 0 ? "other" : std::to_string(status)},
                static_cast<double>(totals[slot]));
  }
}

/// One series per enumerator; `always` says which exist while they are still zero.
template <typename Reason, std::size_t N, typename Always>
void add_reasons(MetricFamily& family, const Labels& labels, const std::array<std::uint64_t, N>& totals,
                 Always always) {
  for (std::size_t i = 0; i < N; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (totals[i] == 0 && !always(reason)) continue;
    add_counter(family, labels + ClientMetric::Label{"reason", std::string(to_string(reason))},
                static_cast<double>(totals[i]));
  }
}

bool always(auto) {
  return true;
}
bool never(auto) {
  return false;
}

Labels route_labels(const std::string& route) {
  return {{"route", route}};
}
Labels labels_of(const std::string& route, const std::string& version) {
  return {{"route", route}, {"version", version}};
}

/// The families under construction: one function per theme, each walks the routes once.
class Page {
 public:
  explicit Page(const Snapshot& snapshot) : snapshot_(snapshot) { families_.reserve(64); }

  std::vector<MetricFamily> build() && {
    requests();
    durations();
    shares();
    endpoints();
    shadows();
    connections();
    control();
    return std::move(families_);
  }

 private:
  MetricFamily& counter(const char* name, const char* help) {
    return families_.emplace_back(family(name, help, MetricType::Counter));
  }
  MetricFamily& gauge(const char* name, const char* help) {
    return families_.emplace_back(family(name, help, MetricType::Gauge));
  }

  template <typename Visit>
  void each_version(Visit visit) const {
    for (const RouteSnapshot& route : snapshot_.routes) {
      for (const VersionSnapshot& version : route.versions) visit(version, labels_of(route.name, version.name));
    }
  }

  void version_gauge(const char* name, const char* help, std::int64_t VersionTotals::*value) {
    MetricFamily& target = gauge(name, help);
    each_version([&](const VersionSnapshot& version, const Labels& labels) {
      add_gauge(target, labels, static_cast<double>(version.totals.*value));
    });
  }

  void version_counter(const char* name, const char* help, std::uint64_t VersionTotals::*value) {
    MetricFamily& target = counter(name, help);
    each_version([&](const VersionSnapshot& version, const Labels& labels) {
      add_counter(target, labels, static_cast<double>(version.totals.*value));
    });
  }

  void version_histogram(const char* name, const char* help, stats::Histogram VersionTotals::*value,
                         std::span<const double> bounds = kDurationBounds) {
    MetricFamily& target = families_.emplace_back(family(name, help, MetricType::Histogram));
    each_version([&](const VersionSnapshot& version, const Labels& labels) {
      add_histogram(target, labels, version.totals.*value, bounds);
    });
  }

  void requests();
  void waiting();
  void durations();
  void shares();
  void endpoints();
  void shadows();
  void connections();
  void control();

  const Snapshot& snapshot_;
  std::vector<MetricFamily> families_;  // reserved, so that a reference lives while the next one is added
};

void Page::requests() {
  MetricFamily& answered = counter(
      "requests_total", "Requests answered, by the status code the client saw; version is empty when none was chosen.");
  add_codes(answered, labels_of("", ""), snapshot_.gateway.refused, kRefusedCodes);
  for (const RouteSnapshot& route : snapshot_.routes) {
    add_codes(answered, labels_of(route.name, ""), route.totals.refused, {});
    for (const VersionSnapshot& version : route.versions) {
      add_codes(answered, labels_of(route.name, version.name), version.totals.responses, kVersionCodes);
    }
  }

  MetricFamily& failed =
      counter("request_failures_total", "Requests that the gateway failed itself or cut off, by reason.");
  add_reasons<FailureReason>(failed, labels_of("", ""), snapshot_.gateway.failures, before_choice);
  for (const RouteSnapshot& route : snapshot_.routes) {
    add_reasons<FailureReason>(failed, labels_of(route.name, ""), route.totals.failures, never<FailureReason>);
    for (const VersionSnapshot& version : route.versions) {
      add_reasons<FailureReason>(failed, labels_of(route.name, version.name), version.totals.failures,
                                 [](FailureReason reason) { return !before_choice(reason); });
    }
  }
  version_gauge("requests_in_flight", "Requests whose answer is not complete.", &VersionTotals::in_flight);
  waiting();
  version_gauge("streams_open", "Answers of unknown length that are being delivered.", &VersionTotals::streams_open);
  version_counter("retries_total", "Second attempts on another connection.", &VersionTotals::retries);
}

/// Who waits for a place among the requests in flight, and where that place is found by watching latencies.
void Page::waiting() {
  MetricFamily& waiting = gauge("requests_waiting", "Requests that wait for their turn, by the limit they wait at.");
  add_gauge(waiting, labels_of("", ""), static_cast<double>(snapshot_.gateway.waiting));
  for (const RouteSnapshot& route : snapshot_.routes) {
    add_gauge(waiting, labels_of(route.name, ""), static_cast<double>(route.totals.waiting));
    for (const VersionSnapshot& version : route.versions) {
      add_gauge(waiting, labels_of(route.name, version.name), static_cast<double>(version.totals.waiting));
    }
  }
  MetricFamily limits =
      family("concurrency_limit", "Requests in flight that an adaptive limit allows.", MetricType::Gauge);
  each_version([&](const VersionSnapshot& version, const Labels& labels) {
    if (version.totals.concurrency_limit == 0) return;
    add_gauge(limits, labels, static_cast<double>(version.totals.concurrency_limit));
  });
  if (!limits.metric.empty()) families_.push_back(std::move(limits));
}

void Page::durations() {
  version_histogram("request_duration_seconds", "From a request's first byte to the last byte of its answer.",
                    &VersionTotals::request_duration);
  version_histogram("upstream_duration_seconds", "From the request sent to the last byte of the endpoint's answer.",
                    &VersionTotals::upstream_duration);
  version_histogram("time_to_first_byte_seconds", "From the request sent to the first byte of the endpoint's answer.",
                    &VersionTotals::time_to_first_byte);
  version_histogram("pool_wait_seconds",
                    "Wait for a connection to an endpoint, dialling included, of requests that waited.",
                    &VersionTotals::pool_wait, kShortBounds);
  MetricFamily& overhead = families_.emplace_back(
      family("overhead_seconds", "Request duration minus the endpoint's, of requests without streamed bodies.",
             MetricType::Histogram));
  for (const RouteSnapshot& route : snapshot_.routes) {
    add_histogram(overhead, route_labels(route.name), route.totals.overhead, kShortBounds);
  }
  MetricFamily& queued = families_.emplace_back(
      family("queue_wait_seconds", "Wait for a place among the requests in flight, of requests that waited.",
             MetricType::Histogram));
  for (const RouteSnapshot& route : snapshot_.routes) {
    add_histogram(queued, route_labels(route.name), route.totals.queue_wait, kShortBounds);
  }
}

void Page::shares() {
  MetricFamily& decisions = counter("decisions_total", "Requests that were given to a version, by what decided.");
  each_version([&](const VersionSnapshot& version, const Labels& labels) {
    add_reasons<DecisionReason>(decisions, labels, version.totals.decisions, always<DecisionReason>);
  });
  MetricFamily& target = gauge("target_weight_ratio", "Share of its route's requests that a version shall get.");
  each_version(
      [&](const VersionSnapshot& version, const Labels& labels) { add_gauge(target, labels, version.target_weight); });
  MetricFamily& observed = gauge("observed_weight_ratio",
                                 "Share that a version got of the decisions by weight since the weights last changed.");
  each_version([&](const VersionSnapshot& version, const Labels& labels) {
    add_gauge(observed, labels, version.observed_weight);
  });
  MetricFamily& info = gauge("version_info", "Always 1; the labels say what part a version plays at the moment.");
  each_version([&](const VersionSnapshot& version, const Labels& labels) {
    add_gauge(info,
              labels + ClientMetric::Label{"role", version.role} + ClientMetric::Label{"strategy", version.strategy},
              1);
  });
}

void Page::endpoints() {
  MetricFamily& states = gauge("endpoints", "Endpoints of a version, by what they may do.");
  each_version([&](const VersionSnapshot& version, const Labels& labels) {
    for (std::size_t i = 0; i < kEndpointStates; ++i) {
      const std::string state(to_string(static_cast<EndpointState>(i)));
      add_gauge(states, labels + ClientMetric::Label{"state", state}, version.endpoints[i]);
    }
  });
  MetricFamily& connections = gauge("endpoint_connections", "Connections to endpoints, by state.");
  each_version([&](const VersionSnapshot& version, const Labels& labels) {
    add_gauge(connections, labels + ClientMetric::Label{"state", "active"},
              static_cast<double>(version.totals.connections_active));
    add_gauge(connections, labels + ClientMetric::Label{"state", "idle"},
              static_cast<double>(version.totals.connections_idle));
  });
  version_counter("endpoint_connects_total", "Connections to endpoints that were established.",
                  &VersionTotals::connects);
  version_counter("endpoint_connect_failures_total", "Connections to endpoints that could not be established.",
                  &VersionTotals::connect_failures);
}

/// Only versions that are shadows, or were since they exist, so live versions do not carry a second set of zeros.
void Page::shadows() {
  MetricFamily& requests = counter("shadow_requests_total", "Copies that a shadow answered, by its status code.");
  MetricFamily dropped =
      family("shadow_dropped_total", "Copies not sent, or not answered, by reason.", MetricType::Counter);
  MetricFamily duration = family("shadow_duration_seconds", "From a copy's start to the end of the shadow's answer.",
                                 MetricType::Histogram);
  MetricFamily in_flight = family("shadow_requests_in_flight", "Copies on their way.", MetricType::Gauge);
  each_version([&](const VersionSnapshot& version, const Labels& labels) {
    const VersionTotals& totals = version.totals;
    const bool used = totals.shadow_duration.count() != 0 || totals.shadow_in_flight != 0 ||
                      totals.shadow_dropped != decltype(totals.shadow_dropped){};
    if (version.role != "shadow" && !used) return;
    add_codes(requests, labels, totals.shadow_responses, kVersionCodes);
    add_reasons<ShadowDropReason>(dropped, labels, totals.shadow_dropped, always<ShadowDropReason>);
    add_histogram(duration, labels, totals.shadow_duration, kDurationBounds);
    add_gauge(in_flight, labels, static_cast<double>(totals.shadow_in_flight));
  });
  if (requests.metric.empty()) {
    families_.pop_back();
    return;
  }
  families_.push_back(std::move(dropped));
  families_.push_back(std::move(duration));
  families_.push_back(std::move(in_flight));
}

void Page::connections() {
  const GatewayTotals& totals = snapshot_.gateway;
  const auto count = [&](const char* name, const char* help, std::uint64_t value) {
    add_counter(counter(name, help), {}, static_cast<double>(value));
  };
  add_gauge(gauge("connections_open", "Client connections."), {}, static_cast<double>(totals.connections_open));
  count("connections_accepted_total", "Client connections accepted.", totals.connections_accepted);
  count("connections_refused_total", "Client connections closed at once because of the connection limit.",
        totals.connections_refused);
  count("connections_failed_total", "Client connections whose TLS handshake failed.", totals.connections_failed);
  count("received_bytes_total", "Bytes read from clients.", totals.bytes_received);
  count("sent_bytes_total", "Bytes written to clients.", totals.bytes_sent);
}

void Page::control() {
  const auto single = [&](const char* name, const char* help, double value) {
    add_gauge(gauge(name, help), {}, value);
  };
  single("config_last_reload_successful", "1 when the last policy was put in force, 0 when it was refused.",
         snapshot_.last_reload_successful ? 1 : 0);
  single("config_last_reload_success_timestamp_seconds", "When the policy in force was put in force.",
         snapshot_.last_reload_success_seconds);
  single("config_generation", "How many policies were put in force since the start.",
         static_cast<double>(snapshot_.generation));
  MetricFamily& reloads = counter("config_reloads_total", "Policies read, by what became of them.");
  add_counter(reloads, {{"result", "success"}}, static_cast<double>(snapshot_.generation));
  add_counter(reloads, {{"result", "failure"}}, static_cast<double>(snapshot_.reload_failures));
  single("workers", "Threads that carry requests.", static_cast<double>(snapshot_.workers));
  MetricFamily& capped = gauge("capped_names", "Names in the policy that share the label _other.");
  add_gauge(capped, {{"kind", "route"}}, static_cast<double>(snapshot_.routes_capped));
  add_gauge(capped, {{"kind", "version"}}, static_cast<double>(snapshot_.versions_capped));
  const BuildInfo& build = snapshot_.build;
  add_gauge(gauge("build_info", "Always 1; the labels say what is running."),
            {{"version", build.version}, {"revision", build.revision}, {"compiler", build.compiler}}, 1);
}

void add_log_families(std::vector<MetricFamily>& families) {
  add_counter(families.emplace_back(
                  family("log_dropped_lines_total", "Log lines lost because the queue was full.", MetricType::Counter)),
              {}, static_cast<double>(log::dropped_lines()));
  add_counter(families.emplace_back(
                  family("log_suppressed_lines_total", "Log lines that rate limits held back.", MetricType::Counter)),
              {}, static_cast<double>(log::suppressed_lines()));
}

/// The names that every Prometheus client uses, hence without our prefix.
void add_process_families(std::vector<MetricFamily>& families) {
  const auto stats = read_process_stats();
  if (!stats) return;
  add_counter(families.emplace_back(
                  MetricFamily{"process_cpu_seconds_total", "User and system CPU time.", MetricType::Counter, {}}),
              {}, stats->cpu_seconds);
  const auto gauge = [&](const char* name, const char* help, double value) {
    add_gauge(families.emplace_back(MetricFamily{name, help, MetricType::Gauge, {}}), {}, value);
  };
  gauge("process_start_time_seconds", "When the process began.", stats->start_time_seconds);
  gauge("process_resident_memory_bytes", "Memory in RAM.", static_cast<double>(stats->resident_bytes));
  gauge("process_virtual_memory_bytes", "Memory mapped.", static_cast<double>(stats->virtual_bytes));
  gauge("process_open_fds", "Open file descriptors.", static_cast<double>(stats->open_files));
  gauge("process_max_fds", "Most file descriptors that may be open.", static_cast<double>(stats->open_files_limit));
  gauge("process_threads", "Threads.", static_cast<double>(stats->threads));
}

}  // namespace

class Exporter::Collector final : public prometheus::Collectable {
 public:
  explicit Collector(const Registry& registry) : registry_(registry) {}

  std::vector<MetricFamily> Collect() const override {
    std::vector<MetricFamily> families = Page(registry_.snapshot()).build();
    add_log_families(families);
    add_process_families(families);
    return families;
  }

 private:
  const Registry& registry_;
};

Exporter::Exporter(const Registry& registry) : collector_(std::make_unique<Collector>(registry)) {}
Exporter::~Exporter() = default;

std::string Exporter::text() const {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  prometheus::TextSerializer().Serialize(out, collector_->Collect());
  return std::move(out).str();
}

}  // namespace sluice::metrics
