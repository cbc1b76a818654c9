#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace sluice::outcomes {

/// The part of an answer's body that values are read from, kept while it passes by: all of it, or the last JSON object
/// of a stream of server-sent events. Bounded; keeps its memory from answer to answer. One thread.
class AnswerText {
 public:
  /// Behind the text there is so much room for a parser that reads a block past the end and compares long keys.
  static constexpr std::size_t kPadding = 512;
  /// More than that is given back at the end.
  static constexpr std::size_t kKept = std::size_t{64} << 10;

  /// Forgets what it has. `limit`: bytes of the body, or of one event; `expected`: as many come, as far as is known.
  void begin(bool events, std::uint64_t limit, std::uint64_t expected) noexcept;
  /// The next piece. Costs a copy.
  void add(std::string_view piece) noexcept;
  /// The body is over.
  void finish() noexcept;
  /// Lets go of memory that most answers do not need.
  void end() noexcept;

  /// After `finish`; empty when it is too large. Followed by `kPadding` bytes.
  std::string_view text() const noexcept { return {whole_.data.get(), too_large_ ? 0 : whole_.size}; }
  bool is_too_large() const noexcept { return too_large_; }
  /// Of a stream: `data:` lines with a JSON object. 0 else.
  std::uint32_t events() const noexcept { return events_; }

 private:
  struct Buffer {
    std::unique_ptr<char[]> data;
    std::size_t capacity = 0;
    std::size_t size = 0;
    bool append(std::string_view piece, std::size_t limit) noexcept;
    bool reserve(std::size_t size) noexcept;
  };
  void add_events(std::string_view piece) noexcept;
  void end_line() noexcept;

  Buffer whole_;  // of a stream: the last object
  Buffer line_;   // that has not ended
  std::size_t limit_ = 0;
  std::uint32_t events_ = 0;
  bool by_events_ = false;
  bool too_large_ = false;
  bool line_too_large_ = false;
};

}  // namespace sluice::outcomes
