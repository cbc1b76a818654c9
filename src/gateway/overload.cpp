#include "sluice/gateway/overload.hpp"

#include <algorithm>

namespace sluice::gateway {

GateLimits share_of(const ConcurrencyLimits& limits, std::size_t workers) noexcept {
  return {share_of(limits.requests_in_flight, workers), share_of(limits.waiting, workers), limits.wait};
}

void VersionGate::configure(const Version& version, std::size_t workers, TimePoint now) noexcept {
  const GateLimits limits = share_of(version.limits, workers);
  gate_.set(limits);
  fixed_ = limits.in_flight;
  if (!version.adaptive.enabled) {
    adaptive_.reset();
    http::DeadlineWheel::cancel(*this);
    counters_->concurrency_limit.set(0);
    return;
  }
  if (adaptive_) {
    adaptive_->configure(version.adaptive);
  } else {
    adaptive_.emplace(version.adaptive, now);
  }
  apply(now);
}

void VersionGate::answered(Duration latency, TimePoint now) noexcept {
  if (!adaptive_) return;
  adaptive_->answered(latency, gate_.in_flight(), now);
  apply(now);
}

void VersionGate::dropped(TimePoint now) noexcept {
  if (!adaptive_) return;
  adaptive_->dropped(gate_.in_flight(), now);
  apply(now);
}

void VersionGate::apply(TimePoint now) noexcept {
  const std::uint32_t found = adaptive_->limit();
  const std::uint32_t limit = fixed_ == 0 ? found : std::min(found, fixed_);
  gate_.set_in_flight(limit);
  counters_->concurrency_limit.set(limit);
  if (gate_.waiting() > 0 && gate_.has_room()) {
    wheel_->set(*this, now);
  } else if (adaptive_->is_draining()) {
    wheel_->set(*this, adaptive_->drained_by());
  }
}

void VersionGate::on_deadline(TimePoint now) {
  if (!adaptive_) return;
  const auto kept = weak_from_this().lock();  // the last one who waits may take the configuration along
  adaptive_->pass(now);
  apply(now);
  gate_.serve(now);
}

}  // namespace sluice::gateway
