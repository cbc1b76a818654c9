// How a pool opens a connection: resolve, connect to one address after the other, TLS.
#include <boost/asio/ip/address.hpp>
#include <coroutine>
#include <string>

#include "sluice/upstream/endpoint_pool.hpp"

namespace sluice::upstream {

namespace {

using http::error_code;
using http::Tcp;

constexpr Duration kResolveAgain = std::chrono::seconds(10);

/// Waits for Asio's resolver, which works on a thread of its own.
struct ResolveAwaiter {
  http::Resolver& resolver;
  const std::string host;
  const std::string port;
  error_code error{};
  Tcp::resolver::results_type results{};

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    resolver.async_resolve(host, port, [this, waiter](const error_code& failed, auto found) {
      error = failed;
      results = std::move(found);
      waiter.resume();
    });
  }
  void await_resume() const noexcept {}
};

}  // namespace

/// Asks the name server once; what it said before stays when it fails.
http::Task<> EndpointPool::look_up() {
  ResolveAwaiter lookup{resolver_, settings_.endpoint.host, std::to_string(settings_.endpoint.port)};
  co_await lookup;
  resolved_ = context_->clock.now();
  if (lookup.error) co_return;
  addresses_.clear();
  for (const auto& entry : lookup.results) addresses_.push_back(entry.endpoint());
}

/// Only the first dial waits for the name server; later ones use what is known while it is asked again.
http::Task<AcquireError> EndpointPool::resolve(Connection& connection, std::vector<Tcp::endpoint>& out) {
  const EndpointSpec& spec = settings_.endpoint;
  error_code not_literal;
  const auto literal = boost::asio::ip::make_address(spec.host, not_literal);
  if (!not_literal) {
    out.assign(1, Tcp::endpoint(literal, spec.port));
    co_return AcquireError::None;
  }
  if (addresses_.empty()) {
    auto looking = look_up();
    co_await looking;
  } else if (context_->clock.now() - resolved_ > kResolveAgain && refresh_.done()) {
    refresh_ = look_up();
    refresh_.start();
  }
  if (connection.timed_out_) co_return AcquireError::ConnectTimeout;
  out = addresses_;
  co_return out.empty() ? AcquireError::ResolveFailed : AcquireError::None;
}

http::Task<AcquireError> EndpointPool::open(Connection& connection) {
  std::vector<Tcp::endpoint> addresses;
  auto resolving = resolve(connection, addresses);
  const AcquireError resolved = co_await resolving;
  if (resolved != AcquireError::None) co_return resolved;

  http::Stream& stream = connection.stream_;
  http::IoStatus status = http::IoStatus::Failed;
  for (const Tcp::endpoint& address : addresses) {
    if (connection.timed_out_ || shut_down_) break;
    if (stream.is_open()) stream.close();
    auto connecting = stream.connect(address);
    status = co_await connecting;
    if (status == http::IoStatus::Ok) break;
  }
  if (status != http::IoStatus::Ok) co_return AcquireError::ConnectFailed;
  error_code ignored;
  stream.socket().set_option(Tcp::no_delay(true), ignored);
  if (!settings_.tls) co_return AcquireError::None;

  const auto tls = settings_.tls;  // an update must not take it away under the handshake
  const std::string& given = settings_.endpoint.tls_settings.server_name;
  auto shaking = stream.handshake_as_client(*tls, given.empty() ? settings_.endpoint.host : given);
  status = co_await shaking;
  co_return status == http::IoStatus::Ok ? AcquireError::None : AcquireError::TlsFailed;
}

}  // namespace sluice::upstream
