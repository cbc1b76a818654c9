#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "sluice/admin/event_stream.hpp"
#include "sluice/admin/http_server.hpp"
#include "sluice/admin/live_readers.hpp"

namespace sluice::admin {

/// `127.0.0.1:9464`, `[::1]:9464`.
std::string endpoint_text(const std::string& host, std::uint16_t port);

/// One client: wait for a first byte, read a head, perhaps a body, answer, again. Kept alive by its pending operation.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  /// Those of one server, the one that has been idle longest first.
  using List = std::list<std::weak_ptr<HttpSession>>;

  /// What a session needs of its server, which outlives it.
  struct Server {
    const HttpServer::Handler& handler;
    const HttpServer::Options& options;
    List& sessions;
    EventStream::List& streams;
    LiveReaders& live;
  };

  HttpSession(Server server, boost::asio::ip::tcp::socket socket) : server_(server), stream_(std::move(socket)) {}
  ~HttpSession() { server_.sessions.erase(place_); }
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  /// Joins the list and waits for the first request. Once.
  void begin();

  /// Between two requests.
  bool idle() const noexcept { return idle_; }
  /// At once, whatever is under way.
  void close() {
    idle_ = false;
    stream_.close();
  }

 private:
  static constexpr std::uint32_t kHeadBytes = 8 * 1024;

  void await_request();
  void read_head();
  void head_read(boost::system::error_code error);
  void ask_for_body();
  void read_body();
  void answer();
  void refuse(boost::system::error_code error);
  void refuse(unsigned status, const std::string& reason);
  Page handle() const;
  Page guarded(const std::function<Page()>& make) const;
  void deliver(Page page);
  void ask_later(std::function<std::optional<Page>()> later);
  void stream(Page page);
  void stream_live(Page page);
  void send(unsigned version, bool keep_alive, bool head_only, Page page);
  void linger();

  const Server server_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_{kHeadBytes};
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  boost::beast::http::response<boost::beast::http::string_body> response_;
  std::optional<boost::beast::http::response_serializer<boost::beast::http::string_body>> serializer_;
  List::iterator place_;
  std::string peer_;
  boost::asio::steady_timer pause_{stream_.get_executor()};
  bool idle_ = false;
  std::size_t discarded_ = 0;
};

}  // namespace sluice::admin
