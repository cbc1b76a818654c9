#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sluice/base/clock.hpp"

/// What the admin port shows, as plain data; whoever starts the server fills it in.
namespace sluice::admin {

struct EndpointView {
  std::string endpoint;  ///< `127.0.0.1:9001`
  std::string state;     ///< admitted, starting, ramping, probation, ejected, unhealthy, draining
  double share = 1;      ///< of its usual traffic, 0…1
  std::string reason;    ///< why the state is what it is
  double seconds_in_state = 0;
  WallTime state_since{};  ///< the same as a point in time; 0: not known
  std::string last_check;  ///< empty: none yet
  std::int64_t in_flight = 0;
  std::uint32_t ejections = 0;
};

/// Copies of requests that a shadow got, since the start.
struct CopiesView {
  std::uint64_t answered = 0;
  std::vector<std::pair<std::string, std::uint64_t>> dropped;  ///< not sent or not answered, by reason; none is 0
};

struct VersionView {
  std::string version;
  std::string role;
  double target_weight = 0;    ///< wished share of the route's decisions, 0…1
  double observed_weight = 0;  ///< real share since the weights last changed
  std::uint64_t observed_decisions = 0;
  std::uint64_t answered = 0;  ///< requests since the start, whatever the status
  std::uint64_t failed = 0;    ///< of these, with a status of 500 or more
  std::uint64_t rescued = 0;   ///< requests that it failed and another version answered; in that one's `answered`
  std::int64_t in_flight = 0;
  Duration p50{0};
  Duration p95{0};
  Duration p99{0};
  std::optional<CopiesView> copies;  ///< nothing: it never got one
  std::vector<EndpointView> endpoints;
};

/// What a version did in the last few seconds.
struct VersionRates {
  std::string version;
  double rps = 0;                 ///< answers a second; of a shadow's candidate to copies
  std::optional<double> success;  ///< share of these below a status of 500; nothing: there were none
  std::optional<Duration> p50;
  std::optional<Duration> p95;
  std::optional<Duration> p99;
};

struct RouteRates {
  std::string route;
  std::vector<VersionRates> versions;
};

struct RouteView {
  std::string route;
  std::string strategy;
  std::vector<VersionView> versions;
};

/// One of two answers to the same request.
struct AnswerView {
  unsigned status = 0;  ///< 0: there was none
  double seconds = 0;
  std::string body;  ///< redacted, cut
};

/// A field in which two answers differ.
struct DifferenceView {
  std::string field;
  std::string change;
  double size = 0;
  std::uint32_t places = 1;
};

/// A request that live and a candidate answered differently.
struct DisagreementView {
  std::string version;  ///< the candidate
  std::string segment;  ///< empty: none
  std::string request_id;
  WallTime at{};
  double severity = 0;  ///< 0…1
  std::vector<DifferenceView> differences;
  AnswerView live;
  AnswerView candidate;
};

/// How far the end of the process has come.
struct DrainView {
  std::string phase;  ///< serving, announced, closing, drained, stopped
  bool signalled = false;
  std::uint64_t open_connections = 0;
  std::int64_t requests_in_flight = 0;
};

/// The process and the policy that it serves by.
struct ConfigView {
  std::string build;  ///< `0.1.0`
  std::string revision;
  std::string policy;  ///< the path
  std::string hash;    ///< of the policy in force
  std::uint64_t generation = 0;
  bool last_reload_successful = true;
  std::string last_reload_error;
  std::uint64_t reloads_refused = 0;
  std::vector<std::string> state_damage;  ///< what was wrong with the store when the process began, in sentences
};

/// Which endpoints an order is about; empty fields mean all of them. Without a route it is about the process.
struct DrainOrder {
  std::string route;
  std::string version;
  std::string endpoint;
  bool undo = false;  ///< let them in again
};

}  // namespace sluice::admin
