#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "sluice/admin/http_server.hpp"

namespace sluice::admin {

/// One reader of server-sent events: gets what was prepared for it, then every event that is published, and a comment
/// when there was none for a while, so that both ends notice when the other is gone. The connection ends with the
/// stream. Kept alive by its pending operations; everything on the server's thread.
///
/// One that does not keep up is closed, or, where events only say how a whole has changed, gets the whole anew: what it
/// has not taken yet is never more than that and `buffered_bytes`.
class EventStream : public std::enable_shared_from_this<EventStream> {
 public:
  /// Those of one server.
  using List = std::list<std::weak_ptr<EventStream>>;

  /// The whole as it is now: what was published up to its id is in it.
  using Anew = std::function<Event()>;

  /// Whether its reader may still have what comes.
  using Allowed = std::function<bool()>;

  /// `streams` and `limits` outlive it. Events up to and including `after` are not wanted. It ends as soon as it has
  /// something to send and `allowed`, unless that is empty, says no. Without `anew` a reader that falls behind is
  /// closed.
  EventStream(List& streams, const EventLimits& limits, boost::beast::tcp_stream stream, std::uint64_t after,
              Allowed allowed, Anew anew = {});
  ~EventStream() { streams_.erase(place_); }
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  /// Sends the head of the answer and the events that were there before. Once.
  void begin(std::string_view first);
  void push(const Event& event);
  /// At once, whatever is under way.
  void close();

 private:
  void watch();
  void begin_anew();
  void append(std::string_view text);
  void write();
  void wait_for_heartbeat();

  List& streams_;
  const EventLimits& limits_;
  boost::beast::tcp_stream stream_;
  boost::asio::steady_timer heartbeat_;
  std::uint64_t last_;
  const Allowed allowed_;
  const Anew anew_;
  bool behind_ = false;  ///< begins anew once what is under way is gone
  List::iterator place_;
  std::string waiting_;
  std::string under_way_;
  char unwanted_ = 0;
  bool quiet_ = false;  ///< nothing was sent since the last heartbeat
};

}  // namespace sluice::admin
