#include "sluice/gateway/attempt.hpp"

#include <utility>

#include "sluice/gateway/exchange.hpp"
#include "sluice/gateway/outgoing_head.hpp"
#include "sluice/gateway/session.hpp"
#include "sluice/gateway/worker.hpp"

namespace sluice::gateway {

using http::IoResult;
using http::IoStatus;
using metrics::FailureReason;
using upstream::AttemptFailure;

namespace {

/// How long a client that expects 100 (Continue) waits for the endpoint's word before it gets ours.
constexpr Duration kContinuePatience = std::chrono::seconds(1);

AttemptFailure kind_of(upstream::AcquireError error) noexcept {
  switch (error) {
    case upstream::AcquireError::PoolOverflow:
    case upstream::AcquireError::PoolTimeout:
    case upstream::AcquireError::Cancelled:
      return AttemptFailure::NoRoom;
    default:
      return AttemptFailure::ConnectFailure;
  }
}

}  // namespace

void Attempt::end() noexcept {
  result_ = Result::Pending;
  version_ = nullptr;
  pool_ = nullptr;
  stale_ = reached_ = beside_ = writing_head_ = answer_noted_ = false;
  sent_at_ = first_byte_at_ = heard_at_ = {};
  to_endpoint_.clear();
}

http::Task<> Attempt::run(Plan plan) {
  end();
  version_ = plan.version;
  beside_ = plan.beside;
  pool_ = version_->balancer.pick(exchange_.worker_->random(), plan.avoid);
  if (pool_ == nullptr) {
    fail(AttemptFailure::NoRoom, FailureReason::NoEndpoint);
    co_return;
  }
  connection_ = plan.fresh ? nullptr : pool_->take_idle(exchange_.received_at_);
  if (connection_ == nullptr) {
    auto waiting = wait_for_connection();
    co_await waiting;
    if (connection_ == nullptr) co_return;
  }

  compose_request();
  sent_at_ = exchange_.worker_->now();
  reached_ = writing_head_ = true;
  auto writing = connection_->stream().write(to_endpoint_.pieces());
  // A peer that is gone shows when its answer is read; it may have answered before it went.
  const bool written = co_await writing == IoStatus::Ok;
  writing_head_ = false;
  if (!ended() && written) {
    if (exchange_.body_streams_) {
      auto sending = exchange_.send_body(*this, beside_);
      co_await sending;
    } else {
      // A copy's time begins when it is written, so does that of what it is compared with; nothing else asks the clock.
      exchange_.note_request_sent(exchange_.pairing_ ? exchange_.worker_->now() : sent_at_);
    }
  }

  http::ResponseHeadParser parser(exchange_.worker_->head_limits());
  http::Stream& endpoint = connection_->stream();
  while (!ended()) {
    if (connection_->filled() > 0) {
      const auto status = parser.parse(connection_->received(), exchange_.request_.method, answer_);
      if (status == http::ParseStatus::Refused) {
        fail(AttemptFailure::BadResponse, failure_for(parser.refusal()));
        break;
      }
      if (status == http::ParseStatus::Done) {
        if (answer_.status >= 200) {
          if (!take_head()) break;
          co_return;
        }
        if (!beside_) {
          auto passing = exchange_.pass_interim(*this);
          co_await passing;
        }
        connection_->consume(answer_.size);
        parser.reset();
        continue;
      }
    }
    if (!endpoint.read_armed() && !endpoint.read_completed() && !connection_->arm()) {
      fail(AttemptFailure::BadResponse, FailureReason::BadResponse);  // its head is larger than any limit
      break;
    }
    const IoResult result = co_await endpoint.read_result();
    if (result.ok()) {
      heard_at_ = exchange_.worker_->now();
      if (first_byte_at_ == TimePoint{}) first_byte_at_ = heard_at_;
      connection_->received_more(result.bytes);
    } else if (!ended()) {
      stale_ = connection_->reused() && first_byte_at_ == TimePoint{} &&
               exchange_.worker_->now() - sent_at_ < upstream::kStaleWithin;
      fail(AttemptFailure::Reset, FailureReason::Reset);
    }
  }
  give_back(false);
}

/// False when the answer's body is malformed as far as it came: while the client has seen nothing, another endpoint may
/// still do better.
bool Attempt::take_head() {
  http::BodyMeter body(answer_);
  body.take(connection_->received().substr(answer_.size));
  if (body.failed()) {
    refuse_answer();
    return false;
  }
  result_ = Result::Answered;
  // An error is one whatever follows; anything else is an answer when all of it has come.
  if (answer_.status >= 500 || body.done()) {
    answer_noted_ = true;
    pool_->note_answer(answer_.status, heard_at_ - sent_at_);
  }
  return true;
}

void Attempt::note_end_of_answer(bool whole) noexcept {
  if (std::exchange(answer_noted_, true)) return;
  whole ? pool_->note_answer(answer_.status, heard_at_ - sent_at_) : pool_->note_gateway_error();
}

void Attempt::note_overtaken() noexcept {
  // One that failed by itself was noted then.
  if (result_ == Result::Stopped && reached_ && first_byte_at_ == TimePoint{}) pool_->note_gateway_error();
}

http::Task<> Attempt::wait_for_connection() {
  upstream::EndpointPool::Waiter waiter(*pool_);
  waiter_ = &waiter;
  const TimePoint begun = exchange_.worker_->now();
  connection_ = co_await waiter;
  waiter_ = nullptr;
  version_->counters->pool_wait.record(exchange_.worker_->now() - begun);
  if (connection_ == nullptr) {
    if (!ended()) fail(kind_of(waiter.error()), upstream::failure_of(waiter.error()));
  } else if (ended()) {
    // Nothing was sent on it.
    pool_->release(*std::exchange(connection_, nullptr), true, exchange_.worker_->coarse_now());
  }
}

void Attempt::compose_request() {
  Exchange& exchange = exchange_;
  RequestAdditions additions;
  additions.client_address = exchange.session_->client_address();
  if (exchange.made_request_id_) additions.request_id = exchange.request_id();
  additions.host = pool_->authority();
  to_endpoint_.clear();
  write_request_head(exchange.base(), exchange.request_, additions, to_endpoint_);
  to_endpoint_.add({exchange.base() + exchange.request_.size, exchange.body_in_buffer_});
  if (exchange.request_.expects_continue && exchange.body_streams_ && !exchange.continue_sent_) {
    exchange.session_->set_deadline(DeadlineKind::Continue, exchange.worker_->now() + kContinuePatience);
  }
}

void Attempt::fail(AttemptFailure failure, FailureReason reason) {
  fail(failure, failure_for(reason));
}

void Attempt::fail(AttemptFailure failure, const GatewayFailure& why) {
  result_ = Result::Failed;
  failure_ = failure;
  why_ = why;
  // A dial that failed was reported by the pool; a full pool is our own limit.
  const bool endpoints_doing =
      failure == AttemptFailure::Reset || failure == AttemptFailure::BadResponse || failure == AttemptFailure::Timeout;
  if (endpoints_doing && reached_ && !stale_) pool_->note_gateway_error();
}

void Attempt::stop() {
  if (!ended()) result_ = Result::Stopped;
  if (waiter_ != nullptr) {
    waiter_->cancel();  // resumes the coroutine at once
  } else if (connection_ != nullptr) {
    connection_->stream().close();
  }
}

void Attempt::time_out() {
  if (ended()) return;
  fail(AttemptFailure::Timeout, FailureReason::ResponseTimeout);
  stop();
}

void Attempt::give_back(bool reusable) {
  if (exchange_.detach_upload(*this)) reusable = false;  // its connection goes away
  upstream::Connection& connection = *std::exchange(connection_, nullptr);
  pool_->release(connection, reusable, exchange_.worker_->coarse_now());
}

void Attempt::discard_answer(bool request_sent) {
  http::BodyMeter body(answer_);
  const std::string_view rest = connection_->received().substr(answer_.size);
  const bool complete = body.take(rest) == rest.size() && body.done() && !body.failed();
  give_back(complete && request_sent && answer_.keep_alive && answer_.framing != http::Framing::UntilClose);
}

}  // namespace sluice::gateway
