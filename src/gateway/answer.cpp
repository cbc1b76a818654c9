// The answer's way to the client: head and first bytes in one write, the rest as it comes.
#include <cstring>

#include "sluice/gateway/exchange.hpp"
#include "sluice/gateway/outgoing_head.hpp"
#include "sluice/gateway/pump.hpp"
#include "sluice/gateway/session.hpp"
#include "sluice/gateway/worker.hpp"

namespace sluice::gateway {

using http::Framing;
using http::IoStatus;
using metrics::FailureReason;

/// Bytes of the answer's body among what was read, ready for the client: verbatim, or moved together without the
/// chunked framing.
std::string_view Exchange::take_answer(char* data, std::size_t size) noexcept {
  std::size_t taken = 0;
  std::size_t out = 0;
  const bool compared = pairing_ && pairing_->live_keeper().wants_body();
  const auto look = [&](std::string_view payload) {
    if (reader_.wants_body()) reader_.take(payload);
    if (compared) pairing_->live_keeper().take_payload(payload);
  };
  if (dechunk_) {
    taken = answer_body_.take({data, size}, [&](std::string_view payload) {
      look(payload);
      std::memmove(data + out, payload.data(), payload.size());
      out += payload.size();
    });
  } else if (compared || reader_.wants_body()) {
    out = taken = answer_body_.take({data, size}, look);
  } else {
    out = taken = answer_body_.take({data, size});
  }
  if (taken < size) answer_has_more_ = true;
  return {data, out};
}

bool Exchange::client_may_stay() const noexcept {
  return head_valid_ && request_.keep_alive && !session_->draining() && request_body_.done() && !upload_running_ &&
         session_->client().is_open();
}

/// Head, our fields and what came of the body. False when the body is malformed from its start.
bool Exchange::compose_answer() {
  const http::ResponseHead& answer = call_->answer();
  upstream::Connection& connection = *call_->connection();
  answer_body_ = http::BodyMeter(answer);
  // What stable answers in a candidate's place says nothing about the candidate.
  if (observes_ && route_->config->answers != nullptr && fell_back_from_ == kNoVersion) {
    reader_.begin(*route_->config->answers, answer, connection.data(), worker_->random());
  }
  if (pairing_ && first_attempt_counts()) pairing_->live_keeper().take_head(answer, connection.data());
  dechunk_ = answer.framing == Framing::Chunked && request_.minor_version == 0;
  answer_streams_ = answer.framing == Framing::Chunked || answer.framing == Framing::UntilClose;
  const std::string_view early = take_answer(connection.data() + answer.size, connection.filled() - answer.size);
  if (answer_body_.failed()) {
    refuse(FailureReason::BadResponse);
    return false;
  }
  keep_client_ = client_may_stay() && answer.framing != Framing::UntilClose && !dechunk_;
  ResponseAdditions additions;
  additions.version = version().config->name;
  additions.decision = token();
  additions.request_id = request_id();
  additions.drop_framing = dechunk_;
  additions.connection = !keep_client_                 ? ConnectionField::Close
                         : request_.minor_version == 0 ? ConnectionField::KeepAlive
                                                       : ConnectionField::None;
  to_client_.clear();
  write_response_head(connection.data(), answer, additions, to_client_);
  to_client_.add(early);
  return true;
}

http::Task<> Exchange::relay_answer() {
  http::Stream& client = session_->client();
  if (client.write_pending()) co_await client.write_result();
  session_->clear_deadline(DeadlineKind::Backend);
  session_->clear_deadline(DeadlineKind::Continue);
  answer_begun_ = true;  // a body that is whole from here on starts no deadline of the endpoint's
  if (failed()) {
    answer_begun_ = false;
    call_->give_back(false);
    co_return;
  }
  if (!compose_answer()) {
    answer_begun_ = false;
    call_->give_back(false);
    co_return;
  }
  const bool complete = answer_body_.done();
  if (complete) answered_at_ = call_->heard_at();
  if (answer_streams_ && !complete) {
    session_->clear_deadline(DeadlineKind::Request);
    session_->set_deadline(DeadlineKind::StreamIdle, worker_->now() + route_->config->timeouts.stream_idle);
  }
  status_ = call_->answer().status;
  auto writing = client.write(to_client_.pieces());
  const IoStatus status = co_await writing;
  if (status != IoStatus::Ok) {
    cancel(FailureReason::ClientAbort);
  } else if (!complete) {
    if (answer_streams_) version().counters->streams_open.add();
    auto relaying = relay_body();
    co_await relaying;
    note_end_of_body();
    if (answer_streams_) version().counters->streams_open.subtract();
  }
  answer_complete_ = !failed();
  if (failed()) keep_client_ = false;
  const http::ResponseHead& answer = call_->answer();
  call_->give_back(answer_complete_ && answer.keep_alive && answer.framing != Framing::UntilClose &&
                   !answer_has_more_ && request_sent_);
}

/// Of an endpoint's doing is only that its body ended, or broke off.
void Exchange::note_end_of_body() noexcept {
  if (!failed()) return call_->note_end_of_answer(true);
  const bool broken = failure_->reason == FailureReason::Reset || failure_->reason == FailureReason::BadResponse ||
                      failure_->reason == FailureReason::StreamIdleTimeout;
  if (broken && !session_->client().write_pending()) call_->note_end_of_answer(false);
}

/// Piece by piece as it arrives; the next is read when the client has taken the last.
http::Task<> Exchange::relay_body() {
  http::Stream& client = session_->client();
  upstream::Connection& connection = *call_->connection();
  connection.consume(connection.filled());
  Pump pump(*worker_, connection.stream());
  const Duration idle = route_->config->timeouts.stream_idle;
  while (!answer_body_.done()) {
    session_->set_deadline(DeadlineKind::StreamIdle, worker_->now() + idle);
    // Whatever comes is read: bytes behind the end show an endpoint that lied about its length.
    auto reading = pump.read(~std::uint64_t{0});
    const Pump::Piece piece = co_await reading;
    if (failed()) co_return;
    if (piece.status != IoStatus::Ok) {
      if (piece.status == IoStatus::Eof && call_->answer().framing == Framing::UntilClose) break;
      refuse(FailureReason::Reset);
      co_return;
    }
    const std::string_view payload = take_answer(piece.data(), piece.bytes.size());
    if (answer_body_.failed()) {
      refuse(FailureReason::BadResponse);
      co_return;
    }
    const TimePoint ready = pairing_ ? worker_->now() : TimePoint{};
    auto writing = pump.write(client, payload);
    const IoStatus status = co_await writing;
    if (pairing_) waited_for_client_ += worker_->now() - ready;
    if (status != IoStatus::Ok && !failed()) refuse(FailureReason::ClientAbort);
    if (failed()) co_return;
  }
  session_->clear_deadline(DeadlineKind::StreamIdle);
  answered_at_ = worker_->now();
}

/// 1xx: to clients that know them, except a 100 that nobody waits for any more.
http::Task<> Exchange::pass_interim(Attempt& attempt) {
  const http::ResponseHead& interim = attempt.answer();
  if (interim.status == 101) {
    attempt.refuse_answer();  // Upgrade never reached the endpoint
    co_return;
  }
  if (request_.minor_version == 0) co_return;
  if (interim.status == 100) {
    if (!request_.expects_continue || continue_sent_) co_return;
    continue_sent_ = true;
    session_->clear_deadline(DeadlineKind::Continue);
  }
  http::Stream& client = session_->client();
  if (client.write_pending()) co_await client.write_result();
  to_client_.clear();
  write_interim_head(attempt.connection()->data(), interim, to_client_);
  auto writing = client.write(to_client_.pieces());
  if (co_await writing != IoStatus::Ok) cancel(FailureReason::ClientAbort);
}

/// The gateway's own answer, or, once the endpoint's has begun, the only honest end: a reset.
http::Task<> Exchange::answer_failure() {
  http::Stream& client = session_->client();
  keep_client_ = false;
  if (answer_begun_) {
    client.reset();
    co_return;
  }
  if (failure_->reason == FailureReason::ClientAbort || !client.is_open()) co_return;
  session_->set_deadline(DeadlineKind::StreamIdle, worker_->now() + live_->published->config.client.body_idle);
  if (client.write_pending()) co_await client.write_result();

  http::ErrorResponse error;
  error.status = status_ = failure_->status;
  error.reason = failure_->token;
  error.message = failure_->message;
  error.style = route_ != nullptr ? route_->config->error_style : http::ErrorStyle::Raw;
  if (at_door_) error.style = http::ErrorStyle::OpenInference;
  if (error.status == 405) error.allow = "POST";
  error.request_id = request_id();
  if (chosen_) error.version = version().config->name;
  error.decision = token();
  error.date = worker_->http_date();
  error.retry_after = failure_->retry_after;
  keep_client_ = client_may_stay();
  error.close = !keep_client_;
  error.to_head = head_valid_ && request_.method == http::Method::Head;
  const std::size_t size = http::write_error_response(error_text_, error);
  to_client_.clear();
  to_client_.add({error_text_.data(), size});
  answer_begun_ = true;
  auto writing = client.write(to_client_.pieces());
  if (co_await writing != IoStatus::Ok) keep_client_ = false;
  session_->clear_deadline(DeadlineKind::StreamIdle);
}

}  // namespace sluice::gateway
