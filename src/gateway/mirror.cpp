#include "sluice/gateway/mirror.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace sluice::gateway {

using compare::PairKind;
using metrics::FailureReason;
using metrics::ShadowDropReason;
using metrics::TwinResult;
using upstream::CallOutcome;

namespace {

ShadowDropReason reason_of(const CallOutcome& outcome) noexcept {
  if (outcome.timed_out) return ShadowDropReason::Timeout;
  const bool sent = outcome.failure == FailureReason::Reset || outcome.failure == FailureReason::BadResponse;
  return sent ? ShadowDropReason::Failed : ShadowDropReason::Connect;
}

constexpr std::uint32_t kMostTwins = 4;
constexpr double kFew = 8;  // requests in flight that are few for any version

/// A twin that is under way takes nothing that a request of live waits for.
bool leaves_room(LiveRoute& route) noexcept {
  const Gate& gate = route.live().gate->gate();
  const std::uint32_t limit = gate.limits().in_flight;
  if (limit > 0 && gate.in_flight() + route.mirrors->twins > limit) return false;
  for (const upstream::EndpointPool* pool : route.live().balancer.pools()) {
    if (pool->is_crowded()) return false;
  }
  return true;
}

/// A moment for one more twin, when a request to live is just over that still has its place.
bool is_calm(LiveRoute& route) noexcept {
  const Gate& gate = route.live().gate->gate();
  const std::uint32_t others = gate.in_flight() > 0 ? gate.in_flight() - 1 : 0;
  const std::uint32_t limit = gate.limits().in_flight;
  if (limit > 0 && 2 * (others + route.mirrors->twins) >= limit) return false;
  if (others > std::max(kFew, route.mirrors->usual_in_flight)) return false;
  for (const upstream::EndpointPool* pool : route.live().balancer.pools()) {
    if (2 * pool->load() > pool->settings().limits.connections) return false;
  }
  return true;
}

}  // namespace

// --- one copy ---

Mirror::Mirror(Mirrors& mirrors) noexcept : mirrors_(&mirrors), call_(*mirrors.context_) {}

http::Task<> Mirror::run() {
  metrics::VersionCounters& counters = *version_->counters;
  if (!twin_) counters.shadow_in_flight.add();
  CallOutcome outcome;
  if (upstream::EndpointPool* pool = version_->balancer.pick(mirrors_->context_->random)) {
    upstream::CallRequest request;
    request.method = method_;
    request.bytes = bytes_;
    set_deadlines(request);
    request.sink = keeper_ ? this : nullptr;
    request.reported = !twin_;  // live's endpoints are judged by what clients get
    auto calling = call_.run(*pool, request);
    outcome = co_await calling;
  }
  count(outcome);
  hand_over(outcome);
  if (!twin_) counters.shadow_in_flight.subtract();
  mirrors_->release(*route_, *version_, twin_);
  live_.reset();
  mirrors_->finished(*this);
}

/// What live's answers have as well, so that an answer that takes its time is no failure for the candidate alone. No
/// client tires of one that never ends.
void Mirror::set_deadlines(upstream::CallRequest& request) const noexcept {
  constexpr int longest_stream = 10;
  const RouteTimeouts& timeouts = route_->config->timeouts;
  const TimePoint over = begun_ + timeouts.request;
  request.deadline = twin_ ? over : begun_ + route_->config->mirror.timeout;
  request.patience = {std::max(over, request.deadline), begun_ + longest_stream * timeouts.request,
                      timeouts.stream_idle};
}

void Mirror::cancel(End why) noexcept {
  if (end_ == End::ByItself) end_ = why;
  call_.cancel();
}

void Mirror::count(const CallOutcome& outcome) noexcept {
  if (metrics::VersionEvidenceCells* const cells = version_->evidence; cells != nullptr) {
    cells->shadow_bytes.add(outcome.sent + outcome.received);
    cells->shadow_nanoseconds.add(static_cast<std::uint64_t>(outcome.worked_on.count()));
  }
  twin_ ? count_as_twin(outcome) : count_as_shadow(outcome);
}

void Mirror::count_as_shadow(const CallOutcome& outcome) noexcept {
  metrics::VersionCounters& counters = *version_->counters;
  if (outcome.answered()) {
    counters.shadow_responses.add(outcome.status);
    counters.shadow_duration.record(mirrors_->context_->clock.now() - begun_);
    if (metrics::VersionEvidenceCells* const cells = version_->evidence; cells != nullptr) {
      cells->shadow.answered(outcome.status, outcome.answered_in);
      cells->shadow.first_byte.record(outcome.first_byte);
    }
    return;
  }
  if (end_ == End::ByItself) {
    counters.shadow_dropped[reason_of(outcome)].add();
    if (version_->evidence != nullptr) version_->evidence->shadow.failed();
    return;
  }
  // That says nothing about the shadow, so another copy may be made for it.
  counters.shadow_dropped[end_ == End::Preempted ? ShadowDropReason::Preempted : ShadowDropReason::Aborted].add();
  if (route_->config->mirror.requests && route_->window != nullptr) route_->window->give_copy_back();
}

void Mirror::count_as_twin(const CallOutcome& outcome) noexcept {
  const TwinResult result = outcome.answered()      ? TwinResult::Answered
                            : end_ == End::ByItself ? TwinResult::Failed
                                                    : TwinResult::Ended;
  version_->counters->shadow_twins[result].add();
}

void Mirror::hand_over(const CallOutcome& outcome) noexcept {
  keeper_.reset();
  if (!pairing_) return;
  compare::Answer& answer = pair_->other_answer;
  answer.complete = outcome.answered();
  answer.counted = answer.complete || end_ == End::ByItself;
  if (answer.complete) answer.latency = std::chrono::duration<float>(outcome.answered_in).count();
  pairing_->over(std::move(pair_));
  pairing_.reset();
}

