#pragma once

#include <cstdint>
#include <string_view>

#include "sluice/base/error.hpp"
#include "sluice/http/head.hpp"
#include "sluice/metrics/reasons.hpp"

namespace sluice::gateway {

/// Why the gateway answers by itself: everything that the answer, the metrics and the log say about it.
struct GatewayFailure {
  metrics::FailureReason reason = metrics::FailureReason::Internal;
  std::uint16_t status = 500;
  std::string_view token{};       ///< x-sluice-error
  std::string_view message{};     ///< one sentence for a person
  std::uint32_t retry_after = 0;  ///< seconds; 0: not said
};

/// The one place where a reason becomes a status. Static text; any thread.
GatewayFailure failure_for(metrics::FailureReason reason) noexcept;

/// A request that broke a rule of HTTP; the token is the rule's.
GatewayFailure failure_for(const http::Refusal& refusal) noexcept;

/// Whose doing it was.
Origin origin_of(metrics::FailureReason reason) noexcept;

}  // namespace sluice::gateway
