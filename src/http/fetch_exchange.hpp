#pragma once

#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sluice/http/fetch.hpp"
#include "sluice/http/net.hpp"
#include "sluice/http/tls_context.hpp"

namespace sluice::http {

/// One request from its look-up to its answer. On the fetcher's thread; what is pending keeps it alive.
class FetchExchange : public std::enable_shared_from_this<FetchExchange> {
 public:
  using Done = std::function<void(FetchAnswer)>;

  FetchExchange(boost::asio::io_context& io, FetchRequest request, Url url, std::size_t answer_bytes);

  /// Calls `done` once, never before it returns, unless it is abandoned. `tls` is null for plain URLs; the loop lives
  /// for as long as `life` does.
  void start(const Fetcher::Resolve& resolve, std::weak_ptr<void> life, TlsContext tls, Done done);
  /// Ends without calling back.
  void abandon();

  /// "host:port": who shares a server's places.
  static std::string server_of(const Url& url);
  std::string server() const { return server_of(url_); }

 private:
  void look_up(const Fetcher::Resolve& resolve, std::weak_ptr<void> life);
  void take_addresses(const Result<Fetcher::Addresses>& found);
  void connect_next(const error_code& last);
  void handshake();
  void write();
  void read();
  void take_answer(const error_code& error);
  void finish(std::string problem);
  void expire();
  template <typename Work>
  void on_stream(Work work);

  boost::asio::io_context& io_;
  const FetchRequest request_;
  const Url url_;
  const std::size_t answer_bytes_;
  TlsContext tls_context_;
  Done done_;  // empty once over
  Timer deadline_;
  Timer patience_;  // with one address, where there are several
  Socket socket_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
  std::vector<Tcp::endpoint> endpoints_;
  std::size_t next_ = 0;
  const char* doing_ = "look-up";  // what a timeout interrupts
  boost::beast::http::request<boost::beast::http::string_body> message_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::response_parser<boost::beast::http::string_body>> parser_;
};

}  // namespace sluice::http
