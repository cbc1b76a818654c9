#include "sluice/gateway/failure.hpp"

namespace sluice::gateway {

using metrics::FailureReason;

namespace {

struct Answer {
  std::uint16_t status;
  std::string_view message;
  std::uint32_t retry_after = 0;
};

Answer answer_to(FailureReason reason) noexcept {
  switch (reason) {
    case FailureReason::BadRequest:
      return {400, "The request is malformed."};
    case FailureReason::HeaderTimeout:
      return {408, "The request head did not arrive in time."};
    case FailureReason::HeaderTooLarge:
      return {431, "The request head is too large."};
    case FailureReason::Unsupported:
      return {501, "The request asks for something this gateway does not speak."};
    case FailureReason::NoRoute:
      return {404, "No route matches this request."};
    case FailureReason::Draining:
      return {503, "The gateway is shutting down.", 1};
    case FailureReason::TooLarge:
      return {413, "The request body exceeds the limit."};
    case FailureReason::Overloaded:
      return {503, "Too many requests are in flight.", 1};
    case FailureReason::RouteOverloaded:
      return {503, "Too many requests are in flight on this route.", 1};
    case FailureReason::VersionOverloaded:
      return {503, "Too many requests are in flight at this version.", 1};
    case FailureReason::QueueTimeout:
      return {503, "The request waited too long for its turn.", 1};
    case FailureReason::MemoryFull:
      return {503, "The gateway is short of memory.", 1};
    case FailureReason::BodyIdleTimeout:
      return {408, "The request body did not arrive in time."};
    case FailureReason::ClientAbort:
      return {499, "The client went away."};
    case FailureReason::NoEndpoint:
      return {503, "The version has no endpoint that can be used.", 1};
    case FailureReason::ResolveFailed:
      return {503, "The endpoint's name does not resolve.", 1};
    case FailureReason::ConnectFailed:
      return {502, "The endpoint refused the connection."};
    case FailureReason::ConnectTimeout:
      return {504, "The endpoint did not accept the connection in time."};
    case FailureReason::TlsFailed:
      return {502, "The TLS handshake with the endpoint failed."};
    case FailureReason::PoolTimeout:
      return {503, "No connection to the endpoint became free in time.", 1};
    case FailureReason::PoolOverflow:
      return {503, "Too many requests wait for the endpoint.", 1};
    case FailureReason::Reset:
      return {502, "The endpoint closed the connection before its answer was complete."};
    case FailureReason::BadResponse:
      return {502, "The endpoint's answer is malformed."};
    case FailureReason::ServerError:
      return {502, "The endpoint failed."};
    case FailureReason::ResponseTimeout:
      return {504, "The endpoint did not answer in time."};
    case FailureReason::RequestTimeout:
      return {504, "The request took too long."};
    case FailureReason::StreamIdleTimeout:
      return {504, "The endpoint stopped in the middle of its answer."};
    case FailureReason::Internal:
      break;
  }
  return {500, "The gateway failed."};
}

}  // namespace

GatewayFailure failure_for(FailureReason reason) noexcept {
  const Answer answer = answer_to(reason);
  return {reason, answer.status, metrics::to_string(reason), answer.message, answer.retry_after};
}

GatewayFailure failure_for(const http::Refusal& refusal) noexcept {
  FailureReason reason = FailureReason::BadRequest;
  switch (refusal.status) {
    case 413:
      reason = FailureReason::TooLarge;
      break;
    case 414:
    case 431:
      reason = FailureReason::HeaderTooLarge;
      break;
    case 501:
    case 505:
      reason = FailureReason::Unsupported;
      break;
    case 502:
      reason = FailureReason::BadResponse;
      break;
    default:
      break;
  }
  const Answer answer = answer_to(reason);
  return {reason, refusal.status, refusal.reason, answer.message, 0};
}

Origin origin_of(FailureReason reason) noexcept {
  switch (reason) {
    case FailureReason::BadRequest:
    case FailureReason::HeaderTimeout:
    case FailureReason::HeaderTooLarge:
    case FailureReason::Unsupported:
    case FailureReason::NoRoute:
    case FailureReason::TooLarge:
    case FailureReason::BodyIdleTimeout:
    case FailureReason::ClientAbort:
      return Origin::Client;
    case FailureReason::Draining:
    case FailureReason::Overloaded:
    case FailureReason::RouteOverloaded:
    case FailureReason::VersionOverloaded:
    case FailureReason::QueueTimeout:
    case FailureReason::MemoryFull:
    case FailureReason::Internal:
      return Origin::Internal;
    default:
      return Origin::Upstream;
  }
}

}  // namespace sluice::gateway
