#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <memory>
#include <optional>

#include "sample_model/server.hpp"

namespace sluice::sample_model {

/// One client's connection: read, answer, wait if the model is made slow, write, again. Owned by its Server until it
/// leaves; every pending operation holds it as well.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Server& server, boost::asio::ip::tcp::socket socket);

  void start() { read_head(); }

  /// Closes now when no request is under way, else after its answer.
  void stop();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  void read_head();
  void on_head(boost::beast::error_code error);
  void read_body();
  void on_request(boost::beast::error_code error);
  void answer();
  void answer_and_close(unsigned status, std::string_view why);
  void write();
  void on_written(boost::beast::error_code error);
  void leave();

  Server& server_;
  boost::beast::tcp_stream stream_;
  boost::asio::steady_timer delay_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  Response response_;
  bool busy_ = false;
  bool last_ = false;  ///< the connection ends with this answer
};

}  // namespace sluice::sample_model
