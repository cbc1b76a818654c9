#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/connection.hpp"

namespace sluice::test {

/// An HTTP/1 message as it stood on the wire, read by code that shares nothing with the gateway's own parser.
struct HttpMessage {
  enum class Framing { None, Length, Chunked, UntilClose };

  std::string start_line;
  std::vector<std::pair<std::string, std::string>> fields;  ///< names as written, values trimmed
  std::string body;                                         ///< without chunk framing
  std::vector<std::pair<std::string, std::string>> trailers;
  std::vector<std::size_t> chunks;  ///< sizes of the chunks, when chunked
  Framing framing = Framing::None;
  bool complete = false;             ///< the body ended as its framing promised
  std::string raw_head;              ///< up to and with the empty line
  std::vector<HttpMessage> interim;  ///< the 1xx heads that came before, responses only

  int status() const;  ///< 0 when the start line is no status line
  std::string method() const;
  std::string target() const;
  std::string protocol() const;  ///< "HTTP/1.1"
  bool has(std::string_view name) const;
  /// The first value; empty when the field is not there.
  std::string field(std::string_view name) const;
  std::vector<std::string> all(std::string_view name) const;
  std::string trailer(std::string_view name) const;
};

bool same_ignoring_case(std::string_view a, std::string_view b);

/// Reads messages from a connection, one after the other.
class MessageReader {
 public:
  explicit MessageReader(Connection& connection) : connection_(connection) {}

  /// The next head; nothing when the peer closed before a whole one came.
  std::optional<HttpMessage> read_head();
  /// The body that the head announces. `body` stays empty if `keep` is false, its size is counted all the same.
  void read_request_body(HttpMessage& message, bool keep = true);
  void read_response_body(HttpMessage& message, bool answers_head = false, bool keep = true);

  /// Exactly `count` bytes, or fewer when the peer closed.
  std::string read_exactly(std::size_t count);
  /// Everything up to and with `mark`; what there was when the peer closed first.
  std::string read_until(std::string_view mark);
  /// Everything until the peer closes.
  std::string read_to_end();
  std::uint64_t body_bytes() const noexcept { return body_bytes_; }

 private:
  bool more();
  void take_body(HttpMessage& message, std::uint64_t count, bool keep);
  void read_chunks(HttpMessage& message, bool keep);

  Connection& connection_;
  std::string pending_;
  std::uint64_t body_bytes_ = 0;
};

}  // namespace sluice::test
