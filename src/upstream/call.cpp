#include "sluice/upstream/call.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sluice::upstream {

using http::IoResult;
using http::IoStatus;
using metrics::FailureReason;

std::string describe(const CallOutcome& outcome) {
  const auto milliseconds = std::llround(std::chrono::duration<double, std::milli>(outcome.took).count());
  const std::string what =
      outcome.answered() ? std::to_string(outcome.status) : std::string(to_string(outcome.failure));
  return what + " in " + std::to_string(milliseconds) + "ms";
}

http::Task<CallOutcome> Call::run(EndpointPool& pool, CallRequest request) {
  const TimePoint begun = context_->clock.now();
  given_up_ = timed_out_ = false;
  received_ = 0;
  context_->wheel.set(*this, request.deadline);
  CallOutcome outcome;
  auto first = exchange(pool, request, false, outcome);
  if (co_await first) {
    auto second = exchange(pool, request, true, outcome);
    co_await second;
  }
  http::DeadlineWheel::cancel(*this);
  outcome.timed_out = timed_out_;
  outcome.took = context_->clock.now() - begun;
  outcome.received = received_;
  co_return outcome;
}

/// True when another connection may do better.
http::Task<bool> Call::exchange(EndpointPool& pool, CallRequest request, bool again, CallOutcome& outcome) {
  connection_ = request.fresh || again ? nullptr : pool.take_idle(context_->clock.now());
  if (connection_ == nullptr) {
    EndpointPool::Waiter waiter(pool);
    waiter_ = &waiter;
    connection_ = co_await waiter;
    waiter_ = nullptr;
    if (connection_ == nullptr) {
      outcome.failure = timed_out_ ? FailureReason::ConnectTimeout : failure_of(waiter.error());
      co_return false;
    }
  }
  heard_ = answered_ = false;
  bool complete = false;
  const TimePoint asked_at = context_->clock.now();
  iovec bytes{const_cast<char*>(request.bytes.data()), request.bytes.size()};
  auto writing = connection_->stream().write({&bytes, 1});
  const bool sent = co_await writing == IoStatus::Ok && !given_up_;
  if (sent) {
    sent_at_ = context_->clock.now();
    outcome.sent += request.bytes.size();
    auto reading = read_answer(request);
    complete = co_await reading;
  }
  const TimePoint over = context_->clock.now();
  if (sent) outcome.worked_on += over - sent_at_;
  Connection& connection = *std::exchange(connection_, nullptr);
  const bool was_reused = connection.reused();
  const bool reusable =
      complete && !request.fresh && answer_.keep_alive && answer_.framing != http::Framing::UntilClose;
  connection.pool().release(connection, reusable, over);
  if (complete) {
    outcome.status = answer_.status;
    outcome.answered_in = over - sent_at_;
    outcome.first_byte = heard_at_ - sent_at_;
    co_return false;
  }
  outcome.failure = timed_out_ ? FailureReason::ResponseTimeout
                    : heard_   ? FailureReason::BadResponse
                               : FailureReason::Reset;
  const bool stale = was_reused && !heard_ && !given_up_ && over - asked_at < kStaleWithin;
  const bool cancelled = given_up_ && !timed_out_;
  if (request.reported && !stale && !cancelled && !answered_) pool.note_gateway_error();
  co_return stale;
}

/// True when the whole answer came and was well formed.
http::Task<bool> Call::read_answer(CallRequest request) {
  http::Stream& stream = connection_->stream();
  http::ResponseHeadParser parser;
  http::BodyMeter body;
  bool in_body = false;
  for (;;) {
    if (!in_body && connection_->filled() > 0) {
      const auto parsed = parser.parse(connection_->received(), request.method, answer_);
      if (parsed == http::ParseStatus::Refused) co_return false;
      if (parsed == http::ParseStatus::Done) {
        const bool is_final = answer_.status >= 200;
        if (is_final && request.sink != nullptr) request.sink->take_head(answer_, connection_->data());
        connection_->consume(answer_.size);
        parser.reset();
        if (!is_final) continue;
        body = http::BodyMeter(answer_);
        in_body = answered_ = true;
        if (request.patience) be_patient(*request.patience);
        if (request.reported) connection_->pool().note_answer(answer_.status, context_->clock.now() - sent_at_);
      }
    }
    if (in_body) {
      const std::size_t taken = take_body(body, request.sink);
      connection_->consume(taken);
      if (body.failed()) co_return false;
      if (body.done()) co_return connection_->filled() == 0;
    }
    if (!stream.read_armed() && !stream.read_completed() && !connection_->arm()) co_return false;
    const IoResult result = co_await stream.read_result();
    if (result.status == IoStatus::Eof && in_body && answer_.framing == http::Framing::UntilClose) co_return true;
    if (!result.ok()) co_return false;
    if (!std::exchange(heard_, true)) heard_at_ = context_->clock.now();
    received_ += result.bytes;
    connection_->received_more(result.bytes);
    if (in_body && request.patience) be_patient(*request.patience);
  }
}

/// Of an answer under way: its next piece, or its end, has so much time.
void Call::be_patient(const BodyPatience& patience) noexcept {
  const bool is_told = answer_.framing == http::Framing::Length || answer_.framing == http::Framing::None;
  context_->wheel.set(*this,
                      is_told ? patience.whole : std::min(patience.streamed, context_->clock.now() + patience.idle));
}

std::size_t Call::take_body(http::BodyMeter& body, AnswerSink* sink) noexcept {
  const std::string_view bytes = connection_->received();
  if (sink == nullptr) return body.take(bytes);
  return body.take(bytes, [sink](std::string_view payload) { sink->take_payload(payload); });
}

void Call::on_deadline(TimePoint) {
  timed_out_ = true;
  cancel();
}

void Call::cancel() noexcept {
  given_up_ = true;
  if (waiter_ != nullptr) {
    waiter_->cancel();
  } else if (connection_ != nullptr) {
    connection_->stream().close();
  }
}

}  // namespace sluice::upstream
