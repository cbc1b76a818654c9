#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sluice/base/clock.hpp"
#include "sluice/base/units.hpp"
#include "sluice/policy/position.hpp"

namespace sluice::policy {

// ---- what happens to a request whose first attempt fails, or takes long

/// How an attempt at an endpoint can end without an answer for the client.
enum class RetryOn : std::uint8_t {
  ConnectFailure,
  NoRoom,
  Reset,
  BadResponse,
  Timeout,
  Unavailable,
  ServerError,
  TooManyRequests
};

enum class RetryMethods : std::uint8_t { Any, Safe };

/// The pause before a retry: doubled with each, with jitter.
struct Backoff {
  Duration base = std::chrono::milliseconds(25);
  Duration max = std::chrono::milliseconds(250);

  bool operator==(const Backoff&) const = default;
};

struct Retry {
  std::uint32_t attempts = 1;  ///< after the first
  std::vector<RetryOn> on = {RetryOn::ConnectFailure, RetryOn::NoRoom, RetryOn::Reset, RetryOn::Unavailable};
  std::optional<RetryMethods> methods;  ///< none: Any with a model protocol, Safe with Raw
  Ratio budget = 20_pct;                ///< of the route's active requests
  std::uint32_t min_budget = 3;         ///< retries that are always allowed
  Backoff backoff;
  Duration max_retry_after = std::chrono::seconds(1);
  Bytes body_bytes = 1_MiB;  ///< larger bodies are not kept, so not sent twice

  bool operator==(const Retry&) const = default;
};

/// A second try beside the first. Exactly one of the two is not 0.
struct Hedge {
  Duration after{};
  Ratio quantile;

  bool operator==(const Hedge&) const = default;
};

// ---- which endpoints get traffic, and how much

/// Statuses from the lowest to the highest, both included: `200-299`, `204`.
struct StatusRange {
  std::uint32_t lowest = 200;
  std::uint32_t highest = 299;

  bool operator==(const StatusRange&) const = default;
};

/// Active checks. They are made only where a policy has this.
struct Health {
  std::string path;   ///< empty: what the protocol says
  std::string host;   ///< empty: the endpoint's own
  std::string model;  ///< empty: the server is asked, not one of its models
  StatusRange status;
  Duration interval = std::chrono::seconds(5);
  Duration unhealthy_interval = std::chrono::seconds(1);
  Duration timeout = std::chrono::seconds(1);
  Ratio jitter = 20_pct;
  std::uint32_t healthy_threshold = 2;
  std::uint32_t unhealthy_threshold = 3;

  bool operator==(const Health&) const = default;
};

/// Passive ejection: an endpoint whose real requests fail, or take much longer than elsewhere, gets none for a while.
struct Ejection {
  bool enabled = true;
  std::uint32_t consecutive_errors = 5;          ///< 0: not looked at
  std::uint32_t consecutive_gateway_errors = 5;  ///< 0: not looked at
  Duration interval = std::chrono::seconds(10);
  std::uint32_t min_requests = 100;
  std::uint32_t min_endpoints = 3;
  double success_rate_deviations = 1.9;  ///< 0: not looked at
  Ratio success_rate_margin = 5_pct;
  double latency_factor = 3;  ///< 0: not looked at
  Duration latency_margin = std::chrono::milliseconds(10);
  Duration base_time = std::chrono::seconds(30);
  Duration max_time = std::chrono::seconds(300);
  Ratio max_ejected = 10_pct;
  Duration probation = std::chrono::seconds(10);
  Ratio probation_share = 10_pct;

  bool operator==(const Ejection&) const = default;
};

struct SlowStart {
  Duration duration = std::chrono::seconds(30);  ///< 0: at once
  Ratio floor = 10_pct;

  bool operator==(const SlowStart&) const = default;
};

struct WarmUpRequest {
  std::string method = "POST";
  std::string path;
  std::map<std::string, std::string> headers;
  std::string body;
  Position position;

  bool operator==(const WarmUpRequest&) const = default;
};

/// Real requests that are kept for warm-up. Writing it is the consent to keep clients' data in memory.
struct Recorded {
  std::uint32_t last = 20;
  Bytes body_bytes = 64_KiB;  ///< larger requests are not kept

  bool operator==(const Recorded&) const = default;
};

/// What a new endpoint gets before any request of a client.
struct WarmUp {
  std::vector<WarmUpRequest> requests;
  std::uint32_t repeat = 1;
  std::optional<Recorded> recorded;
  Duration timeout = std::chrono::seconds(30);

  bool operator==(const WarmUp&) const = default;
};

// ---- how much at the same time

/// Requests in flight of one route or one version, in the whole process.
struct RequestLimits {
  std::uint32_t requests_in_flight = 0;  ///< never 0 in a valid policy
  std::uint32_t waiting = 0;
  Duration wait_timeout = std::chrono::seconds(1);

  bool operator==(const RequestLimits&) const = default;
};

/// A limit on a version's requests in flight that follows its latency.
struct AdaptiveConcurrency {
  std::uint32_t min = 4;
  std::uint32_t max = 1000;
  double tolerance = 1.5;

  bool operator==(const AdaptiveConcurrency&) const = default;
};

}  // namespace sluice::policy
