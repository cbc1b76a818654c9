// Endpoints: what they may do, what checks and requests told about them, connections to them.
#include "sluice/metrics/families.hpp"

namespace sluice::metrics {

namespace {

void add_states(Families& page) {
  Family& states = page.gauge("endpoints", "Endpoints of a version, by what they may do.");
  Family& panic =
      page.gauge("version_panic", "1 while too few endpoints of a version are usable, so that all are used.");
  page.each_version([&](const VersionSnapshot& version, const Labels& labels) {
    for (std::size_t i = 0; i < kEndpointStates; ++i) {
      const std::string state(to_string(static_cast<EndpointState>(i)));
      states.samples.push_back({labels + Label{"state", state}, static_cast<double>(version.endpoints[i])});
    }
    panic.samples.push_back({labels, version.panic ? 1.0 : 0.0});
  });
}

void add_supervision(Families& page) {
  Family& ejections =
      page.counter("endpoint_ejections_total", "Endpoints taken out because of how requests went, by reason.");
  Family& checks = page.counter("health_checks_total", "Active checks of endpoints, by result.");
  Family& duration = page.histogram("health_check_duration_seconds", "Active checks, connection included.");
  Family& warm_ups = page.counter("warm_up_requests_total", "Warm-up requests sent to new endpoints, by result.");
  page.each_version([&](const VersionSnapshot& version, const Labels& labels) {
    const SupervisionTotals& totals = version.supervision;
    const auto result = [&](Family& family, const char* name, std::uint64_t value) {
      family.samples.push_back({labels + Label{"result", name}, static_cast<double>(value)});
    };
    add_reasons<EjectionReason>(ejections, labels, totals.ejections, [](EjectionReason) { return true; });
    result(checks, "passed", totals.checks_passed);
    result(checks, "failed", totals.checks_failed);
    duration.samples.push_back({labels, 0, &totals.check_duration});
    result(warm_ups, "answered", totals.warm_ups_answered);
    result(warm_ups, "failed", totals.warm_ups_failed);
  });
}

void add_connections(Families& page) {
  Family& connections = page.gauge("endpoint_connections", "Connections to endpoints, by state.");
  page.each_version([&](const VersionSnapshot& version, const Labels& labels) {
    const VersionTotals& totals = version.totals;
    connections.samples.push_back({labels + Label{"state", "active"}, static_cast<double>(totals.connections_active)});
    connections.samples.push_back({labels + Label{"state", "idle"}, static_cast<double>(totals.connections_idle)});
  });
  page.version_counter("endpoint_connects_total", "Connections to endpoints that were established.",
                       &VersionTotals::connects);
  page.version_counter("endpoint_connect_failures_total", "Connections to endpoints that could not be established.",
                       &VersionTotals::connect_failures);
}

}  // namespace

void add_endpoint_families(Families& page) {
  add_states(page);
  add_supervision(page);
  add_connections(page);
}

}  // namespace sluice::metrics
