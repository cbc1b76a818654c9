#include "sluice/gateway/session.hpp"

#include <algorithm>
#include <utility>

#include "sluice/gateway/exchange.hpp"
#include "sluice/gateway/worker.hpp"

namespace sluice::gateway {

namespace {

/// How long an idle client may still begin a request when the gateway drains.
constexpr Duration kDrainGrace = std::chrono::milliseconds(500);

}  // namespace

Session::Session(Worker& worker, http::Socket socket, http::TlsContext tls, const http::Tcp::endpoint& peer)
    : worker_(worker),
      client_(std::move(socket), *this),
      tls_(std::move(tls)),
      parser_(worker.head_limits()),
      received_(worker.buffers()) {
  const std::string text =
      peer.address().is_v6() && peer.address().to_v6().is_v4_mapped()
          ? boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, peer.address().to_v6()).to_string()
          : peer.address().to_string();
  address_size_ = static_cast<std::uint8_t>(std::min(text.size(), address_.size()));
  std::copy_n(text.data(), address_size_, address_.data());
}

Session::~Session() = default;

void Session::start() {
  life_ = run();
  life_.start();
}

http::Task<> Session::run() {
  bool open = true;
  if (tls_) {
    auto shaking = shake_hands();
    open = co_await shaking;
  }
  bool ended_by_us = false;
  while (open && !draining()) {
    auto reading = read_head(exchange_);
    const HeadStatus status = co_await reading;
    if (status == HeadStatus::Closed) break;
    if (status == HeadStatus::Refused) {
      auto refusing = refuse_head(*exchange_);
      co_await refusing;
      open = false;
    } else {
      auto serving = exchange_->run();
      open = co_await serving;
      received_.finish(exchange_->bytes_in_buffer(), next_armed_ && client_.read_armed());
      next_armed_ = next_armed_ && client_.read_armed();
    }
    worker_.free_exchange(std::exchange(exchange_, nullptr));
    deadlines_.clear_all();
    if (client_ended_ || !client_.is_open()) break;
    ended_by_us = !open || draining();
  }
  if (exchange_ != nullptr) worker_.free_exchange(std::exchange(exchange_, nullptr));
  if (ended_by_us && client_.is_open()) {
    auto lingering = linger();
    co_await lingering;
  }
  client_.close();
  co_await client_.quiet();
  http::DeadlineWheel::cancel(*this);
  worker_.retire(*this);
}

http::Task<bool> Session::shake_hands() {
  set_deadline(DeadlineKind::Header, worker_.now() + worker_.config().client.header);
  auto shaking = client_.handshake_as_server(*tls_);
  const http::IoStatus status = co_await shaking;
  deadlines_.clear_all();
  tls_.reset();
  if (status != http::IoStatus::Ok) worker_.counters().connections_failed.add();
  co_return status == http::IoStatus::Ok;
}

/// Waits for the next request. An exchange is taken only once its first byte is there: an idle client holds none.
http::Task<Session::HeadStatus> Session::read_head(Exchange*& exchange) {
  parser_ = http::RequestHeadParser(worker_.head_limits());  // a reload may have changed them
  bool begun = false;
  set_deadline(DeadlineKind::KeepAlive,
               worker_.coarse_now() + worker_.wheel().tick() + worker_.config().client.keep_alive);
  for (;;) {
    if (!client_.read_armed()) {
      if (const std::size_t skip = http::leading_empty_lines(received_.unfinished()); skip > 0 && !begun) {
        received_.finish(skip, false);
      }
    }
    // A lone CR is half an empty line, not the beginning of a request.
    if (received_.size() > 0 && !next_armed_ && (begun || received_.unfinished() != "\r")) {
      if (!begun) {
        begun = true;
        exchange = worker_.make_exchange(*this);
        deadlines_.clear(DeadlineKind::KeepAlive);
      }
      const auto status = parser_.parse(received_.unfinished(), exchange->request());
      if (status == http::ParseStatus::Done) {
        deadlines_.clear(DeadlineKind::Header);
        co_return HeadStatus::Ready;
      }
      if (status == http::ParseStatus::Refused) {
        exchange->refuse_head(parser_.refusal());
        co_return HeadStatus::Refused;
      }
      // Most heads come whole and need no deadline of their own.
      if (!deadlines_.is_set(DeadlineKind::Header)) {
        set_deadline(DeadlineKind::Header, worker_.now() + worker_.config().client.header);
      }
    }
    if (head_timed_out_ && begun) {
      exchange->refuse(metrics::FailureReason::HeaderTimeout);
      co_return HeadStatus::Refused;
    }
    if (client_ended_ || (drain_ && !begun)) co_return HeadStatus::Closed;
    if (!client_.read_armed() && !client_.read_completed()) {
      const auto room = received_.room();
      if (room.empty()) {  // no head that the limits allow is this long
        exchange->refuse(metrics::FailureReason::HeaderTooLarge);
        co_return HeadStatus::Refused;
      }
      client_.arm_read(room.data(), room.size());
    }
    const http::IoResult result = co_await client_.read_result();
    if (!take_read(result) && !(head_timed_out_ && begun)) co_return HeadStatus::Closed;
    if (!client_.is_open()) co_return HeadStatus::Closed;  // closed by us while the bytes were on their way here
  }
}

