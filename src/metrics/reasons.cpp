#include "sluice/metrics/reasons.hpp"

namespace sluice::metrics {

namespace {

constexpr std::array<std::string_view, kFailureReasons> kFailureNames = {
    "bad_request",
    "header_timeout",
    "header_too_large",
    "unsupported",
    "no_route",
    "draining",
    "too_large",
    "overloaded",
    "route_overloaded",
    "version_overloaded",
    "queue_timeout",
    "memory_full",
    "body_idle_timeout",
    "client_abort",
    "no_endpoint",
    "resolve_failed",
    "connect_failed",
    "connect_timeout",
    "tls_failed",
    "pool_timeout",
    "pool_overflow",
    "reset",
    "bad_response",
    "server_error",
    "response_timeout",
    "request_timeout",
    "stream_idle_timeout",
    "internal",
};
constexpr std::array<std::string_view, kDecisionReasons> kDecisionNames = {"weight", "rule",    "pin",
                                                                           "bandit", "no_unit", "fallback"};
constexpr std::array<std::string_view, kShadowDropReasons> kShadowNames = {
    "in_flight", "rate",       "body_bytes", "timeout", "connect",   "failed",
    "aborted",   "overloaded", "busy",       "used_up", "duplicate", "preempted"};
constexpr std::array<std::string_view, kTwinResults> kTwinNames = {"answered", "failed", "ended", "skipped"};
constexpr std::array<std::string_view, kEndpointStates> kEndpointNames = {
    "admitted", "starting", "ramping", "probation", "ejected", "unhealthy", "draining"};
constexpr std::array<std::string_view, kEjectionReasons> kEjectionNames = {"errors", "gateway_errors", "success_rate",
                                                                           "latency"};
constexpr std::array<std::string_view, kLookupResults> kLookupNames = {"answered", "no_address", "timeout", "failed"};
constexpr std::array<std::string_view, kNameStates> kNameStateNames = {"unknown", "known", "stale"};

static_assert(static_cast<std::size_t>(FailureReason::Internal) + 1 == kFailureReasons);
static_assert(static_cast<std::size_t>(DecisionReason::Fallback) + 1 == kDecisionReasons);
static_assert(static_cast<std::size_t>(ShadowDropReason::Preempted) + 1 == kShadowDropReasons);
static_assert(static_cast<std::size_t>(TwinResult::Skipped) + 1 == kTwinResults);
static_assert(static_cast<std::size_t>(EndpointState::Draining) + 1 == kEndpointStates);
static_assert(static_cast<std::size_t>(EjectionReason::Latency) + 1 == kEjectionReasons);
static_assert(static_cast<std::size_t>(LookupResult::Failed) + 1 == kLookupResults);
static_assert(static_cast<std::size_t>(NameState::Stale) + 1 == kNameStates);

template <typename Reason, std::size_t N>
std::string_view name_of(const std::array<std::string_view, N>& names, Reason reason) noexcept {
  const auto index = static_cast<std::size_t>(reason);
  return index < N ? names[index] : "unknown";
}

}  // namespace

std::string_view to_string(FailureReason reason) noexcept {
  return name_of(kFailureNames, reason);
}
std::string_view to_string(DecisionReason reason) noexcept {
  return name_of(kDecisionNames, reason);
}
std::string_view to_string(ShadowDropReason reason) noexcept {
  return name_of(kShadowNames, reason);
}
std::string_view to_string(TwinResult result) noexcept {
  return name_of(kTwinNames, result);
}
std::string_view to_string(EndpointState state) noexcept {
  return name_of(kEndpointNames, state);
}
std::string_view to_string(EjectionReason reason) noexcept {
  return name_of(kEjectionNames, reason);
}
std::string_view to_string(LookupResult result) noexcept {
  return name_of(kLookupNames, result);
}
std::string_view to_string(NameState state) noexcept {
  return name_of(kNameStateNames, state);
}

}  // namespace sluice::metrics
