#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::http {

/// In which shape a route's clients expect an error; one per protocol of a policy.
enum class ErrorStyle : std::uint8_t {
  Raw,            ///< the message as text
  OpenInference,  ///< {"error":"…"}
  KServeV1,       ///< {"error":"…"}
  OpenAI,         ///< {"error":{"message":"…","type":"…","param":null,"code":"…"}}
  SageMaker,      ///< {"Message":"…"}, and the kind of error in x-amzn-errortype
  Vertex,         ///< {"error":{"code":503,"message":"…","status":"UNAVAILABLE"}}
};

/// A response that the gateway makes itself. Views need to live only for the call.
struct ErrorResponse {
  std::uint16_t status = 500;
  std::string_view reason{};   ///< the token of x-sluice-error, snake_case; also the code of OpenAI's shape
  std::string_view message{};  ///< one sentence for a person; cut after kMaxErrorMessage bytes, non-ASCII becomes '?'
  ErrorStyle style = ErrorStyle::Raw;
  std::string_view request_id{};  ///< x-request-id; left out when empty or longer than kMaxErrorRequestId
  std::string_view version{};     ///< x-sluice-version; left out when empty
  std::string_view decision{};    ///< x-sluice-decision, at most 128 bytes; left out when empty
  std::string_view allow{};       ///< Allow, with 405; left out when empty
  std::string_view date{};        ///< an HTTP date; left out when empty
  std::uint32_t retry_after = 0;  ///< seconds; 0: no such field
  bool close = true;              ///< adds connection: close
  bool to_head = false;           ///< answers HEAD: the same head, no body
};

inline constexpr std::size_t kMaxErrorMessage = 256;
inline constexpr std::size_t kMaxErrorRequestId = 128;
/// A buffer of this size holds every error response whose reason and version are at most 64 bytes.
inline constexpr std::size_t kMaxErrorResponse = 2048;

/// Writes the whole response, head and body, to the front of `out`; returns its size, or 0 when it does not fit.
/// No allocation. The views must be free of CR and LF (message excepted): they are field values.
std::size_t write_error_response(std::span<char> out, const ErrorResponse& response) noexcept;

/// The reason phrase of a status; "Unknown" for one that this gateway never makes.
std::string_view reason_phrase(std::uint16_t status) noexcept;

}  // namespace sluice::http
