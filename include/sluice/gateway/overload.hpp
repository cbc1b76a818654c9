#pragma once

#include <memory>
#include <optional>

#include "sluice/gateway/adaptive_limit.hpp"
#include "sluice/gateway/config.hpp"
#include "sluice/gateway/gate.hpp"
#include "sluice/gateway/recent_mean.hpp"
#include "sluice/metrics/counters.hpp"

namespace sluice::gateway {

/// One worker's part of a limit on the whole gateway: rounded up, at least 1 of what is not 0.
constexpr std::uint32_t share_of(std::uint32_t total, std::size_t workers) noexcept {
  return static_cast<std::uint32_t>((total + workers - 1) / workers);
}
GateLimits share_of(const ConcurrencyLimits& limits, std::size_t workers) noexcept;

/// The gate before a version on one worker, and what moves its limit. Outlives a reload: requests that began before
/// still count. Held by a shared pointer where anybody waits at it.
class VersionGate final : public std::enable_shared_from_this<VersionGate>, private http::DeadlineWheel::Hook {
 public:
  VersionGate(http::DeadlineWheel& wheel, metrics::VersionCounters& counters) noexcept
      : gate_(wheel, counters.waiting), wheel_(&wheel), counters_(&counters) {}

  /// Resumes nobody, see Gate::set.
  void configure(const Version& version, std::size_t workers, TimePoint now) noexcept;

  Gate& gate() noexcept { return gate_; }
  /// How long the version's requests took lately, copies aside; kept only where somebody looks at it.
  RecentMean& recent_latency() noexcept { return recent_latency_; }
  bool is_adaptive() const noexcept { return adaptive_.has_value(); }
  /// See AdaptiveLimit; nothing where the limit is not adaptive, or no more since the request began. While the request
  /// is inside. Resume nobody: those for whom there is room now get in when one leaves, or with the wheel's next tick.
  void answered(Duration latency, TimePoint now) noexcept;
  void dropped(TimePoint now) noexcept;

 private:
  void apply(TimePoint now) noexcept;
  void on_deadline(TimePoint now) override;

  Gate gate_;
  http::DeadlineWheel* wheel_;
  metrics::VersionCounters* counters_;
  std::optional<AdaptiveLimit> adaptive_;
  std::uint32_t fixed_ = 0;  // 0: none
  RecentMean recent_latency_;
};

}  // namespace sluice::gateway
