// How a pool opens a connection: resolve, connect to one address after the other, TLS.
#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <coroutine>
#include <string>

#include "sluice/upstream/endpoint_pool.hpp"

namespace sluice::upstream {

namespace {

using http::error_code;
using http::Tcp;

constexpr Duration kMinPause = std::chrono::seconds(1);

/// Waits for the name service, or until the look-up is cancelled.
struct LookupAwaiter {
  NameLookup& lookup;
  NameService& names;
  boost::asio::io_context& io;
  const std::string host;
  NameAnswer answer{};

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    lookup.start(names, io, host, [this, waiter](const NameAnswer& found) {
      answer = found;
      waiter.resume();
    });
  }
  void await_resume() const noexcept {}
};

}  // namespace

/// A look-up that fails takes nothing away.
void EndpointPool::learn(const std::string& host, const NameAnswer& answer) {
  if (host != settings_.endpoint.host) return;
  learned_ = context_->clock.now();
  pause_ = std::max(answer.pause, kMinPause);
  fresh_until_ = learned_ + std::max(answer.ttl, pause_);
  if (!answer.addresses.empty()) addresses_ = answer.addresses;
}

/// Only a dial that knows no address waits for the name server; others use what is known while it is asked again.
http::Task<AcquireError> EndpointPool::resolve(Connection& connection, std::vector<Tcp::endpoint>& out) {
  const EndpointSpec& spec = settings_.endpoint;
  error_code not_literal;
  const auto literal = boost::asio::ip::make_address(spec.host, not_literal);
  if (!not_literal) {
    out.assign(1, Tcp::endpoint(literal, spec.port));
    co_return AcquireError::None;
  }
  if (context_->names == nullptr) co_return AcquireError::ResolveFailed;
  if (addresses_.empty()) {
    LookupAwaiter lookup{connection.lookup_, *context_->names, context_->io, spec.host};
    co_await lookup;
    if (!connection.timed_out_ && !shut_down_) learn(lookup.host, lookup.answer);
  } else if (context_->clock.now() >= fresh_until_ && !refresh_.pending()) {
    refresh_.start(*context_->names, context_->io, spec.host,
                   [this, host = spec.host](const NameAnswer& answer) { learn(host, answer); });
  }
  if (connection.timed_out_) co_return AcquireError::ConnectTimeout;
  for (const auto& address : addresses_) out.emplace_back(address, spec.port);
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
  if (status != http::IoStatus::Ok) {
    fresh_until_ = std::min(fresh_until_, learned_ + pause_);  // the name may lead elsewhere by now
    co_return AcquireError::ConnectFailed;
  }
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
