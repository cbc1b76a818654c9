#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::admin {

/// What a handler sees of a request. Borrowed: valid until the handler returns. Fields that are absent are empty; none
/// of them stands more than once.
struct Request {
  std::string_view method;
  std::string_view target;  ///< as it came, query included
  std::string_view host;
  std::string_view origin;
  std::string_view content_type;
  std::string_view authorization;
  std::string_view last_event_id;  ///< of a reader of events that comes again
  std::string_view if_none_match;
  std::string_view accept_encoding;
  std::string_view body;  ///< whole; empty on a server that reads none
  std::string_view peer;  ///< the client's address and port
};

/// One event of a stream, as it goes out to those that read it.
struct Event {
  std::uint64_t id = 0;  ///< grows from one to the next
  std::string text;      ///< its lines, the empty one behind them included
};

/// An answer before it becomes HTTP.
struct Page {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::string allow;      ///< with 405: the methods that would do
  std::string challenge;  ///< with 401: WWW-Authenticate
  std::string cache_control = "no-store";
  std::vector<std::pair<std::string, std::string>> fields{};  ///< further ones, by name
  /// Set: the answer is not known yet, and nothing above counts. Asked every few milliseconds on the server's thread,
  /// between other requests, until it gives the page. Must hold no part of the request.
  std::function<std::optional<Page>()> later{};
  /// Set: an answer without an end. The body goes out first, then every event with a larger id that is published.
  std::optional<std::uint64_t> events_after{};
  /// An answer without an end: what the server's LiveFeed says from now on.
  bool live = false;
  /// Of an answer without an end: asked on the server's thread before anything further goes out; false ends it. Empty:
  /// whoever was let in stays. Must hold no part of the request.
  std::function<bool()> still_allowed{};
};

}  // namespace sluice::admin