void Mirror::take_head(const http::ResponseHead& answer, const char* base) noexcept {
  keeper_->take_head(answer, base);
}

void Mirror::take_payload(std::string_view payload) noexcept {
  keeper_->take_payload(payload);
}

// --- all of them ---

Mirrors::~Mirrors() = default;

bool Mirrors::admit(LiveRoute& route, LiveVersion& version, TimePoint now) noexcept {
  MirrorBudget& budget = *route.mirrors;
  const MirrorLimits& limits = route.config->mirror;
  const auto drop = [&](ShadowDropReason reason) {
    version.counters->shadow_dropped[reason].add();
    return false;
  };
  if (budget.in_flight >= budget.max_in_flight) return drop(ShadowDropReason::InFlight);
  if (!has_spare_capacity(route, now)) return drop(ShadowDropReason::Busy);
  if (!budget.admit_rate(now)) return drop(ShadowDropReason::Rate);
  if (!version.gate->gate().enter_at_once()) return drop(ShadowDropReason::Overloaded);
  ++budget.in_flight;
  if (!limits.requests || route.window == nullptr || route.window->take_copy(*limits.requests)) return true;
  release(route, version, false);
  return drop(ShadowDropReason::UsedUp);
}

void Mirrors::cancel_admission(LiveRoute& route, LiveVersion& version) {
  if (route.config->mirror.requests && route.window != nullptr) route.window->give_copy_back();
  route.mirrors->give_rate_back();
  release(route, version, false);
}

bool Mirrors::admit_twin(LiveRoute& route, TimePoint now) noexcept {
  MirrorBudget& budget = *route.mirrors;
  if (budget.in_flight >= budget.max_in_flight || budget.twins >= kMostTwins) return false;
  if (!has_spare_capacity(route, now) || !is_calm(route) || !budget.admit_rate(now)) return false;
  ++budget.in_flight;
  ++budget.twins;
  return true;
}

void Mirrors::release(LiveRoute& route, LiveVersion& version, bool twin) {
  --route.mirrors->in_flight;
  if (twin) {
    --route.mirrors->twins;
  } else {
    version.gate->gate().leave(context_->clock.now());
  }
}

void Mirrors::launch(const boost::intrusive_ptr<LiveConfig>& live, Copy copy) {
  std::unique_ptr<Mirror> mirror;
  if (free_.empty()) {
    mirror = std::make_unique<Mirror>(*this);
  } else {
    mirror = std::move(free_.back());
    free_.pop_back();
  }
  mirror->live_ = live;
  mirror->route_ = copy.route;
  mirror->version_ = copy.version;
  mirror->method_ = copy.method;
  mirror->begun_ = copy.now;
  mirror->bytes_.assign(copy.head).append(copy.body);
  mirror->twin_ = copy.pair && copy.pair->kind == PairKind::Twin;
  mirror->end_ = Mirror::End::ByItself;
  if (copy.pairing) mirror->keeper_ = copy.pairing->keeper_for(*copy.pair);
  mirror->pairing_ = std::move(copy.pairing);
  mirror->pair_ = std::move(copy.pair);
  mirror->index_ = running_.size();
  Mirror& started = *mirror;
  running_.push_back(std::move(mirror));
  started.life_ = started.run();
  started.life_.start();
}

void Mirrors::finished(Mirror& mirror) {
  const std::size_t index = mirror.index_;
  running_[index].swap(running_.back());
  running_[index]->index_ = index;
  std::unique_ptr<Mirror> done = std::move(running_.back());
  running_.pop_back();
  // Its coroutine is at its last suspension; the frame goes when the object is used again.
  constexpr std::size_t kKept = 64;
  constexpr std::size_t kKeptBytes = 64 * 1024;
  if (done->bytes_.capacity() > kKeptBytes) done->bytes_ = {};
  if (free_.size() < kKept) {
    free_.push_back(std::move(done));
  } else {
    boost::asio::post(context_->io, [gone = std::move(done)] {});
  }
}

void Mirrors::stop_all() {
  for (std::size_t i = running_.size(); i-- > 0;) {
    if (i < running_.size()) running_[i]->cancel(Mirror::End::Stopped);
  }
}

// --- live comes first ---

bool Mirrors::has_spare_capacity(LiveRoute& route, TimePoint now) noexcept {
  const std::optional<IdleLimits>& idle = route.config->mirror.idle;
  if (!idle) return true;
  VersionGate& live = *route.live().gate;
  if (live.gate().in_flight() > route.mirrors->idle_in_flight) return false;
  return idle->latency.count() == 0 || live.recent_latency().value(now) <= idle->latency;
}

void Mirrors::make_way(LiveRoute& route, TimePoint now) {
  const MirrorBudget& budget = *route.mirrors;
  if (budget.in_flight == 0) return;
  if (!has_spare_capacity(route, now)) {
    preempt(budget, false);
  } else if (budget.twins > 0 && !leaves_room(route)) {
    preempt(budget, true);
  }
}

/// Those of a route are known by its budget, whatever configuration they began with.
void Mirrors::preempt(const MirrorBudget& budget, bool only_twins) {
  for (std::size_t i = running_.size(); i-- > 0;) {
    if (i >= running_.size()) continue;  // ends at once, and others with it
    Mirror& mirror = *running_[i];
    if (mirror.route_->mirrors.get() == &budget && (mirror.twin_ || !only_twins)) mirror.cancel(Mirror::End::Preempted);
  }
}

}  // namespace sluice::gateway
