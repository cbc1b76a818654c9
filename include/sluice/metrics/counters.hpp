#pragma once

#include <array>

#include "sluice/metrics/cells.hpp"
#include "sluice/metrics/reasons.hpp"

/// The counters of one worker. Got from `Registry` once per traffic plan, then used without any lookup. All durations
/// are measured by the caller; nothing here reads a clock, allocates or waits.
namespace sluice::metrics {

inline constexpr std::size_t kCacheLine = 64;

/// One worker's view of one version of one route.
struct alignas(kCacheLine) VersionCounters {
  // What nearly every request touches comes first and lies together.
  Gauge in_flight;     ///< requests of which the answer is not complete yet
  Gauge streams_open;  ///< of these, answers of which the head is sent and that have no known length
  CounterArray<DecisionReason, kDecisionReasons> decisions;  ///< the version was chosen, first attempts only
  CounterArray<FailureReason, kFailureReasons> failures;     ///< the gateway answered, or cut off, for this reason
  Counter retries;                                           ///< attempts after the first at this version, hedges aside
  StatusCounters responses;                                  ///< answered, by the status that the client saw

  // What only requests in trouble touch.
  Gauge waiting;            ///< requests that wait for a place among the version's requests in flight
  Gauge concurrency_limit;  ///< of an adaptive limit; 0: the version has none
  CounterArray<FailureReason, kFailureReasons> fallbacks;  ///< failed calls that another version answered instead
  Counter retried;                                         ///< requests that took more than one attempt at this version
  Counter retries_denied;                                  ///< retries and hedges that the route's budget forbade
  Counter hedges;                                          ///< second tries beside the first
  Counter hedges_won;                                      ///< of these, the ones that answered first

  AtomicHistogram request_duration;    ///< first byte of the request read … last byte of the answer written
  AtomicHistogram upstream_duration;   ///< head sent to the endpoint … last byte of its answer read
  AtomicHistogram time_to_first_byte;  ///< head sent to the endpoint … first byte of its answer read
  AtomicHistogram pool_wait;           ///< waited for a connection, dialling included; only of those that had to

  Gauge connections_active;  ///< connections to endpoints that carry a request
  Gauge connections_idle;    ///< connections to endpoints that wait in a pool
  Counter connects;          ///< connections that were established
  Counter connect_failures;  ///< connections that could not be established

  // The version as a shadow: its own families, so that sums of live traffic stay true.
  Gauge shadow_in_flight;
  StatusCounters shadow_responses;
  CounterArray<ShadowDropReason, kShadowDropReasons> shadow_dropped;
  AtomicHistogram shadow_duration;  ///< copy begun … last byte of the shadow's answer read
  // The version as the live one beside shadows: requests that it was to answer twice.
  CounterArray<TwinResult, kTwinResults> shadow_twins;
};

/// One worker's view of one route, where no version is known yet or it does not matter.
struct alignas(kCacheLine) RouteCounters {
  AtomicHistogram overhead;    ///< request duration minus the endpoint's; only where no body was streamed
  AtomicHistogram queue_wait;  ///< wait for a place among the requests in flight, all levels; only of those that had to
  Gauge waiting;               ///< requests that wait for a place among the route's requests in flight
  StatusCounters refused;      ///< answered by the gateway before a version was chosen
  CounterArray<FailureReason, kFailureReasons> failures;  ///< why
};

/// One worker's view of everything that has no route.
struct alignas(kCacheLine) GatewayCounters {
  Gauge connections_open;  ///< client connections
  Gauge waiting;           ///< requests that wait for a place among the gateway's requests in flight
  Counter connections_accepted;
  Counter connections_refused;                            ///< closed at once: the connection limit was reached
  Counter connections_failed;                             ///< the TLS handshake with the client failed
  Counter bytes_received;                                 ///< from clients
  Counter bytes_sent;                                     ///< to clients
  StatusCounters refused;                                 ///< answered without a route
  CounterArray<FailureReason, kFailureReasons> failures;  ///< why
};

/// What looking after the endpoints of one version told. Writer: the thread that does it.
struct alignas(kCacheLine) SupervisionCounters {
  CounterArray<EjectionReason, kEjectionReasons> ejections;
  Counter checks_passed;
  Counter checks_failed;
  AtomicHistogram check_duration;  ///< connection included
  Counter warm_ups_answered;
  Counter warm_ups_failed;  ///< no answer, or one of 400 and more
};

/// What looking up names told. Writer: the thread that does it.
struct alignas(kCacheLine) NameCounters {
  CounterArray<LookupResult, kLookupResults> lookups;
  std::array<Gauge, kNameStates> names;  ///< behind `dns://` endpoints, by state
};

}  // namespace sluice::metrics
