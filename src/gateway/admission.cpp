// A request's way in: the route, the body where rules ask for it, and a place among the requests in flight.
#include <poll.h>

#include <utility>

#include "sluice/gateway/exchange.hpp"
#include "sluice/gateway/session.hpp"
#include "sluice/gateway/worker.hpp"

namespace sluice::gateway {

using metrics::FailureReason;

std::int32_t Exchange::find_route() const noexcept {
  return live_->published->config.table.find(view());
}

/// False: `failure_` says why.
bool Exchange::begin_route(std::int32_t index) noexcept {
  if (index < 0) {
    refuse(FailureReason::NoRoute);
    return false;
  }
  route_ = &live_->routes[static_cast<std::size_t>(index)];
  return check_limits();
}

bool Exchange::check_limits() noexcept {
  const std::uint64_t limit = live_->published->config.limits.body_bytes;
  if (worker_->memory() == MemoryState::Full) {
    refuse(FailureReason::MemoryFull);
  } else if (request_body_.failed()) {
    failure_ = failure_for(request_body_.refusal());
  } else if (request_.content_length > limit || request_body_.payload_bytes() > limit) {
    refuse(FailureReason::TooLarge);
  }
  return !failed();
}

// --- places among the requests in flight ---

Gate& Exchange::gate(Level level) noexcept {
  switch (level) {
    case Level::Gateway:
      return worker_->gate();
    case Level::Route:
      return route_->state->gate;
    case Level::Version:
      break;
  }
  return version().gate->gate();
}

/// All places up to this level, where none of them needs a wait.
bool Exchange::enter(Level last) noexcept {
  while (entered_ <= static_cast<std::uint8_t>(last)) {
    if (!gate(static_cast<Level>(entered_)).enter_at_once()) return false;
    ++entered_;
  }
  return true;
}

/// The same with patience. False: `failure_` says why.
http::Task<bool> Exchange::wait_to_enter(Level last) {
  const TimePoint begun = worker_->now();
  const auto patience = route_ == nullptr ? live_->longest_request : route_->config->timeouts.request;
  session_->set_deadline(DeadlineKind::Request, received_at_ + patience);
  watch_client();
  TimePoint now = begun;
  while (!failed() && !enter(last)) {
    const auto level = static_cast<Level>(entered_);
    Gate::Waiter waiter(gate(level), now);
    turn_ = &waiter;
    const GateRefusal refusal = co_await waiter;
    turn_ = nullptr;
    now = worker_->now();
    if (refusal == GateRefusal::None) {
      ++entered_;
      if (!client_watched_ && !failed() && client_is_gone()) refuse(FailureReason::ClientAbort);
    } else if (!failed()) {
      refuse(reason_of(level, refusal));
    }
  }
  if (route_ != nullptr) route_->counters->queue_wait.record(now - begun);
  co_return !failed();
}

/// A look at the socket. For a client that could not be watched while it waited, because more of its request is to be
/// read first: nobody shall work for one that has left.
bool Exchange::client_is_gone() const noexcept {
  http::Stream& client = session_->client();
  if (!client.is_open()) return true;
  pollfd look{client.socket().native_handle(), POLLRDHUP, 0};
  return ::poll(&look, 1, 0) > 0;
}

FailureReason Exchange::reason_of(Level level, GateRefusal refusal) noexcept {
  if (refusal == GateRefusal::TooLate) return FailureReason::QueueTimeout;
  switch (level) {
    case Level::Route:
      return FailureReason::RouteOverloaded;
    case Level::Version:
      return FailureReason::VersionOverloaded;
    case Level::Gateway:
      break;
  }
  return FailureReason::Overloaded;
}

/// The places go to whoever waits for them, at once: the last thing that an exchange does.
void Exchange::leave() {
  while (entered_ > 0) {
    --entered_;
    gate(static_cast<Level>(entered_)).leave(finished_at_);
  }
}

// --- the body, when rules or units look into it ---

/// The same as begin_route, for requests whose route or version only the body can tell.
http::Task<bool> Exchange::admit_with_body() {
  if (!check_limits()) co_return false;
  if (!enter(Level::Gateway)) {
    auto waiting = wait_to_enter(Level::Gateway);
    if (!co_await waiting) co_return false;
  }
  session_->set_deadline(DeadlineKind::Request, received_at_ + live_->longest_request);
  reading_body_ = true;
  auto buffering = buffer_body();
  const bool buffered = co_await buffering;
  reading_body_ = false;
  if (!buffered) co_return false;
  show_body();
  co_return begin_route(find_route());
}

/// Reads the body, or as much as a block holds, so that rules and units may look into it.
http::Task<bool> Exchange::buffer_body() {
  ReceiveBuffer& received = session_->received();
  if (request_.expects_continue && body_in_buffer_ == 0) {
    auto inviting = invite_body();
    co_await inviting;
  }
  while (!request_body_.done() && !request_body_.failed()) {
    const auto room = received.room();
    if (room.empty()) break;
    session_->set_deadline(DeadlineKind::BodyIdle, worker_->now() + live_->published->config.client.body_idle);
    const http::IoResult result = co_await session_->client().read_some(room.data(), room.size());
    session_->clear_deadline(DeadlineKind::BodyIdle);
    if (!result.ok()) {
      if (!failed()) refuse(FailureReason::ClientAbort);
      co_return false;
    }
    const std::size_t before = received.size();
    received.received(result.bytes);
    body_in_buffer_ += request_body_.take(received.unfinished().substr(before));
  }
  bytes_in_buffer_ = request_.size + body_in_buffer_;
  if (request_body_.failed()) failure_ = failure_for(request_body_.refusal());
  co_return !failed();
}

/// Who expects 100 (Continue) sends nothing before it, and here it is not an endpoint that wants the body but we.
http::Task<> Exchange::invite_body() {
  continue_sent_ = true;
  to_client_.clear();
  to_client_.add("HTTP/1.1 100 Continue\r\n\r\n");
  auto writing = session_->client().write(to_client_.pieces());
  co_await writing;
}

/// Lets rules and units see the payload. Of a chunked body that is a copy without the framing.
void Exchange::show_body() {
  const std::string_view bytes(base() + request_.size, body_in_buffer_);
  if (request_.framing != http::Framing::Chunked) {
    visible_body_ = bytes;
    return;
  }
  dechunked_.clear();
  http::BodyMeter(request_).take(bytes, [this](std::string_view payload) { dechunked_.append(payload); });
  visible_body_ = dechunked_;
}

}  // namespace sluice::gateway
