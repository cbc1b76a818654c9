#include "sluice/app/gateway_ports.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "sluice/app/convert.hpp"

namespace sluice::app {

namespace {

void take(metrics::EvidenceTotals& totals, strategy::Sample& sample) {
  sample.requests = totals.requests;
  sample.failures = totals.failures;
  sample.latency = totals.latency;
  sample.first_byte = totals.first_byte;
}

void take_segment(gateway::VersionEvidence& seen, std::size_t index, strategy::SegmentEvidence& segment) {
  take(seen.totals.segments[index], segment.all);
  take(seen.totals.segment_units[index], segment.units);
  const bool known = index < seen.failing_units_by_segment.size() && seen.failing_units_by_segment[index];
  segment.failing_units_known = known;
  segment.failing_units = known ? *seen.failing_units_by_segment[index] : strategy::UnitCounts{};
}

void take(gateway::VersionEvidence& seen, strategy::VersionEvidence& version) {
  version.version = std::move(seen.version);
  version.share = seen.share;
  version.assigned = seen.totals.assigned;
  version.assigned_units = seen.totals.assigned_units;
  version.failing_units_known = seen.failing_units.has_value();
  version.failing_units = seen.failing_units.value_or(strategy::UnitCounts{});
  take(seen.totals.all, version.all);
  take(seen.totals.control, version.control);
  take(seen.totals.units, version.units);
  take(seen.totals.shadow, version.shadow);
  version.shadow_bytes = seen.totals.shadow_bytes;
  version.shadow_seconds = 1e-9 * static_cast<double>(seen.totals.shadow_nanoseconds);
  version.segments.resize(seen.totals.segments.size());
  for (std::size_t s = 0; s < version.segments.size(); ++s) take_segment(seen, s, version.segments[s]);
  version.in_flight = seen.in_flight;
  version.endpoints = seen.endpoints;
  version.usable = seen.usable;
  version.unchecked = seen.unchecked;
}

strategy::EndpointEvidence to_evidence(upstream::EndpointReport&& report) {
  strategy::EndpointEvidence made;
  made.version = std::move(report.version);
  made.authority = std::move(report.authority);
  made.ready = report.ready;
  made.unchecked = report.unchecked;
  made.withheld = report.withheld;
  made.in_flight = report.in_flight;
  made.ready_for = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(report.seconds_ready));
  made.reason = std::move(report.reason);
  return made;
}

}  // namespace

gateway::MirrorLimits to_mirror_limits(const strategy::CopyBudget& copies) {
  gateway::MirrorLimits limits;
  limits.requests_in_flight = copies.requests_in_flight;
  limits.requests_per_second = copies.requests_per_second;
  limits.body_bytes = copies.body_bytes;
  if (copies.idle_only) limits.idle = gateway::IdleLimits{copies.idle_in_flight, milliseconds(copies.idle_latency)};
  limits.deduplicate = milliseconds(copies.deduplicate);
  limits.requests = copies.requests;
  return limits;
}

gateway::RouteOrders to_orders(const std::string& route, const strategy::Steering& steering) {
  gateway::RouteOrders orders;
  orders.route = route;
  orders.plan = steering.plan;
  orders.roles = steering.roles;
  orders.fallbacks = steering.fallbacks;
  orders.withheld = steering.withheld;
  orders.withheld.resize(steering.roles.size());  // strategies that withhold nothing leave the list empty
  orders.mirror = to_mirror_limits(steering.copies);
  orders.window = steering.window;
  return orders;
}

Result<void> GatewayTraffic::steer(const std::vector<rollout::RouteSteering>& routes) {
  std::vector<gateway::RouteOrders> orders;
  orders.reserve(routes.size());
  for (const rollout::RouteSteering& route : routes) orders.push_back(to_orders(route.route, route.steering));
  return gateway_.steer(std::move(orders));
}

void GatewayKpis::set_routes(const std::vector<policy::ModelRoute>& routes) {
  routes_.clear();
  for (const policy::ModelRoute& route : routes) routes_.push_back(route.name);
}

std::map<std::string, strategy::Evidence> GatewayKpis::gather() {
  std::map<std::string, strategy::Evidence> gathered;
  gather_into(gathered);
  return gathered;
}

void GatewayKpis::gather_into(std::map<std::string, strategy::Evidence>& gathered) {
  std::erase_if(gathered, [this](const auto& known) {
    return std::find(routes_.begin(), routes_.end(), known.first) == routes_.end();
  });
  for (const std::string& route : routes_) {
    auto seen = gateway_.evidence(route);
    if (!seen) {
      gathered.erase(route);
      continue;
    }
    strategy::Evidence& evidence = gathered[route];
    evidence.window = seen->window;
    evidence.counters = counters_;
    evidence.endpoints.clear();
    evidence.versions.resize(seen->versions.size());
    for (std::size_t v = 0; v < seen->versions.size(); ++v) take(seen->versions[v], evidence.versions[v]);
  }
  for (upstream::EndpointReport& report : gateway_.endpoints().report()) {
    const auto route = gathered.find(report.route);
    if (route != gathered.end()) route->second.endpoints.push_back(to_evidence(std::move(report)));
  }
}

}  // namespace sluice::app