http::Task<> Session::refuse_head(Exchange& exchange) {
  auto answering = exchange.answer_refusal();
  co_await answering;
  received_.finish(received_.size(), false);
}

/// Puts a completed read where it belongs; false when the client ended.
bool Session::take_read(http::IoResult result) noexcept {
  if (!result.ok()) {
    next_armed_ = false;
    if (result.status != http::IoStatus::Aborted) client_ended_ = true;
    return false;
  }
  // The finished exchange made the next span the buffer's own end, so both cases add there.
  next_armed_ = false;
  received_.received(result.bytes);
  return true;
}

void Session::watch_client() {
  if (client_.read_armed() || client_.read_completed() || client_ended_) return;
  const auto span = received_.next_span();
  next_armed_ = true;
  client_.arm_read(span.data(), span.size());
}

void Session::on_unawaited_read() {
  const http::IoResult result = client_.take_read();
  next_armed_ = false;
  if (result.ok()) return received_.received_next(result.bytes);
  if (result.status == http::IoStatus::Aborted) return;
  client_ended_ = true;
  if (exchange_ != nullptr) exchange_->client_left(result.status);
}

/// Ends our side, then reads until the client ends its own: closing with unread bytes would make the kernel send a
/// reset, which can destroy an answer that the client has not read yet (RFC 9112 section 9.6).
http::Task<> Session::linger() {
  set_deadline(DeadlineKind::Linger, worker_.now() + kLinger);
  auto shutting = client_.shutdown_write();
  co_await shutting;
  auto block = worker_.buffers().take();
  while (!client_ended_ && client_.is_open()) {
    if (!client_.read_armed() && !client_.read_completed()) client_.arm_read(block.data(), block.size());
    const http::IoResult result = co_await client_.read_result();
    if (!result.ok()) break;
  }
  client_.close();
  co_await client_.quiet();
}

void Session::keep_for_later(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto room = received_.room();
    if (room.empty()) {
      // A pipelining client that sent more than we keep: its connection ends after this answer, and it asks again.
      drain_ = true;
      return;
    }
    const std::size_t part = std::min(room.size(), bytes.size());
    std::copy_n(bytes.data(), part, room.data());
    received_.received(part);
    bytes.remove_prefix(part);
  }
}

void Session::count_bytes() noexcept {
  worker_.counters().bytes_received.add(client_.bytes_read() - std::exchange(counted_read_, client_.bytes_read()));
  worker_.counters().bytes_sent.add(client_.bytes_written() - std::exchange(counted_written_, client_.bytes_written()));
}

void Session::drain() {
  drain_ = true;
  // A request may be on its way already: it is still answered, with Connection: close. Who stays idle is let go.
  if (exchange_ == nullptr && received_.size() == 0) set_deadline(DeadlineKind::KeepAlive, worker_.now() + kDrainGrace);
}

void Session::abort() {
  drain_ = true;
  client_.reset();
  if (exchange_ != nullptr) exchange_->cancel(metrics::FailureReason::Draining);
}

void Session::set_deadline(DeadlineKind kind, TimePoint at) noexcept {
  deadlines_.set(kind, at);
  worker_.wheel().set(*this, deadlines_.earliest());
}

void Session::on_deadline(TimePoint now) {
  if (deadlines_.is_due(DeadlineKind::KeepAlive, now) || deadlines_.is_due(DeadlineKind::Linger, now)) {
    client_.close();
  } else if (deadlines_.is_due(DeadlineKind::Header, now)) {
    deadlines_.clear(DeadlineKind::Header);
    head_timed_out_ = true;
    // A handshake has nothing to answer with.
    exchange_ == nullptr ? client_.close() : client_.cancel();
  } else if (exchange_ != nullptr) {
    exchange_->on_deadlines(deadlines_, now);
  }
  if (const TimePoint next = deadlines_.earliest(); next != Deadlines::kNever) worker_.wheel().set(*this, next);
}

}  // namespace sluice::gateway
