#include "sluice/admin/metrics_server.hpp"

#include <pthread.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <csignal>
#include <list>
#include <optional>
#include <thread>
#include <utility>

#include "sluice/admin/probe_pages.hpp"
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

std::string endpoint_text(const std::string& host, std::uint16_t port) {
  const bool bare_ipv6 = host.find(':') != std::string::npos && !host.starts_with('[');
  return (bare_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string lower_first(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

}  // namespace

/// Everything below runs on the server's thread, except start, stop and the destructor.
class MetricsServer::Impl {
 public:
  Impl(MetricsText metrics, const Readiness& readiness, Options options)
      : metrics_(std::move(metrics)), readiness_(readiness), options_(options), acceptor_(context_) {}

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

  MetricsText metrics_;
  const Readiness& readiness_;
  const Options options_;
  Sessions sessions_;  // before the context, whose end destroys the handlers that own the sessions
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer pause_{context_};
  tcp::endpoint local_;
  std::thread thread_;
};

/// One client: wait for a first byte, read a head, answer, again. Kept alive by its pending operation.
class MetricsServer::Impl::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Impl& server, tcp::socket socket) : server_(server), stream_(std::move(socket)) {}
  ~Session() { server_.sessions_.erase(place_); }

  void begin() {
    place_ = server_.sessions_.insert(server_.sessions_.end(), weak_from_this());
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
  void answer(error_code error);
  void send(unsigned version, bool keep_alive, bool head_only, Page page);
  void linger();

  Impl& server_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{kHeadBytes};
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  Sessions::iterator place_;
  bool idle_ = false;
  std::size_t discarded_ = 0;
};

void MetricsServer::Impl::Session::await_request() {
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

void MetricsServer::Impl::Session::read_head() {
  idle_ = false;
  parser_.emplace();
  parser_->header_limit(kHeadBytes);
  stream_.expires_after(server_.options_.header_timeout);
  http::async_read_header(stream_, buffer_, *parser_,
                          [self = shared_from_this()](error_code error, std::size_t) { self->answer(error); });
}

void MetricsServer::Impl::Session::answer(error_code error) {
  if (!error) {
    const auto& request = parser_->get();
    Page page = answer_probe(std::string_view(request.method_string().data(), request.method_string().size()),
                             std::string_view(request.target().data(), request.target().size()), server_.readiness_,
                             server_.metrics_);
    const bool keep_alive = request.keep_alive() && parser_->is_done();  // nobody here reads a body
    return send(request.version(), keep_alive, request.method() == http::verb::head, std::move(page));
  }
  // A timeout or a peer that went away gets no answer; whoever sent something that is no request is told so.
  const bool malformed = error.category() == make_error_code(http::error::bad_method).category() &&
                         error != http::error::end_of_stream && error != http::error::partial_message;
  if (!malformed) return;
  Page page;
  page.status = error == http::error::header_limit || error == http::error::buffer_overflow ? 431 : 400;
  page.body = "bad request: " + error.message() + "\n";
  send(11, false, false, std::move(page));
}

void MetricsServer::Impl::Session::send(unsigned version, bool keep_alive, bool head_only, Page page) {
  response_ = {};
  response_.version(version);
  response_.result(page.status);
  response_.set(http::field::content_type, page.content_type);
  response_.set(http::field::cache_control, "no-store");
  if (page.allow_header) response_.set(http::field::allow, "GET, HEAD");
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
void MetricsServer::Impl::Session::linger() {
  buffer_.clear();
  stream_.expires_after(kLinger);
  stream_.async_read_some(buffer_.prepare(kHeadBytes),
                          [self = shared_from_this()](error_code error, std::size_t bytes) {
                            self->discarded_ += bytes;
                            if (!error && self->discarded_ < kLingerBytes) self->linger();
                          });
}

error_code MetricsServer::Impl::listen(const std::string& host, std::uint16_t port) {
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

void MetricsServer::Impl::run() {
  accept();
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "sluice-metrics");
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    context_.run();
  });
}

void MetricsServer::Impl::accept() {
  acceptor_.async_accept([this](error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (error) {
      static constinit log::Site site;
      log::warn(site, "cannot accept on the metrics port", {{"error", error.message()}});
      make_room();  // out of descriptors, most likely: an idle client gives one back
      pause_.expires_after(kAcceptPause);
      return pause_.async_wait([this](error_code) { accept(); });
    }
    accepted(std::move(socket));
    accept();
  });
}

void MetricsServer::Impl::accepted(tcp::socket socket) {
  if (sessions_.size() >= options_.connections && !make_room()) return;  // closes the newcomer
  std::make_shared<Session>(*this, std::move(socket))->begin();
}

bool MetricsServer::Impl::make_room() {
  for (const auto& weak : sessions_) {
    if (const auto session = weak.lock(); session && session->idle()) {
      session->close();
      return true;
    }
  }
  return false;
}

void MetricsServer::Impl::stop() {
  if (!thread_.joinable()) return;
  context_.stop();
  thread_.join();
  error_code ignored;
  acceptor_.close(ignored);
  for (const auto& weak : sessions_) {
    if (const auto session = weak.lock()) session->close();
  }
}

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const std::string& host, std::uint16_t port,
                                                            MetricsText metrics, const Readiness& readiness,
                                                            Options options) {
  auto impl = std::make_unique<Impl>(std::move(metrics), readiness, options);
  if (const error_code error = impl->listen(host, port)) {
    return fail(Error::internal("cannot listen on " + endpoint_text(host, port) + ": " + lower_first(error.message())));
  }
  impl->run();
  return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(impl)));
}

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const std::string& host, std::uint16_t port,
                                                            MetricsText metrics, const Readiness& readiness) {
  return start(host, port, std::move(metrics), readiness, Options());
}

MetricsServer::MetricsServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MetricsServer::~MetricsServer() {
  stop();
}

std::uint16_t MetricsServer::port() const noexcept {
  return impl_->local().port();
}

std::string MetricsServer::address() const {
  return endpoint_text(impl_->local().address().to_string(), impl_->local().port());
}

void MetricsServer::stop() {
  impl_->stop();
}

}  // namespace sluice::admin
