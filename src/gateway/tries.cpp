// Attempts, one after the other, until one has an answer for the client or none will: docs/retries.md.
#include <algorithm>
#include <utility>

#include "sluice/gateway/exchange.hpp"
#include "sluice/gateway/outgoing_head.hpp"
#include "sluice/gateway/session.hpp"
#include "sluice/gateway/worker.hpp"

namespace sluice::gateway {

using metrics::FailureReason;
using upstream::AttemptFailure;

http::Task<> Exchange::serve() {
  Attempt::Plan plan{&version()};
  bool stale_retried = false;
  bool counted = false;  // as a request that took more than one attempt at this version
  for (;;) {
    call_ = &first_;
    ++made_;
    const bool adaptive = version().gate->is_adaptive();
    const TimePoint begun = adaptive ? worker_->now() : TimePoint{};
    if (hedge_wanted()) {
      auto racing = race(plan);
      co_await racing;
    } else {
      auto trying = first_.run(plan);
      co_await trying;
    }
    Attempt& tried = *call_;
    if (adaptive) note_load(tried, begun);
    if (failed()) {  // ended from outside
      if (tried.connection() != nullptr) tried.give_back(false);
      co_return;
    }
    if (tried.answered() && answer_is_good()) break;

    std::chrono::milliseconds patience{0};
    plan = {&version(), tried.pool()};
    if (tried.was_stale() && !stale_retried && replayable()) {
      stale_retried = plan.fresh = true;
      plan.avoid = nullptr;
      --made_;
      count_retry(counted);
    } else if (fall_back(tried)) {
      plan = {&version()};
      stale_retried = counted = false;
    } else if (may_try_again(tried, patience)) {
      tried_again_ = true;
      count_retry(counted);
    } else {
      break;
    }
    if (tried.answered()) tried.discard_answer(request_sent_);
    session_->clear_deadline(DeadlineKind::Backend);
    request_sent_ = false;
    if (patience.count() > 0) {
      auto pausing = pause(patience);
      co_await pausing;
      if (failed()) co_return;
    }
  }
  if (call_->answered()) {
    auto relaying = relay_answer();
    co_await relaying;
    if (!failed()) keep_for_warm_up();
  } else {
    failure_ = call_->why();
  }
}

/// A method that changes nothing when it is done twice (RFC 9110 section 9.2.2).
bool Exchange::is_idempotent() const noexcept {
  switch (request_.method) {
    case http::Method::Get:
    case http::Method::Head:
    case http::Method::Put:
    case http::Method::Delete:
    case http::Method::Options:
    case http::Method::Trace:
      return true;
    default:
      return false;
  }
}

bool Exchange::answer_is_good() noexcept {
  AttemptFailure ignored{};
  return !upstream::failure_of_status(call_->answer().status, ignored);
}

bool Exchange::replayable() const noexcept {
  return !answer_begun_ && (!upload_begun_ || (kept_.keeping() && kept_.size() <= replay_limit_));
}

/// The parachute: stable answers what its candidate failed, and the failure stays the candidate's. Not for who asked
/// for the candidate by name.
bool Exchange::fall_back(const Attempt& failed) {
  const std::int32_t to = version().config->fallback;
  if (to < 0 || fell_back_from_ != kNoVersion || choice_.reason == traffic::Reason::Pin || !replayable()) return false;
  if (failed.answered() && call_->answer().status < 500) return false;
  // What overloads the candidate must not be poured over stable: only into room that stable has.
  LiveVersion& other = route_->versions[static_cast<std::size_t>(to)];
  if (!other.gate->gate().enter_at_once()) return false;
  version().gate->gate().leave(worker_->coarse_now());
  const FailureReason reason = failed.answered() ? FailureReason::ServerError : failed.why().reason;
  version().counters->fallbacks[reason].add();
  version().counters->in_flight.subtract();
  fell_back_from_ = choice_.version;
  choice_.version = static_cast<traffic::VersionIndex>(to);
  version().counters->decisions[metrics::DecisionReason::Fallback].add();
  version().counters->in_flight.add();
  made_ = 0;
  return true;
}

/// What an attempt tells about how busy the version is. A wait for a connection is part of it, a body's way there is
/// not, and neither is how long a stream lasts. Nothing, when the answer did not wait for the whole request.
void Exchange::note_load(const Attempt& tried, TimePoint begun) noexcept {
  VersionGate& gate = *version().gate;
  if (tried.answered()) {
    const int status = call_->answer().status;
    if (status == 503 || status == 429) {
      gate.dropped(tried.heard_at());
    } else if (status < 500 && request_sent_ && request_sent_at_ <= tried.heard_at()) {
      TimePoint sent = tried.sent_at();
      if (first_.sent_at() != TimePoint{}) sent = std::min(sent, first_.sent_at());  // a hedge won
      gate.answered(sent - begun + (tried.heard_at() - request_sent_at_), tried.heard_at());
    }
    return;
  }
  const bool too_late = failed() ? failure_->reason == FailureReason::RequestTimeout && tried.reached_endpoint()
                                 : tried.failure() == AttemptFailure::Timeout;
  if (too_late) gate.dropped(worker_->now());
}

bool Exchange::may_try_again(const Attempt& failed, std::chrono::milliseconds& patience) {
  upstream::FailedAttempt facts;
  facts.failure = failed.failure();
  if (failed.answered()) {
    upstream::failure_of_status(call_->answer().status, facts.failure);
    facts.retry_after = upstream::patience_asked_for(call_->answer().find(call_->connection()->data(), "retry-after"),
                                                     worker_->wall_now());
  }
  facts.made = made_;
  facts.unsafe_method = !is_idempotent();
  facts.endpoint_got_it = failed.reached_endpoint();
  facts.replayable = replayable();
  facts.other_endpoint = version().balancer.usable() > 1;
  const upstream::NextTry next = upstream::next_try(route_->config->retry, facts, worker_->random());
  if (!next.again) return false;
  if (worker_->now() + next.pause >= received_at_ + route_->config->timeouts.request) return false;
  if (!take_retry()) return false;
  patience = next.pause;
  return true;
}

void Exchange::count_retry(bool& counted) noexcept {
  version().counters->retries.add();
  if (!std::exchange(counted, true)) version().counters->retried.add();
}

/// One more retry or hedge of the route's budget; kept until the exchange ends.
bool Exchange::take_retry() noexcept {
  upstream::RetryBudget& budget = route_->state->retries;
  if (!budget.admits(route_->config->retry)) {
    version().counters->retries_denied.add();
    return false;
  }
  ++budget.retries;
  ++retries_taken_;
  return true;
}

void Exchange::give_retries_back() noexcept {
  upstream::RetryBudget& budget = route_->state->retries;
  --budget.active;
  budget.retries -= retries_taken_;
}

http::Task<> Exchange::pause(std::chrono::milliseconds patience) {
  struct Awaiter {
    Exchange* exchange;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) const noexcept { exchange->pause_ = waiter; }
    void await_resume() const noexcept {}
  };
  session_->set_deadline(DeadlineKind::Backoff, worker_->now() + patience);
  Awaiter waiting{this};
  co_await waiting;
  session_->clear_deadline(DeadlineKind::Backoff);
}

