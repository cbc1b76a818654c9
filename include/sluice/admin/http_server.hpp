#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "sluice/admin/page.hpp"
#include "sluice/base/clock.hpp"
#include "sluice/base/result.hpp"

namespace sluice::admin {

/// Bounds of those that read events.
struct EventLimits {
  std::size_t readers = 16;
  std::size_t buffered_bytes = 1024 * 1024;           ///< a reader that is further behind is closed
  Duration heartbeat = std::chrono::seconds(15);      ///< between two signs of life
  Duration write_timeout = std::chrono::seconds(10);  ///< a reader that takes nothing for so long is closed
};

class LiveFeed;

/// Bounds of those that watch what changes.
struct LiveLimits {
  Duration interval = std::chrono::milliseconds(500);  ///< between two looks, and so between two events
  /// A reader that is further behind than `buffered_bytes` gets the whole anew instead.
  EventLimits stream{.readers = 32, .buffered_bytes = 256 * 1024};
};

/// A small HTTP/1.1 server on a port and a thread of its own, for a handful of operators and scrapers: no request to it
/// ever costs a worker time.
///
/// Connections are kept alive, bounded in number and time: at the limit the one that has been idle longest makes room,
/// and a newcomer is closed when none is idle. A head has 8 KiB; what is no request is refused (400, 413, 431, 501)
/// before a handler sees it.
class HttpServer {
 public:
  /// Runs on the server's thread, one request at a time; an exception becomes a 500.
  using Handler = std::function<Page(const Request& request)>;

  struct Options {
    std::string name = "http";  ///< of the thread (`sluice-NAME`) and in the log; up to 8 letters
    std::size_t connections = 64;
    std::size_t body_bytes = 0;                        ///< of a request; 0: bodies are not read, and end the connection
    Duration idle_timeout = std::chrono::seconds(75);  ///< between two requests
    Duration header_timeout = std::chrono::seconds(5);  ///< from a request's first byte to the end of its head
    Duration body_timeout = std::chrono::seconds(5);    ///< for the whole body
    Duration write_timeout = std::chrono::seconds(10);  ///< for the whole answer
    EventLimits events;                                 ///< for those that read events, on top of `connections`
    LiveLimits live;                                    ///< for those that watch `feed`, on top of both
    std::shared_ptr<LiveFeed> feed;                     ///< for pages that are live; may be none
    Duration chore_interval{0};                         ///< between two runs of `chore`; 0: never
    std::function<void()> chore;                        ///< something small to be done on the server's thread
    /// The page that says why a request was refused here, or why its handler failed.
    Page (*refusal)(unsigned status, const std::string& reason) = &plain_refusal;
  };

  /// Binds and serves at once. `host` is an address or a name, port 0 takes any free port. Fails with
  /// `cannot listen on HOST:PORT: REASON`.
  static Result<std::unique_ptr<HttpServer>> start(const std::string& host, std::uint16_t port, Handler handler,
                                                   Options options);

  /// Stops and waits.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// For all that read events now. Does not wait; any thread, until stop().
  void publish_event(Event event);

  /// The port that is really bound.
  std::uint16_t port() const noexcept;
  /// `127.0.0.1:9464`, `[::1]:9464`.
  std::string address() const;

  /// Closes every connection and joins the thread; a handler that runs comes to its end first. Harmless when repeated.
  /// Not from the server's own thread.
  void stop();

  /// The reason as a line of text.
  static Page plain_refusal(unsigned status, const std::string& reason);

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::admin
