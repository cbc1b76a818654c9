#include "sluice/upstream/endpoint_pool.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <utility>

namespace sluice::upstream {

metrics::FailureReason failure_of(AcquireError error) noexcept {
  using metrics::FailureReason;
  switch (error) {
    case AcquireError::ResolveFailed:
      return FailureReason::ResolveFailed;
    case AcquireError::ConnectFailed:
      return FailureReason::ConnectFailed;
    case AcquireError::ConnectTimeout:
      return FailureReason::ConnectTimeout;
    case AcquireError::TlsFailed:
      return FailureReason::TlsFailed;
    case AcquireError::PoolOverflow:
      return FailureReason::PoolOverflow;
    case AcquireError::PoolTimeout:
      return FailureReason::PoolTimeout;
    case AcquireError::Cancelled:
      return FailureReason::NoEndpoint;
    case AcquireError::None:
      break;
  }
  return FailureReason::Internal;
}

EndpointPool::EndpointPool(WorkerContext& context, Settings settings, metrics::VersionCounters& counters)
    : context_(&context),
      settings_(std::move(settings)),
      authority_(settings_.endpoint.authority()),
      counters_(&counters) {
  // Also dials the warm connections, from the loop's first tick on.
  context_->wheel.set(*this, context_->clock.now());
}

EndpointPool::~EndpointPool() {
  for (Connection* connection : connections_) delete connection;
}

// --- handing out ---

Connection* EndpointPool::take_idle(TimePoint now) noexcept {
  while (!idle_.empty()) {
    Connection* connection = idle_.back();
    idle_.pop_back();
    counters_->connections_idle.subtract();
    if (now - connection->opened_ > settings_.limits.max_age || connection->stream_.read_completed()) {
      retire(*connection);
      continue;
    }
    connection->state_ = Connection::State::Active;
    ++connection->requests_;
    ++active_;
    show_load();
    counters_->connections_active.add();
    return connection;
  }
  return nullptr;
}

void EndpointPool::release(Connection& connection, bool reusable, TimePoint now) {
  --active_;
  show_load();
  counters_->connections_active.subtract();
  connection.block_.release();
  if (!reusable || !connection.stream_.is_open() || now - connection.opened_ > settings_.limits.max_age) {
    retire(connection);
    dial_as_needed();
    return;
  }
  connection.filled_ = 0;
  // What an endpoint sent beyond its answer must never become the next one. The armed read takes it too, but tells only
  // later.
  if (connection.stream_.has_unread()) {
    retire(connection);
    return dial_as_needed();
  }
  if (!connection.stream_.read_armed()) connection.arm();
  if (connection.stream_.is_tls()) return settle(connection);
  hand_out(connection, now);
}

/// TLS may hold decrypted bytes that no look at the socket shows: the loop gets a turn to deliver them first.
void EndpointPool::settle(Connection& connection) {
  connection.state_ = Connection::State::Settling;
  boost::asio::post(context_->io, [self = boost::intrusive_ptr<EndpointPool>(this), &connection] {
    if (connection.stream_.read_completed() || !connection.stream_.is_open()) return self->retire(connection);
    self->hand_out(connection, self->context_->clock.now());
  });
}

/// To whoever waits longest, else into the pool. The connection's read is armed.
void EndpointPool::hand_out(Connection& connection, TimePoint now) {
  if (Waiter* waiter = first_waiter_) {
    unlink(*waiter);
    connection.state_ = Connection::State::Active;
    ++connection.requests_;
    ++active_;
    show_load();
    counters_->connections_active.add();
    waiter->finish(&connection, AcquireError::None);
    return;
  }
  if (leaving_) return retire(connection);
  connection.state_ = Connection::State::Idle;
  connection.idle_since_ = now;
  context_->wheel.set(connection, connection.idle_since_ + settings_.limits.idle_timeout);
  idle_.push_back(&connection);
  counters_->connections_idle.add();
}

void EndpointPool::remove_idle(Connection& connection) noexcept {
  // From the back: what ends is usually what was used last.
  const auto at = std::find(idle_.rbegin(), idle_.rend(), &connection);
  if (at == idle_.rend()) return;
  idle_.erase(std::next(at).base());
  counters_->connections_idle.subtract();
}

// --- waiting ---

EndpointPool::Waiter::~Waiter() {
  if (queued_) pool_->unlink(*this);
}

bool EndpointPool::Waiter::await_ready() {
  if (!pool_->enqueue(*this)) return true;
  pool_->dial_as_needed();
  return !queued_;
}

void EndpointPool::Waiter::finish(Connection* connection, AcquireError error) {
  connection_ = connection;
  error_ = error;
  if (coroutine_) std::exchange(coroutine_, nullptr).resume();
}

void EndpointPool::Waiter::cancel() {
  if (!queued_) return;
  pool_->unlink(*this);
  finish(nullptr, AcquireError::Cancelled);
}

void EndpointPool::Waiter::on_deadline(TimePoint) {
  if (!queued_) return;
  pool_->unlink(*this);
  finish(nullptr, AcquireError::PoolTimeout);
}

bool EndpointPool::enqueue(Waiter& waiter) {
  if (shut_down_) {
    waiter.error_ = AcquireError::Cancelled;
    return false;
  }
  if (waiting_ >= settings_.limits.waiting) {
    waiter.error_ = AcquireError::PoolOverflow;
    return false;
  }
  waiter.queued_ = true;
  waiter.previous_ = last_waiter_;
  (last_waiter_ ? last_waiter_->next_ : first_waiter_) = &waiter;
  last_waiter_ = &waiter;
  ++waiting_;
  show_load();
  // A dial has its own, longer deadline; the limit on waiting counts only where the pool is full.
  const auto patience = connections_.size() >= settings_.limits.connections
                            ? settings_.limits.wait
                            : std::max(settings_.limits.wait, settings_.connect_timeout + std::chrono::seconds(1));
  context_->wheel.set(waiter, context_->clock.now() + patience);
  return true;
}

void EndpointPool::unlink(Waiter& waiter) noexcept {
  http::DeadlineWheel::cancel(waiter);
  (waiter.previous_ ? waiter.previous_->next_ : first_waiter_) = waiter.next_;
  (waiter.next_ ? waiter.next_->previous_ : last_waiter_) = waiter.previous_;
  waiter.next_ = waiter.previous_ = nullptr;
  waiter.queued_ = false;
  --waiting_;
  show_load();
}

// --- dialling ---

void EndpointPool::dial_as_needed() {
  const auto may_open = [&] { return !shut_down_ && connections_.size() < settings_.limits.connections; };
  while (dialing_ < std::min(waiting_, kMaxDials) && may_open()) dial();
}

void EndpointPool::dial() {
  auto* connection = new Connection(*context_, *this, http::Socket(context_->io));
  connection->pool_index_ = static_cast<std::uint32_t>(connections_.size());
  connections_.push_back(connection);
  ++dialing_;
  context_->wheel.set(*connection, context_->clock.now() + settings_.connect_timeout);
  connection->life_ = connect(*connection);
  connection->life_.start();
}

http::Task<> EndpointPool::connect(Connection& connection) {
  auto opening = open(connection);
  AcquireError error = co_await opening;
  --dialing_;
  if (connection.timed_out_) error = AcquireError::ConnectTimeout;
  if (error == AcquireError::None && shut_down_) error = AcquireError::Cancelled;
  if (error == AcquireError::None) {
    on_connected(connection);
  } else {
    on_dial_failed(connection, error);
  }
}

void EndpointPool::on_connected(Connection& connection) {
  counters_->connects.add();
  connection.opened_ = context_->clock.now();
  http::DeadlineWheel::cancel(connection);
  connection.arm();
  hand_out(connection, connection.opened_);
  dial_as_needed();
}

void EndpointPool::on_dial_failed(Connection& connection, AcquireError error) {
  counters_->connect_failures.add();
  Waiter* const waiter = first_waiter_;
  if (waiter != nullptr) {
    unlink(*waiter);  // first, or the connection's end would dial for it once more
    note_gateway_error();
  }
  retire(connection);
  if (waiter != nullptr) waiter->finish(nullptr, error);
  dial_as_needed();
}

void EndpointPool::retire(Connection& connection) {
  connection.state_ = Connection::State::Closed;
  http::DeadlineWheel::cancel(connection);
  connection.end_ = connection.wind_down();
  connection.end_.start();
}

void EndpointPool::forget(Connection& connection) {
  Connection* last = connections_.back();
  connections_[connection.pool_index_] = last;
  last->pool_index_ = connection.pool_index_;
  connections_.pop_back();
  // Its own coroutine is still running.
  boost::asio::post(context_->io, [gone = std::unique_ptr<Connection>(&connection)] {});
  dial_as_needed();
}

// --- life ---

void EndpointPool::on_deadline(TimePoint now) {
  if (leaving_) return;
  while (connections_.size() < std::min(settings_.limits.warm, settings_.limits.connections)) dial();
  context_->wheel.set(*this, now + std::chrono::seconds(1));
}

void EndpointPool::update(Settings settings) {
  if (settings.endpoint.host != settings_.endpoint.host) addresses_.clear();
  settings_ = std::move(settings);
  authority_ = settings_.endpoint.authority();
}

void EndpointPool::leave() {
  leaving_ = true;
  http::DeadlineWheel::cancel(*this);
  while (!idle_.empty()) {
    Connection* connection = idle_.back();
    remove_idle(*connection);
    retire(*connection);
  }
}

void EndpointPool::shut_down() {
  shut_down_ = true;
  leave();
  while (first_waiter_) first_waiter_->cancel();
}

void EndpointPool::close_all() {
  shut_down();
  const auto open = connections_;
  for (Connection* connection : open) {
    connection->stream_.close();
    connection->lookup_.cancel();
  }
}

}  // namespace sluice::upstream
