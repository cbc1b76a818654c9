// The part of a request's body that did not come with its head, piece by piece, as fast as the endpoint takes it.
#include "sluice/gateway/exchange.hpp"
#include "sluice/gateway/pump.hpp"
#include "sluice/gateway/session.hpp"
#include "sluice/gateway/worker.hpp"

namespace sluice::gateway {

using http::IoStatus;
using metrics::FailureReason;

namespace {

constexpr Duration kLinger = std::chrono::seconds(2);

}  // namespace

void Exchange::start_upload() {
  upload_running_ = true;
  upload_task_ = upload();
  upload_task_.start();
}

http::Task<> Exchange::upload() {
  Pump pump(*worker_, session_->client());
  const Duration idle = live_->published->config.client.body_idle;
  while (!request_body_.done()) {
    if (!upload_discards_) session_->set_deadline(DeadlineKind::BodyIdle, worker_->now() + idle);
    // Of a known length not a byte too much is read, so nothing of the next request has to be put elsewhere.
    auto reading = pump.read(request_body_.at_most());
    const Pump::Piece piece = co_await reading;
    session_->clear_deadline(DeadlineKind::BodyIdle);
    if (piece.status != IoStatus::Ok) {
      if (!upload_discards_ && !failed()) cancel(FailureReason::ClientAbort);
      break;
    }
    const std::string_view body = piece.bytes.substr(0, request_body_.take(piece.bytes));
    if (body.size() < piece.bytes.size()) session_->keep_for_later(piece.bytes.substr(body.size()));
    if (request_body_.failed()) {
      if (!failed()) failure_ = failure_for(request_body_.refusal());
      cancel(FailureReason::BadRequest);
      break;
    }
    if (request_body_.payload_bytes() > live_->published->config.limits.body_bytes) {
      cancel(FailureReason::TooLarge);
      break;
    }
    if (upload_discards_) continue;
    copy_for_mirrors(body);
    // When the endpoint takes no more, what it answered, if anything, is for the other coroutine to find out.
    auto writing = pump.write(connection_->stream(), body);
    if (co_await writing != IoStatus::Ok) upload_discards_ = true;
  }
  upload_running_ = false;
  if (request_body_.done() && !upload_discards_ && !failed()) note_request_sent(worker_->now());
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

/// The endpoint has everything: its own time begins, and the client may be watched for its end.
void Exchange::note_request_sent(TimePoint now) {
  request_sent_ = true;
  session_->clear_deadline(DeadlineKind::Continue);
  if (!answer_begun_) session_->set_deadline(DeadlineKind::Backend, now + route_->config->timeouts.backend_request);
  if (tee_.active()) launch_mirrors();
  if (!body_streams_) return;
  if (session_->received().size() == bytes_in_buffer_) session_->watch_client();
}

/// The answer ended before the body did: the client is told that nothing more comes, and what it still sends is thrown
/// away for a while, so that it reads the answer before it sees the connection close.
void Exchange::end_upload() {
  upload_discards_ = true;
  keep_client_ = false;
  if (!session_->client().is_open()) return;
  session_->set_deadline(DeadlineKind::Linger, worker_->now() + kLinger);
  (void)session_->client().shutdown_write();
}

}  // namespace sluice::gateway
