#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

/// Who caused an error. The origin, not the place that noticed it, decides the HTTP status and the log level.
enum class Origin : std::uint8_t {
  Client,    ///< a malformed request, an abort, a limit that the client exceeded: 4xx
  Upstream,  ///< a model server refused, died, lied or was late: 502 or 504
  Internal,  ///< ours: configuration, exhausted limits, bugs: 5xx
};

std::string_view to_string(Origin origin) noexcept;

/// An error as data: what happened, whose doing it was, whether another try may help.
///
/// Cold paths only (it owns a string). The data plane passes small enums and turns them into an Error when it logs.
struct Error {
  std::string message;  ///< one sentence for a person, without a trailing dot
  Origin origin = Origin::Internal;
  bool retryable = false;

  static Error internal(std::string message) { return {std::move(message), Origin::Internal, false}; }
  static Error client(std::string message) { return {std::move(message), Origin::Client, false}; }
  static Error upstream(std::string message, bool retryable = false) {
    return {std::move(message), Origin::Upstream, retryable};
  }
};

}  // namespace sluice
