#include "sluice/admin/http_server.hpp"

#include <pthread.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <csignal>
#include <list>
#include <optional>
#include <thread>
#include <utility>

#include "sluice/base/log.hpp"

namespace sluice::admin {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint32_t kHeadBytes = 8 * 1024;
constexpr auto kLinger = std::chrono::seconds(1);
constexpr std::size_t kLingerBytes = 262'144;
constexpr auto kAcceptPause = std::chrono::milliseconds(50);
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string endpoint_text(const std::string& host, std::uint16_t port) {
  const bool bare_ipv6 = host.find(':') != std::string::npos && !host.starts_with('[');
  return (bare_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string lower_first(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

struct Refused {
  unsigned status;
  const char* reason;
};

/// What Beast lets pass and a server should not: two ways to tell a length, codings that nobody decodes, a field that
/// decides something and stands there twice.
std::optional<Refused> refuse_head(const http::fields& fields) {
  const auto coding = fields.find(http::field::transfer_encoding);
  if (coding != fields.end()) {
    if (fields.count(http::field::content_length) > 0) return Refused{400, "both a length and a transfer coding"};
    const bool only_chunked =
        fields.count(http::field::transfer_encoding) == 1 && beast::iequals(coding->value(), "chunked");
    if (!only_chunked) return Refused{501, "unknown transfer coding"};
  }
  for (const auto field : {http::field::host, http::field::origin, http::field::content_type,
                           http::field::authorization, http::field::content_length}) {
    if (fields.count(field) > 1) return Refused{400, "a field stands there twice"};
  }
  return std::nullopt;
}

}  // namespace

/// Everything below runs on the server's thread, except start, stop and the destructor.
class HttpServer::Impl {
 public:
  Impl(Handler handler, Options options)
      : handler_(std::move(handler)), options_(std::move(options)), acceptor_(context_) {}

  error_code listen(const std::string& host, std::uint16_t port);
  void run();
  void stop();
  tcp::endpoint local() const noexcept { return local_; }

 private:
  class Session;
  using Sessions = std::list<std::weak_ptr<Session>>;  // the one that has been idle longest first

  void accept();
  void accepted(tcp::socket socket);
  bool make_room();

  const Handler handler_;
  const Options options_;
  Sessions sessions_;  // before the context, whose end destroys the handlers that own the sessions
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer pause_{context_};
  tcp::endpoint local_;
  std::thread thread_;
};

/// One client: wait for a first byte, read a head, perhaps a body, answer, again. Kept alive by its pending operation.
class HttpServer::Impl::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Impl& server, tcp::socket socket) : server_(server), stream_(std::move(socket)) {}
  ~Session() { server_.sessions_.erase(place_); }

  void begin() {
    place_ = server_.sessions_.insert(server_.sessions_.end(), weak_from_this());
    error_code error;
    const auto peer = stream_.socket().remote_endpoint(error);
    if (!error) peer_ = endpoint_text(peer.address().to_string(), peer.port());
    await_request();
  }

  bool idle() const noexcept { return idle_; }
  void close() {
    idle_ = false;
    stream_.close();
  }

 private:
  void await_request();
  void read_head();
  void head_read(error_code error);
  void ask_for_body();
  void read_body();
  void answer();
  void refuse(error_code error);
  void refuse(unsigned status, const std::string& reason);
  Page handle() const;
  void send(unsigned version, bool keep_alive, bool head_only, Page page);
  void linger();

  Impl& server_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{kHeadBytes};
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  Sessions::iterator place_;
  std::string peer_;
  bool idle_ = false;
  std::size_t discarded_ = 0;
};

void HttpServer::Impl::Session::await_request() {
  idle_ = buffer_.size() == 0;
  if (!idle_) return read_head();  // pipelined
  server_.sessions_.splice(server_.sessions_.end(), server_.sessions_, place_);
  stream_.expires_after(server_.options_.idle_timeout);
  stream_.async_read_some(buffer_.prepare(1024), [self = shared_from_this()](error_code error, std::size_t bytes) {
    if (error) return;
    self->buffer_.commit(bytes);
    self->read_head();
  });
}

void HttpServer::Impl::Session::read_head() {
  idle_ = false;
  parser_.emplace();
  parser_->header_limit(kHeadBytes);
  // A server that reads no bodies lets its handler refuse them, whatever their size.
  if (server_.options_.body_bytes > 0) {
    parser_->body_limit(server_.options_.body_bytes);
  } else {
    parser_->body_limit(boost::none);
  }
  stream_.expires_after(server_.options_.header_timeout);
  http::async_read_header(stream_, buffer_, *parser_,
                          [self = shared_from_this()](error_code error, std::size_t) { self->head_read(error); });
}

void HttpServer::Impl::Session::head_read(error_code error) {
  if (error) return refuse(error);
  if (const auto refused = refuse_head(parser_->get())) return refuse(refused->status, refused->reason);
  if (parser_->is_done() || server_.options_.body_bytes == 0) return answer();
  stream_.expires_after(server_.options_.body_timeout);
  if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) return ask_for_body();
  read_body();
}

void HttpServer::Impl::Session::ask_for_body() {
  asio::async_write(stream_, asio::buffer(kContinue), [self = shared_from_this()](error_code error, std::size_t) {
    if (!error) self->read_body();
  });
}

void HttpServer::Impl::Session::read_body() {
  http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
    if (error) return self->refuse(error);
    self->answer();
  });
}

void HttpServer::Impl::Session::answer() {
  const auto& request = parser_->get();
  const bool keep_alive = request.keep_alive() && parser_->is_done();  // else nobody here reads the body
  send(request.version(), keep_alive, request.method() == http::verb::head, handle());
}

