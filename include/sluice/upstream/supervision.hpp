#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sluice/base/clock.hpp"

/// How the endpoints of a version are watched: plain data, made from the policy, read by the state machines of this
/// module.
namespace sluice::upstream {

/// Active checks: GET `path`, again and again. Without them an endpoint is ready as soon as it is named.
struct HealthCheckSettings {
  bool enabled = false;
  std::string path = "/v2/health/ready";
  std::string host{};                 ///< Host of the check; empty: the endpoint's authority
  std::uint16_t lowest_status = 200;  ///< an answer within these bounds passes
  std::uint16_t highest_status = 299;
  Duration interval = std::chrono::seconds(5);
  Duration unhealthy_interval = std::chrono::seconds(1);  ///< after a failed check, until it is healthy
  Duration timeout = std::chrono::seconds(1);             ///< connection included
  double jitter = 0.2;                                    ///< an interval varies by up to this share, both ways
  std::uint32_t healthy_threshold = 2;                    ///< passes in a row that make an unhealthy endpoint healthy
  std::uint32_t unhealthy_threshold = 3;                  ///< failures in a row that make a healthy one unhealthy
  friend bool operator==(const HealthCheckSettings&, const HealthCheckSettings&) = default;
};

/// Passive ejection: what real requests tell. 4xx and clients that went away never count.
struct EjectionSettings {
  bool enabled = true;
  std::uint32_t consecutive_errors = 5;          ///< 5xx and gateway errors in a row; 0: not looked at
  std::uint32_t consecutive_gateway_errors = 5;  ///< refused, reset, late, malformed in a row; 0: not looked at
  Duration interval = std::chrono::seconds(10);  ///< over which rates and latencies are compared
  std::uint32_t min_requests = 100;              ///< of one endpoint in an interval, or it is not compared
  std::uint32_t min_endpoints = 3;               ///< that have them, or nothing is compared
  double success_rate_deviations = 1.9;          ///< below the mean by so many standard deviations; 0: not looked at
  double success_rate_margin = 0.05;             ///< and by at least this much
  double latency_factor = 3;                     ///< above the median of the endpoints' means; 0: not looked at
  Duration latency_margin = std::chrono::milliseconds(10);  ///< and by at least this much
  Duration base_time = std::chrono::seconds(30);            ///< times the number of ejections in a row
  Duration max_time = std::chrono::seconds(300);
  double max_ejected = 0.1;                       ///< share of the endpoints, but at least one of two or more
  Duration probation = std::chrono::seconds(10);  ///< on return
  double probation_share = 0.1;                   ///< of an endpoint's usual traffic meanwhile
  friend bool operator==(const EjectionSettings&, const EjectionSettings&) = default;
};

/// An endpoint that has just become ready gets its traffic little by little.
struct SlowStartSettings {
  Duration duration = std::chrono::seconds(30);  ///< 0: at once
  double floor = 0.1;                            ///< share at the start
  friend bool operator==(const SlowStartSettings&, const SlowStartSettings&) = default;
};

struct WarmUpRequest {
  std::string method = "POST";
  std::string path;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  friend bool operator==(const WarmUpRequest&, const WarmUpRequest&) = default;
};

/// Requests that a new endpoint gets before any of a client's.
struct WarmUpSettings {
  std::vector<WarmUpRequest> requests{};
  std::uint32_t repeat = 1;                       ///< each of them so many times
  std::uint32_t recorded = 0;                     ///< real requests of the route that are kept for this; 0: none is
  std::uint32_t recorded_body_bytes = 64 * 1024;  ///< larger ones are not kept
  Duration timeout = std::chrono::seconds(30);    ///< for all of it; then traffic begins nevertheless
  bool enabled() const noexcept { return !requests.empty() || recorded > 0; }
  friend bool operator==(const WarmUpSettings&, const WarmUpSettings&) = default;
};

/// All of it, for one version.
struct Supervision {
  HealthCheckSettings health{};
  EjectionSettings ejection{};
  SlowStartSettings slow_start{};
  WarmUpSettings warm_up{};
  double panic_threshold = 0.5;  ///< with a smaller share of endpoints usable, all are used (0: never)
  friend bool operator==(const Supervision&, const Supervision&) = default;
};

}  // namespace sluice::upstream
