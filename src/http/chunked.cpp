#include "sluice/http/chunked.hpp"

#include <algorithm>
#include <limits>

#include "sluice/http/field_table.hpp"
#include "sluice/http/syntax.hpp"

namespace sluice::http {

namespace {

constexpr Refusal kInvalidChunkSize{400, "invalid_chunk_size"};
constexpr Refusal kInvalidChunkEnd{400, "invalid_chunk_end"};
constexpr Refusal kInvalidChunkExtension{400, "invalid_chunk_extension"};
constexpr Refusal kChunkHeaderTooLong{400, "chunk_header_too_long"};
constexpr Refusal kInvalidTrailer{400, "invalid_trailer"};
constexpr Refusal kForbiddenTrailer{400, "forbidden_trailer"};
constexpr Refusal kTrailersTooLarge{431, "trailers_too_large"};

constexpr std::uint8_t kMaxSizeDigits = 16;

std::uint64_t hex_value(char c) noexcept {
  return static_cast<std::uint64_t>(is(c, kDigitByte) ? c - '0' : (c | 0x20) - 'a' + 10);
}

}  // namespace

bool ChunkScanner::fail(const Refusal& why) noexcept {
  state_ = State::Failed;
  refusal_ = why;
  return false;
}

bool ChunkScanner::enter(State next) noexcept {
  state_ = next;
  return true;
}

bool ChunkScanner::expect(char byte, char wanted, State then, const Refusal& otherwise) noexcept {
  return byte == wanted ? enter(then) : fail(otherwise);
}

bool ChunkScanner::take_size_digit(char byte) noexcept {
  if (++digits_ > kMaxSizeDigits) return fail(kInvalidChunkSize);
  remaining_ = remaining_ << 4 | hex_value(byte);
  return enter(State::Size);
}

/// The line is complete with this LF: payload comes next, or after the last chunk the trailers.
bool ChunkScanner::end_size_line() noexcept {
  line_bytes_ = 0;
  digits_ = 0;
  return enter(remaining_ == 0 ? State::TrailerStart : State::Data);
}

bool ChunkScanner::take_size_line(char byte) noexcept {
  if (++line_bytes_ > limits_.header_bytes) return fail(kChunkHeaderTooLong);
  if (state_ == State::Extension) {
    if (byte == '\r') return enter(State::SizeLf);
    return is(byte, kFieldByte) || fail(kInvalidChunkExtension);
  }
  if (is(byte, kHexByte)) return take_size_digit(byte);
  if (state_ == State::SizeStart) return fail(kInvalidChunkSize);
  if (byte == '\r') return enter(State::SizeLf);
  if (byte != ';') return fail(kInvalidChunkSize);
  return enter(State::Extension);
}

bool ChunkScanner::take_name_byte(char byte) noexcept {
  if (is(byte, kTokenByte)) {
    if (name_size_ < kTrailerNameBytes) name_[name_size_++] = byte;
    return enter(State::TrailerName);
  }
  if (byte != ':' || name_size_ == 0) return fail(kInvalidTrailer);
  if (is_forbidden_in_trailer({name_.data(), name_size_})) return fail(kForbiddenTrailer);
  return enter(State::TrailerValue);
}

bool ChunkScanner::take_trailer(char byte) noexcept {
  if (++line_bytes_ > limits_.trailer_bytes) return fail(kTrailersTooLarge);
  if (state_ == State::TrailerStart) {
    name_size_ = 0;
    return byte == '\r' ? enter(State::LastLf) : take_name_byte(byte);
  }
  if (state_ == State::TrailerName) return take_name_byte(byte);
  if (byte == '\r') return enter(State::TrailerLf);
  return is(byte, kFieldByte) || fail(kInvalidTrailer);
}

bool ChunkScanner::take(char byte) noexcept {
  switch (state_) {
    case State::SizeStart:
    case State::Size:
    case State::Extension:
      return take_size_line(byte);
    case State::SizeLf:
      return byte == '\n' ? end_size_line() : fail(kInvalidChunkSize);
    case State::DataCr:
      return expect(byte, '\r', State::DataLf, kInvalidChunkEnd);
    case State::DataLf:
      return expect(byte, '\n', State::SizeStart, kInvalidChunkEnd);
    case State::TrailerStart:
    case State::TrailerName:
    case State::TrailerValue:
      return take_trailer(byte);
    case State::TrailerLf:
      return expect(byte, '\n', State::TrailerStart, kInvalidTrailer);
    case State::LastLf:
      return expect(byte, '\n', State::Done, kInvalidTrailer);
    case State::Data:
    case State::Done:
    case State::Failed:
      return false;
  }
  return false;
}

ChunkScanner::Step ChunkScanner::next(std::string_view bytes) noexcept {
  if (state_ == State::Data) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size()));
    remaining_ -= size;
    payload_ += size;
    if (remaining_ == 0) state_ = State::DataCr;
    return {size, bytes.substr(0, size)};
  }
  std::size_t at = 0;
  while (at < bytes.size() && take(bytes[at])) ++at;
  return {at, {}};
}

}  // namespace sluice::http
