#include "sluice/gateway/mirror.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace sluice::gateway {

using metrics::FailureReason;
using metrics::ShadowDropReason;
using upstream::CallOutcome;

namespace {

ShadowDropReason reason_of(const CallOutcome& outcome) noexcept {
  if (outcome.timed_out) return ShadowDropReason::Timeout;
  const bool sent = outcome.failure == FailureReason::Reset || outcome.failure == FailureReason::BadResponse;
  return sent ? ShadowDropReason::Failed : ShadowDropReason::Connect;
}

}  // namespace

Mirror::Mirror(Mirrors& mirrors) noexcept : mirrors_(&mirrors), call_(*mirrors.context_) {}

Mirrors::~Mirrors() = default;

bool Mirrors::admit(LiveRoute& route, LiveVersion& version, TimePoint now) noexcept {
  MirrorBudget& budget = *route.mirrors;
  const MirrorLimits& limits = route.config->mirror;
  const auto drop = [&](ShadowDropReason reason) {
    version.counters->shadow_dropped[reason].add();
    return false;
  };
  if (budget.in_flight >= budget.max_in_flight) return drop(ShadowDropReason::InFlight);
  if (limits.idle_only && version.gate->gate().in_flight() > 0) return drop(ShadowDropReason::Busy);
  if (!budget.admit_rate(now)) return drop(ShadowDropReason::Rate);
  if (!version.gate->gate().enter_at_once()) return drop(ShadowDropReason::Overloaded);
  ++budget.in_flight;
  if (!limits.requests || route.window == nullptr || route.window->take_copy(*limits.requests)) return true;
  release(route, version);
  return drop(ShadowDropReason::UsedUp);
}

void Mirrors::cancel_admission(LiveRoute& route, LiveVersion& version) {
  if (route.config->mirror.requests && route.window != nullptr) route.window->give_copy_back();
  release(route, version);
}

void Mirrors::release(LiveRoute& route, LiveVersion& version) {
  --route.mirrors->in_flight;
  version.gate->gate().leave(context_->clock.now());
}

void Mirrors::launch(const boost::intrusive_ptr<LiveConfig>& live, LiveRoute& route, LiveVersion& version,
                     http::Method method, std::string_view head, std::string_view body, TimePoint now) {
  std::unique_ptr<Mirror> mirror;
  if (free_.empty()) {
    mirror = std::make_unique<Mirror>(*this);
  } else {
    mirror = std::move(free_.back());
    free_.pop_back();
  }
  mirror->live_ = live;
  mirror->route_ = &route;
  mirror->version_ = &version;
  mirror->method_ = method;
  mirror->begun_ = now;
  mirror->bytes_.assign(head).append(body);
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
    if (i < running_.size()) running_[i]->call_.cancel();
  }
}

http::Task<> Mirror::run() {
  metrics::VersionCounters& counters = *version_->counters;
  counters.shadow_in_flight.add();
  CallOutcome outcome;
  if (upstream::EndpointPool* pool = version_->balancer.pick(mirrors_->context_->random)) {
    auto calling = call_.run(*pool, {method_, bytes_, begun_ + route_->config->mirror.timeout});
    outcome = co_await calling;
  }
  if (outcome.answered()) {
    counters.shadow_responses.add(outcome.status);
    counters.shadow_duration.record(mirrors_->context_->clock.now() - begun_);
    if (version_->evidence != nullptr) version_->evidence->shadow.answered(outcome.status, outcome.answered_in);
  } else {
    counters.shadow_dropped[reason_of(outcome)].add();
    if (version_->evidence != nullptr) version_->evidence->shadow.failed();
  }
  counters.shadow_in_flight.subtract();
  mirrors_->release(*route_, *version_);
  live_.reset();
  mirrors_->finished(*this);
}

}  // namespace sluice::gateway
