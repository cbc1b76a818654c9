#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::bench {

/// Finds where an HTTP/1.1 reply ends, from bytes that arrive in any pieces. For the benchmark's own clients: it knows
/// Content-Length and chunked, and takes everything else for broken.
class ReplyReader {
 public:
  enum class State : std::uint8_t { Head, Body, ChunkSize, ChunkData, ChunkEnd, Trailer, Done, Broken };

  /// Takes bytes up to the end of the reply and returns what lies behind it. Body bytes are appended to `body` when
  /// that is given.
  std::string_view feed(std::string_view bytes, std::string* body);

  bool done() const noexcept { return state_ == State::Done; }
  bool broken() const noexcept { return state_ == State::Broken; }
  int status() const noexcept { return status_; }

  /// Ready for the next reply on the same connection.
  void reset() noexcept;

 private:
  void read_head();
  void read_chunk_size();
  bool take_line(std::string_view& bytes);

  State state_ = State::Head;
  int status_ = 0;
  std::uint64_t left_ = 0;
  std::string line_;
};

}  // namespace sluice::bench
