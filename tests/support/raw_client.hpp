#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/connection.hpp"
#include "support/http_message.hpp"

namespace sluice::test {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// A request with a Host field and, when there is a body or the method wants one, its Content-Length.
std::string request_text(std::string_view method, std::string_view target, std::string_view body = {},
                         const Fields& fields = {});

/// `body` in chunks of `chunk_size` bytes, with the last chunk and the trailers.
std::string chunked(std::string_view body, std::size_t chunk_size, const Fields& trailers = {});

/// A client that sends exactly the bytes a test wants, when it wants them. Blocking; every wait has a deadline.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer = 0);
  RawClient(std::uint16_t port, const TlsIdentity& identity);
  RawClient(RawClient&&) = delete;

  /// False when the gateway closed the connection.
  bool send(std::string_view bytes) { return connection_.write(bytes); }
  bool send_byte_by_byte(std::string_view bytes);
  /// One send per piece; `cuts` are offsets in rising order.
  bool send_cut_at(std::string_view bytes, const std::vector<std::size_t>& cuts);

  /// The next final response with its body; 1xx heads before it are kept in `interim`.
  /// Throws when the connection ends before a head came.
  HttpMessage read_response(bool answers_head = false, bool keep_body = true);
  /// The next head, 1xx too, without a body.
  HttpMessage read_head();
  /// Sends and reads.
  HttpMessage exchange(std::string_view request);
  HttpMessage get(std::string_view target, const Fields& fields = {});
  HttpMessage post(std::string_view target, std::string_view body, const Fields& fields = {});

  std::string read_until(std::string_view mark) { return reader_.read_until(mark); }
  std::string read_exactly(std::size_t count) { return reader_.read_exactly(count); }
  std::string read_to_end() { return reader_.read_to_end(); }

  /// True when the gateway closes within the patience; bytes that come before are thrown away.
  bool is_closed_by_peer(std::chrono::milliseconds patience = kPatience);

  void half_close() { connection_.half_close(); }
  void reset() { connection_.reset(); }
  void close() { connection_.close(); }
  Connection& connection() noexcept { return connection_; }
  MessageReader& reader() noexcept { return reader_; }

 private:
  Connection connection_;
  MessageReader reader_{connection_};
};

}  // namespace sluice::test
