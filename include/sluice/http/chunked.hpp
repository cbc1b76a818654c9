#pragma once

#include <cstdint>
#include <string_view>

#include "sluice/http/head.hpp"

namespace sluice::http {

/// Limits on what surrounds the data of a chunked body.
struct ChunkLimits {
  std::uint32_t header_bytes = 256;        ///< a chunk-size line with its extensions
  std::uint32_t trailer_bytes = 8 * 1024;  ///< all trailer fields together
};

/// Follows the chunked coding (RFC 9112 section 7.1) over bytes that arrive in any pieces; strict: CRLF only, no white space
/// around sizes, 64-bit sizes, no forbidden trailer field (framing, routing, hop-by-hop, x-sluice-*).
///
/// Bytes are only looked at, never copied: what `next` consumed can be forwarded verbatim.
class ChunkScanner {
 public:
  explicit ChunkScanner(ChunkLimits limits = {}) noexcept : limits_(limits) {}

  struct Step {
    std::size_t consumed = 0;  ///< bytes of the input this step took
    std::string_view data{};   ///< the payload among them; empty for framing bytes
  };
  /// Takes the next run: either payload of one chunk or framing. Consumes at least one byte unless done or failed.
  Step next(std::string_view bytes) noexcept;

  bool done() const noexcept;    ///< the last chunk and the trailer section have ended
  bool failed() const noexcept;  ///< the body is malformed; `refusal()` says why
  const Refusal& refusal() const noexcept { return refusal_; }
  /// Payload bytes so far.
  std::uint64_t payload_bytes() const noexcept { return payload_; }
  void reset() noexcept { *this = ChunkScanner(limits_); }

 private:
  enum class State : std::uint8_t;  // defined with the implementation
  ChunkLimits limits_;
  std::uint8_t state_ = 0;
  std::uint32_t line_bytes_ = 0;
  std::uint64_t remaining_ = 0;
  std::uint64_t payload_ = 0;
  Refusal refusal_;
};

}  // namespace sluice::http
