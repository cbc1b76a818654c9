#include "sluice/gateway/exchange.hpp"

#include <utility>

#include "sluice/gateway/session.hpp"
#include "sluice/gateway/worker.hpp"

namespace sluice::gateway {

using metrics::FailureReason;

void Exchange::begin(Session& session) {
  session_ = &session;
  live_ = worker_->live();
}

void Exchange::end() noexcept {
  session_ = nullptr;
  live_.reset();
  route_ = nullptr;
  call_ = nullptr;
  first_.end();
  first_task_ = {};
  second_task_ = {};
  hedge_due_ = false;
  made_ = retries_taken_ = 0;
  fell_back_from_ = kNoVersion;
  tried_again_ = false;
  chosen_ = first_of_unit_ = head_valid_ = made_request_id_ = client_watched_ = reading_body_ = false;
  at_door_ = has_token_ = logs_decision_ = observes_ = false;
  visit_.reset();
  failure_.reset();
  body_in_buffer_ = bytes_in_buffer_ = 0;
  visible_body_ = {};
  body_streams_ = upload_discards_ = request_sent_ = continue_sent_ = false;
  upload_begun_ = upload_ended_ = false;
  upload_to_ = nullptr;
  upload_task_ = {};
  kept_.end();
  pairing_.reset();
  tee_.versions = 0;
  tee_.sent = false;
  for (std::string* copy : {&tee_.head, &tee_.body, &dechunked_}) {
    if (copy->capacity() > http::BufferPool::kBlockBytes) std::string().swap(*copy);
  }
  request_body_ = answer_body_ = {};
  answer_begun_ = answer_complete_ = answer_streams_ = answer_has_more_ = dechunk_ = keep_client_ = false;
  client_stalls_ = false;
  status_ = 0;
  received_at_ = answered_at_ = finished_at_ = {};
  waited_for_client_ = {};
  reader_.end();
  to_client_.clear();
}

const char* Exchange::base() const noexcept {
  return session_->received().data();
}

http::Task<bool> Exchange::run() {
  head_valid_ = true;
  received_at_ = worker_->now();
  request_body_ = http::BodyMeter(request_);
  body_in_buffer_ = request_body_.take(session_->received().unfinished().substr(request_.size));
  bytes_in_buffer_ = request_.size + body_in_buffer_;

  if (is_for_door()) {
    auto serving = serve_door();
    co_await serving;
    account();
    leave();
    co_return keep_client_;
  }

  bool admitted = false;
  const std::int32_t index = find_route();
  if (index == traffic::RouteTable::wants_body ||
      (index >= 0 && live_->routes[static_cast<std::size_t>(index)].config->plan.needs_body())) {
    auto admitting = admit_with_body();
    admitted = co_await admitting;
  } else {
    admitted = begin_route(index);
  }
  if (admitted && !enter(Level::Route)) {
    auto waiting = wait_to_enter(Level::Route);
    admitted = co_await waiting;
  }
  if (admitted) {
    decide();
    if (!enter(Level::Version)) {
      auto waiting = wait_to_enter(Level::Version);
      admitted = co_await waiting;
    }
  }
  if (!admitted) {
    auto answering = answer_failure();
    co_await answering;
    account();
    leave();
    co_return keep_client_;
  }

  worker_->mirrors().make_way(*route_, received_at_);
  plan_mirrors(choice_.mirrors);
  version().counters->in_flight.add();
  ++route_->state->retries.active;
  session_->set_deadline(DeadlineKind::Request, received_at_ + route_->config->timeouts.request);
  auto serving = serve();
  co_await serving;
  if (failed()) {
    auto answering = answer_failure();
    co_await answering;
  }
  if (upload_running_) end_upload();
  co_await upload_task_.join();
  // The live request always goes first; where it could not go at all, its copy still may.
  if (tee_.active() && request_body_.done()) launch_mirrors();
  drop_mirrors(metrics::ShadowDropReason::Aborted);
  version().counters->in_flight.subtract();
  give_retries_back();
  account();
  leave();
  co_return keep_client_;
}

traffic::RequestView Exchange::view() const noexcept {
  struct Fields {
    static std::string_view find(const void* exchange, std::string_view name) {
      const auto& self = *static_cast<const Exchange*>(exchange);
      return self.request_.find(self.base(), name);
    }
  };
  traffic::RequestView request;
  request.method = request_.method_text.in(base());
  request.path = request_.path.empty() ? std::string_view("/") : request_.path.in(base());
  request.query = request_.query.in(base());
  request.client_address = session_->client_address();
  request.body = visible_body_;
  request.fields = this;
  request.find_field = &Fields::find;
  return request;
}

/// A request that was long on its way, or waited for its turn, is not sent where traffic no longer goes. Its route is
/// known by its name and by the places that it already has there.
void Exchange::follow_configuration() noexcept {
  auto newest = worker_->live();
  if (live_ == newest || !newest) return;
  for (LiveRoute& route : newest->routes) {
    if (route.state != route_->state || route.config->name != route_->config->name) continue;
    if (route.config->plan.needs_body() && visible_body_.data() == nullptr) return;  // nothing was kept to look into
    route_ = &route;
    live_ = std::move(newest);
    return;
  }
}

/// From here on the request counts as the chosen version's.
void Exchange::decide() {
  follow_configuration();
  body_streams_ = !request_body_.done();
  choice_ = traffic::choose(route_->config->plan, view(), worker_->random());
  chosen_ = true;
  version().counters->decisions[static_cast<metrics::DecisionReason>(choice_.reason)].add();
  if (choice_.by_split() && version().evidence != nullptr) {
    version().evidence->assigned.add();
    first_of_unit_ = route_->window->is_first(choice_.unit);
    if (first_of_unit_) version().evidence->assigned_units.add();
  }
  note_decision();
  watch_client();
  make_request_id();
}

/// What the answer and the log will say about the decision, whoever gives the answer.
void Exchange::note_decision() noexcept {
  const Config& config = live_->published->config;
  has_token_ = route_->config->tokens && config.keys != nullptr;
  logs_decision_ = worker_->decision_log() != nullptr && choice_.by_split();
  observes_ = route_->config->observed && worker_->observations() != nullptr;
  if (!has_token_ && !logs_decision_ && !observes_) return;
  decision_.route = route_->name_hash;
  decision_.version = version().name_hash;
  // Rules and pins go by no unit, and a version that has everything is chosen without a look at it.
  decision_.unit = choice_.unit != 0 ? choice_.unit : traffic::unit_hash(route_->config->plan, view());
  decision_.window = route_->config->window;
  decision_.nonce = worker_->random().next();
  decision_.generation = config.policy_generation;
  decision_.propensity = static_cast<float>(choice_.propensity);
  decision_.split = choice_.by_split();
  decision_.segment = choice_.segment;
  decision_.context = choice_.context;
  decision_.time = std::chrono::floor<std::chrono::milliseconds>(worker_->wall_now());
  if (logs_decision_ && choice_.context.size > 0) {
    // Read now: until the request is over, its head and body may have gone.
    context_values_ = traffic::read_context_values(route_->config->plan.spec().learned->fields, view());
  }
  if (has_token_) token_size_ = static_cast<std::uint8_t>(outcomes::write_token(decision_, *config.keys, token_));
}

/// From here on a client that leaves is noticed. May move the request within the buffer, so before anything points into
/// it.
void Exchange::watch_client() {
  if (client_watched_ || !request_body_.done() || session_->received().size() > bytes_in_buffer_) return;
  client_watched_ = true;
  session_->watch_client();
  if (visible_body_.data() != nullptr) show_body();
}

std::string_view Exchange::request_id() const noexcept {
  if (made_request_id_) return {made_id_.data(), made_id_.size()};
  const http::Field* given = head_valid_ ? request_.find(http::FieldId::XRequestId) : nullptr;
  return given == nullptr ? std::string_view{} : given->value.in(base());
}

void Exchange::make_request_id() noexcept {
  if (!request_id().empty()) return;
  // A random UUID (RFC 9562 version 4).
  constexpr char digits[] = "0123456789abcdef";
  std::uint64_t high = (worker_->random().next() & ~0xf000ull) | 0x4000ull;
  std::uint64_t low = (worker_->random().next() & ~(3ull << 62)) | (2ull << 62);
  char* out = made_id_.data();
  for (int i = 0; i < 32; ++i) {
    std::uint64_t& half = i < 16 ? high : low;
    if (i == 8 || i == 12 || i == 16 || i == 20) *out++ = '-';
    *out++ = digits[half >> 60];
    half <<= 4;
  }
  made_request_id_ = true;
}

// --- ending early ---

void Exchange::refuse_head(const http::Refusal& refusal) noexcept {
  failure_ = failure_for(refusal);
}

/// A malformed head: nothing behind it can be trusted, so the connection ends.
http::Task<> Exchange::answer_refusal() {
  received_at_ = worker_->now();
  auto answering = answer_failure();
  co_await answering;
  account();
}

void Exchange::cancel(FailureReason reason) {
  if (!failed()) refuse(reason);
  // Each of these may resume `run` at once, which may end this exchange: nothing may follow.
  if (turn_ != nullptr) {
    turn_->cancel();
  } else if (pause_) {
    std::exchange(pause_, nullptr).resume();
  } else if (race_) {
    std::exchange(race_, nullptr).resume();
  } else if (visit_ && visit_->waiter) {
    std::exchange(visit_->waiter, nullptr).resume();
  } else if (call_ != nullptr) {
    call_->stop();
  }
}

/// The client's side ended. One that only has its answer to read still gets what is already on its way.
void Exchange::client_left(http::IoStatus how) {
  if (how == http::IoStatus::Eof && answer_begun_ && answer_body_.done()) return;
  cancel(FailureReason::ClientAbort);
}

/// Like cancel; a client that does not take its answer, or does not finish its request, is let go as well.
void Exchange::give_up(FailureReason reason) {
  http::Stream& client = session_->client();
  if (!failed()) {
    client_stalls_ = client.write_pending();
    refuse(reason);
  }
  // What is pending now ends; `cancel` may begin to write an answer at once, and may end this exchange.
  if (answer_begun_ || client.write_pending()) {
    client.reset();
  } else if (upload_running_ || reading_body_) {
    client.cancel();
  }
  cancel(reason);
}

void Exchange::on_deadlines(Deadlines& deadlines, TimePoint now) {
  const auto due = [&](DeadlineKind kind) {
    if (!deadlines.is_due(kind, now)) return false;
    deadlines.clear(kind);
    return true;
  };
  if (due(DeadlineKind::Continue)) send_continue();
  if (due(DeadlineKind::BodyIdle)) {
    if (!failed()) refuse(FailureReason::BodyIdleTimeout);
    session_->client().cancel();
    cancel(FailureReason::BodyIdleTimeout);
  } else if (due(DeadlineKind::Backend)) {
    time_out();
  } else if (due(DeadlineKind::StreamIdle)) {
    give_up(FailureReason::StreamIdleTimeout);
  } else if (due(DeadlineKind::Request)) {
    give_up(FailureReason::RequestTimeout);
  } else if (due(DeadlineKind::Backoff)) {
    if (pause_) std::exchange(pause_, nullptr).resume();
  } else if (due(DeadlineKind::Hedge)) {
    hedge_due_ = true;
    if (race_) std::exchange(race_, nullptr).resume();
  }
}

/// The endpoint was too slow. One that a hedge went beside has had its time too.
void Exchange::time_out() {
  if (call_ == nullptr) return;
  const bool both = second_ && !second_task_.done();  // while one is under way, the end of the other ends nothing else
  first_.time_out();
  if (both) second_->time_out();
}

/// An endpoint that keeps silent must not make a client wait that expects 100 (Continue).
void Exchange::send_continue() {
  if (continue_sent_ || answer_begun_ || request_sent_ || session_->client().write_pending()) return;
  continue_sent_ = true;
  to_client_.clear();
  to_client_.add("HTTP/1.1 100 Continue\r\n\r\n");
  (void)session_->client().write(to_client_.pieces());
}

}  // namespace sluice::gateway