Page HttpServer::Impl::Session::handle() const {
  const auto& fields = parser_->get();
  Request request;
  request.method = view(fields.method_string());
  request.target = view(fields.target());
  request.host = view(fields[http::field::host]);
  request.origin = view(fields[http::field::origin]);
  request.content_type = view(fields[http::field::content_type]);
  request.authorization = view(fields[http::field::authorization]);
  if (parser_->is_done()) request.body = fields.body();
  request.peer = peer_;
  try {
    return server_.handler_(request);
  } catch (const std::exception& error) {
    log::error("a page failed", {{"port", server_.options_.name}, {"target", request.target}, {"error", error.what()}});
    return server_.options_.refusal(500, error.what());
  }
}

/// A timeout or a peer that went away gets no answer; whoever sent something that is no request is told so.
void HttpServer::Impl::Session::refuse(error_code error) {
  const bool malformed = error.category() == make_error_code(http::error::bad_method).category() &&
                         error != http::error::end_of_stream && error != http::error::partial_message;
  if (!malformed) return;
  if (error == http::error::body_limit) return refuse(413, "the body is too large");
  const bool too_large = error == http::error::header_limit || error == http::error::buffer_overflow;
  refuse(too_large ? 431 : 400, "bad request: " + error.message());
}

void HttpServer::Impl::Session::refuse(unsigned status, const std::string& reason) {
  send(11, false, false, server_.options_.refusal(status, reason));
}

void HttpServer::Impl::Session::send(unsigned version, bool keep_alive, bool head_only, Page page) {
  response_ = {};
  response_.version(version);
  response_.result(page.status);
  response_.set(http::field::content_type, page.content_type);
  response_.set(http::field::cache_control, "no-store");
  response_.set("X-Content-Type-Options", "nosniff");
  if (!page.allow.empty()) response_.set(http::field::allow, page.allow);
  if (!page.challenge.empty()) response_.set(http::field::www_authenticate, page.challenge);
  response_.keep_alive(keep_alive);
  response_.content_length(page.body.size());
  if (!head_only) response_.body() = std::move(page.body);
  serializer_.emplace(response_);
  stream_.expires_after(server_.options_.write_timeout);

  auto written = [self = shared_from_this(), keep_alive](error_code error, std::size_t) {
    if (error) return;
    if (keep_alive) return self->await_request();
    error_code ignored;
    self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    self->linger();
  };
  if (head_only) {
    http::async_write_header(stream_, *serializer_, std::move(written));
  } else {
    http::async_write(stream_, *serializer_, std::move(written));
  }
}

/// Reads what the client still sends: closing over unread bytes would reset the connection and the answer with it.
void HttpServer::Impl::Session::linger() {
  buffer_.clear();
  stream_.expires_after(kLinger);
  stream_.async_read_some(buffer_.prepare(kHeadBytes),
                          [self = shared_from_this()](error_code error, std::size_t bytes) {
                            self->discarded_ += bytes;
                            if (!error && self->discarded_ < kLingerBytes) self->linger();
                          });
}

error_code HttpServer::Impl::listen(const std::string& host, std::uint16_t port) {
  const std::string bare = host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
  error_code error;
  tcp::endpoint endpoint(asio::ip::make_address(bare, error), port);
  if (error) {
    const auto found = tcp::resolver(context_).resolve(bare, std::to_string(port), tcp::resolver::passive, error);
    if (error) return error;
    endpoint = found.begin()->endpoint();
  }
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) local_ = acceptor_.local_endpoint(error);
  return error;
}

void HttpServer::Impl::run() {
  accept();
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), ("sluice-" + options_.name).substr(0, 15).c_str());
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    context_.run();
  });
}

void HttpServer::Impl::accept() {
  acceptor_.async_accept([this](error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (error) {
      static constinit log::Site site;
      log::warn(site, "cannot accept", {{"port", options_.name}, {"error", error.message()}});
      make_room();  // out of descriptors, most likely: an idle client gives one back
      pause_.expires_after(kAcceptPause);
      return pause_.async_wait([this](error_code) { accept(); });
    }
    accepted(std::move(socket));
    accept();
  });
}

void HttpServer::Impl::accepted(tcp::socket socket) {
  if (sessions_.size() >= options_.connections && !make_room()) return;  // closes the newcomer
  std::make_shared<Session>(*this, std::move(socket))->begin();
}

bool HttpServer::Impl::make_room() {
  for (const auto& weak : sessions_) {
    if (const auto session = weak.lock(); session && session->idle()) {
      session->close();
      return true;
    }
  }
  return false;
}

void HttpServer::Impl::stop() {
  if (!thread_.joinable()) return;
  context_.stop();
  thread_.join();
  error_code ignored;
  acceptor_.close(ignored);
  for (const auto& weak : sessions_) {
    if (const auto session = weak.lock()) session->close();
  }
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const std::string& host, std::uint16_t port, Handler handler,
                                                      Options options) {
  auto impl = std::make_unique<Impl>(std::move(handler), std::move(options));
  if (const error_code error = impl->listen(host, port)) {
    return fail(Error::internal("cannot listen on " + endpoint_text(host, port) + ": " + lower_first(error.message())));
  }
  impl->run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() {
  stop();
}

std::uint16_t HttpServer::port() const noexcept {
  return impl_->local().port();
}

std::string HttpServer::address() const {
  return endpoint_text(impl_->local().address().to_string(), impl_->local().port());
}

void HttpServer::stop() {
  impl_->stop();
}

Page HttpServer::plain_refusal(unsigned status, const std::string& reason) {
  Page page;
  page.status = status;
  page.body = reason + "\n";
  return page;
}

}  // namespace sluice::admin
