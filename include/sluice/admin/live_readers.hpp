#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <cstddef>
#include <memory>

#include "sluice/admin/event_stream.hpp"
#include "sluice/admin/http_server.hpp"
#include "sluice/admin/live_feed.hpp"

namespace sluice::admin {

/// Those of one server that watch its LiveFeed: looked for all of them at once, every `interval` as long as there is
/// one, and never when there is none. On the server's thread.
class LiveReaders {
 public:
  /// `streams` and `limits` outlive the context, too. Without a feed nobody can be added.
  LiveReaders(boost::asio::io_context& context, EventStream::List& streams, const LiveLimits& limits,
              std::shared_ptr<LiveFeed> feed)
      : limits_(limits), feed_(std::move(feed)), streams_(streams), timer_(context) {}

  bool full() const noexcept { return !feed_ || streams_.size() >= limits_.stream.readers; }
  std::size_t size() const noexcept { return streams_.size(); }
  /// Sends the head of the answer and the whole, then what changes, as long as `allowed`. Throws what the feed throws,
  /// and leaves the stream as it is.
  void add(boost::beast::tcp_stream&& stream, EventStream::Allowed allowed);
  /// At once, whatever is under way.
  void close();

 private:
  void wait();
  void look();

  const LiveLimits& limits_;
  const std::shared_ptr<LiveFeed> feed_;
  EventStream::List& streams_;
  boost::asio::steady_timer timer_;
  bool looking_ = false;
};

}  // namespace sluice::admin
