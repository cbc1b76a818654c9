#pragma once

#include <algorithm>
#include <cstdint>

#include "sluice/base/clock.hpp"

namespace sluice::upstream {

/// Follows one quantile of a stream of latencies in constant memory: an answer that took longer moves the estimate up,
/// any other moves it down, in the proportion that balances at the quantile; the step is a share of the estimate, so it
/// fits microseconds and minutes alike (frugal streaming: Ma, Muthukrishnan, Sandler 2013). One thread.
class LatencyQuantile {
 public:
  /// Below this many observations there is no estimate.
  static constexpr std::uint32_t kEnough = 100;

  /// `quantile` in (0, 1).
  void record(Duration latency, double quantile) noexcept {
    const auto seen = static_cast<double>(latency.count());
    if (count_ == 0) estimate_ = seen;
    const double step = count_ < kEnough ? 0.2 : 0.02;
    estimate_ *= seen > estimate_ ? 1 + step * quantile : 1 - step * (1 - quantile);
    estimate_ = std::max(estimate_, 1.0);
    if (count_ < kEnough) ++count_;
  }

  bool known() const noexcept { return count_ >= kEnough; }
  Duration value() const noexcept { return Duration(static_cast<Duration::rep>(estimate_)); }

 private:
  double estimate_ = 0;  // nanoseconds
  std::uint32_t count_ = 0;
};

}  // namespace sluice::upstream
