#include "sluice/gateway/listener.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "sluice/base/log.hpp"
#include "sluice/gateway/failure.hpp"
#include "sluice/gateway/worker.hpp"
#include "sluice/http/error_body.hpp"

namespace sluice::gateway {

namespace asio = boost::asio;
using http::error_code;
using http::Tcp;

ClientListener::ClientListener(const std::vector<std::unique_ptr<Worker>>& workers)
    : workers_(workers),
      acceptor_(workers.front()->io()),
      accepted_(workers.front()->io()),
      retry_(workers.front()->io()) {}

Result<void> ClientListener::bind(const Listener& listener) {
  const std::string shown =
      (listener.address.find(':') == std::string::npos ? listener.address : "[" + listener.address + "]") + ":" +
      std::to_string(listener.port);
  error_code error;
  const auto address = asio::ip::make_address(listener.address, error);
  const Tcp::endpoint local(address, listener.port);
  if (!error) acceptor_.open(local.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(local, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return fail(Error::internal("cannot listen on " + shown + ": " + error.message()));
  return {};
}

Tcp::endpoint ClientListener::local() const {
  error_code ignored;
  return acceptor_.local_endpoint(ignored);
}

void ClientListener::start() {
  asio::post(acceptor_.get_executor(), [this] { accept(); });
}

void ClientListener::set_tls(http::TlsContext tls) {
  asio::post(acceptor_.get_executor(), [this, tls = std::move(tls)] { tls_ = tls; });
}

void ClientListener::set_limit(std::uint32_t connections) {
  asio::post(acceptor_.get_executor(), [this, connections] { limit_ = connections; });
}

void ClientListener::close() {
  asio::post(acceptor_.get_executor(), [this] {
    error_code ignored;
    acceptor_.close(ignored);
    retry_.cancel();
  });
}

void ClientListener::accept() {
  acceptor_.async_accept(accepted_, peer_, [this](const error_code& error) { on_accept(error); });
}

void ClientListener::on_accept(const error_code& error) {
  if (error == asio::error::operation_aborted || !acceptor_.is_open()) {
    error_code ignored;
    accepted_.close(ignored);
    return;
  }
  if (error) {
    // Out of descriptors or memory: what waits in the backlog is taken when some came back. A peer that gave up is no
    // news.
    if (error == asio::error::connection_aborted) return accept();
    static constinit log::Site site(1);
    log::warn(site, "cannot accept connections", {{"error", error.message()}});
    return pause();
  }
  std::uint32_t total = 0;
  Worker* least = nullptr;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    // Starts at another worker each time, so that equals share.
    Worker& worker = *workers_[(next_ + i) % workers_.size()];
    const std::uint32_t sessions = worker.sessions();
    total += sessions;
    if (least == nullptr || sessions < least->sessions()) least = &worker;
  }
  ++next_;
  if (total >= limit_) {
    refuse();
    return accept();
  }
  error_code ignored;
  accepted_.set_option(Tcp::no_delay(true), ignored);
  const bool v6 = peer_.address().is_v6();
  const auto handle = accepted_.release(ignored);
  least->adopt(handle, v6, tls_, peer_);
  accept();
}

/// At the limit: one try to say why, without ever waiting for this client.
void ClientListener::refuse() {
  workers_.front()->counters().connections_refused.add();
  if (!tls_) {
    std::array<char, http::kMaxErrorResponse> text;
    http::ErrorResponse response;
    response.status = 503;
    response.reason = "connection_limit";
    response.message = "Too many connections are open.";
    response.retry_after = 1;
    const std::size_t size = http::write_error_response(text, response);
    (void)::send(accepted_.native_handle(), text.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  error_code ignored;
  accepted_.shutdown(http::Socket::shutdown_send, ignored);
  accepted_.close(ignored);
}

void ClientListener::pause() {
  retry_.expires_after(std::chrono::milliseconds(100));
  retry_.async_wait([this](const error_code& error) {
    if (!error && acceptor_.is_open()) accept();
  });
}

}  // namespace sluice::gateway
