#include "sluice/metrics/snapshot.hpp"

namespace sluice::metrics {

namespace {

template <std::size_t N, typename Cells>
void add_cells(std::array<std::uint64_t, N>& totals, const Cells& cells) noexcept {
  for (std::size_t i = 0; i < N; ++i) totals[i] += cells.at(i).value();
}

}  // namespace

void VersionTotals::add(const VersionCounters& worker) noexcept {
  in_flight += worker.in_flight.value();
  streams_open += worker.streams_open.value();
  add_cells(decisions, worker.decisions);
  add_cells(failures, worker.failures);
  retries += worker.retries.value();
  add_cells(fallbacks, worker.fallbacks);
  retried += worker.retried.value();
  retries_denied += worker.retries_denied.value();
  hedges += worker.hedges.value();
  hedges_won += worker.hedges_won.value();
  waiting += worker.waiting.value();
  concurrency_limit += worker.concurrency_limit.value();
  add_cells(responses, worker.responses);
  worker.request_duration.add_to(request_duration);
  worker.upstream_duration.add_to(upstream_duration);
  worker.time_to_first_byte.add_to(time_to_first_byte);
  worker.pool_wait.add_to(pool_wait);
  connections_active += worker.connections_active.value();
  connections_idle += worker.connections_idle.value();
  connects += worker.connects.value();
  connect_failures += worker.connect_failures.value();
  shadow_in_flight += worker.shadow_in_flight.value();
  add_cells(shadow_responses, worker.shadow_responses);
  add_cells(shadow_dropped, worker.shadow_dropped);
  worker.shadow_duration.add_to(shadow_duration);
  add_cells(shadow_twins, worker.shadow_twins);
}

void SupervisionTotals::add(const SupervisionCounters& counters) noexcept {
  add_cells(ejections, counters.ejections);
  checks_passed += counters.checks_passed.value();
  checks_failed += counters.checks_failed.value();
  counters.check_duration.add_to(check_duration);
  warm_ups_answered += counters.warm_ups_answered.value();
  warm_ups_failed += counters.warm_ups_failed.value();
}

void NameTotals::add(const NameCounters& counters) noexcept {
  add_cells(lookups, counters.lookups);
  for (std::size_t i = 0; i < names.size(); ++i) names[i] += counters.names[i].value();
}

void RouteTotals::add(const RouteCounters& worker) noexcept {
  worker.overhead.add_to(overhead);
  worker.queue_wait.add_to(queue_wait);
  waiting += worker.waiting.value();
  add_cells(refused, worker.refused);
  add_cells(failures, worker.failures);
}

void GatewayTotals::add(const GatewayCounters& worker) noexcept {
  connections_open += worker.connections_open.value();
  waiting += worker.waiting.value();
  connections_accepted += worker.connections_accepted.value();
  connections_refused += worker.connections_refused.value();
  connections_failed += worker.connections_failed.value();
  bytes_received += worker.bytes_received.value();
  bytes_sent += worker.bytes_sent.value();
  add_cells(refused, worker.refused);
  add_cells(failures, worker.failures);
}

}  // namespace sluice::metrics