bool Exchange::recording_due() const noexcept {
  return route_->recorder != nullptr && received_at_ >= route_->state->next_recording;
}

/// Now and then a request that went well is kept for warming up new endpoints, where the policy allows it.
void Exchange::keep_for_warm_up() {
  constexpr Duration kBetween = std::chrono::milliseconds(500);
  if (!recording_due() || status_ / 100 != 2 || !request_body_.done()) return;
  if (body_streams_ && !kept_.keeping()) return;
  upstream::RequestRecorder* const recorder = route_->recorder;
  const std::uint64_t later = body_streams_ ? kept_.size() : 0;
  if (!recorder->wants(body_in_buffer_ + later)) return;
  route_->state->next_recording = received_at_ + kBetween;
  RequestAdditions additions;
  additions.client_address = session_->client_address();
  if (made_request_id_) additions.request_id = request_id();
  additions.purpose = Purpose::WarmUp;
  std::string head;
  std::string body(base() + request_.size, body_in_buffer_);
  while (body.size() < body_in_buffer_ + later) body.append(kept_.from(body.size() - body_in_buffer_));
  first_.to_endpoint().clear();
  write_request_head(base(), request_, additions, first_.to_endpoint());
  first_.to_endpoint().flatten_into(head);
  recorder->offer(head, body);
}

}  // namespace sluice::gateway
