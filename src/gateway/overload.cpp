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
    counters_->concurrency_limit.set(0);
    return;
  }
  if (adaptive_) {
    adaptive_->configure(version.adaptive);
  } else {
    adaptive_.emplace(version.adaptive, now);
  }
  apply();
}

void VersionGate::answered(Duration latency, TimePoint now) noexcept {
  adaptive_->answered(latency, gate_.in_flight(), now);
  apply();
}

void VersionGate::dropped(TimePoint now) noexcept {
  adaptive_->dropped(gate_.in_flight(), now);
  apply();
}

void VersionGate::apply() noexcept {
  const std::uint32_t found = adaptive_->limit();
  const std::uint32_t limit = fixed_ == 0 ? found : std::min(found, fixed_);
  gate_.set_in_flight(limit);
  counters_->concurrency_limit.set(limit);
}

}  // namespace sluice::gateway
