// What applications report about decisions: read whole, handed in at the door, answered when the door answers.
#include <algorithm>
#include <charconv>
#include <utility>

#include "sluice/gateway/exchange.hpp"
#include "sluice/gateway/pump.hpp"
#include "sluice/gateway/session.hpp"
#include "sluice/gateway/worker.hpp"
#include "sluice/http/error_body.hpp"
#include "sluice/outcomes/door.hpp"

namespace sluice::gateway {

using metrics::FailureReason;

namespace {

constexpr std::string_view kOutcomesPath = "/sluice/v1/outcomes";

void copy_number(std::uint64_t number, GatherList& out) noexcept {
  char digits[20];
  const char* end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.copy({digits, static_cast<std::size_t>(end - digits)});
}

void copy_field(std::string_view name, std::string_view value, GatherList& out) noexcept {
  out.copy(name);
  out.copy(value);
  out.copy("\r\n");
}

}  // namespace

bool Exchange::is_for_door() const noexcept {
  return request_.path.size == kOutcomesPath.size() && request_.path.in(base()) == kOutcomesPath;
}

std::uint64_t Exchange::post_limit() const noexcept {
  return std::min<std::uint64_t>(live_->published->config.limits.body_bytes, DoorDesk::kMaxPost);
}

/// False: `failure_` says why.
bool Exchange::admit_at_door() noexcept {
  if (!worker_->door().has_door() || !live_->takes_outcomes) {
    refuse(FailureReason::NoRoute);
    failure_->message = "No route here has outcomes.";
  } else if (request_.method != http::Method::Post) {
    failure_ = GatewayFailure{FailureReason::Unsupported, 405, "method_not_allowed", "Outcomes are reported by POST."};
  } else if (worker_->memory() == MemoryState::Full) {
    refuse(FailureReason::MemoryFull);
  } else if (request_body_.failed()) {
    failure_ = failure_for(request_body_.refusal());
  } else if (request_.content_length > post_limit() || request_body_.payload_bytes() > post_limit()) {
    refuse(FailureReason::TooLarge);
  }
  return !failed();
}

http::Task<> Exchange::serve_door() {
  at_door_ = true;
  make_request_id();
  outcomes::Post post;
  bool whole = admit_at_door();
  if (whole && !enter(Level::Gateway)) {
    auto waiting = wait_to_enter(Level::Gateway);
    whole = co_await waiting;
  }
  if (whole) {
    session_->set_deadline(DeadlineKind::Request, received_at_ + live_->longest_request);
    reading_body_ = true;
    auto reading = read_post(post.body);
    whole = co_await reading;
    reading_body_ = false;
  }
  if (whole) {
    post.content_type = request_.find(base(), "content-type");
    watch_client();
    visit_ = worker_->door().hand_in(std::move(post));
    co_await visit_->reply();
  }
  if (failed()) {
    auto answering = answer_failure();
    co_await answering;
  } else {
    auto answering = answer_from_door();
    co_await answering;
  }
}

/// False: `failure_` says why not all of it came.
http::Task<bool> Exchange::read_post(std::string& body) {
  const auto keep = [&body](std::string_view payload) { body.append(payload); };
  DoorDesk::Room room(worker_->door());
  bool fits = room.take(body_in_buffer_);
  http::BodyMeter(request_).take({base() + request_.size, body_in_buffer_}, keep);
  if (request_.expects_continue && body_in_buffer_ == 0) {
    auto inviting = invite_body();
    co_await inviting;
  }
  Pump pump(*worker_, session_->client());
  const Duration idle = live_->published->config.client.body_idle;
  while (!request_body_.done() && !failed()) {
    session_->set_deadline(DeadlineKind::BodyIdle, worker_->now() + idle);
    auto reading = pump.read(request_body_.at_most());
    const Pump::Piece piece = co_await reading;
    session_->clear_deadline(DeadlineKind::BodyIdle);
    if (piece.status != http::IoStatus::Ok) {
      if (!failed()) refuse(FailureReason::ClientAbort);
      break;
    }
    fits = fits && room.take(piece.bytes.size());
    const std::size_t taken = request_body_.take(piece.bytes, keep);
    if (request_body_.failed()) {
      failure_ = failure_for(request_body_.refusal());
    } else if (body.size() > post_limit()) {
      refuse(FailureReason::TooLarge);
    } else if (!fits) {
      refuse(FailureReason::Overloaded);
    } else if (taken < piece.bytes.size()) {
      session_->keep_for_later(piece.bytes.substr(taken));
    }
  }
  co_return !failed();
}

http::Task<> Exchange::answer_from_door() {
  http::Stream& client = session_->client();
  if (client.write_pending()) co_await client.write_result();
  session_->clear_deadline(DeadlineKind::Request);
  session_->set_deadline(DeadlineKind::StreamIdle, worker_->now() + live_->published->config.client.body_idle);
  answer_begun_ = true;
  keep_client_ = client_may_stay();
  compose_from_door(visit_->answer);
  auto writing = client.write(to_client_.pieces());
  if (co_await writing != http::IoStatus::Ok && !failed()) refuse(FailureReason::ClientAbort);
  if (failed()) keep_client_ = false;
  session_->clear_deadline(DeadlineKind::StreamIdle);
}

void Exchange::compose_from_door(const outcomes::Answer& answer) noexcept {
  status_ = static_cast<std::uint16_t>(answer.status);
  to_client_.clear();
  to_client_.copy("HTTP/1.1 ");
  copy_number(status_, to_client_);
  copy_field(" ", http::reason_phrase(status_), to_client_);
  copy_field("date: ", worker_->http_date(), to_client_);
  copy_field("content-type: ", "application/json", to_client_);
  to_client_.copy("content-length: ");
  copy_number(answer.body.size(), to_client_);
  to_client_.copy("\r\nx-request-id: ");
  to_client_.add(request_id());
  to_client_.copy("\r\n");
  if (answer.retry_after_s > 0) {
    to_client_.copy("retry-after: ");
    copy_number(answer.retry_after_s, to_client_);
    to_client_.copy("\r\n");
  }
  if (!keep_client_) {
    copy_field("Connection: ", "close", to_client_);
  } else if (request_.minor_version == 0) {
    copy_field("Connection: ", "keep-alive", to_client_);
  }
  to_client_.copy("\r\n");
  to_client_.add(answer.body);
}

}  // namespace sluice::gateway
