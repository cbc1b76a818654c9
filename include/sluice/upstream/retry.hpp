#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "sluice/base/clock.hpp"
#include "sluice/base/random.hpp"

/// When a failed attempt is worth another one: pure rules.
namespace sluice::upstream {

/// How an attempt at an endpoint ended without an answer that should go to the client.
enum class AttemptFailure : std::uint8_t {
  ConnectFailure,   ///< no connection: refused, unreachable, too late, TLS, no address
  NoRoom,           ///< no endpoint may get traffic, or too many wait for one
  Reset,            ///< the connection ended before the head of an answer
  BadResponse,      ///< what came is no answer
  Timeout,          ///< no head of an answer in time
  Unavailable,      ///< 502 or 503
  ServerError,      ///< any other status of 500 and more
  TooManyRequests,  ///< 429
};
inline constexpr std::size_t kAttemptFailures = 8;

/// A set of failures.
class FailureSet {
 public:
  constexpr FailureSet() = default;
  constexpr FailureSet(std::initializer_list<AttemptFailure> failures) {
    for (const AttemptFailure failure : failures) bits_ |= bit(failure);
  }
  constexpr bool has(AttemptFailure failure) const noexcept { return (bits_ & bit(failure)) != 0; }
  constexpr void add(AttemptFailure failure) noexcept { bits_ |= bit(failure); }
  friend constexpr bool operator==(const FailureSet&, const FailureSet&) = default;

 private:
  static constexpr std::uint16_t bit(AttemptFailure failure) noexcept {
    return static_cast<std::uint16_t>(1u << static_cast<unsigned>(failure));
  }
  std::uint16_t bits_ = 0;
};

/// Which failure a status is; false when it is none that could be tried again.
constexpr bool failure_of_status(int status, AttemptFailure& failure) noexcept {
  if (status == 502 || status == 503) {
    failure = AttemptFailure::Unavailable;
  } else if (status >= 500) {
    failure = AttemptFailure::ServerError;
  } else if (status == 429) {
    failure = AttemptFailure::TooManyRequests;
  } else {
    return false;
  }
  return true;
}

/// What a Retry-After field asks for (RFC 9110 section 10.2.3): seconds, or the time until a date, 0 when that has
/// passed; at most a day. Negative when there is no field, or it is neither. Pure.
std::chrono::milliseconds patience_asked_for(std::string_view retry_after, WallTime now) noexcept;

struct RetryRules {
  std::uint32_t attempts = 1;  ///< after the first
  FailureSet on{AttemptFailure::ConnectFailure, AttemptFailure::NoRoom, AttemptFailure::Reset,
                AttemptFailure::Unavailable};
  bool unsafe_methods = true;      ///< POST and PATCH too, although an endpoint may have got (part of) the request
  double budget = 0.2;             ///< share of the route's active requests that may be retries
  std::uint32_t budget_floor = 3;  ///< but always this many
  std::chrono::milliseconds backoff_base{25};  ///< before the first retry, doubled with each, jittered
  std::chrono::milliseconds backoff_max{250};
  std::chrono::milliseconds retry_after_max{1000};  ///< an endpoint that asks for more patience is not tried again
  std::uint64_t body_bytes = 1ull << 20;            ///< a body that is larger is not kept, so not sent twice
  friend bool operator==(const RetryRules&, const RetryRules&) = default;
};

/// A second try beside the first: after `after`, or where that is 0 after the latency that `quantile` of the answers
/// stay below. Both 0: off.
struct HedgeRules {
  std::chrono::milliseconds after{0};
  double quantile = 0;
  bool enabled() const noexcept { return after.count() > 0 || quantile > 0; }
  friend bool operator==(const HedgeRules&, const HedgeRules&) = default;
};

/// Keeps retries and hedges of a route from becoming a storm: at most a share of its active requests, counted by one
/// worker.
struct RetryBudget {
  std::uint32_t active = 0;   ///< requests of the route on this worker
  std::uint32_t retries = 0;  ///< retries and hedges among them

  bool admits(const RetryRules& rules) const noexcept {
    const auto share = static_cast<std::uint32_t>(rules.budget * static_cast<double>(active));
    return retries < std::max(rules.budget_floor, share);
  }
};

/// What is known when an attempt has failed.
struct FailedAttempt {
  AttemptFailure failure = AttemptFailure::Reset;
  std::uint32_t made = 1;                     ///< attempts at this version so far
  bool unsafe_method = false;                 ///< POST, PATCH, or one that nobody knows
  bool endpoint_got_it = false;               ///< (part of) the request may have reached an endpoint
  bool replayable = true;                     ///< the whole request can be sent again
  bool other_endpoint = false;                ///< another endpoint can take it
  std::chrono::milliseconds retry_after{-1};  ///< what the endpoint asked for; negative: nothing
};

/// What to do next about a failed attempt: nothing, or another one after `pause`.
struct NextTry {
  bool again = false;
  std::chrono::milliseconds pause{0};
};

/// Pure. The budget is not looked at: it costs something only when the answer is yes. Back-off is drawn evenly from
/// the upper half of base × 2^n (bounded): "equal jitter", Brooker, AWS Architecture Blog 2015.
NextTry next_try(const RetryRules& rules, const FailedAttempt& failed, Random& random) noexcept;

}  // namespace sluice::upstream
