#include "sample_model/connection.hpp"

#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

namespace sluice::sample_model {

namespace beast = boost::beast;
namespace http = beast::http;

namespace {

constexpr std::uint64_t max_body = 4u << 20;
constexpr auto idle_time = std::chrono::seconds(75);
constexpr auto transfer_time = std::chrono::seconds(30);

/// True for what the client wrote wrongly; false for one that just went away.
bool is_malformed(beast::error_code error) {
  return error.category() == http::make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

Connection::Connection(Server& server, boost::asio::ip::tcp::socket socket)
    : server_(server), stream_(std::move(socket)), delay_(server.io_) {}

void Connection::stop() {
  last_ = true;
  if (!busy_) leave();
}

void Connection::read_head() {
  busy_ = false;
  parser_.emplace();
  parser_->body_limit(max_body);
  stream_.expires_after(idle_time);
  http::async_read_header(stream_, buffer_, *parser_,
                          [self = shared_from_this()](beast::error_code error, std::size_t) { self->on_head(error); });
}

void Connection::on_head(beast::error_code error) {
  if (error == http::error::body_limit) return answer_and_close(413, "the body is larger than 4 MiB");
  if (is_malformed(error)) return answer_and_close(400, error.message());
  if (error) return leave();
  busy_ = true;
  if (!beast::iequals(parser_->get()[http::field::expect], "100-continue")) return read_body();
  static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  boost::asio::async_write(stream_, boost::asio::buffer(go_on),
                           [self = shared_from_this()](beast::error_code failed, std::size_t) {
                             failed ? self->leave() : self->read_body();
                           });
}

void Connection::read_body() {
  stream_.expires_after(transfer_time);
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](beast::error_code error, std::size_t) { self->on_request(error); });
}

void Connection::on_request(beast::error_code error) {
  if (error == http::error::body_limit) return answer_and_close(413, "the body is larger than 4 MiB");
  if (error) return leave();
  answer();
}

void Connection::answer() {
  const auto& request = parser_->get();
  auto reply = server_.service_.answer({view(request.method_string()), view(request.target()), request.body(),
                                        request.count("Inference-Header-Content-Length") != 0});
  response_ = Response(static_cast<http::status>(reply.status), request.version());
  response_.set(http::field::content_type, "application/json");
  if (!reply.allow.empty())
    response_.set(http::field::allow, beast::string_view(reply.allow.data(), reply.allow.size()));
  response_.body() = std::move(reply.body);
  response_.prepare_payload();
  if (request.method() == http::verb::head) response_.body().clear();  // the length stays
  last_ = last_ || !request.keep_alive();
  if (reply.delay <= Duration::zero()) {
    if (reply.then) reply.then();
    return write();
  }
  // The transfer's deadline must not run while the model pretends to think.
  stream_.expires_never();
  delay_.expires_after(reply.delay);
  delay_.async_wait([self = shared_from_this(), then = std::move(reply.then)](beast::error_code) {
    if (then) then();
    self->write();
  });
}

void Connection::answer_and_close(unsigned status, std::string_view why) {
  busy_ = true;
  last_ = true;
  response_ = Response(static_cast<http::status>(status), 11);
  response_.set(http::field::content_type, "application/json");
  response_.body().append("{\"error\":\"").append(why).append("\"}");
  response_.prepare_payload();
  write();
}

void Connection::write() {
  response_.keep_alive(!last_);
  stream_.expires_after(transfer_time);
  http::async_write(stream_, response_,
                    [self = shared_from_this()](beast::error_code error, std::size_t) { self->on_written(error); });
}

void Connection::on_written(beast::error_code error) {
  if (error || last_) return leave();
  read_head();
}

void Connection::leave() {
  beast::error_code ignored;
  stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.close();
  delay_.cancel();
  server_.connections_.erase(shared_from_this());
}

}  // namespace sluice::sample_model
