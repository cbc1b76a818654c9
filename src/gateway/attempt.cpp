// One try on one connection: from the endpoint's pool to the head of its answer.
#include "sluice/gateway/exchange.hpp"
#include "sluice/gateway/outgoing_head.hpp"
#include "sluice/gateway/session.hpp"
#include "sluice/gateway/worker.hpp"

namespace sluice::gateway {

using http::IoResult;
using http::IoStatus;
using metrics::FailureReason;

namespace {

/// How long a client that expects 100 (Continue) waits for the endpoint's word before it gets ours.
constexpr Duration kContinuePatience = std::chrono::seconds(1);

}  // namespace

http::Task<Exchange::Attempt> Exchange::attempt(bool first) {
  upstream::EndpointPool* pool = upstream::pick(version().endpoints, worker_->random());
  if (pool == nullptr) {
    refuse(FailureReason::NoEndpoint);
    co_return Attempt::Done;
  }
  // A second try wants a connection that is not as old as the one that died.
  connection_ = first ? pool->take_idle(received_at_) : nullptr;
  if (connection_ == nullptr) {
    auto waiting = wait_for_connection(*pool);
    co_await waiting;
    if (connection_ == nullptr) co_return Attempt::Done;
  }

  compose_request();
  http::Stream& endpoint = connection_->stream();
  sent_at_ = worker_->now();
  auto writing = endpoint.write(to_endpoint_.pieces());
  // A peer that is gone shows when its answer is read; it may have answered before it went.
  const bool written = co_await writing == IoStatus::Ok;
  if (!failed() && written) {
    if (body_streams_) {
      start_upload();
    } else {
      note_request_sent(sent_at_);
    }
  }

  const bool may_try_again = first && connection_->reused() && !body_streams_;
  http::ResponseHeadParser parser(worker_->head_limits());
  bool heard = false;
  for (;;) {
    if (failed()) break;
    if (connection_->filled() > 0) {
      const auto status = parser.parse(connection_->received(), request_.method, answer_);
      if (status == http::ParseStatus::Refused) {
        failure_ = failure_for(parser.refusal());
        break;
      }
      if (status == http::ParseStatus::Done) {
        if (answer_.status >= 200) {
          auto relaying = relay_answer();
          co_await relaying;
          co_return Attempt::Done;
        }
        auto passing = pass_interim();
        co_await passing;
        connection_->consume(answer_.size);
        parser.reset();
        continue;
      }
    }
    if (!endpoint.read_armed() && !endpoint.read_completed() && !connection_->arm()) {
      refuse(FailureReason::BadResponse);  // its head is larger than any limit
      break;
    }
    const IoResult result = co_await endpoint.read_result();
    if (result.ok()) {
      heard_at_ = worker_->now();
      if (!heard) first_byte_at_ = heard_at_;
      heard = true;
      connection_->received_more(result.bytes);
    } else if (!failed()) {
      if (may_try_again && !heard) {
        give_back(false);
        co_return Attempt::Again;
      }
      refuse(FailureReason::Reset);
    }
  }
  give_back(false);
  co_return Attempt::Done;
}

http::Task<> Exchange::wait_for_connection(upstream::EndpointPool& pool) {
  upstream::EndpointPool::Waiter waiter(pool);
  waiter_ = &waiter;
  const TimePoint begun = worker_->now();
  connection_ = co_await waiter;
  waiter_ = nullptr;
  version().counters->pool_wait.record(worker_->now() - begun);
  if (connection_ == nullptr) {
    if (!failed()) refuse(upstream::failure_of(waiter.error()));
  } else if (failed()) {
    pool.release(*std::exchange(connection_, nullptr), true, worker_->coarse_now());  // nothing was sent on it
  }
}

void Exchange::compose_request() {
  to_endpoint_.clear();
  write_request_head(base(), request_,
                     {session_->client_address(), made_request_id_ ? request_id() : std::string_view{},
                      connection_->pool().authority(), false},
                     to_endpoint_);
  to_endpoint_.add({base() + request_.size, body_in_buffer_});
  if (request_.expects_continue && body_streams_ && !continue_sent_) {
    session_->set_deadline(DeadlineKind::Continue, worker_->now() + kContinuePatience);
  }
}

/// 1xx: to clients that know them, except a 100 that nobody waits for any more.
http::Task<> Exchange::pass_interim() {
  if (answer_.status == 101) {
    refuse(FailureReason::BadResponse);  // Upgrade never reached the endpoint
    co_return;
  }
  if (request_.minor_version == 0) co_return;
  if (answer_.status == 100) {
    if (!request_.expects_continue || continue_sent_) co_return;
    continue_sent_ = true;
    session_->clear_deadline(DeadlineKind::Continue);
  }
  http::Stream& client = session_->client();
  if (client.write_pending()) co_await client.write_result();
  to_client_.clear();
  write_interim_head(connection_->data(), answer_, to_client_);
  auto writing = client.write(to_client_.pieces());
  if (co_await writing != IoStatus::Ok) cancel(FailureReason::ClientAbort);
}

void Exchange::give_back(bool reusable) {
  if (upload_running_) {
    upload_discards_ = true;  // its connection goes away
    reusable = false;
  }
  upstream::Connection& connection = *std::exchange(connection_, nullptr);
  connection.pool().release(connection, reusable, worker_->coarse_now());
}

}  // namespace sluice::gateway
