#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sluice/http/field_table.hpp"
#include "sluice/http/head.hpp"

namespace sluice::http {

/// Limits on what surrounds the data of a chunked body.
struct ChunkLimits {
  std::uint32_t header_bytes = 256;        ///< a chunk-size line with its extensions
  std::uint32_t trailer_bytes = 8 * 1024;  ///< all trailer fields together
};

/// Follows the chunked coding (RFC 9112 section 7.1) over bytes that arrive in any pieces; strict: CRLF only, no white
/// space around sizes, at most 16 hexadecimal digits, no forbidden trailer field (framing, routing, credentials,
/// hop-by-hop, x-sluice-*).
///
/// Bytes are only looked at, never copied: what `next` consumed can be forwarded verbatim. The verdict, the payload and
/// the number of bytes consumed do not depend on how the bytes arrive. No allocation; payload costs nothing per byte.
class ChunkScanner {
 public:
  explicit ChunkScanner(ChunkLimits limits = {}) noexcept : limits_(limits) {}

  struct Step {
    std::size_t consumed = 0;  ///< bytes of the input this step took; on failure those before the offending byte
    std::string_view data{};   ///< the payload among them (then all of them); empty for framing bytes
  };
  /// Takes the next run: either payload of one chunk or framing. Consumes at least one byte unless done or failed (or
  /// `bytes` is empty). Bytes after the end of the body are left alone.
  Step next(std::string_view bytes) noexcept;

  bool done() const noexcept { return state_ == State::Done; }      ///< the trailer section has ended
  bool failed() const noexcept { return state_ == State::Failed; }  ///< malformed; `refusal()` says why
  /// Status 400, or 431 when the trailers exceed their limit; of a response body the caller makes what it must.
  const Refusal& refusal() const noexcept { return refusal_; }
  /// Payload bytes so far.
  std::uint64_t payload_bytes() const noexcept { return payload_; }
  void reset() noexcept { *this = ChunkScanner(limits_); }

 private:
  enum class State : std::uint8_t {
    SizeStart,     ///< the first digit of a chunk size
    Size,          ///< its further digits
    Extension,     ///< after ';', up to the CR
    SizeLf,        ///< the LF that ends the line
    Data,          ///< payload; `remaining_` bytes of it
    DataCr,        ///< the CR after the payload
    DataLf,        ///< its LF
    TrailerStart,  ///< the first byte of a trailer line, or the CR of the empty line
    TrailerName,
    TrailerValue,
    TrailerLf,
    LastLf,  ///< the LF of the empty line
    Done,
    Failed,
  };
  bool take(char byte) noexcept;
  bool take_size_line(char byte) noexcept;
  bool take_trailer(char byte) noexcept;
  bool take_size_digit(char byte) noexcept;
  bool take_name_byte(char byte) noexcept;
  bool end_size_line() noexcept;
  bool enter(State next) noexcept;
  bool expect(char byte, char wanted, State then, const Refusal& otherwise) noexcept;
  bool fail(const Refusal& why) noexcept;

  ChunkLimits limits_;
  State state_ = State::SizeStart;
  std::uint8_t name_size_ = 0;
  std::uint8_t digits_ = 0;
  std::array<char, kTrailerNameBytes> name_{};  ///< the trailer field's name, cut
  std::uint32_t line_bytes_ = 0;                ///< of the size line, or of all trailers
  std::uint64_t remaining_ = 0;
  std::uint64_t payload_ = 0;
  Refusal refusal_;
};

}  // namespace sluice::http
