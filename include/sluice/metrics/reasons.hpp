#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// The closed sets of label values. An enumerator is a row in an array of counters; adding one takes a line here and
/// one in the name table of reasons.cpp.
namespace sluice::metrics {

/// Why the gateway answered with an error of its own, or cut an answer off.
enum class FailureReason : std::uint8_t {
  BadRequest,         ///< the request broke a framing rule
  HeaderTimeout,      ///< the head did not arrive in time
  HeaderTooLarge,     ///< too many or too long header fields, or a target that is too long
  Unsupported,        ///< a transfer coding, version or method that is not spoken here
  NoRoute,            ///< no route matches
  Draining,           ///< the gateway is going away
  TooLarge,           ///< the body exceeds the limit
  Overloaded,         ///< too many requests in flight in the gateway
  RouteOverloaded,    ///< too many requests in flight on the route
  VersionOverloaded,  ///< too many requests in flight at the version
  QueueTimeout,       ///< waited too long for a place among the requests in flight
  MemoryFull,         ///< the gateway uses as much memory as it may
  BodyIdleTimeout,    ///< the client stopped sending its body
  ClientAbort,        ///< the client went away first
  NoEndpoint,         ///< the version has no endpoint that can be used
  ResolveFailed,      ///< the endpoint's name has no address
  ConnectFailed,      ///< the endpoint refused the connection
  ConnectTimeout,     ///< the endpoint did not accept in time
  TlsFailed,          ///< the TLS handshake with the endpoint failed
  PoolTimeout,        ///< waited too long for a connection
  PoolOverflow,       ///< too many requests wait for a connection already
  Reset,              ///< the endpoint died before its answer was complete
  BadResponse,        ///< the endpoint's answer broke a framing rule or lied about its length
  ServerError,        ///< the endpoint answered with 5xx, and another version answered instead
  ResponseTimeout,    ///< the endpoint did not answer in time
  RequestTimeout,     ///< the whole exchange took too long
  StreamIdleTimeout,  ///< the endpoint stopped in the middle of its answer
  Internal,           ///< a fault of the gateway itself
};
inline constexpr std::size_t kFailureReasons = 28;

/// Why a version was chosen.
enum class DecisionReason : std::uint8_t { Weight, Rule, Pin, Bandit, NoUnit, Fallback };
inline constexpr std::size_t kDecisionReasons = 6;

/// Why a copy for a shadow version was not sent, or its answer not counted.
enum class ShadowDropReason : std::uint8_t {
  InFlight,    ///< too many copies in flight
  Rate,        ///< too many copies per second
  BodyBytes,   ///< the body is larger than a copy may be
  Timeout,     ///< the shadow did not answer in time
  Connect,     ///< the shadow could not be reached
  Failed,      ///< the shadow died or broke a framing rule
  Aborted,     ///< the live request ended before the copy was complete
  Overloaded,  ///< live requests wait, or memory is short
  Busy,        ///< copies are only for while the live version has capacity to spare, and it has none
  UsedUp,      ///< as many copies were made as shall be in all
  Duplicate,   ///< the same request was copied a short while ago
  Preempted,   ///< it was under way when the live version had no capacity to spare any more
};
inline constexpr std::size_t kShadowDropReasons = 12;

/// What became of a request that the live version shall answer twice, so that what differs by itself is known.
enum class TwinResult : std::uint8_t {
  Answered,
  Failed,   ///< no answer; that is told to nobody
  Ended,    ///< live traffic needed the version
  Skipped,  ///< drawn, and not sent: no idle moment, or no room in the copies' budget
};
inline constexpr std::size_t kTwinResults = 4;

/// What an endpoint may do at the moment.
enum class EndpointState : std::uint8_t {
  Admitted,   ///< all of its traffic
  Starting,   ///< not ready yet, or being warmed up: none
  Ramping,    ///< ready: more and more
  Probation,  ///< back from an ejection: a trickle
  Ejected,    ///< failed requests: none for a while
  Unhealthy,  ///< failed its checks: none
  Draining,   ///< taken out: none
};
inline constexpr std::size_t kEndpointStates = 7;

/// Why an endpoint was ejected.
enum class EjectionReason : std::uint8_t { Errors, GatewayErrors, SuccessRate, Latency };
inline constexpr std::size_t kEjectionReasons = 4;

/// How the look-up of a name ended.
enum class LookupResult : std::uint8_t {
  Answered,
  NoAddress,  ///< the name does not exist, or has no address
  Timeout,    ///< no name server answered
  Failed,     ///< refused, a failure of the server, a malformed answer or name
};
inline constexpr std::size_t kLookupResults = 4;

/// What is known of a name whose addresses are followed.
enum class NameState : std::uint8_t {
  Unknown,  ///< no address yet
  Known,
  Stale,  ///< the last answer has expired, and asking again fails
};
inline constexpr std::size_t kNameStates = 3;

/// The label value: lower case with underscores, as in interfaces.md.
std::string_view to_string(FailureReason reason) noexcept;
std::string_view to_string(DecisionReason reason) noexcept;
std::string_view to_string(ShadowDropReason reason) noexcept;
std::string_view to_string(TwinResult result) noexcept;
std::string_view to_string(EndpointState state) noexcept;
std::string_view to_string(EjectionReason reason) noexcept;
std::string_view to_string(LookupResult result) noexcept;
std::string_view to_string(NameState state) noexcept;

/// True when the reason can only occur before a version was chosen, so versions do not export it at zero.
constexpr bool before_choice(FailureReason reason) noexcept {
  return reason <= FailureReason::Draining;
}

}  // namespace sluice::metrics
