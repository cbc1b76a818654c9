// The part of a request's body that did not come with its head, piece by piece, as fast as the endpoint takes it.
#include <algorithm>

#include "sluice/gateway/exchange.hpp"
#include "sluice/gateway/pump.hpp"
#include "sluice/gateway/session.hpp"
#include "sluice/gateway/worker.hpp"

namespace sluice::gateway {

using http::IoStatus;
using metrics::FailureReason;

/// Waits until an endpoint takes what comes, or nobody wants it any more.
struct Exchange::UploadPause {
  Exchange* exchange;
  bool await_ready() const noexcept { return exchange->upload_to_ != nullptr || exchange->upload_discards_; }
  void await_suspend(std::coroutine_handle<> waiter) const noexcept { exchange->upload_pause_ = waiter; }
  void await_resume() const noexcept {}
};

void Exchange::resume_upload() {
  if (upload_pause_) std::exchange(upload_pause_, nullptr).resume();
}

/// How much of a body is kept for another endpoint, or for warm-ups: nothing where there will be none.
std::uint64_t Exchange::bytes_to_keep() noexcept {
  const Route& route = *route_->config;
  const bool again = route.retry.attempts > 0 || route.hedge.enabled() || version().config->fallback >= 0;
  replay_limit_ = again ? route.retry.body_bytes : 0;
  std::uint64_t limit = replay_limit_;
  if (recording_due()) limit = std::max<std::uint64_t>(limit, route_->recorder->body_bytes());
  return request_.content_length <= limit ? limit : 0;
}

/// Sends an attempt the body: the first one gets it as it comes, a later one first what came so far.
http::Task<> Exchange::send_body(Attempt& attempt, bool whole) {
  if (!upload_begun_) {
    upload_begun_ = upload_running_ = true;
    upload_to_ = attempt.connection();
    kept_.begin(worker_->bodies(), bytes_to_keep());
    upload_task_ = upload();
    upload_task_.start();
    co_return;
  }
  std::uint64_t sent = 0;
  while (attempt.result() == Attempt::Result::Pending) {
    const std::string_view bytes = kept_.from(sent);
    if (bytes.empty()) break;
    iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    auto writing = attempt.connection()->stream().write({&piece, 1});
    if (co_await writing != IoStatus::Ok) co_return;
    sent += bytes.size();
  }
  if (attempt.result() != Attempt::Result::Pending) co_return;
  if (whole) {
    note_request_sent(worker_->now());
    co_return;
  }
  upload_to_ = attempt.connection();
  if (upload_running_) {
    resume_upload();
  } else if (request_body_.done()) {
    note_request_sent(worker_->now());
  }
}

bool Exchange::detach_upload(const Attempt& attempt) noexcept {
  if (upload_to_ == nullptr || upload_to_ != attempt.connection()) return false;
  upload_to_ = nullptr;
  if (!kept_.keeping()) upload_discards_ = true;
  return upload_running_;
}

http::Task<> Exchange::upload() {
  auto keeping = upload_kept();
  co_await keeping;
  if (!request_body_.done() && !upload_ended_) {
    auto passing = upload_passing();
    co_await passing;
  }
  upload_running_ = false;
  if (request_body_.done() && upload_to_ != nullptr && !failed()) note_request_sent(worker_->now());
}

/// Relays what comes from where it stays, so that it can be sent again, as long as all of it fits.
http::Task<> Exchange::upload_kept() {
  http::Stream& client = session_->client();
  while (!request_body_.done() && kept_.keeping() && !upload_discards_) {
    if (!kept_.has_room()) {
      UploadPause waiting{this};
      co_await waiting;
      if (!upload_discards_) kept_.end();  // too much to be sent twice
      break;
    }
    const auto room = kept_.room(request_body_.at_most());
    session_->set_deadline(DeadlineKind::BodyIdle, worker_->now() + live_->published->config.client.body_idle);
    const http::IoResult result = co_await client.read_some(room.data(), room.size());
    const std::string_view body = take_upload(result.status, {room.data(), result.bytes});
    if (upload_ended_) break;
    kept_.add(body.size());
    upstream::Connection* const to = upload_to_;
    if (to == nullptr || body.empty()) continue;
    iovec piece{const_cast<char*>(body.data()), body.size()};
    auto writing = to->stream().write({&piece, 1});
    const IoStatus status = co_await writing;
    // What it answered, if anything, is for the other coroutine to find out. Meanwhile another endpoint may have come.
    if (status != IoStatus::Ok && upload_to_ == to) upload_to_ = nullptr;
  }
}

http::Task<> Exchange::upload_passing() {
  Pump pump(*worker_, session_->client());
  const Duration idle = live_->published->config.client.body_idle;
  while (!request_body_.done()) {
    if (!upload_discards_) session_->set_deadline(DeadlineKind::BodyIdle, worker_->now() + idle);
    // Of a known length not a byte too much is read, so nothing of the next request has to be put elsewhere.
    auto reading = pump.read(request_body_.at_most());
    const Pump::Piece piece = co_await reading;
    const std::string_view body = take_upload(piece.status, piece.bytes);
    if (upload_ended_) break;
    if (upload_to_ == nullptr) upload_discards_ = true;
    if (upload_discards_) continue;
    auto writing = pump.write(upload_to_->stream(), body);
    if (co_await writing != IoStatus::Ok) {
      upload_to_ = nullptr;
      upload_discards_ = true;
    }
  }
}

/// What of a piece belongs to the body. `upload_ended_`: nothing more will come, for a reason that is told already.
std::string_view Exchange::take_upload(IoStatus status, std::string_view bytes) {
  session_->clear_deadline(DeadlineKind::BodyIdle);
  if (status != IoStatus::Ok) {
    upload_ended_ = true;
    if (!upload_discards_ && !failed()) cancel(FailureReason::ClientAbort);
    return {};
  }
  const std::string_view body = bytes.substr(0, request_body_.take(bytes));
  if (body.size() < bytes.size()) {
    // To keep more may move the request, which a later attempt may be writing: then this client asks again.
    first_.writing_head() ? session_->drain() : session_->keep_for_later(bytes.substr(body.size()));
  }
  if (request_body_.failed()) {
    upload_ended_ = true;
    if (!failed()) failure_ = failure_for(request_body_.refusal());
    cancel(FailureReason::BadRequest);
  } else if (request_body_.payload_bytes() > live_->published->config.limits.body_bytes) {
    upload_ended_ = true;
    cancel(FailureReason::TooLarge);
  } else if (!upload_discards_) {
    copy_for_mirrors(body);
  }
  return body;
}

void Exchange::copy_for_mirrors(std::string_view piece) {
  if (!tee_.active()) return;
  if (tee_.body.size() + piece.size() > tee_.limit) {
    drop_mirrors(metrics::ShadowDropReason::BodyBytes);
    tee_.body = {};
  } else {
    tee_.body.append(piece);
  }
}

/// An endpoint has everything: its own time begins, and the client may be watched for its end.
void Exchange::note_request_sent(TimePoint now) {
  if (request_sent_) return;  // by the other try of a race
  request_sent_ = true;
  request_sent_at_ = now;
  session_->clear_deadline(DeadlineKind::Continue);
  if (!answer_begun_) session_->set_deadline(DeadlineKind::Backend, now + route_->config->timeouts.backend_request);
  if (tee_.active()) launch_mirrors();
  if (!body_streams_) return;
  // To watch may move the request, which the other try of a race may still be writing.
  const bool fixed = first_.writing_head() || (second_ && second_->writing_head());
  if (!client_watched_ && !fixed && session_->received().size() == bytes_in_buffer_) {
    client_watched_ = true;
    session_->watch_client();
  }
}

/// The answer ended before the body did: the client is told that nothing more comes, and what it still sends is thrown
/// away for a while, so that it reads the answer before it sees the connection close.
void Exchange::end_upload() {
  upload_discards_ = true;
  keep_client_ = false;
  if (session_->client().is_open()) {
    session_->set_deadline(DeadlineKind::Linger, worker_->now() + kLinger);
    (void)session_->client().shutdown_write();
  }
  resume_upload();
}

}  // namespace sluice::gateway
