#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sluice/gateway/gather_list.hpp"
#include "sluice/http/head.hpp"

namespace sluice::gateway {

/// What a request is sent for. Copies are marked, and never ask for 100 (Continue).
enum class Purpose : std::uint8_t {
  Answer,  ///< the client's own
  Shadow,  ///< x-sluice-shadow: true
  WarmUp,  ///< x-sluice-warmup: true
};

/// What a request gains on its way to an endpoint, and may lose. Views stay valid until the write is done.
struct RequestAdditions {
  std::string_view client_address;
  std::string_view request_id;  ///< empty: the request brought its own
  std::string_view host;        ///< the endpoint's `host:port`, for a request (of HTTP/1.0) that has no Host
  Purpose purpose = Purpose::Answer;
  std::span<const std::string> drop{};  ///< fields that it loses, in lower case
};

/// Composes the head for an endpoint from ranges of the client's bytes at `base` and our few fields.
void write_request_head(const char* base, const http::RequestHead& head, const RequestAdditions& additions,
                        GatherList& out) noexcept;

/// What the Connection field to the client says.
enum class ConnectionField : std::uint8_t { None, Close, KeepAlive };

/// What an answer gains on its way to the client.
struct ResponseAdditions {
  std::string_view version;     ///< x-sluice-version; empty: none
  std::string_view request_id;  ///< x-request-id; empty: none
  ConnectionField connection = ConnectionField::None;
  bool drop_framing = false;    ///< the body is de-chunked for a client of HTTP/1.0
  std::string_view decision{};  ///< x-sluice-decision; empty: none
};

/// Composes the head of a final answer.
void write_response_head(const char* base, const http::ResponseHead& head, const ResponseAdditions& additions,
                         GatherList& out) noexcept;

/// Composes an interim (1xx) answer.
void write_interim_head(const char* base, const http::ResponseHead& head, GatherList& out) noexcept;

}  // namespace sluice::gateway
