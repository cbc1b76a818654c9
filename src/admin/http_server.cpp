#include "sluice/admin/http_server.hpp"

#include <pthread.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cctype>
#include <csignal>
#include <thread>
#include <utility>

#include "sluice/admin/http_session.hpp"
#include "sluice/admin/live_readers.hpp"
#include "sluice/base/log.hpp"

namespace sluice::admin {

namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAcceptPause = std::chrono::milliseconds(50);

std::string lower_first(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
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
  void publish(Event event);
  tcp::endpoint local() const noexcept { return local_; }

 private:
  void accept();
  void accepted(tcp::socket socket);
  bool make_room();
  void do_chores();

  const Handler handler_;
  const Options options_;
  HttpSession::List sessions_;  // before the context, whose end destroys the handlers that own what they list
  EventStream::List streams_;
  EventStream::List live_streams_;
  asio::io_context context_{1};
  LiveReaders live_{context_, live_streams_, options_.live, options_.feed};
  tcp::acceptor acceptor_;
  asio::steady_timer pause_{context_};
  asio::steady_timer chores_{context_};
  tcp::endpoint local_;
  std::thread thread_;
};

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
  if (options_.chore && options_.chore_interval > Duration::zero()) do_chores();
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
  std::make_shared<HttpSession>(HttpSession::Server{handler_, options_, sessions_, streams_, live_}, std::move(socket))
      ->begin();
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
  for (const auto& weak : streams_) {
    if (const auto stream = weak.lock()) stream->close();
  }
  live_.close();
}

void HttpServer::Impl::do_chores() {
  chores_.expires_after(options_.chore_interval);
  chores_.async_wait([this](error_code error) {
    if (error) return;
    try {
      options_.chore();
    } catch (const std::exception& problem) {
      static constinit log::Site site;
      log::error(site, "a chore failed", {{"port", options_.name}, {"error", problem.what()}});
    }
    do_chores();
  });
}

void HttpServer::Impl::publish(Event event) {
  asio::post(context_, [this, event = std::move(event)] {
    for (const auto& weak : streams_) {
      if (const auto stream = weak.lock()) stream->push(event);
    }
  });
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

void HttpServer::publish_event(Event event) {
  impl_->publish(std::move(event));
}

Page HttpServer::plain_refusal(unsigned status, const std::string& reason) {
  Page page;
  page.status = status;
  page.body = reason + "\n";
  return page;
}

}  // namespace sluice::admin
