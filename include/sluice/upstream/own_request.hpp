#pragma once

#include <string>
#include <string_view>

#include "sluice/http/head.hpp"
#include "sluice/upstream/endpoint.hpp"
#include "sluice/upstream/supervision.hpp"

/// The bytes of requests that the gateway makes itself. Every warm-up request says `x-sluice-warmup: true`.
namespace sluice::upstream {

/// An active check, for a connection of its own.
std::string check_request(const HealthCheckSettings& settings, const EndpointSpec& endpoint);

/// A warm-up request of the policy. What frames a message (Content-Length and the like) is written here, whatever the
/// policy's headers say.
std::string warm_up_request(const WarmUpRequest& request, const EndpointSpec& endpoint);

/// A recorded request, marked as warm-up.
std::string marked_as_warm_up(std::string_view recorded);

/// HEAD, or anything else (Post): what decides how the answer to these bytes ends.
http::Method method_of_request(std::string_view bytes) noexcept;

}  // namespace sluice::upstream
