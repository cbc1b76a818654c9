#pragma once

#include "sluice/http/head.hpp"

namespace sluice::http {

/// Judges a request head whose lines are all well-formed, and fills framing, content_length, keep_alive,
/// expects_continue and the hop-by-hop marks that Connection asks for (RFC 9112 sections 3.2, 6, 7, 9).
///
/// What recipients along a chain could read in two ways is refused rather than repaired: a message is forwarded byte
/// for byte, so there is nothing to repair it in. `base` is the start of the buffer. Pure; no allocation.
Refusal apply_request_rules(const char* base, RequestHead& head) noexcept;

/// The same for a response to a request of that method. Statuses are those of a request; the caller makes them 502.
Refusal apply_response_rules(const char* base, Method request_method, ResponseHead& head) noexcept;

}  // namespace sluice::http
